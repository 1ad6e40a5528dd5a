/** BFP operations on the short format. Operands are Int32 words; results go to `r0` of the context. */
import { type BfpContext, begin, effectiveRounding, ROUND_PER_FPC } from "./context.ts";
import { exactFromInteger, exactLoad, exactLoadInteger, exactToInteger } from "./convert.ts";
import { exactDivideToInteger } from "./divide-to-integer.ts";
import { exactAdd, exactCompare, exactDivide, exactMultiply, exactMultiplyAdd, exactSquareRoot } from "./exact.ts";
import { EXTENDED, join, LONG, SHORT, Unpacked, unpackShort } from "./format.ts";
import {
  nativeAddShort,
  nativeCompareShort,
  nativeDivideShort,
  nativeMultiplyAddShort,
  nativeMultiplyShort,
  nativeSquareRootShort,
  nativeSubtractShort,
} from "./native.ts";
import { nativeLengthen, nativeLoadIntegerShort, nativeShortFromFixed, nativeShortToFixed } from "./native-convert.ts";

const x = new Unpacked();
const y = new Unpacked();
const z = new Unpacked();

/** ADD (AEBR, AEB). Sets the condition code. */
export function addShort(ctx: BfpContext, a: number, b: number): void {
  begin(ctx);
  if (nativeAddShort(ctx, a, b)) return;
  exactAdd(ctx, SHORT, unpackShort(x, a), unpackShort(y, b), false, effectiveRounding(ctx, ROUND_PER_FPC));
}

/** SUBTRACT (SEBR, SEB). Sets the condition code. */
export function subtractShort(ctx: BfpContext, a: number, b: number): void {
  begin(ctx);
  if (nativeSubtractShort(ctx, a, b)) return;
  exactAdd(ctx, SHORT, unpackShort(x, a), unpackShort(y, b), true, effectiveRounding(ctx, ROUND_PER_FPC));
}

/** MULTIPLY (MEEBR, MEEB). */
export function multiplyShort(ctx: BfpContext, a: number, b: number): void {
  begin(ctx);
  if (nativeMultiplyShort(ctx, a, b)) return;
  exactMultiply(ctx, SHORT, unpackShort(x, a), unpackShort(y, b), effectiveRounding(ctx, ROUND_PER_FPC));
}

/** MULTIPLY, short to long (MDEBR, MDEB): always exact. The result is in `r0`/`r1`. */
export function multiplyShortToLong(ctx: BfpContext, a: number, b: number): void {
  begin(ctx);
  exactMultiply(ctx, LONG, unpackShort(x, a), unpackShort(y, b), effectiveRounding(ctx, ROUND_PER_FPC));
}

/** DIVIDE (DEBR, DEB). */
export function divideShort(ctx: BfpContext, a: number, b: number): void {
  begin(ctx);
  if (nativeDivideShort(ctx, a, b)) return;
  exactDivide(ctx, SHORT, unpackShort(x, a), unpackShort(y, b), effectiveRounding(ctx, ROUND_PER_FPC));
}

/** SQUARE ROOT (SQEBR, SQEB). */
export function squareRootShort(ctx: BfpContext, a: number): void {
  begin(ctx);
  if (nativeSquareRootShort(ctx, a)) return;
  exactSquareRoot(ctx, SHORT, unpackShort(x, a), effectiveRounding(ctx, ROUND_PER_FPC));
}

/**
 * MULTIPLY AND ADD (MAEBR, MAEB), MULTIPLY AND SUBTRACT (MSEBR, MSEB): `third` times `second`, plus or minus `first`.
 */
export function multiplyAddShort(ctx: BfpContext, third: number, second: number, first: number, subtract: boolean): void {
  begin(ctx);
  if (nativeMultiplyAddShort(ctx, third, second, first, subtract)) return;
  const method = effectiveRounding(ctx, ROUND_PER_FPC);
  exactMultiplyAdd(ctx, SHORT, unpackShort(x, third), unpackShort(y, second), unpackShort(z, first), subtract, method);
}

/** DIVIDE TO INTEGER (DIEBR): remainder in `r0`, quotient in `q0`. */
export function divideToIntegerShort(ctx: BfpContext, a: number, b: number, m4: number): void {
  begin(ctx);
  exactDivideToInteger(ctx, SHORT, unpackShort(x, a), unpackShort(y, b), m4);
}

/** COMPARE (CEBR, CEB), COMPARE AND SIGNAL (KEBR, KEB): the condition code alone. */
export function compareShort(ctx: BfpContext, a: number, b: number, signal: boolean): void {
  begin(ctx);
  if (nativeCompareShort(ctx, a, b)) return;
  exactCompare(ctx, unpackShort(x, a), unpackShort(y, b), signal);
}

/** LOAD AND TEST (LTEBR). Sets the condition code. */
export function loadAndTestShort(ctx: BfpContext, a: number): void {
  begin(ctx);
  exactLoad(ctx, SHORT, unpackShort(x, a), ROUND_PER_FPC, false);
}

/** LOAD LENGTHENED, short to long (LDEBR, LDEB). The result is in `r0`/`r1`. */
export function lengthenShortToLong(ctx: BfpContext, a: number): void {
  begin(ctx);
  if (nativeLengthen(ctx, a)) return;
  exactLoad(ctx, LONG, unpackShort(x, a), ROUND_PER_FPC, false);
}

/** LOAD LENGTHENED, short to extended (LXEBR, LXEB). */
export function lengthenShortToExtended(ctx: BfpContext, a: number): void {
  begin(ctx);
  exactLoad(ctx, EXTENDED, unpackShort(x, a), ROUND_PER_FPC, false);
}

/** LOAD FP INTEGER (FIEBR, FIEBRA). */
export function loadIntegerShort(ctx: BfpContext, a: number, m3: number, suppressInexact: boolean): void {
  begin(ctx);
  const method = effectiveRounding(ctx, m3);
  if (nativeLoadIntegerShort(ctx, a, method, suppressInexact)) return;
  exactLoadInteger(ctx, SHORT, unpackShort(x, a), method, suppressInexact);
}

/**
 * CONVERT FROM FIXED and CONVERT FROM LOGICAL (CEFBR, CEGBR, CELFBR, CELGBR).
 *
 * @param high with 64 bits the left word of the source
 * @param low the right word, or the only one
 */
export function convertFromFixedShort(
  ctx: BfpContext,
  high: number,
  low: number,
  bits: 32 | 64,
  logical: boolean,
  m3: number,
  suppressInexact: boolean,
): void {
  begin(ctx);
  const method = effectiveRounding(ctx, m3);
  const left = bits === 64 ? (logical ? high >>> 0 : high | 0) : logical ? 0 : low >> 31;
  if (nativeShortFromFixed(ctx, left, low >>> 0, method, suppressInexact)) return;
  exactFromInteger(ctx, SHORT, logical ? join(left, low) : BigInt.asIntN(64, join(left, low)), method, suppressInexact);
}

/** CONVERT TO FIXED and CONVERT TO LOGICAL (CFEBR, CGEBR, CLFEBR, CLGEBR). Sets the condition code. */
export function convertToFixedShort(
  ctx: BfpContext,
  a: number,
  bits: 32 | 64,
  logical: boolean,
  m3: number,
  suppressInexact: boolean,
): void {
  begin(ctx);
  const method = effectiveRounding(ctx, m3);
  if (nativeShortToFixed(ctx, a, bits, logical, method, suppressInexact)) return;
  exactToInteger(ctx, unpackShort(x, a), bits, logical, method, suppressInexact);
}

/** TEST DATA CLASS (TCEB): condition code 1 if the class of `a` is selected by the 12-bit `mask`. */
export function testDataClassShort(ctx: BfpContext, a: number, mask: number): void {
  begin(ctx);
  const magnitude = a & 0x7fff_ffff;
  let bit = 0x800;
  if (magnitude > 0x7f80_0000) bit = magnitude & 0x0040_0000 ? 0x008 : 0x002;
  else if (magnitude === 0x7f80_0000) bit = 0x020;
  else if (magnitude >= 0x0080_0000) bit = 0x200;
  else if (magnitude !== 0) bit = 0x080;
  ctx.cc = mask & (a < 0 ? bit >> 1 : bit) ? 1 : 0;
}

/** The condition code that LOAD COMPLEMENT, LOAD NEGATIVE and LOAD POSITIVE set for their result `a`. */
export function conditionCodeShort(a: number): number {
  const magnitude = a & 0x7fff_ffff;
  if (magnitude === 0) return 0;
  return magnitude > 0x7f80_0000 ? 3 : a < 0 ? 1 : 2;
}
