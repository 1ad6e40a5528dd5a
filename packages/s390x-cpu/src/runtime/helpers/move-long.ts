import type { CpuCore, HelperMap } from "../core.ts";
import { READ, WRITE } from "../storage.ts";
import { BLOCK_LIMIT, repeat } from "./interruptible.ts";
import { OperandCursor, wholeCharacters } from "./operand-cursor.ts";

const to = new OperandCursor();
const from = new OperandCursor();

/** Condition code of two lengths: 0 equal, 1 first shorter, 2 first longer. */
function compareLengths(first: number, second: number): number {
  return first === second ? 0 : first < second ? 1 : 2;
}

/** Short spans are not worth the call. */
const LOOP_LENGTH = 24;

/** Copies within storage; indices are of the first guest byte, which is the last host byte of its span. */
export function copyBytes(bytes: Uint8Array, target: number, source: number, length: number): void {
  if (length > LOOP_LENGTH) bytes.copyWithin(target - length + 1, source - length + 1, source + 1);
  else if (target < source) for (let i = length - 1; i >= 0; i--) bytes[target - i] = bytes[source - i] as number;
  else for (let i = 0; i < length; i++) bytes[target - i] = bytes[source - i] as number;
}

/**
 * Fills with a two-byte pattern of which the next byte is the left one if `left` bytes, an even number in all, are still to
 * be filled.
 */
function fillBytes(bytes: Uint8Array, target: number, length: number, pattern: number, left: number): void {
  const high = pattern >>> 8;
  const low = pattern & 0xff;
  if (high === low) {
    bytes.fill(high, target - length + 1, target + 1);
    return;
  }
  for (let i = 0; i < length; i++) bytes[target - i] = ((left - i) & 1) === 0 ? high : low;
}

/**
 * Moves and pads, from the state of the registers at both cursors, at most about {@link BLOCK_LIMIT} bytes.
 * @param width bytes of a character
 * @param lengthMask 0 for lengths of the full width, else the mask of their bits in the odd registers
 * @returns whether operand 1 is complete
 */
function moveLong(core: CpuCore, r1: number, r2: number, pattern: number, width: 1 | 2, lengthMask: number): boolean {
  const { storage } = core;
  to.load(core, r1);
  from.load(core, r2);
  for (let moved = 0; ; ) {
    const left = lengthMask === 0 ? to.length : core.registers.low(r1 + 1) & lengthMask;
    const available = lengthMask === 0 ? from.length : core.registers.low(r2 + 1) & lengthMask;
    if (left === 0) {
      to.save();
      from.save();
      return true;
    }
    if (moved >= BLOCK_LIMIT && (left & (width - 1)) === 0) return false;
    let count = Math.min(left, to.room);
    if (available > 0) count = Math.min(count, available, from.room);
    if (width === 2) count = wholeCharacters(count, left, to, available > 0 ? from : undefined, WRITE);
    if (available > 0) {
      const source = from.resolve(READ);
      const target = to.resolve(WRITE);
      copyBytes(storage.bytes, storage.indexOf(target), storage.indexOf(source), count);
      storage.changed(target, count);
      from.advance(count);
      if (r1 !== r2) from.shorten(count);
    } else {
      const target = to.resolve(WRITE);
      fillBytes(storage.bytes, storage.indexOf(target), count, pattern, left);
      storage.changed(target, count);
    }
    to.advance(count);
    to.shorten(count);
    moved += count;
  }
}

/** Whether operand 1 starts within the bytes that will be read from operand 2, but not at the first. */
function isDestructive(length: number): boolean {
  return to.high === from.high && to.low > from.low && to.low - from.low < length;
}

/** MVCLE and MVCLU, whose pattern is in the rightmost bits of the second-operand address. */
function moveLongExtended(core: CpuCore, pattern: number, width: 1 | 2): void {
  const { operands, registers } = core;
  core.specificationIf(((operands.r1 | operands.r3) & 1) !== 0);
  to.load(core, operands.r1);
  from.load(core, operands.r3);
  const cc = compareLengths(to.length, from.length);
  registers.cc = moveLong(core, operands.r1, operands.r3, pattern, width, 0) ? cc : 3;
}

/** MOVE LONG and its relatives (PoP chapter 7). */
export const moveLongHelpers: HelperMap = {
  mvcl(core) {
    const { operands, registers } = core;
    const { r1, r2 } = operands;
    core.specificationIf(((r1 | r2) & 1) !== 0);
    const length1 = registers.low(r1 + 1) & 0xff_ffff;
    const length2 = registers.low(r2 + 1) & 0xff_ffff;
    to.load(core, r1);
    from.load(core, r2);
    if (isDestructive(Math.min(length1, length2))) {
      registers.cc = 3;
      return;
    }
    const cc = compareLengths(length1, length2);
    const pad = registers.low(r2 + 1) >>> 24;
    if (moveLong(core, r1, r2, pad * 0x101, 1, 0xff_ffff)) registers.cc = cc;
    else repeat(core);
  },
  mvcle(core) {
    core.addressHigh(core.operands.b2, core.operands.d2);
    moveLongExtended(core, (core.addressLow & 0xff) * 0x101, 1);
  },
  mvclu(core) {
    const { operands, registers } = core;
    core.specificationIf(((operands.r1 | operands.r3 | registers.low(operands.r1 | 1) | registers.low(operands.r3 | 1)) & 1) !== 0);
    core.addressHigh(operands.b2, operands.d2);
    moveLongExtended(core, core.addressLow & 0xffff, 2);
  },
};
