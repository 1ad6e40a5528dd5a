/** A name for a span of code. */
export interface CodeSymbol {
  readonly name: string;
  /** Virtual address, as the file has it. */
  readonly address: number;
  /** Bytes; 0 when it goes to the next symbol. Undefined: it is no code, and only ends what is before it. */
  readonly size: number | undefined;
}

/** The symbols of one file. */
export interface SymbolFile {
  readonly symbols: readonly CodeSymbol[];
  /** Address of the page in which the file's lowest segment begins, when the file tells. */
  readonly loadAddress?: number;
}
