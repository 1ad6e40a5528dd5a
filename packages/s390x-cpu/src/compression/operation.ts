import type { StorageOperand } from "../decimal/operand.ts";

/** Bytes that are only fetched. Index 0 is the leftmost. */
export type FetchedOperand = Pick<StorageOperand, "load">;

/**
 * Progress of one execution of COMPRESSION CALL, and how it ended. Whole symbols count only: also when an operand's `load` or
 * `store` throws, what is said here is complete in storage, and the operation can go on from here. Allocate one per CPU.
 */
export class CompressionResult {
  /** 0 the source is used up, 1 the target has no room for the next symbol, 3 the limit is reached. */
  cc = 0;
  /** Program interruption code to be recognised, 0 for none: a dictionary entry is invalid. `cc` is then of no meaning. */
  exception = 0;
  /** Bytes by which the source has advanced. Of compressed data, those that are used up as a whole. */
  consumed = 0;
  /** Bytes by which the target has advanced. Of compressed data, those that are filled as a whole. */
  produced = 0;
  /** Compressed-data bit number (CBN): where in the byte after those the next symbol begins, 0 (leftmost) to 7. */
  bitNumber = 0;

  /** Begins an execution. */
  begin(operands: CompressionOperands): void {
    this.cc = 0;
    this.exception = 0;
    this.consumed = 0;
    this.produced = 0;
    this.bitNumber = operands.bitNumber;
  }
}

/** Operands of COMPRESSION CALL. Lengths are in bytes and may be any safe integer below 2^50. */
export interface CompressionOperands {
  /** Its `load` must throw where `store` would: it is how the start of a symbol is tested before the end is stored. */
  readonly target: StorageOperand;
  readonly targetLength: number;
  readonly source: FetchedOperand;
  readonly sourceLength: number;
  /**
   * The dictionary that general register 1 designates, 2^`symbolSize` entries of eight bytes: for expansion the expansion
   * dictionary, for compression the compression dictionary, behind which the expansion dictionary lies if `format1`.
   */
  readonly dictionary: FetchedOperand;
  /** Bits in a compressed-data symbol, 9-13 (CDSS + 8). */
  readonly symbolSize: number;
  /** Compressed-data bit number at the start. */
  readonly bitNumber: number;
  /** Sibling descriptors are of format 1 (compression). */
  readonly format1: boolean;
  /** Symbol-translation table: a halfword for each index, whose rightmost bits take the place of the index (compression). */
  readonly translation: FetchedOperand | undefined;
}

export const SOURCE_USED_UP = 0;
export const TARGET_FULL = 1;
export const LIMIT_REACHED = 3;

/** Entries that stand for the 256 characters themselves. */
export const ALPHABET_ENTRIES = 256;
/** Bytes in a dictionary entry. */
export const ENTRY_SIZE = 8;
/** Characters that one symbol may stand for. */
export const LONGEST_SYMBOL = 260;
/** In place of an index or a length: a dictionary entry is invalid. */
export const INVALID = -1;
