import type { CpuCore, HelperMap } from "../core.ts";
import { READ } from "../storage.ts";
import { BLOCK_LIMIT, repeat } from "./interruptible.ts";
import { OperandCursor, wholeCharacters } from "./operand-cursor.ts";

const first = new OperandCursor();
const second = new OperandCursor();

const EQUAL = 0;
const FIRST_LOW = 1;
const FIRST_HIGH = 2;
const UNFINISHED = 3;

/** How many leading bytes of two spans are equal. Indices are of the first guest byte. */
export function equalBytes(bytes: Uint8Array, view: DataView, a: number, b: number, length: number): number {
  let i = 0;
  while (i + 4 <= length && view.getInt32(a - i - 3, true) === view.getInt32(b - i - 3, true)) i += 4;
  while (i < length && bytes[a - i] === bytes[b - i]) i++;
  return i;
}

/** How many leading bytes of a span repeat a two-byte pattern. The next byte meets the left one if `left` is even. */
function equalPattern(bytes: Uint8Array, a: number, length: number, pattern: number, left: number): number {
  const even = (left & 1) === 0 ? pattern >>> 8 : pattern & 0xff;
  const odd = (left & 1) === 0 ? pattern & 0xff : pattern >>> 8;
  let i = 0;
  while (i < length && bytes[a - i] === ((i & 1) === 0 ? even : odd)) i++;
  return i;
}

/**
 * Compares, from the state of the registers, at most about {@link BLOCK_LIMIT} bytes. The registers end at the first
 * unequal character, which for two-byte characters may be the byte before the first unequal one.
 * @param lengthMask 0 for lengths of the full width, else the mask of their bits in the odd registers
 */
function compareLong(core: CpuCore, r1: number, r2: number, pattern: number, width: 1 | 2, lengthMask: number): number {
  const { storage, registers } = core;
  const { bytes, view } = storage;
  first.load(core, r1);
  second.load(core, r2);
  for (let compared = 0; ; ) {
    const left1 = lengthMask === 0 ? first.length : registers.low(r1 + 1) & lengthMask;
    const left2 = lengthMask === 0 ? second.length : registers.low(r2 + 1) & lengthMask;
    const left = Math.max(left1, left2);
    if (left === 0) {
      first.save();
      second.save();
      return EQUAL;
    }
    // Stops between characters only.
    if (compared >= BLOCK_LIMIT && (left & (width - 1)) === 0) return UNFINISHED;
    let count = left;
    if (left1 > 0) count = Math.min(count, left1, first.room);
    if (left2 > 0) count = Math.min(count, left2, second.room);
    if (width === 2) count = wholeCharacters(count, left, left1 > 0 ? first : undefined, left2 > 0 ? second : undefined, READ);
    const a = left1 > 0 ? storage.indexOf(first.resolve(READ)) : -1;
    const b = left2 > 0 ? storage.indexOf(second.resolve(READ)) : -1;
    const equal =
      a < 0
        ? equalPattern(bytes, b, count, pattern, left)
        : b < 0
          ? equalPattern(bytes, a, count, pattern, left)
          : equalBytes(bytes, view, a, b, count);
    if (equal === count) {
      step(left1, left2, count, r1 === r2);
      compared += count;
      continue;
    }
    const position = left - equal;
    const padByte = (position & 1) === 0 ? pattern >>> 8 : pattern & 0xff;
    const byte1 = a < 0 ? padByte : (bytes[a - equal] as number);
    const byte2 = b < 0 ? padByte : (bytes[b - equal] as number);
    // Back to the start of the character, which may lie in the page before.
    const into = width === 2 ? position & 1 : 0;
    step(left1, left2, equal - into, r1 === r2);
    return byte1 < byte2 ? FIRST_LOW : FIRST_HIGH;
  }
}

function step(left1: number, left2: number, count: number, same: boolean): void {
  if (left1 > 0) {
    first.advance(count);
    first.shorten(count);
  }
  if (left2 > 0 && !same) {
    second.advance(count);
    second.shorten(count);
  }
}

/** COMPARE LOGICAL LONG and its relatives (PoP chapter 7). */
export const compareLongHelpers: HelperMap = {
  clcl(core) {
    const { operands, registers } = core;
    const { r1, r2 } = operands;
    core.specificationIf(((r1 | r2) & 1) !== 0);
    const pad = registers.low(r2 + 1) >>> 24;
    const cc = compareLong(core, r1, r2, pad * 0x101, 1, 0xff_ffff);
    if (cc === UNFINISHED) repeat(core);
    else registers.cc = cc;
  },
  clcle(core) {
    const { operands, registers } = core;
    core.specificationIf(((operands.r1 | operands.r3) & 1) !== 0);
    core.addressHigh(operands.b2, operands.d2);
    registers.cc = compareLong(core, operands.r1, operands.r3, (core.addressLow & 0xff) * 0x101, 1, 0);
  },
  clclu(core) {
    const { operands, registers } = core;
    core.specificationIf(((operands.r1 | operands.r3 | registers.low(operands.r1 | 1) | registers.low(operands.r3 | 1)) & 1) !== 0);
    core.addressHigh(operands.b2, operands.d2);
    registers.cc = compareLong(core, operands.r1, operands.r3, core.addressLow & 0xffff, 2, 0);
  },
};
