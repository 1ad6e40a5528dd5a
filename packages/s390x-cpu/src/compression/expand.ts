import { DATA_EXCEPTION } from "../decimal/operand.ts";
import {
  ALPHABET_ENTRIES,
  type CompressionOperands,
  type CompressionResult,
  ENTRY_SIZE,
  type FetchedOperand,
  INVALID,
  LIMIT_REACHED,
  LONGEST_SYMBOL,
  SOURCE_USED_UP,
  TARGET_FULL,
} from "./operation.ts";

/** Entries that the expansion of one symbol may take. Ends chains that run in circles, too. */
const MOST_ENTRIES = 127;
/** Characters in a preceded entry. */
const MOST_PRECEDED = 5;

/** The characters of the symbol at hand. */
const characters = new Uint8Array(LONGEST_SYMBOL);
/** Dictionary entries looked at during an execution. */
let work = 0;

/**
 * Gathers the characters of a symbol, from its last ones on.
 * @returns how many there are. If more than `room`, not all of them are there.
 */
function gather(dictionary: FetchedOperand, symbol: number, entries: number, room: number): number {
  if (symbol < ALPHABET_ENTRIES) {
    work++;
    characters[0] = symbol;
    return 1;
  }
  let length = 0;
  let written = 0;
  let index = symbol;
  for (let count = 1; count <= MOST_ENTRIES; count++) {
    if (index >= entries) return INVALID;
    work++;
    const at = index * ENTRY_SIZE;
    const first = dictionary.load(at);
    const partial = first >> 5;
    if (partial === 0) {
      // Unpreceded: the beginning of the symbol, or all of it.
      const complete = first & 7;
      if (complete === 0 || (first & 0x18) !== 0) return INVALID;
      if (count === 1) {
        length = complete;
        if (length > room) return length;
      }
      if (written + complete > LONGEST_SYMBOL) return INVALID;
      for (let i = 0; i < complete; i++) characters[i] = dictionary.load(at + 1 + i);
      return length;
    }
    const offset = dictionary.load(at + 7);
    if (partial > MOST_PRECEDED) return INVALID;
    if (count === 1) {
      length = offset + partial;
      if (length > room) return length;
      // Where the entries leave gaps, nothing of earlier symbols may show.
      characters.fill(0, 0, length);
    }
    written += partial;
    if (written > LONGEST_SYMBOL) return INVALID;
    for (let i = 0; i < partial; i++) characters[offset + i] = dictionary.load(at + 2 + i);
    index = ((first & 0x1f) << 8) | dictionary.load(at + 1);
  }
  return INVALID;
}

/**
 * COMPRESSION CALL with the E bit one. Ends with condition code 3 after the symbol with which `limit` dictionary entries were
 * looked at.
 */
export function expand(result: CompressionResult, operands: CompressionOperands, limit: number): void {
  const { source, sourceLength, target, targetLength, dictionary, symbolSize } = operands;
  const entries = 1 << symbolSize;
  result.begin(operands);
  work = 0;
  for (;;) {
    const { consumed, produced, bitNumber } = result;
    if ((sourceLength - consumed) * 8 - bitNumber < symbolSize) {
      result.cc = SOURCE_USED_UP;
      return;
    }
    const room = targetLength - produced;
    if (room <= 0) {
      result.cc = TARGET_FULL;
      return;
    }
    if (work >= limit) {
      result.cc = LIMIT_REACHED;
      return;
    }
    const end = bitNumber + symbolSize;
    let bits = (source.load(consumed) << 16) | (source.load(consumed + 1) << 8);
    if (end > 16) bits |= source.load(consumed + 2);
    const length = gather(dictionary, (bits >> (24 - end)) & (entries - 1), entries, room);
    if (length === INVALID) {
      result.exception = DATA_EXCEPTION;
      return;
    }
    if (length > room) {
      result.cc = TARGET_FULL;
      return;
    }
    // From the end on, after a test of the start: a target that refuses a part has not been changed.
    target.load(produced);
    for (let i = length - 1; i >= 0; i--) target.store(produced + i, characters[i]!);
    result.produced += length;
    result.consumed += end >> 3;
    result.bitNumber = end & 7;
  }
}
