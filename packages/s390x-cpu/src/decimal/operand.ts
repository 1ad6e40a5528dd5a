/**
 * An operand in storage, byte by byte. Index 0 is its leftmost byte. Two operands may be the same storage: where the manual
 * defines what overlap does, the functions here access bytes in exactly that order. An implementation may throw out of
 * `load` or `store` to report an access exception; functions say when nothing has been stored before their last `load`.
 */
export interface StorageOperand {
  load(index: number): number;
  store(index: number, byte: number): void;
}

/** Program interruption codes that the decimal instructions can answer with. */
export const SPECIFICATION_EXCEPTION = 0x06;
/** With data-exception code (DXC) 0. */
export const DATA_EXCEPTION = 0x07;
export const FIXED_POINT_DIVIDE_EXCEPTION = 0x09;
export const DECIMAL_DIVIDE_EXCEPTION = 0x0b;

/** Result of one operation. Allocate one per CPU. */
export class DecimalResult {
  /**
   * Program interruption code to be recognised, 0 for none. The operation is then suppressed, and nothing has been stored
   * (but see `convertToBinary32`).
   */
  exception = 0;
  /**
   * Condition code, for the instructions that set one. After `addDecimal`, `subtractDecimal`, `zeroAndAdd` and
   * `shiftAndRound` 3 means decimal overflow: a completing program interruption with code A if the program mask asks for it.
   */
  cc = 0;
  /** Left and right word of a binary result. */
  high = 0;
  low = 0;
  /** EDIT AND MARK: index in the pattern of the byte whose address goes to general register 1, -1 for none. */
  mark = -1;
}

/** A byte array as an operand. */
export function operandOf(bytes: Uint8Array, offset = 0): StorageOperand {
  return {
    load: (index) => bytes[offset + index]!,
    store: (index, byte) => {
      bytes[offset + index] = byte;
    },
  };
}
