/**
 * CONVERT UTF-8 TO UTF-16 and its five siblings (PoP chapter 7), as functions that know no CPU. UTF-16 and UTF-32 are
 * big-endian.
 *
 * They are interruptible: a call converts at most `limit` characters, ends with condition code 3 if there is more to do, and
 * says in its result by how much the operands have advanced. That is true, too, when an operand's `load` or `store` throws:
 * all characters counted in the result are complete.
 */
import type { StorageOperand } from "../decimal/operand.ts";

/** Result of one call. Allocate one per CPU. */
export class UnicodeResult {
  /** 0 the source is used up (but for an incomplete character), 1 the target is full, 2 an invalid character, 3 `limit` reached. */
  cc = 0;
  /** Bytes by which the source has advanced. */
  consumed = 0;
  /** Bytes by which the target has advanced. */
  produced = 0;
}

export interface UnicodeOperands {
  readonly target: StorageOperand;
  /** In bytes. A length of 2^53 or more, as it stands in a general register, may be given as any safe integer above the limit. */
  readonly targetLength: number;
  readonly source: StorageOperand;
  readonly sourceLength: number;
}

const SOURCE_USED_UP = 0;
const TARGET_FULL = 1;
const INVALID = 2;
const LIMIT_REACHED = 3;
const DONE = -1;

/** What a decoder found: the character, and how many source bytes it took. */
let character = 0;
let size = 0;

type Decoder = (source: StorageOperand, at: number, left: number, check: boolean) => number;
type Encoder = (target: StorageOperand, at: number, left: number) => number;

function isContinuation(byte: number): boolean {
  return (byte & 0xc0) === 0x80;
}

/**
 * Without the well-formedness check only the first byte decides: the two left bits of the others are ignored, and overlong
 * forms and surrogates pass. An incomplete character ends the operation before its continuation is looked at.
 */
function decodeUtf8(source: StorageOperand, at: number, left: number, check: boolean): number {
  if (left < 1) return SOURCE_USED_UP;
  const b0 = source.load(at);
  if (b0 < 0x80) {
    character = b0;
    size = 1;
    return DONE;
  }
  if (b0 < (check ? 0xc2 : 0xc0) || b0 > (check ? 0xf4 : 0xf7)) return INVALID;
  size = b0 < 0xe0 ? 2 : b0 < 0xf0 ? 3 : 4;
  if (left < size) return SOURCE_USED_UP;
  character = b0 & (0x7f >> size);
  let wellFormed = true;
  for (let i = 1; i < size; i++) {
    const byte = source.load(at + i);
    wellFormed &&= isContinuation(byte);
    character = (character << 6) | (byte & 0x3f);
  }
  if (!check) return DONE;
  if (size === 3) wellFormed &&= character >= 0x800 && (character & 0xf800) !== 0xd800;
  else if (size === 4) wellFormed &&= character >= 0x1_0000 && character <= 0x10_ffff;
  return wellFormed ? DONE : INVALID;
}

function load16(source: StorageOperand, at: number): number {
  return (source.load(at) << 8) | source.load(at + 1);
}

/** A low surrogate without a high one counts as a character; the check is of the low one after a high one. */
function decodeUtf16(source: StorageOperand, at: number, left: number, check: boolean): number {
  if (left < 2) return SOURCE_USED_UP;
  const first = load16(source, at);
  if ((first & 0xfc00) !== 0xd800) {
    character = first;
    size = 2;
    return DONE;
  }
  if (left < 4) return SOURCE_USED_UP;
  const second = load16(source, at + 2);
  if (check && (second & 0xfc00) !== 0xdc00) return INVALID;
  character = 0x1_0000 + ((first & 0x3ff) << 10) + (second & 0x3ff);
  size = 4;
  return DONE;
}

/** High surrogates and what is above 10FFFF are invalid; low surrogates are not. */
function decodeUtf32(source: StorageOperand, at: number, left: number): number {
  if (left < 4) return SOURCE_USED_UP;
  const high = load16(source, at);
  character = high * 0x1_0000 + load16(source, at + 2);
  size = 4;
  return high > 0x10 || (character >= 0xd800 && character <= 0xdbff) ? INVALID : DONE;
}

/**
 * Encoders return the number of bytes stored, 0 when the target has no room. They store a character from its end on, so that
 * a target that refuses its end has not been changed.
 */
function encodeUtf8(target: StorageOperand, at: number, left: number): number {
  const length = character < 0x80 ? 1 : character < 0x800 ? 2 : character < 0x1_0000 ? 3 : 4;
  if (left < length) return 0;
  if (length === 1) {
    target.store(at, character);
    return 1;
  }
  let rest = character;
  for (let i = length - 1; i > 0; i--) {
    target.store(at + i, 0x80 | (rest & 0x3f));
    rest >>= 6;
  }
  target.store(at, ((0xf00 >> length) & 0xff) | rest);
  return length;
}

function store16(target: StorageOperand, at: number, value: number): void {
  target.store(at + 1, value & 0xff);
  target.store(at, value >> 8);
}

function encodePair(target: StorageOperand, at: number, left: number): number {
  if (left < 4) return 0;
  store16(target, at + 2, 0xdc00 | (character & 0x3ff));
  // Of the five bits above the lower sixteen less one, the surrogate has room for four.
  store16(target, at, 0xd800 | ((((character >> 16) - 1) & 0xf) << 6) | ((character >> 10) & 0x3f));
  return 4;
}

function encodeUtf16(target: StorageOperand, at: number, left: number): number {
  if (character > 0xffff) return encodePair(target, at, left);
  if (left < 2) return 0;
  store16(target, at, character);
  return 2;
}

/** From UTF-8 the form decides, not the value: four bytes make a pair, even of an overlong form. */
function encodeUtf16FromUtf8(target: StorageOperand, at: number, left: number): number {
  return size === 4 ? encodePair(target, at, left) : encodeUtf16(target, at, left);
}

function encodeUtf32(target: StorageOperand, at: number, left: number): number {
  if (left < 4) return 0;
  store16(target, at + 2, character & 0xffff);
  store16(target, at, character >> 16);
  return 4;
}

function convert(result: UnicodeResult, operands: UnicodeOperands, limit: number, check: boolean, decode: Decoder, encode: Encoder): void {
  const { target, targetLength, source, sourceLength } = operands;
  result.consumed = 0;
  result.produced = 0;
  for (let count = 0; ; count++) {
    const left = sourceLength - result.consumed;
    if (count >= limit && left > 0) {
      result.cc = LIMIT_REACHED;
      return;
    }
    const status = decode(source, result.consumed, left, check);
    if (status !== DONE) {
      result.cc = status;
      return;
    }
    const stored = encode(target, result.produced, targetLength - result.produced);
    if (stored === 0) {
      result.cc = TARGET_FULL;
      return;
    }
    result.consumed += size;
    result.produced += stored;
  }
}

/** CU12 (CUTFU). `check` is the well-formedness-checking bit of M3. */
export function convertUtf8ToUtf16(result: UnicodeResult, operands: UnicodeOperands, limit: number, check: boolean): void {
  convert(result, operands, limit, check, decodeUtf8, encodeUtf16FromUtf8);
}

/** CU14. `check` is the well-formedness-checking bit of M3. */
export function convertUtf8ToUtf32(result: UnicodeResult, operands: UnicodeOperands, limit: number, check: boolean): void {
  convert(result, operands, limit, check, decodeUtf8, encodeUtf32);
}

/** CU21 (CUUTF). `check` is the well-formedness-checking bit of M3. */
export function convertUtf16ToUtf8(result: UnicodeResult, operands: UnicodeOperands, limit: number, check: boolean): void {
  convert(result, operands, limit, check, decodeUtf16, encodeUtf8);
}

/** CU24. `check` is the well-formedness-checking bit of M3. */
export function convertUtf16ToUtf32(result: UnicodeResult, operands: UnicodeOperands, limit: number, check: boolean): void {
  convert(result, operands, limit, check, decodeUtf16, encodeUtf32);
}

/** CU41. */
export function convertUtf32ToUtf8(result: UnicodeResult, operands: UnicodeOperands, limit: number): void {
  convert(result, operands, limit, true, decodeUtf32, encodeUtf8);
}

/** CU42. */
export function convertUtf32ToUtf16(result: UnicodeResult, operands: UnicodeOperands, limit: number): void {
  convert(result, operands, limit, true, decodeUtf32, encodeUtf16);
}
