/**
 * The operations, exact for every operand, over operands taken apart. BigInt throughout: the common cases of the short
 * and long formats do not come here (see native.ts).
 */
import {
  type BfpContext,
  DXC_DIVIDE_BY_ZERO,
  FPC_FLAG_DIVIDE_BY_ZERO,
  FPC_MASK_DIVIDE_BY_ZERO,
  invalid,
  ROUND_TOWARD_MINUS,
} from "./context.ts";
import {
  type BfpFormat,
  bitLength,
  KIND_FINITE,
  KIND_INFINITY,
  KIND_QNAN,
  KIND_SNAN,
  KIND_ZERO,
  placeDefaultNaN,
  placeInfinity,
  placeNaN,
  placeZero,
  type Unpacked,
} from "./format.ts";
import { deliver } from "./round.ts";

/** Places the default NaN with the invalid-operation exception, unless that traps. */
export function invalidDefault(ctx: BfpContext, format: BfpFormat): void {
  if (!invalid(ctx)) placeDefaultNaN(ctx, format);
}

/**
 * The result when an operand is a NaN: a signaling one first (with invalid operation), then a quiet one; the first
 * operand before the second. False when neither is a NaN.
 */
export function propagateNaN(ctx: BfpContext, format: BfpFormat, x: Unpacked, y: Unpacked): boolean {
  if (x.kind < KIND_QNAN && y.kind < KIND_QNAN) return false;
  const signaling = x.kind === KIND_SNAN ? x : y.kind === KIND_SNAN ? y : undefined;
  if (signaling !== undefined) {
    if (!invalid(ctx)) placeNaN(ctx, format, signaling);
  } else {
    placeNaN(ctx, format, x.kind === KIND_QNAN ? x : y);
  }
  return true;
}

/** The sign of a zero that is the sum of nonzero or oppositely signed numbers. */
function zeroSumSign(method: number): number {
  return method === ROUND_TOWARD_MINUS ? 1 : 0;
}

/** Rounds the sum of two nonzero numbers and places it. */
function deliverSum(
  ctx: BfpContext,
  format: BfpFormat,
  sign1: number,
  significand1: bigint,
  exponent1: number,
  sign2: number,
  significand2: bigint,
  exponent2: number,
  method: number,
): void {
  if (exponent1 < exponent2) {
    deliverSum(ctx, format, sign2, significand2, exponent2, sign1, significand1, exponent1, method);
    return;
  }
  const margin = format.precision + 4;
  if (exponent2 + bitLength(significand2) <= exponent1 - margin) {
    // The second lies wholly below what can matter: only that it is there, and on which side, counts.
    const wide = significand1 << BigInt(margin);
    deliver(ctx, format, sign1, sign1 === sign2 ? wide : wide - 1n, exponent1 - margin, true, method);
    return;
  }
  const aligned = significand1 << BigInt(exponent1 - exponent2);
  if (sign1 === sign2) {
    deliver(ctx, format, sign1, aligned + significand2, exponent2, false, method);
    return;
  }
  const difference = aligned - significand2;
  if (difference === 0n) placeZero(ctx, format, zeroSumSign(method));
  else if (difference > 0n) deliver(ctx, format, sign1, difference, exponent2, false, method);
  else deliver(ctx, format, sign2, -difference, exponent2, false, method);
}

/** ADD; with `y` negated, unless it is a NaN, SUBTRACT. */
export function exactAdd(ctx: BfpContext, format: BfpFormat, x: Unpacked, y: Unpacked, subtract: boolean, method: number): void {
  if (propagateNaN(ctx, format, x, y)) return;
  const ySign = subtract ? 1 - y.sign : y.sign;
  if (x.kind === KIND_INFINITY) {
    if (y.kind === KIND_INFINITY && x.sign !== ySign) invalidDefault(ctx, format);
    else placeInfinity(ctx, format, x.sign);
  } else if (y.kind === KIND_INFINITY) {
    placeInfinity(ctx, format, ySign);
  } else if (x.kind === KIND_ZERO) {
    if (y.kind === KIND_ZERO) placeZero(ctx, format, x.sign === ySign ? ySign : zeroSumSign(method));
    else deliver(ctx, format, ySign, y.significand, y.exponent, false, method);
  } else if (y.kind === KIND_ZERO) {
    deliver(ctx, format, x.sign, x.significand, x.exponent, false, method);
  } else {
    deliverSum(ctx, format, x.sign, x.significand, x.exponent, ySign, y.significand, y.exponent, method);
  }
}

/** MULTIPLY; `format` is that of the product, which may be wider than that of the operands. */
export function exactMultiply(ctx: BfpContext, format: BfpFormat, x: Unpacked, y: Unpacked, method: number): void {
  if (propagateNaN(ctx, format, x, y)) return;
  const sign = x.sign ^ y.sign;
  if (x.kind === KIND_FINITE && y.kind === KIND_FINITE) {
    deliver(ctx, format, sign, x.significand * y.significand, x.exponent + y.exponent, false, method);
  } else if (x.kind === KIND_FINITE || y.kind === KIND_FINITE) {
    if (x.kind === KIND_INFINITY || y.kind === KIND_INFINITY) placeInfinity(ctx, format, sign);
    else placeZero(ctx, format, sign);
  } else if (x.kind !== y.kind) {
    invalidDefault(ctx, format);
  } else if (x.kind === KIND_INFINITY) {
    placeInfinity(ctx, format, sign);
  } else {
    placeZero(ctx, format, sign);
  }
}

export function exactDivide(ctx: BfpContext, format: BfpFormat, x: Unpacked, y: Unpacked, method: number): void {
  if (propagateNaN(ctx, format, x, y)) return;
  const sign = x.sign ^ y.sign;
  if (x.kind === KIND_INFINITY) {
    if (y.kind === KIND_INFINITY) invalidDefault(ctx, format);
    else placeInfinity(ctx, format, sign);
  } else if (y.kind === KIND_INFINITY) {
    placeZero(ctx, format, sign);
  } else if (y.kind === KIND_ZERO) {
    if (x.kind === KIND_ZERO) {
      invalidDefault(ctx, format);
    } else if (ctx.fpc & FPC_MASK_DIVIDE_BY_ZERO) {
      ctx.dxc = DXC_DIVIDE_BY_ZERO;
      ctx.completed = false;
    } else {
      ctx.fpc |= FPC_FLAG_DIVIDE_BY_ZERO;
      placeInfinity(ctx, format, sign);
    }
  } else if (x.kind === KIND_ZERO) {
    placeZero(ctx, format, sign);
  } else {
    const shift = Math.max(0, format.precision + 3 + bitLength(y.significand) - bitLength(x.significand));
    const dividend = x.significand << BigInt(shift);
    const quotient = dividend / y.significand;
    deliver(ctx, format, sign, quotient, x.exponent - y.exponent - shift, quotient * y.significand !== dividend, method);
  }
}

/** Integer square root: the largest integer whose square is not above `n`. */
function integerSquareRoot(n: bigint): bigint {
  // The double is good for 52 bits, and each step of Newton's method doubles that.
  let root = BigInt(Math.floor(Math.sqrt(Number(n))));
  for (;;) {
    const next = (root + n / root) >> 1n;
    const distance = next - root;
    root = next;
    if (distance >= -1n && distance <= 1n) break;
  }
  while (root * root > n) root -= 1n;
  while ((root + 1n) * (root + 1n) <= n) root += 1n;
  return root;
}

export function exactSquareRoot(ctx: BfpContext, format: BfpFormat, x: Unpacked, method: number): void {
  if (propagateNaN(ctx, format, x, x)) return;
  if (x.kind === KIND_ZERO) {
    placeZero(ctx, format, x.sign);
  } else if (x.sign === 1) {
    invalidDefault(ctx, format);
  } else if (x.kind === KIND_INFINITY) {
    placeInfinity(ctx, format, 0);
  } else {
    let shift = Math.max(0, 2 * (format.precision + 3) - bitLength(x.significand));
    if ((x.exponent - shift) % 2 !== 0) shift += 1;
    const radicand = x.significand << BigInt(shift);
    const root = integerSquareRoot(radicand);
    deliver(ctx, format, 0, root, (x.exponent - shift) / 2, root * root !== radicand, method);
  }
}

/**
 * MULTIPLY AND ADD (SUBTRACT): `x` times `y` plus (minus) `z`, rounded once. A NaN among the factors decides before the
 * addend is looked at, unless it is quiet and the addend is signaling; infinity times zero is invalid whatever the addend.
 */
export function exactMultiplyAdd(
  ctx: BfpContext,
  format: BfpFormat,
  x: Unpacked,
  y: Unpacked,
  z: Unpacked,
  subtract: boolean,
  method: number,
): void {
  if (x.kind === KIND_SNAN || y.kind === KIND_SNAN) {
    propagateNaN(ctx, format, x, y);
    return;
  }
  if (x.kind === KIND_QNAN || y.kind === KIND_QNAN) {
    propagateNaN(ctx, format, x.kind === KIND_QNAN ? x : y, z);
    return;
  }
  if ((x.kind === KIND_INFINITY && y.kind === KIND_ZERO) || (x.kind === KIND_ZERO && y.kind === KIND_INFINITY)) {
    invalidDefault(ctx, format);
    return;
  }
  if (propagateNaN(ctx, format, z, z)) return;
  const sign = x.sign ^ y.sign;
  const zSign = subtract ? 1 - z.sign : z.sign;
  if (x.kind === KIND_INFINITY || y.kind === KIND_INFINITY) {
    if (z.kind === KIND_INFINITY && zSign !== sign) invalidDefault(ctx, format);
    else placeInfinity(ctx, format, sign);
  } else if (z.kind === KIND_INFINITY) {
    placeInfinity(ctx, format, zSign);
  } else if (x.kind === KIND_ZERO || y.kind === KIND_ZERO) {
    if (z.kind === KIND_ZERO) placeZero(ctx, format, sign === zSign ? sign : zeroSumSign(method));
    else deliver(ctx, format, zSign, z.significand, z.exponent, false, method);
  } else if (z.kind === KIND_ZERO) {
    deliver(ctx, format, sign, x.significand * y.significand, x.exponent + y.exponent, false, method);
  } else {
    const product = x.significand * y.significand;
    deliverSum(ctx, format, sign, product, x.exponent + y.exponent, zSign, z.significand, z.exponent, method);
  }
}

/** COMPARE and COMPARE AND SIGNAL: sets the condition code 0 equal, 1 first low, 2 first high, 3 unordered. */
export function exactCompare(ctx: BfpContext, x: Unpacked, y: Unpacked, signal: boolean): void {
  if (x.kind >= KIND_QNAN || y.kind >= KIND_QNAN) {
    if ((signal || x.kind === KIND_SNAN || y.kind === KIND_SNAN) && invalid(ctx)) return;
    ctx.cc = 3;
    return;
  }
  if (x.kind === KIND_ZERO && y.kind === KIND_ZERO) {
    ctx.cc = 0;
  } else if (x.kind === KIND_ZERO) {
    ctx.cc = y.sign === 1 ? 2 : 1;
  } else if (y.kind === KIND_ZERO || x.sign !== y.sign) {
    ctx.cc = x.sign === 1 ? 1 : 2;
  } else {
    const order = compareMagnitude(x, y);
    ctx.cc = order === 0 ? 0 : order < 0 === (x.sign === 0) ? 1 : 2;
  }
}

/** Order of the magnitudes of two operands of one format that are neither zero nor NaN. */
function compareMagnitude(x: Unpacked, y: Unpacked): number {
  if (x.kind !== y.kind) return x.kind - y.kind;
  if (x.kind === KIND_INFINITY) return 0;
  // In one format, the larger exponent means the larger number: only the smallest exponent has subnormal significands.
  if (x.exponent !== y.exponent) return x.exponent - y.exponent;
  return x.significand === y.significand ? 0 : x.significand < y.significand ? -1 : 1;
}
