import { type BfpContext, effectiveRounding, ROUND_PER_FPC, ROUND_TOWARD_ZERO } from "./context.ts";
import { placeInteger } from "./convert.ts";
import { invalidDefault, propagateNaN } from "./exact.ts";
import { type BfpFormat, bitLength, KIND_INFINITY, KIND_ZERO, placeNumber, placeZero, type Unpacked } from "./format.ts";
import { deliver, Rounded, roundTo } from "./round.ts";

const rounded = new Rounded();

/** Copies the result words to the quotient words: whatever is placed next is the remainder. */
function quotientFromResult(ctx: BfpContext): void {
  ctx.q0 = ctx.r0;
  ctx.q1 = ctx.r1;
}

/**
 * DIVIDE TO INTEGER (DIEBR, DIDBR). The integer quotient goes to `q0`/`q1`, the remainder to `r0`/`r1`.
 *
 * A quotient of at most as many bits as the format has precision is final and rounded by `m4`; the remainder belonging to
 * it may be inexact and is rounded by the FPC. A longer quotient is truncated to the precision, and its remainder is
 * exact: the partial remainder, to be divided again (unless it is zero). Only the remainder raises exceptions; a quotient
 * too large for the format is scaled and told by the condition code.
 *
 * Condition code: 0 remainder complete, quotient normal; 1 remainder complete, quotient scaled or NaN; 2 remainder
 * incomplete, quotient normal; 3 remainder incomplete, quotient scaled.
 */
export function exactDivideToInteger(ctx: BfpContext, format: BfpFormat, x: Unpacked, y: Unpacked, m4: number): void {
  if (propagateNaN(ctx, format, x, y)) {
    quotientFromResult(ctx);
    ctx.cc = 1;
    return;
  }
  if (x.kind === KIND_INFINITY || y.kind === KIND_ZERO) {
    invalidDefault(ctx, format);
    quotientFromResult(ctx);
    ctx.cc = 1;
    return;
  }
  const quotientSign = x.sign ^ y.sign;
  if (x.kind === KIND_ZERO || y.kind === KIND_INFINITY) {
    placeZero(ctx, format, quotientSign);
    quotientFromResult(ctx);
    if (x.kind === KIND_ZERO) placeZero(ctx, format, x.sign);
    else placeNumber(ctx, format, x.sign, x.significand, x.exponent);
    ctx.cc = 0;
    return;
  }

  const { precision } = format;
  // Dividend and divisor as integers in units of the smaller of the two exponents. That may take 2,100 bits in the long format.
  const unit = Math.min(x.exponent, y.exponent);
  const dividend = x.significand << BigInt(x.exponent - unit);
  const divisor = y.significand << BigInt(y.exponent - unit);
  const whole = dividend / divisor;
  let rest = dividend - whole * divisor;
  let remainderSign = x.sign;
  let cc = 0;

  if (whole >> BigInt(precision) === 0n) {
    // A quarter of the divisor tells all that rounding asks: below, at or above one half.
    const twice = rest << 1n;
    const fraction = rest === 0n ? 0n : twice < divisor ? 1n : twice === divisor ? 2n : 3n;
    roundTo(rounded, quotientSign, (whole << 2n) | fraction, -2, false, 0, effectiveRounding(ctx, m4));
    if (rounded.incremented) {
      rest = divisor - rest;
      remainderSign = 1 - x.sign;
    }
    placeInteger(ctx, format, quotientSign, rounded.significand);
  } else {
    const quantum = wideBitLength(whole) - precision;
    roundTo(rounded, quotientSign, whole, 0, false, quantum, ROUND_TOWARD_ZERO);
    rest += (whole - (rounded.significand << BigInt(quantum))) * divisor;
    const overflows = quantum + precision - 1 > format.maxExponent;
    cc = (rest === 0n ? 0 : 2) + (overflows ? 1 : 0);
    placeNumber(ctx, format, quotientSign, rounded.significand, overflows ? quantum - format.trapScale : quantum);
  }
  quotientFromResult(ctx);
  if (rest === 0n) placeZero(ctx, format, x.sign);
  else deliverWide(ctx, format, remainderSign, rest, unit);
  ctx.cc = cc;
}

/** The remainder, brought to a length that `deliver` takes. */
function deliverWide(ctx: BfpContext, format: BfpFormat, sign: number, rest: bigint, unit: number): void {
  const excess = wideBitLength(rest) - 2 * format.precision - 4;
  const method = effectiveRounding(ctx, ROUND_PER_FPC);
  if (excess <= 0) {
    deliver(ctx, format, sign, rest, unit, false, method);
    return;
  }
  const top = rest >> BigInt(excess);
  deliver(ctx, format, sign, top, unit + excess, top << BigInt(excess) !== rest, method);
}

/** Like `bitLength`, for numbers too large for a double. */
function wideBitLength(n: bigint): number {
  let length = 0;
  while (n >> 1000n !== 0n) {
    n >>= 1000n;
    length += 1000;
  }
  return length + bitLength(n);
}
