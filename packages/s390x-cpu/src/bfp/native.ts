/**
 * The common cases of the short and long formats, on the host's own doubles and without allocation.
 *
 * The host rounds to nearest and tells no flags; both are recovered from the exact rounding error, which for sums and
 * products is itself a double (TwoSum, Dekker's product) and for quotients and roots has the sign of a residual that is
 * one. With that error every rounding method of the FPC is one step to a neighbour at most.
 *
 * Every function returns false, having changed nothing, when the case is not common: NaN, infinity, a result that is
 * subnormal or near overflow, a magnitude at which the error terms could underflow, or an inexact result that traps.
 */
import {
  type BfpContext,
  effectiveRounding,
  FPC_BFP_ROUNDING_MODE,
  FPC_FLAG_INEXACT,
  FPC_MASK_INEXACT,
  ROUND_NEAREST_TIES_EVEN,
  ROUND_PER_FPC,
  ROUND_PREPARE_SHORTER,
  ROUND_TOWARD_MINUS,
  ROUND_TOWARD_PLUS,
  ROUND_TOWARD_ZERO,
} from "./context.ts";

const doubles = new Float64Array(3);
const words = new Int32Array(doubles.buffer);
const singles = new Float32Array(1);
const singleWord = new Int32Array(singles.buffer);
doubles[0] = 1;
const LOW = words[0] === 0 ? 0 : 1;
const HIGH = 1 - LOW;

const MINIMUM_LONG = 2 ** -1022;
const MINIMUM_SHORT = 2 ** -126;
const LIMIT_SHORT = 2 ** 127;
const LIMIT_SUM = 2 ** 1000;
/** Within these, products and their errors neither overflow nor underflow. */
const LIMIT_PRODUCT = 2 ** 480;
const FLOOR_PRODUCT = 2 ** -480;
const SPLITTER = 2 ** 27 + 1;

export function double(high: number, low: number): number {
  words[HIGH] = high;
  words[LOW] = low;
  return doubles[0]!;
}

export function single(word: number): number {
  singleWord[0] = word;
  return singles[0]!;
}

function inRange(x: number): boolean {
  const magnitude = Math.abs(x);
  return magnitude > FLOOR_PRODUCT && magnitude < LIMIT_PRODUCT;
}

/** The error of the sum `s` of `a` and `b`. */
function sumError(a: number, b: number, s: number): number {
  const t = s - a;
  return a - (s - t) + (b - t);
}

/** The error of the product `p` of `a` and `b`. */
function productError(a: number, b: number, p: number): number {
  const ta = SPLITTER * a;
  const ah = ta - (ta - a);
  const al = a - ah;
  const tb = SPLITTER * b;
  const bh = tb - (tb - b);
  const bl = b - bh;
  return al * bl - (p - ah * bh - al * bh - ah * bl);
}

/** The neighbour of `s` toward the side of the error `e`, if `s` is even: so rounded, a second rounding does no harm. */
export function toOdd(s: number, e: number): number {
  if (e === 0) return s;
  doubles[0] = s;
  if ((words[LOW]! & 1) !== 0) return s;
  if (s > 0 === e > 0) {
    words[LOW] = words[LOW]! + 1;
  } else {
    if (words[LOW] === 0) words[HIGH] = words[HIGH]! - 1;
    words[LOW] = words[LOW]! - 1;
  }
  return doubles[0]!;
}

/** The step from the nearest candidate to the one `method` asks for: 1 away from zero, -1 toward it, 0 none. */
function stepOf(method: number, positive: boolean, above: boolean, odd: boolean): number {
  // `above`: the exact value is greater than the candidate.
  const outward = positive === above;
  switch (method) {
    case ROUND_TOWARD_ZERO:
      return outward ? 0 : -1;
    case ROUND_TOWARD_PLUS:
      return above ? (positive ? 1 : -1) : 0;
    case ROUND_TOWARD_MINUS:
      return above ? 0 : positive ? -1 : 1;
    case ROUND_PREPARE_SHORTER:
      return odd ? 0 : outward ? 1 : -1;
    default:
      return 0;
  }
}

function methodOf(ctx: BfpContext): number {
  return effectiveRounding(ctx, ROUND_PER_FPC);
}

/** Places an exact long result, zero included. */
export function placeLong(ctx: BfpContext, s: number): true {
  doubles[0] = s;
  ctx.r0 = words[HIGH]!;
  ctx.r1 = words[LOW]!;
  ctx.cc = s > 0 ? 2 : s < 0 ? 1 : 0;
  return true;
}

export function placeShort(ctx: BfpContext, s: number): true {
  singles[0] = s;
  ctx.r0 = singleWord[0]!;
  ctx.cc = s > 0 ? 2 : s < 0 ? 1 : 0;
  return true;
}

/** Finishes a long operation whose nearest result is `s` and whose exact result lies on the side of `e`. */
export function finishLong(ctx: BfpContext, s: number, e: number): boolean {
  if (e === 0) return placeLong(ctx, s);
  if (ctx.fpc & FPC_MASK_INEXACT) return false;
  ctx.fpc |= FPC_FLAG_INEXACT;
  placeLong(ctx, s);
  if ((ctx.fpc & FPC_BFP_ROUNDING_MODE) !== 0) {
    const step = stepOf(methodOf(ctx), s > 0, e > 0, (ctx.r1 & 1) !== 0);
    if (step === 1) {
      ctx.r1 = (ctx.r1 + 1) | 0;
      if (ctx.r1 === 0) ctx.r0 = (ctx.r0 + 1) | 0;
    } else if (step === -1) {
      if (ctx.r1 === 0) ctx.r0 = (ctx.r0 - 1) | 0;
      ctx.r1 = (ctx.r1 - 1) | 0;
    }
  }
  return true;
}

/** The same for a short operation: `s` is the nearest short number. */
export function finishShort(ctx: BfpContext, s: number, e: number, method: number, suppressInexact: boolean): boolean {
  if (e === 0) return placeShort(ctx, s);
  if (!suppressInexact) {
    if (ctx.fpc & FPC_MASK_INEXACT) return false;
    ctx.fpc |= FPC_FLAG_INEXACT;
  }
  placeShort(ctx, s);
  if (method !== ROUND_NEAREST_TIES_EVEN) ctx.r0 = (ctx.r0 + stepOf(method, s > 0, e > 0, (ctx.r0 & 1) !== 0)) | 0;
  return true;
}

export function isCommonShort(s: number): boolean {
  const magnitude = Math.abs(s);
  return magnitude > MINIMUM_SHORT && magnitude < LIMIT_SHORT;
}

/** Rounds a double that stands for an exact value (itself, or rounded to odd) to short. */
function narrow(ctx: BfpContext, x: number): boolean {
  const s = Math.fround(x);
  return isCommonShort(s) && finishShort(ctx, s, x - s, methodOf(ctx), false);
}

export function nativeAddLong(ctx: BfpContext, ah: number, al: number, bh: number, bl: number): boolean {
  return addDoubles(ctx, double(ah, al), double(bh, bl));
}

export function nativeSubtractLong(ctx: BfpContext, ah: number, al: number, bh: number, bl: number): boolean {
  return addDoubles(ctx, double(ah, al), -double(bh, bl));
}

function addDoubles(ctx: BfpContext, a: number, b: number): boolean {
  const s = a + b;
  const magnitude = Math.abs(s);
  if (magnitude > MINIMUM_LONG && magnitude < LIMIT_SUM && Math.abs(a) < LIMIT_SUM) return finishLong(ctx, s, sumError(a, b, s));
  return s === 0 && (ctx.fpc & FPC_BFP_ROUNDING_MODE) === 0 && placeLong(ctx, s);
}

export function nativeMultiplyLong(ctx: BfpContext, ah: number, al: number, bh: number, bl: number): boolean {
  const a = double(ah, al);
  const b = double(bh, bl);
  const p = a * b;
  if (inRange(a) && inRange(b)) return finishLong(ctx, p, productError(a, b, p));
  return (a === 0 || b === 0) && p === 0 && placeLong(ctx, p);
}

export function nativeDivideLong(ctx: BfpContext, ah: number, al: number, bh: number, bl: number): boolean {
  const a = double(ah, al);
  const b = double(bh, bl);
  const q = a / b;
  if (inRange(a) && inRange(b) && inRange(q)) {
    const p = q * b;
    const residual = a - p - productError(q, b, p);
    return finishLong(ctx, q, b > 0 ? residual : -residual);
  }
  return a === 0 && q === 0 && placeLong(ctx, q);
}

export function nativeSquareRootLong(ctx: BfpContext, ah: number, al: number): boolean {
  const a = double(ah, al);
  if (!(a > 0 && inRange(a))) return false;
  const s = Math.sqrt(a);
  const p = s * s;
  return finishLong(ctx, s, a - p - productError(s, s, p));
}

/** The product of `a` and `b` plus `c`, after Boldo and Melquiond: the small parts are summed to odd. */
export function nativeMultiplyAddLong(
  ctx: BfpContext,
  ah: number,
  al: number,
  bh: number,
  bl: number,
  ch: number,
  cl: number,
  subtract: boolean,
): boolean {
  const a = double(ah, al);
  const b = double(bh, bl);
  const addend = double(ch, cl);
  const c = subtract ? -addend : addend;
  if (!(inRange(a) && inRange(b))) return false;
  const p = a * b;
  const pe = productError(a, b, p);
  if (!inRange(c)) return c === 0 && finishLong(ctx, p, pe);
  const t = c + pe;
  const te = sumError(c, pe, t);
  const v = p + t;
  const ve = sumError(p, t, v);
  const z = te + ve;
  const ze = sumError(te, ve, z);
  const odd = toOdd(z, ze);
  const r = v + odd;
  if (!(Math.abs(r) > MINIMUM_LONG)) return false;
  const re = sumError(v, odd, r);
  // The error of the last sum hides what was dropped from z only when it is not zero itself.
  if (ze !== 0 && re === 0) return false;
  return finishLong(ctx, r, re);
}

export function nativeAddShort(ctx: BfpContext, a: number, b: number): boolean {
  return addSingles(ctx, single(a), single(b));
}

export function nativeSubtractShort(ctx: BfpContext, a: number, b: number): boolean {
  return addSingles(ctx, single(a), -single(b));
}

function addSingles(ctx: BfpContext, a: number, b: number): boolean {
  const s = a + b;
  if (s === 0) return (ctx.fpc & FPC_BFP_ROUNDING_MODE) === 0 && placeShort(ctx, s);
  return Math.abs(s) < LIMIT_SHORT && narrow(ctx, toOdd(s, sumError(a, b, s)));
}

export function nativeMultiplyShort(ctx: BfpContext, a: number, b: number): boolean {
  const p = single(a) * single(b);
  // The product of two short numbers is exact as a double.
  return p === 0 ? placeShort(ctx, p) : narrow(ctx, p);
}

export function nativeDivideShort(ctx: BfpContext, aw: number, bw: number): boolean {
  const a = single(aw);
  const b = single(bw);
  const q = Math.fround(a / b);
  if (isCommonShort(q)) {
    const residual = a - q * b;
    return finishShort(ctx, q, b > 0 ? residual : -residual, methodOf(ctx), false);
  }
  return a === 0 && q === 0 && Math.abs(b) < LIMIT_SHORT && placeShort(ctx, q);
}

export function nativeSquareRootShort(ctx: BfpContext, aw: number): boolean {
  const a = single(aw);
  const s = Math.fround(Math.sqrt(a));
  return isCommonShort(s) && finishShort(ctx, s, a - s * s, methodOf(ctx), false);
}

export function nativeMultiplyAddShort(ctx: BfpContext, a: number, b: number, c: number, subtract: boolean): boolean {
  const p = single(a) * single(b);
  const addend = single(c);
  const z = subtract ? -addend : addend;
  const s = p + z;
  return s !== 0 && Math.abs(s) < LIMIT_SHORT && narrow(ctx, toOdd(s, sumError(p, z, s)));
}

/** COMPARE of numbers. False when unordered. */
function compare(ctx: BfpContext, a: number, b: number): boolean {
  if (a === b) ctx.cc = 0;
  else if (a < b) ctx.cc = 1;
  else if (a > b) ctx.cc = 2;
  else return false;
  return true;
}

export function nativeCompareLong(ctx: BfpContext, ah: number, al: number, bh: number, bl: number): boolean {
  return compare(ctx, double(ah, al), double(bh, bl));
}

export function nativeCompareShort(ctx: BfpContext, a: number, b: number): boolean {
  return compare(ctx, single(a), single(b));
}
