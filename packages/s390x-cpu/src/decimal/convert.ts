/** CONVERT TO BINARY and CONVERT TO DECIMAL (PoP chapter 7). */
import { DATA_EXCEPTION, type DecimalResult, FIXED_POINT_DIVIDE_EXCEPTION, type StorageOperand } from "./operand.ts";
import { PackedNumber, readPacked, writePacked } from "./packed.ts";

const number = new PackedNumber();

function low32(value: bigint): number {
  return Number(BigInt.asIntN(32, value));
}

/**
 * CVB, CVBY: 8 bytes of packed decimal to a 32-bit number in `low`. A number out of range is a fixed-point-divide exception
 * that completes: the rightmost 32 bits are in `low`, and are to be placed before the interruption.
 */
export function convertToBinary32(result: DecimalResult, source: StorageOperand): void {
  result.exception = 0;
  if (!readPacked(number, source, 8)) {
    result.exception = DATA_EXCEPTION;
    return;
  }
  const value = number.negative ? -number.magnitude : number.magnitude;
  result.low = low32(value);
  if (BigInt(result.low) !== value) result.exception = FIXED_POINT_DIVIDE_EXCEPTION;
}

/** CVBG: 16 bytes of packed decimal to a 64-bit number. A number out of range suppresses. */
export function convertToBinary64(result: DecimalResult, source: StorageOperand): void {
  result.exception = 0;
  if (!readPacked(number, source, 16)) {
    result.exception = DATA_EXCEPTION;
    return;
  }
  const value = number.negative ? -number.magnitude : number.magnitude;
  if (BigInt.asIntN(64, value) !== value) {
    result.exception = FIXED_POINT_DIVIDE_EXCEPTION;
    return;
  }
  result.high = low32(value >> 32n);
  result.low = low32(value);
}

/** CVD, CVDY: a 32-bit number to 8 bytes of packed decimal. */
export function convertToDecimal32(target: StorageOperand, value: number): void {
  writePacked(target, 8, BigInt(Math.abs(value | 0)), value < 0);
}

/** CVDG: a 64-bit number to 16 bytes of packed decimal. */
export function convertToDecimal64(target: StorageOperand, high: number, low: number): void {
  const value = (BigInt(high | 0) << 32n) | BigInt(low >>> 0);
  writePacked(target, 16, value < 0n ? -value : value, value < 0n);
}
