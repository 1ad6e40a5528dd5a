import {
  type BfpContext,
  DXC_OVERFLOW_EXACT,
  DXC_OVERFLOW_INCREMENTED,
  DXC_OVERFLOW_TRUNCATED,
  DXC_UNDERFLOW_EXACT,
  DXC_UNDERFLOW_INCREMENTED,
  DXC_UNDERFLOW_TRUNCATED,
  FPC_FLAG_OVERFLOW,
  FPC_FLAG_UNDERFLOW,
  FPC_MASK_OVERFLOW,
  FPC_MASK_UNDERFLOW,
  inexact,
  ROUND_NEAREST_TIES_AWAY,
  ROUND_NEAREST_TIES_EVEN,
  ROUND_PREPARE_SHORTER,
  ROUND_TOWARD_MINUS,
  ROUND_TOWARD_PLUS,
} from "./context.ts";
import { type BfpFormat, bitLength, placeInfinity, placeMaximum, placeNumber } from "./format.ts";

/**
 * Whether an inexact value goes to the candidate greater in magnitude.
 *
 * @param odd whether the candidate smaller in magnitude has an odd significand
 * @param half the discarded part against one half: negative, zero or positive
 */
function goesUp(method: number, sign: number, odd: boolean, half: number): boolean {
  switch (method) {
    case ROUND_NEAREST_TIES_EVEN:
      return half > 0 || (half === 0 && odd);
    case ROUND_NEAREST_TIES_AWAY:
      return half >= 0;
    case ROUND_TOWARD_PLUS:
      return sign === 0;
    case ROUND_TOWARD_MINUS:
      return sign === 1;
    case ROUND_PREPARE_SHORTER:
      return !odd;
    default:
      return false;
  }
}

/** A magnitude rounded to a multiple of a power of two. */
export class Rounded {
  /** In units of the power of two asked for. */
  significand = 0n;
  inexact = false;
  incremented = false;
}

/**
 * Rounds `significand` times two to the `exponent` (plus something smaller than one unit of it if `sticky`) to a multiple
 * of two to the `quantum`.
 */
export function roundTo(
  out: Rounded,
  sign: number,
  significand: bigint,
  exponent: number,
  sticky: boolean,
  quantum: number,
  method: number,
): void {
  const shift = quantum - exponent;
  if (shift <= 0) {
    out.significand = significand << BigInt(-shift);
    out.inexact = sticky;
    out.incremented = false;
    return;
  }
  const kept = significand >> BigInt(shift);
  const rest = significand - (kept << BigInt(shift));
  out.significand = kept;
  out.inexact = sticky || rest !== 0n;
  out.incremented = false;
  if (out.inexact) {
    const middle = 1n << BigInt(shift - 1);
    const half = rest > middle ? 1 : rest < middle ? -1 : sticky ? 1 : 0;
    if (goesUp(method, sign, (kept & 1n) === 1n, half)) {
      out.significand = kept + 1n;
      out.incremented = true;
    }
  }
}

const rounded = new Rounded();

/** What LOAD ROUNDED has of its own: where and how a trapped overflow or underflow is delivered. */
export interface TrapDelivery {
  readonly format: BfpFormat;
  readonly scale: number;
}

/**
 * Rounds a nonzero value to `format` and places it, with all of overflow, underflow and inexact (PoP chapter 9, "IEEE
 * Exceptions"): tininess is judged before rounding; a trapped overflow or underflow delivers the result rounded with
 * unbounded exponent and scaled.
 *
 * The value is `significand` times two to the `exponent`, plus something smaller than one unit of that if `sticky`;
 * then the significand must have at least two bits more than the precision.
 *
 * @param suppressInexact the inexact-exception control (XxC) of M4
 */
export function deliver(
  ctx: BfpContext,
  format: BfpFormat,
  sign: number,
  significand: bigint,
  exponent: number,
  sticky: boolean,
  method: number,
  suppressInexact = false,
  trap?: TrapDelivery,
): void {
  const { precision, minExponent, maxExponent } = format;
  let leading = exponent + bitLength(significand) - 1;
  const tiny = leading < minExponent;
  const underflowTrap = tiny && (ctx.fpc & FPC_MASK_UNDERFLOW) !== 0;
  let quantum = (tiny && !underflowTrap ? minExponent : leading) - precision + 1;
  roundTo(rounded, sign, significand, exponent, sticky, quantum, method);
  const { inexact: isInexact, incremented } = rounded;
  let result = rounded.significand;

  if (underflowTrap) {
    placeTrapped(ctx, format, sign, result, quantum, 1, trap);
    ctx.dxc = isInexact ? (incremented ? DXC_UNDERFLOW_INCREMENTED : DXC_UNDERFLOW_TRUNCATED) : DXC_UNDERFLOW_EXACT;
    return;
  }
  if (result >> BigInt(precision) !== 0n) {
    result >>= 1n;
    quantum += 1;
    leading += 1;
  }
  if (leading > maxExponent) {
    if (ctx.fpc & FPC_MASK_OVERFLOW) {
      placeTrapped(ctx, format, sign, result, quantum, -1, trap);
      ctx.dxc = isInexact ? (incremented ? DXC_OVERFLOW_INCREMENTED : DXC_OVERFLOW_TRUNCATED) : DXC_OVERFLOW_EXACT;
      return;
    }
    ctx.fpc |= FPC_FLAG_OVERFLOW;
    const toInfinity = goesUp(method, sign, true, 1);
    if (toInfinity) placeInfinity(ctx, format, sign);
    else placeMaximum(ctx, format, sign);
    if (!suppressInexact) inexact(ctx, toInfinity);
    return;
  }
  placeNumber(ctx, format, sign, result, quantum);
  if (isInexact) {
    if (tiny) ctx.fpc |= FPC_FLAG_UNDERFLOW;
    if (!suppressInexact) inexact(ctx, incremented);
  }
}

function placeTrapped(
  ctx: BfpContext,
  format: BfpFormat,
  sign: number,
  significand: bigint,
  quantum: number,
  direction: 1 | -1,
  trap: TrapDelivery | undefined,
): void {
  if (trap === undefined) {
    placeNumber(ctx, format, sign, significand, quantum + direction * format.trapScale);
    return;
  }
  const widen = trap.format.precision - format.precision;
  placeNumber(ctx, trap.format, sign, significand << BigInt(widen), quantum - widen + direction * trap.scale);
  ctx.sourceFormat = true;
}
