/** Conversions in the common cases of the short and long formats, by the rules of native.ts. */
import { BugError } from "@zarch/vmm-interface";
import {
  type BfpContext,
  FPC_FLAG_INEXACT,
  FPC_MASK_INEXACT,
  ROUND_NEAREST_TIES_EVEN,
  ROUND_PREPARE_SHORTER,
  ROUND_TOWARD_MINUS,
  ROUND_TOWARD_PLUS,
  ROUND_TOWARD_ZERO,
} from "./context.ts";
import { double, finishLong, finishShort, isCommonShort, placeLong, placeShort, single, toOdd } from "./native.ts";

const TWO_32 = 2 ** 32;
const TWO_31 = 2 ** 31;
const TWO_52 = 2 ** 52;

/** LOAD ROUNDED, long to short. */
export function nativeRoundToShort(ctx: BfpContext, high: number, low: number, method: number, suppressInexact: boolean): boolean {
  const x = double(high, low);
  const s = Math.fround(x);
  if (x === 0) return placeShort(ctx, s);
  // Ties away from zero differ from ties to even in a way that the side of the error does not tell.
  return method >= ROUND_PREPARE_SHORTER && isCommonShort(s) && finishShort(ctx, s, x - s, method, suppressInexact);
}

/** LOAD LENGTHENED, short to long. */
export function nativeLengthen(ctx: BfpContext, word: number): boolean {
  const x = single(word);
  return Math.abs(x) < Number.POSITIVE_INFINITY && placeLong(ctx, x);
}

/** CONVERT FROM FIXED or LOGICAL to long, of the number `high` times two to the 32 plus `low` (not negative). */
export function nativeLongFromFixed(ctx: BfpContext, high: number, low: number): boolean {
  const a = high * TWO_32;
  const s = a + low;
  return finishLong(ctx, s, low - (s - a));
}

/** The same to short. */
export function nativeShortFromFixed(ctx: BfpContext, high: number, low: number, method: number, suppressInexact: boolean): boolean {
  const a = high * TWO_32;
  const sum = a + low;
  if (sum === 0) return placeShort(ctx, 0);
  const x = toOdd(sum, low - (sum - a));
  const s = Math.fround(x);
  return method >= ROUND_PREPARE_SHORTER && finishShort(ctx, s, x - s, method, suppressInexact);
}

/** `x` rounded to an integer, for magnitudes below two to the 52. */
function integral(x: number, method: number): number {
  switch (method) {
    case ROUND_TOWARD_ZERO:
      return Math.trunc(x);
    case ROUND_TOWARD_PLUS:
      return Math.ceil(x);
    case ROUND_TOWARD_MINUS:
      return Math.floor(x);
    case ROUND_NEAREST_TIES_EVEN:
      return x < 0 ? x - TWO_52 + TWO_52 : x + TWO_52 - TWO_52;
    case ROUND_PREPARE_SHORTER: {
      const below = Math.floor(x);
      return below === x || below % 2 !== 0 ? below : below + 1;
    }
    default:
      throw new BugError(`rounding method ${method} has no native form`);
  }
}

function toFixed(ctx: BfpContext, x: number, bits: number, logical: boolean, method: number, suppressInexact: boolean): boolean {
  if (!(Math.abs(x) < TWO_31 - 1)) {
    if (bits === 32 || !(Math.abs(x) < TWO_52 - 1)) return false;
  }
  if (method < ROUND_PREPARE_SHORTER) return false;
  const n = integral(x, method);
  if (logical && n < 0) return false;
  if (n !== x && !suppressInexact) {
    if (ctx.fpc & FPC_MASK_INEXACT) return false;
    ctx.fpc |= FPC_FLAG_INEXACT;
  }
  if (bits === 32) {
    ctx.r0 = n | 0;
  } else {
    ctx.r0 = Math.floor(n / TWO_32) | 0;
    ctx.r1 = n | 0;
  }
  ctx.cc = x > 0 ? 2 : x < 0 ? 1 : 0;
  return true;
}

/** The integral value of `x` with its sign, for LOAD FP INTEGER; NaN when the case is not common. */
function loadInteger(ctx: BfpContext, x: number, method: number, suppressInexact: boolean): number {
  if (!(Math.abs(x) < TWO_52 - 1) || method < ROUND_PREPARE_SHORTER) return Number.NaN;
  const n = integral(x, method);
  if (n !== x && !suppressInexact) {
    if (ctx.fpc & FPC_MASK_INEXACT) return Number.NaN;
    ctx.fpc |= FPC_FLAG_INEXACT;
  }
  return n === 0 ? (x < 0 || Object.is(x, -0) ? -0 : 0) : n;
}

/** LOAD FP INTEGER of a long number. */
export function nativeLoadIntegerLong(ctx: BfpContext, high: number, low: number, method: number, suppressInexact: boolean): boolean {
  const n = loadInteger(ctx, double(high, low), method, suppressInexact);
  return !Number.isNaN(n) && placeLong(ctx, n);
}

/** LOAD FP INTEGER of a short number. */
export function nativeLoadIntegerShort(ctx: BfpContext, word: number, method: number, suppressInexact: boolean): boolean {
  const n = loadInteger(ctx, single(word), method, suppressInexact);
  return !Number.isNaN(n) && placeShort(ctx, n);
}

export function nativeLongToFixed(
  ctx: BfpContext,
  high: number,
  low: number,
  bits: number,
  logical: boolean,
  method: number,
  suppressInexact: boolean,
): boolean {
  return toFixed(ctx, double(high, low), bits, logical, method, suppressInexact);
}

export function nativeShortToFixed(
  ctx: BfpContext,
  word: number,
  bits: number,
  logical: boolean,
  method: number,
  suppressInexact: boolean,
): boolean {
  return toFixed(ctx, single(word), bits, logical, method, suppressInexact);
}
