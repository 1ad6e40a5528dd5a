import type { StorageOperand } from "./operand.ts";

/** Sign codes that the machine makes: C plus, D minus. */
export const PLUS = 0xc;
export const MINUS = 0xd;

/** Whether a nibble is a sign code, A to F. */
export function isSign(nibble: number): boolean {
  return nibble > 9;
}

/** Whether a sign code is minus: B or D. */
export function isMinus(nibble: number): boolean {
  return nibble === 0xb || nibble === 0xd;
}

/** A signed packed decimal number. Sign and magnitude stand apart, for there is a negative zero. */
export class PackedNumber {
  magnitude = 0n;
  negative = false;
}

/** Reads `length` bytes of signed packed decimal. False when a digit or the sign is invalid. */
export function readPacked(out: PackedNumber, operand: StorageOperand, length: number): boolean {
  let digits = "";
  let valid = true;
  for (let i = 0; i < length; i++) {
    const byte = operand.load(i);
    const right = byte & 0xf;
    valid &&= byte >> 4 <= 9 && (i === length - 1 ? isSign(right) : right <= 9);
    digits += (byte >> 4).toString(16);
    if (i < length - 1) digits += right.toString(16);
    else out.negative = isMinus(right);
  }
  if (valid) out.magnitude = BigInt(digits);
  return valid;
}

/** Stores the rightmost digits of a number that fit `length` bytes, with sign. True when nonzero digits were lost. */
export function writePacked(operand: StorageOperand, length: number, magnitude: bigint, negative: boolean): boolean {
  const size = 2 * length - 1;
  const all = magnitude.toString().padStart(size, "0");
  const digits = all.slice(all.length - size);
  for (let i = length - 1; i >= 0; i--) {
    const left = digits.charCodeAt(2 * i) & 0xf;
    const right = i === length - 1 ? (negative ? MINUS : PLUS) : digits.charCodeAt(2 * i + 1) & 0xf;
    operand.store(i, (left << 4) | right);
  }
  return all.length > size;
}
