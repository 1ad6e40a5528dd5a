/**
 * PACK, UNPACK and their ASCII and Unicode forms (PoP chapters 7 and 8). No digit is ever checked.
 *
 * PACK and UNPACK work right to left, each result byte stored as soon as the source bytes that it needs have been fetched,
 * which defines what overlapping operands give.
 */
import { type DecimalResult, SPECIFICATION_EXCEPTION, type StorageOperand } from "./operand.ts";
import { isMinus, isSign, PLUS } from "./packed.ts";

const PACKED_LENGTH = 16;

function swapHalves(byte: number): number {
  return ((byte << 4) & 0xf0) | (byte >> 4);
}

/** PACK: zoned to packed. */
export function pack(first: StorageOperand, length1: number, second: StorageOperand, length2: number): void {
  let source = length2 - 1;
  first.store(length1 - 1, swapHalves(second.load(source--)));
  for (let i = length1 - 2; i >= 0; i--) {
    const right = source >= 0 ? second.load(source--) & 0x0f : 0;
    const left = source >= 0 ? second.load(source--) & 0x0f : 0;
    first.store(i, (left << 4) | right);
  }
}

/** UNPK: packed to zoned. */
export function unpack(first: StorageOperand, length1: number, second: StorageOperand, length2: number): void {
  let source = length2 - 1;
  first.store(length1 - 1, swapHalves(second.load(source--)));
  for (let i = length1 - 2; i >= 0; i -= 2) {
    const byte = source >= 0 ? second.load(source--) : 0;
    first.store(i, 0xf0 | (byte & 0x0f));
    if (i > 0) first.store(i - 1, 0xf0 | (byte >> 4));
  }
}

/** Digits of one byte (ASCII) or two (Unicode, of which the right byte counts), to 31 digits and a plus sign. */
function packCharacters(first: StorageOperand, second: StorageOperand, length: number, size: number): void {
  const result = new Uint8Array(PACKED_LENGTH);
  result[PACKED_LENGTH - 1] = PLUS;
  const count = Math.min(length / size, 2 * PACKED_LENGTH - 1);
  for (let digit = 1; digit <= count; digit++) {
    const value = second.load(length - 1 - (digit - 1) * size) & 0x0f;
    const index = PACKED_LENGTH - 1 - (digit >> 1);
    result[index] = result[index]! | ((digit & 1) === 1 ? value << 4 : value);
  }
  result.forEach((byte, i) => void first.store(i, byte));
}

/** PKA: ASCII to packed, of 16 bytes. `length` of the source is 1 to 32 bytes. All loads come before the first store. */
export function packAscii(result: DecimalResult, first: StorageOperand, second: StorageOperand, length: number): void {
  result.exception = length > 32 ? SPECIFICATION_EXCEPTION : 0;
  if (result.exception === 0) packCharacters(first, second, length, 1);
}

/** PKU: Unicode to packed, of 16 bytes. `length` of the source is even, 2 to 64 bytes. All loads come before the first store. */
export function packUnicode(result: DecimalResult, first: StorageOperand, second: StorageOperand, length: number): void {
  result.exception = length > 64 || length % 2 !== 0 ? SPECIFICATION_EXCEPTION : 0;
  if (result.exception === 0) packCharacters(first, second, length, 2);
}

function unpackCharacters(result: DecimalResult, first: StorageOperand, length: number, second: StorageOperand, size: number): void {
  const source = new Uint8Array(PACKED_LENGTH);
  for (let i = 0; i < PACKED_LENGTH; i++) source[i] = second.load(i);
  const count = length / size;
  for (let character = 0; character < count; character++) {
    // Digit 1 stands left of the sign; beyond digit 31 there are zeros.
    const digit = count - character;
    const byte = digit < 2 * PACKED_LENGTH ? source[PACKED_LENGTH - 1 - (digit >> 1)]! : 0;
    if (size === 2) first.store(2 * character, 0);
    first.store(character * size + size - 1, 0x30 | ((digit & 1) === 1 ? byte >> 4 : byte & 0x0f));
  }
  const sign = source[PACKED_LENGTH - 1]! & 0x0f;
  result.cc = !isSign(sign) ? 3 : isMinus(sign) ? 1 : 0;
}

/**
 * UNPKA: packed, of 16 bytes, to ASCII. `length` of the target is 1 to 32 bytes. All loads come before the first store.
 * Condition code: 0 plus, 1 minus, 3 invalid sign.
 */
export function unpackAscii(result: DecimalResult, first: StorageOperand, length: number, second: StorageOperand): void {
  result.exception = length > 32 ? SPECIFICATION_EXCEPTION : 0;
  if (result.exception === 0) unpackCharacters(result, first, length, second, 1);
}

/** UNPKU: the same to Unicode. `length` is even, 2 to 64 bytes. */
export function unpackUnicode(result: DecimalResult, first: StorageOperand, length: number, second: StorageOperand): void {
  result.exception = length > 64 || length % 2 !== 0 ? SPECIFICATION_EXCEPTION : 0;
  if (result.exception === 0) unpackCharacters(result, first, length, second, 2);
}
