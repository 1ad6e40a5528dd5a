/** CONVERT BFP TO HFP and CONVERT HFP TO BFP (PoP chapter 9): no IEEE exception, whatever the operand. */
import {
  type BfpContext,
  begin,
  ROUND_NEAREST_TIES_AWAY,
  ROUND_NEAREST_TIES_EVEN,
  ROUND_PER_FPC,
  ROUND_TOWARD_MINUS,
  ROUND_TOWARD_PLUS,
  ROUND_TOWARD_ZERO,
} from "./context.ts";
import {
  type BfpFormat,
  bitLength,
  join,
  KIND_INFINITY,
  KIND_QNAN,
  KIND_ZERO,
  LONG,
  place64,
  placeInfinity,
  placeMaximum,
  placeNumber,
  placeZero,
  SHORT,
  Unpacked,
  unpackLong,
  unpackShort,
} from "./format.ts";
import { Rounded, roundTo } from "./round.ts";

const FRACTION_BITS = 56;
const FRACTION_MASK = (1n << 56n) - 1n;
/** The largest HFP magnitude: all ones but the sign. */
const MAXIMUM = (1n << 63n) - 1n;

const x = new Unpacked();
const rounded = new Rounded();

/** THDER: short BFP to long HFP, in `r0`/`r1`. Sets the condition code; 3 for NaN, infinity and overflow. */
export function convertShortToHexadecimal(ctx: BfpContext, a: number): void {
  begin(ctx);
  toHexadecimal(ctx, unpackShort(x, a));
}

/** THDR: long BFP to long HFP, in `r0`/`r1`. Sets the condition code; 3 for NaN, infinity and overflow. */
export function convertLongToHexadecimal(ctx: BfpContext, ah: number, al: number): void {
  begin(ctx);
  toHexadecimal(ctx, unpackLong(x, ah, al));
}

function placeSigned(ctx: BfpContext, sign: number, magnitude: bigint, cc: number): void {
  place64(ctx, sign === 0 ? magnitude : magnitude | (1n << 63n));
  ctx.cc = cc;
}

function toHexadecimal(ctx: BfpContext, u: Unpacked): void {
  if (u.kind === KIND_ZERO) {
    placeSigned(ctx, u.sign, 0n, 0);
    return;
  }
  if (u.kind >= KIND_INFINITY) {
    placeSigned(ctx, u.kind >= KIND_QNAN ? 0 : u.sign, MAXIMUM, 3);
    return;
  }
  const length = bitLength(u.significand);
  // The value is a fraction below one (and at least 1/16) times sixteen to the power.
  const power = Math.ceil((u.exponent + length) / 4);
  const cc = u.sign === 0 ? 2 : 1;
  if (power > 63) {
    placeSigned(ctx, u.sign, MAXIMUM, 3);
  } else if (power < -64) {
    placeSigned(ctx, u.sign, 0n, cc);
  } else {
    // At most 53 significant bits after at most three leading zeros: always exact in 56.
    const shift = u.exponent - 4 * power + FRACTION_BITS;
    const fraction = shift >= 0 ? u.significand << BigInt(shift) : u.significand >> BigInt(-shift);
    placeSigned(ctx, u.sign, (BigInt(power + 64) << 56n) | fraction, cc);
  }
}

/** TBEDR: long HFP to short BFP, rounded by `m3`. Sets the condition code; 3 when the source is too large. */
export function convertHexadecimalToShort(ctx: BfpContext, ah: number, al: number, m3: number): void {
  begin(ctx);
  fromHexadecimal(ctx, SHORT, join(ah, al), m3);
}

/** TBDR: long HFP to long BFP, rounded by `m3`. Sets the condition code. */
export function convertHexadecimalToLong(ctx: BfpContext, ah: number, al: number, m3: number): void {
  begin(ctx);
  fromHexadecimal(ctx, LONG, join(ah, al), m3);
}

function fromHexadecimal(ctx: BfpContext, format: BfpFormat, bits: bigint, m3: number): void {
  const sign = Number(bits >> 63n);
  const fraction = bits & FRACTION_MASK;
  if (fraction === 0n) {
    placeZero(ctx, format, sign);
    return;
  }
  const exponent = 4 * ((Number(bits >> 56n) & 0x7f) - 64) - FRACTION_BITS;
  // The M3 field of these two has no use for the FPC: 0 means toward zero.
  const method = m3 === ROUND_PER_FPC ? ROUND_TOWARD_ZERO : m3;
  const quantum = Math.max(exponent + bitLength(fraction) - 1, format.minExponent) - format.precision + 1;
  roundTo(rounded, sign, fraction, exponent, false, quantum, method);
  const carried = rounded.significand >> BigInt(format.precision) === 0n ? 0 : 1;
  if (quantum + carried + format.precision - 1 > format.maxExponent) {
    const nearest = method === ROUND_NEAREST_TIES_AWAY || method === ROUND_NEAREST_TIES_EVEN;
    if (nearest || method === (sign === 0 ? ROUND_TOWARD_PLUS : ROUND_TOWARD_MINUS)) placeInfinity(ctx, format, sign);
    else placeMaximum(ctx, format, sign);
    ctx.cc = 3;
    return;
  }
  placeNumber(ctx, format, sign, rounded.significand, quantum);
  ctx.cc = sign === 0 ? 2 : 1;
}
