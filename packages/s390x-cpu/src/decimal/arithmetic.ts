/**
 * Packed decimal arithmetic (PoP chapter 8). Lengths are in bytes, 1 to 16. Every function loads all it needs before it
 * stores anything, so that operands may overlap where the manual allows it, and an exception suppresses.
 */
import { DATA_EXCEPTION, DECIMAL_DIVIDE_EXCEPTION, type DecimalResult, SPECIFICATION_EXCEPTION, type StorageOperand } from "./operand.ts";
import { isSign, PackedNumber, readPacked, writePacked } from "./packed.ts";

const a = new PackedNumber();
const b = new PackedNumber();

/**
 * Stores a signed result and sets the condition code. A zero is positive unless digits were lost: then it has the sign that
 * the full result had.
 */
function placeSigned(result: DecimalResult, target: StorageOperand, length: number, magnitude: bigint, negative: boolean): void {
  const minus = negative && magnitude !== 0n;
  const lost = writePacked(target, length, magnitude, minus);
  result.cc = lost ? 3 : magnitude === 0n ? 0 : minus ? 1 : 2;
}

function signed(n: PackedNumber): bigint {
  return n.negative ? -n.magnitude : n.magnitude;
}

function read(result: DecimalResult, first: StorageOperand, length1: number, second: StorageOperand, length2: number): boolean {
  const valid1 = readPacked(a, first, length1);
  const valid2 = readPacked(b, second, length2);
  result.exception = valid1 && valid2 ? 0 : DATA_EXCEPTION;
  return result.exception === 0;
}

/** AP. Condition code 0 zero, 1 negative, 2 positive, 3 overflow. */
export function addDecimal(result: DecimalResult, first: StorageOperand, length1: number, second: StorageOperand, length2: number): void {
  if (!read(result, first, length1, second, length2)) return;
  const sum = signed(a) + signed(b);
  placeSigned(result, first, length1, sum < 0n ? -sum : sum, sum < 0n);
}

/** SP. Condition code as for AP. */
export function subtractDecimal(
  result: DecimalResult,
  first: StorageOperand,
  length1: number,
  second: StorageOperand,
  length2: number,
): void {
  if (!read(result, first, length1, second, length2)) return;
  const difference = signed(a) - signed(b);
  placeSigned(result, first, length1, difference < 0n ? -difference : difference, difference < 0n);
}

/** ZAP: what the first operand was is not looked at. Condition code as for AP. */
export function zeroAndAdd(result: DecimalResult, first: StorageOperand, length1: number, second: StorageOperand, length2: number): void {
  result.exception = readPacked(b, second, length2) ? 0 : DATA_EXCEPTION;
  if (result.exception === 0) placeSigned(result, first, length1, b.magnitude, b.negative);
}

/** CP. Condition code 0 equal, 1 first low, 2 first high. The two zeros are equal. */
export function compareDecimal(
  result: DecimalResult,
  first: StorageOperand,
  length1: number,
  second: StorageOperand,
  length2: number,
): void {
  if (!read(result, first, length1, second, length2)) return;
  const difference = signed(a) - signed(b);
  result.cc = difference === 0n ? 0 : difference < 0n ? 1 : 2;
}

/** The multiplier or divisor has at most 15 digits and is shorter than the first operand. */
function lengthsFit(result: DecimalResult, length1: number, length2: number): boolean {
  result.exception = length2 > 8 || length2 >= length1 ? SPECIFICATION_EXCEPTION : 0;
  return result.exception === 0;
}

/**
 * MP. The first operand must have as many bytes of zeros on the left as the second has bytes. The sign follows the rules of
 * algebra even for a zero product. No condition code.
 */
export function multiplyDecimal(
  result: DecimalResult,
  first: StorageOperand,
  length1: number,
  second: StorageOperand,
  length2: number,
): void {
  if (!lengthsFit(result, length1, length2)) return;
  if (!read(result, first, length1, second, length2)) return;
  if (a.magnitude >= 10n ** BigInt(2 * (length1 - length2) - 1)) {
    result.exception = DATA_EXCEPTION;
    return;
  }
  writePacked(first, length1, a.magnitude * b.magnitude, a.negative !== b.negative);
}

/**
 * DP. The quotient takes the left bytes of the first operand, the remainder the `length2` right ones. The quotient has the
 * sign of algebra, the remainder that of the dividend, also when they are zero. No condition code.
 */
export function divideDecimal(
  result: DecimalResult,
  first: StorageOperand,
  length1: number,
  second: StorageOperand,
  length2: number,
): void {
  if (!lengthsFit(result, length1, length2)) return;
  if (!read(result, first, length1, second, length2)) return;
  const size = length1 - length2;
  if (b.magnitude === 0n || a.magnitude / b.magnitude >= 10n ** BigInt(2 * size - 1)) {
    result.exception = DECIMAL_DIVIDE_EXCEPTION;
    return;
  }
  writePacked(first, size, a.magnitude / b.magnitude, a.negative !== b.negative);
  const remainder: StorageOperand = {
    load: (index) => first.load(size + index),
    store: (index, byte) => first.store(size + index, byte),
  };
  writePacked(remainder, length2, a.magnitude % b.magnitude, a.negative);
}

/**
 * SRP: shifts the digits left, or right with rounding. Condition code as for AP.
 *
 * @param shift the rightmost six bits of the second-operand address: 0 to 31 left, 32 to 63 right by 64 minus that
 * @param rounding the I3 field, which must be a digit whatever the direction
 */
export function shiftAndRound(result: DecimalResult, first: StorageOperand, length1: number, shift: number, rounding: number): void {
  result.exception = readPacked(a, first, length1) && rounding <= 9 ? 0 : DATA_EXCEPTION;
  if (result.exception !== 0) return;
  const count = (shift & 0x20) === 0 ? shift & 0x1f : (shift & 0x1f) - 32;
  const magnitude = count >= 0 ? a.magnitude * 10n ** BigInt(count) : (a.magnitude / 10n ** BigInt(-count - 1) + BigInt(rounding)) / 10n;
  placeSigned(result, first, length1, magnitude, a.negative);
}

/** TP. Condition code 0 valid, 1 sign invalid, 2 a digit invalid, 3 both. */
export function testDecimal(result: DecimalResult, first: StorageOperand, length1: number): void {
  let digits = 0;
  let sign = 0;
  for (let i = 0; i < length1; i++) {
    const byte = first.load(i);
    if (byte >> 4 > 9) digits = 2;
    if (i < length1 - 1) {
      if ((byte & 0x0f) > 9) digits = 2;
    } else if (!isSign(byte & 0x0f)) {
      sign = 1;
    }
  }
  result.exception = 0;
  result.cc = digits | sign;
}
