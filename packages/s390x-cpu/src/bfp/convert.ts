/** Conversions between formats and to and from fixed point, exact for every operand (PoP chapter 19). */
import { type BfpContext, inexact, invalid } from "./context.ts";
import {
  type BfpFormat,
  bitLength,
  KIND_FINITE,
  KIND_INFINITY,
  KIND_QNAN,
  KIND_SNAN,
  KIND_ZERO,
  place64,
  placeInfinity,
  placeNaN,
  placeNumber,
  placeZero,
  type Unpacked,
} from "./format.ts";
import { deliver, Rounded, roundTo } from "./round.ts";

/**
 * LOAD LENGTHENED, LOAD AND TEST (no rounding is ever needed) and LOAD ROUNDED, told apart by the two formats.
 */
export function exactLoad(ctx: BfpContext, format: BfpFormat, x: Unpacked, method: number, suppressInexact: boolean): void {
  switch (x.kind) {
    case KIND_ZERO:
      placeZero(ctx, format, x.sign);
      break;
    case KIND_INFINITY:
      placeInfinity(ctx, format, x.sign);
      break;
    case KIND_SNAN:
      if (!invalid(ctx)) placeNaN(ctx, format, x);
      break;
    case KIND_QNAN:
      placeNaN(ctx, format, x);
      break;
    default:
      if (format.precision < x.format.precision) {
        const trap = { format: x.format, scale: x.format.loadRoundedTrapScale };
        deliver(ctx, format, x.sign, x.significand, x.exponent, false, method, suppressInexact, trap);
      } else {
        loadExact(ctx, format, x);
      }
  }
}

/** A finite number to a format not narrower than its own; a subnormal of the same format raises no underflow. */
function loadExact(ctx: BfpContext, format: BfpFormat, x: Unpacked): void {
  if (format === x.format) {
    placeNumber(ctx, format, x.sign, x.significand, x.exponent);
    return;
  }
  const widen = format.precision - bitLength(x.significand);
  placeNumber(ctx, format, x.sign, x.significand << BigInt(widen), x.exponent - widen);
}

const rounded = new Rounded();

/** LOAD FP INTEGER. */
export function exactLoadInteger(ctx: BfpContext, format: BfpFormat, x: Unpacked, method: number, suppressInexact: boolean): void {
  if (x.kind !== KIND_FINITE || x.exponent >= 0) {
    exactLoad(ctx, format, x, method, suppressInexact);
    return;
  }
  roundTo(rounded, x.sign, x.significand, x.exponent, false, 0, method);
  placeInteger(ctx, format, x.sign, rounded.significand);
  if (rounded.inexact && !suppressInexact) inexact(ctx, rounded.incremented);
}

/** An integer that fits the precision. */
export function placeInteger(ctx: BfpContext, format: BfpFormat, sign: number, magnitude: bigint): void {
  if (magnitude === 0n) {
    placeZero(ctx, format, sign);
    return;
  }
  const widen = format.precision - bitLength(magnitude);
  placeNumber(ctx, format, sign, widen >= 0 ? magnitude << BigInt(widen) : magnitude >> BigInt(-widen), -widen);
}

/** CONVERT FROM FIXED and CONVERT FROM LOGICAL. */
export function exactFromInteger(ctx: BfpContext, format: BfpFormat, value: bigint, method: number, suppressInexact: boolean): void {
  if (value === 0n) placeZero(ctx, format, 0);
  else if (value < 0n) deliver(ctx, format, 1, -value, 0, false, method, suppressInexact);
  else deliver(ctx, format, 0, value, 0, false, method, suppressInexact);
}

/**
 * CONVERT TO FIXED and CONVERT TO LOGICAL. Condition code 0, 1, 2 by the source, 3 for a special case (NaN, or out of range
 * after rounding): an invalid operation, and when that does not trap inexact (truncated) too.
 *
 * @param bits 32 or 64
 * @param logical whether the result is unsigned
 */
export function exactToInteger(
  ctx: BfpContext,
  x: Unpacked,
  bits: number,
  logical: boolean,
  method: number,
  suppressInexact: boolean,
): void {
  const minimum = logical ? 0n : -(1n << BigInt(bits - 1));
  const maximum = (1n << BigInt(logical ? bits : bits - 1)) - 1n;
  if (x.kind === KIND_ZERO) {
    placeFixed(ctx, bits, 0n);
    ctx.cc = 0;
    return;
  }
  let value = x.sign === 0 ? maximum + 1n : minimum - 1n;
  if (x.kind >= KIND_QNAN) {
    value = minimum - 1n;
  } else if (x.kind === KIND_FINITE && x.exponent + bitLength(x.significand) <= 65) {
    roundTo(rounded, x.sign, x.significand, x.exponent, false, 0, method);
    value = x.sign === 0 ? rounded.significand : -rounded.significand;
  }
  if (value < minimum || value > maximum) {
    if (invalid(ctx)) return;
    placeFixed(ctx, bits, value < minimum ? minimum : maximum);
    ctx.cc = 3;
    if (!suppressInexact) inexact(ctx, false);
    return;
  }
  placeFixed(ctx, bits, value);
  ctx.cc = x.sign === 0 ? 2 : 1;
  if (rounded.inexact && !suppressInexact) inexact(ctx, rounded.incremented);
}

function placeFixed(ctx: BfpContext, bits: number, value: bigint): void {
  if (bits === 32) ctx.r0 = Number(BigInt.asIntN(32, value));
  else place64(ctx, BigInt.asUintN(64, value));
}
