/** BFP operations on the long format. Operands are pairs of Int32 words, high first; results go to `r0`/`r1` of the context. */
import { type BfpContext, begin, effectiveRounding, ROUND_PER_FPC } from "./context.ts";
import { exactFromInteger, exactLoad, exactLoadInteger, exactToInteger } from "./convert.ts";
import { exactDivideToInteger } from "./divide-to-integer.ts";
import { exactAdd, exactCompare, exactDivide, exactMultiply, exactMultiplyAdd, exactSquareRoot } from "./exact.ts";
import { EXTENDED, join, LONG, SHORT, Unpacked, unpackLong } from "./format.ts";
import {
  nativeAddLong,
  nativeCompareLong,
  nativeDivideLong,
  nativeMultiplyAddLong,
  nativeMultiplyLong,
  nativeSquareRootLong,
  nativeSubtractLong,
} from "./native.ts";
import { nativeLoadIntegerLong, nativeLongFromFixed, nativeLongToFixed, nativeRoundToShort } from "./native-convert.ts";

const x = new Unpacked();
const y = new Unpacked();
const z = new Unpacked();

/** ADD (ADBR, ADB). Sets the condition code. */
export function addLong(ctx: BfpContext, ah: number, al: number, bh: number, bl: number): void {
  begin(ctx);
  if (nativeAddLong(ctx, ah, al, bh, bl)) return;
  exactAdd(ctx, LONG, unpackLong(x, ah, al), unpackLong(y, bh, bl), false, effectiveRounding(ctx, ROUND_PER_FPC));
}

/** SUBTRACT (SDBR, SDB). Sets the condition code. */
export function subtractLong(ctx: BfpContext, ah: number, al: number, bh: number, bl: number): void {
  begin(ctx);
  if (nativeSubtractLong(ctx, ah, al, bh, bl)) return;
  exactAdd(ctx, LONG, unpackLong(x, ah, al), unpackLong(y, bh, bl), true, effectiveRounding(ctx, ROUND_PER_FPC));
}

/** MULTIPLY (MDBR, MDB). */
export function multiplyLong(ctx: BfpContext, ah: number, al: number, bh: number, bl: number): void {
  begin(ctx);
  if (nativeMultiplyLong(ctx, ah, al, bh, bl)) return;
  exactMultiply(ctx, LONG, unpackLong(x, ah, al), unpackLong(y, bh, bl), effectiveRounding(ctx, ROUND_PER_FPC));
}

/** MULTIPLY, long to extended (MXDBR, MXDB): always exact. */
export function multiplyLongToExtended(ctx: BfpContext, ah: number, al: number, bh: number, bl: number): void {
  begin(ctx);
  exactMultiply(ctx, EXTENDED, unpackLong(x, ah, al), unpackLong(y, bh, bl), effectiveRounding(ctx, ROUND_PER_FPC));
}

/** DIVIDE (DDBR, DDB). */
export function divideLong(ctx: BfpContext, ah: number, al: number, bh: number, bl: number): void {
  begin(ctx);
  if (nativeDivideLong(ctx, ah, al, bh, bl)) return;
  exactDivide(ctx, LONG, unpackLong(x, ah, al), unpackLong(y, bh, bl), effectiveRounding(ctx, ROUND_PER_FPC));
}

/** SQUARE ROOT (SQDBR, SQDB). */
export function squareRootLong(ctx: BfpContext, ah: number, al: number): void {
  begin(ctx);
  if (nativeSquareRootLong(ctx, ah, al)) return;
  exactSquareRoot(ctx, LONG, unpackLong(x, ah, al), effectiveRounding(ctx, ROUND_PER_FPC));
}

/**
 * MULTIPLY AND ADD (MADBR, MADB), MULTIPLY AND SUBTRACT (MSDBR, MSDB): the third operand `a` times the second operand `b`,
 * plus or minus the first operand `c`.
 */
export function multiplyAddLong(
  ctx: BfpContext,
  ah: number,
  al: number,
  bh: number,
  bl: number,
  ch: number,
  cl: number,
  subtract: boolean,
): void {
  begin(ctx);
  if (nativeMultiplyAddLong(ctx, ah, al, bh, bl, ch, cl, subtract)) return;
  const method = effectiveRounding(ctx, ROUND_PER_FPC);
  exactMultiplyAdd(ctx, LONG, unpackLong(x, ah, al), unpackLong(y, bh, bl), unpackLong(z, ch, cl), subtract, method);
}

/** DIVIDE TO INTEGER (DIDBR): remainder in `r0`/`r1`, quotient in `q0`/`q1`. */
export function divideToIntegerLong(ctx: BfpContext, ah: number, al: number, bh: number, bl: number, m4: number): void {
  begin(ctx);
  exactDivideToInteger(ctx, LONG, unpackLong(x, ah, al), unpackLong(y, bh, bl), m4);
}

/** COMPARE (CDBR, CDB), COMPARE AND SIGNAL (KDBR, KDB): the condition code alone. */
export function compareLong(ctx: BfpContext, ah: number, al: number, bh: number, bl: number, signal: boolean): void {
  begin(ctx);
  if (nativeCompareLong(ctx, ah, al, bh, bl)) return;
  exactCompare(ctx, unpackLong(x, ah, al), unpackLong(y, bh, bl), signal);
}

/** LOAD AND TEST (LTDBR). Sets the condition code. */
export function loadAndTestLong(ctx: BfpContext, ah: number, al: number): void {
  begin(ctx);
  exactLoad(ctx, LONG, unpackLong(x, ah, al), ROUND_PER_FPC, false);
}

/** LOAD LENGTHENED, long to extended (LXDBR, LXDB). */
export function lengthenLongToExtended(ctx: BfpContext, ah: number, al: number): void {
  begin(ctx);
  exactLoad(ctx, EXTENDED, unpackLong(x, ah, al), ROUND_PER_FPC, false);
}

/** LOAD ROUNDED, long to short (LEDBR, LEDBRA). After a trap look at `sourceFormat`. */
export function roundLongToShort(ctx: BfpContext, ah: number, al: number, m3: number, suppressInexact: boolean): void {
  begin(ctx);
  const method = effectiveRounding(ctx, m3);
  if (nativeRoundToShort(ctx, ah, al, method, suppressInexact)) return;
  exactLoad(ctx, SHORT, unpackLong(x, ah, al), method, suppressInexact);
}

/** LOAD FP INTEGER (FIDBR, FIDBRA). */
export function loadIntegerLong(ctx: BfpContext, ah: number, al: number, m3: number, suppressInexact: boolean): void {
  begin(ctx);
  const method = effectiveRounding(ctx, m3);
  if (nativeLoadIntegerLong(ctx, ah, al, method, suppressInexact)) return;
  exactLoadInteger(ctx, LONG, unpackLong(x, ah, al), method, suppressInexact);
}

/**
 * CONVERT FROM FIXED and CONVERT FROM LOGICAL (CDFBR, CDGBR, CDLFBR, CDLGBR).
 *
 * @param high with 64 bits the left word of the source
 * @param low the right word, or the only one
 */
export function convertFromFixedLong(
  ctx: BfpContext,
  high: number,
  low: number,
  bits: 32 | 64,
  logical: boolean,
  m3: number,
  suppressInexact: boolean,
): void {
  begin(ctx);
  const left = bits === 64 ? (logical ? high >>> 0 : high | 0) : logical ? 0 : low >> 31;
  if (m3 === ROUND_PER_FPC && !suppressInexact && nativeLongFromFixed(ctx, left, low >>> 0)) return;
  const value = logical ? join(left, low) : BigInt.asIntN(64, join(left, low));
  exactFromInteger(ctx, LONG, value, effectiveRounding(ctx, m3), suppressInexact);
}

/** CONVERT TO FIXED and CONVERT TO LOGICAL (CFDBR, CGDBR, CLFDBR, CLGDBR). Sets the condition code. */
export function convertToFixedLong(
  ctx: BfpContext,
  ah: number,
  al: number,
  bits: 32 | 64,
  logical: boolean,
  m3: number,
  suppressInexact: boolean,
): void {
  begin(ctx);
  const method = effectiveRounding(ctx, m3);
  if (nativeLongToFixed(ctx, ah, al, bits, logical, method, suppressInexact)) return;
  exactToInteger(ctx, unpackLong(x, ah, al), bits, logical, method, suppressInexact);
}

/** TEST DATA CLASS (TCDB): condition code 1 if the class of the operand is selected by the 12-bit `mask`. */
export function testDataClassLong(ctx: BfpContext, ah: number, al: number, mask: number): void {
  begin(ctx);
  const magnitude = ah & 0x7fff_ffff;
  let bit = 0x800;
  if (magnitude > 0x7ff0_0000 || (magnitude === 0x7ff0_0000 && al !== 0)) bit = magnitude & 0x0008_0000 ? 0x008 : 0x002;
  else if (magnitude === 0x7ff0_0000) bit = 0x020;
  else if (magnitude >= 0x0010_0000) bit = 0x200;
  else if (magnitude !== 0 || al !== 0) bit = 0x080;
  ctx.cc = mask & (ah < 0 ? bit >> 1 : bit) ? 1 : 0;
}

/** The condition code that LOAD COMPLEMENT, LOAD NEGATIVE and LOAD POSITIVE set for their result. */
export function conditionCodeLong(ah: number, al: number): number {
  const magnitude = ah & 0x7fff_ffff;
  if (magnitude === 0 && al === 0) return 0;
  return magnitude > 0x7ff0_0000 || (magnitude === 0x7ff0_0000 && al !== 0) ? 3 : ah < 0 ? 1 : 2;
}
