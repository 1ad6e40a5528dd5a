import type { BfpContext } from "./context.ts";

/** Parameters of a BFP data format (PoP chapter 19, "BFP Data Formats"). */
export interface BfpFormat {
  readonly name: "short" | "long" | "extended";
  /** Precision: significand bits with the implied one. */
  readonly precision: number;
  /** Exponents of the smallest and the largest normal number, as of 1.f times two to the e. */
  readonly minExponent: number;
  readonly maxExponent: number;
  /** Exponent adjustment of the scaled result that an overflow or underflow trap delivers. */
  readonly trapScale: number;
  /** The same for LOAD ROUNDED, by the format of its source operand. */
  readonly loadRoundedTrapScale: number;
  readonly fractionBits: bigint;
  readonly fractionMask: bigint;
  readonly exponentMask: number;
  readonly quietBit: bigint;
  readonly signShift: bigint;
}

function format(name: BfpFormat["name"], width: number, precision: number, trapScale: number, loadRoundedTrapScale: number): BfpFormat {
  const exponentBits = width - precision;
  const maxExponent = 2 ** (exponentBits - 1) - 1;
  return {
    name,
    precision,
    minExponent: 1 - maxExponent,
    maxExponent,
    trapScale,
    loadRoundedTrapScale,
    fractionBits: BigInt(precision - 1),
    fractionMask: (1n << BigInt(precision - 1)) - 1n,
    exponentMask: 2 ** exponentBits - 1,
    quietBit: 1n << BigInt(precision - 2),
    signShift: BigInt(width - 1),
  };
}

export const SHORT: BfpFormat = format("short", 32, 24, 192, 0);
export const LONG: BfpFormat = format("long", 64, 53, 1536, 512);
export const EXTENDED: BfpFormat = format("extended", 128, 113, 24576, 8192);

export const KIND_ZERO = 0;
export const KIND_FINITE = 1;
export const KIND_INFINITY = 2;
export const KIND_QNAN = 3;
export const KIND_SNAN = 4;

/**
 * An operand taken apart. Finite and nonzero: the value is `significand` times two to the `exponent`. NaN: `significand`
 * is the fraction field.
 */
export class Unpacked {
  kind = KIND_ZERO;
  sign = 0;
  exponent = 0;
  significand = 0n;
  format = SHORT;
}

const scratch = new BigUint64Array(1);
const words = new Int32Array(scratch.buffer);
scratch[0] = 1n;
/** Where the halves of a 64-bit value lie depends on the byte order of the host. */
const LOW = words[0] === 1 ? 0 : 1;
const HIGH = 1 - LOW;

/** A 64-bit value from two words. */
export function join(high: number, low: number): bigint {
  words[HIGH] = high;
  words[LOW] = low;
  return scratch[0]!;
}

function split(u: Unpacked, format: BfpFormat, bits: bigint): Unpacked {
  u.format = format;
  u.sign = Number(bits >> format.signShift);
  const fraction = bits & format.fractionMask;
  const biased = Number(bits >> format.fractionBits) & format.exponentMask;
  if (biased === format.exponentMask) {
    u.kind = fraction === 0n ? KIND_INFINITY : (fraction & format.quietBit) === 0n ? KIND_SNAN : KIND_QNAN;
    u.significand = fraction;
  } else if (biased === 0) {
    u.kind = fraction === 0n ? KIND_ZERO : KIND_FINITE;
    u.significand = fraction;
    u.exponent = format.minExponent - format.precision + 1;
  } else {
    u.kind = KIND_FINITE;
    u.significand = fraction | (format.fractionMask + 1n);
    u.exponent = biased - format.maxExponent - format.precision + 1;
  }
  return u;
}

export function unpackShort(u: Unpacked, w: number): Unpacked {
  return split(u, SHORT, BigInt(w >>> 0));
}

export function unpackLong(u: Unpacked, w0: number, w1: number): Unpacked {
  return split(u, LONG, join(w0, w1));
}

export function unpackExtended(u: Unpacked, w0: number, w1: number, w2: number, w3: number): Unpacked {
  return split(u, EXTENDED, (join(w0, w1) << 64n) | join(w2, w3));
}

/** Places a 64-bit pattern in the first two result words. */
export function place64(ctx: BfpContext, bits: bigint): void {
  scratch[0] = bits;
  ctx.r0 = words[HIGH]!;
  ctx.r1 = words[LOW]!;
}

/** Places a bit pattern of `format` in the result words. */
export function place(ctx: BfpContext, format: BfpFormat, bits: bigint): void {
  if (format === SHORT) {
    ctx.r0 = Number(bits) | 0;
  } else if (format === LONG) {
    place64(ctx, bits);
  } else {
    scratch[0] = bits & 0xffff_ffff_ffff_ffffn;
    ctx.r2 = words[HIGH]!;
    ctx.r3 = words[LOW]!;
    place64(ctx, bits >> 64n);
  }
}

function withSign(format: BfpFormat, sign: number, bits: bigint): bigint {
  return sign === 0 ? bits : bits | (1n << format.signShift);
}

export function placeZero(ctx: BfpContext, format: BfpFormat, sign: number): void {
  place(ctx, format, withSign(format, sign, 0n));
  ctx.cc = 0;
}

export function placeInfinity(ctx: BfpContext, format: BfpFormat, sign: number): void {
  place(ctx, format, withSign(format, sign, BigInt(format.exponentMask) << format.fractionBits));
  ctx.cc = sign === 0 ? 2 : 1;
}

/** The largest finite number. */
export function placeMaximum(ctx: BfpContext, format: BfpFormat, sign: number): void {
  place(ctx, format, withSign(format, sign, (BigInt(format.exponentMask) << format.fractionBits) - 1n));
  ctx.cc = sign === 0 ? 2 : 1;
}

/** The default quiet NaN: positive, fraction one followed by zeros. */
export function placeDefaultNaN(ctx: BfpContext, format: BfpFormat): void {
  place(ctx, format, (BigInt(format.exponentMask) << format.fractionBits) | format.quietBit);
  ctx.cc = 3;
}

/** The NaN operand `u`, made quiet, its fraction extended or truncated on the right to fit `format`. */
export function placeNaN(ctx: BfpContext, format: BfpFormat, u: Unpacked): void {
  const shift = format.precision - u.format.precision;
  const fraction = shift >= 0 ? u.significand << BigInt(shift) : u.significand >> BigInt(-shift);
  place(ctx, format, withSign(format, u.sign, (BigInt(format.exponentMask) << format.fractionBits) | format.quietBit | fraction));
  ctx.cc = 3;
}

/**
 * A number of the format: `significand` below two to the precision (or equal to it, after a carry) counts units of two to
 * the `quantum`. Below two to the precision - 1 it is subnormal, and `quantum` is then the smallest of the format.
 */
export function placeNumber(ctx: BfpContext, format: BfpFormat, sign: number, significand: bigint, quantum: number): void {
  let bits = significand;
  if (significand > format.fractionMask) {
    // The implied one is added to the exponent field below, not masked off, so that a carry moves to the next binade.
    const biased = quantum + format.precision - 1 + format.maxExponent;
    bits += BigInt(biased - 1) << format.fractionBits;
  }
  place(ctx, format, withSign(format, sign, bits));
  ctx.cc = significand === 0n ? 0 : sign === 0 ? 2 : 1;
}

const float64 = new Float64Array(scratch.buffer);

/** Number of significant bits. `n` is positive and below two to the 1023. */
export function bitLength(n: bigint): number {
  float64[0] = Number(n);
  const length = (words[HIGH]! >>> 20) - 1022;
  // The conversion to a double may have rounded up to the next power of two.
  return n >> BigInt(length - 1) === 0n ? length - 1 : length;
}
