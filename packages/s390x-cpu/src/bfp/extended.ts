/** BFP operations on the extended format. Operands are four Int32 words, most significant first; results go to `r0`..`r3`. */
import { type BfpContext, begin, effectiveRounding, ROUND_PER_FPC } from "./context.ts";
import { exactFromInteger, exactLoad, exactLoadInteger, exactToInteger } from "./convert.ts";
import { exactAdd, exactCompare, exactDivide, exactMultiply, exactSquareRoot } from "./exact.ts";
import { EXTENDED, join, LONG, SHORT, Unpacked, unpackExtended } from "./format.ts";

const x = new Unpacked();
const y = new Unpacked();

/** ADD (AXBR). Sets the condition code. */
export function addExtended(
  ctx: BfpContext,
  a0: number,
  a1: number,
  a2: number,
  a3: number,
  b0: number,
  b1: number,
  b2: number,
  b3: number,
): void {
  begin(ctx);
  exactAdd(
    ctx,
    EXTENDED,
    unpackExtended(x, a0, a1, a2, a3),
    unpackExtended(y, b0, b1, b2, b3),
    false,
    effectiveRounding(ctx, ROUND_PER_FPC),
  );
}

/** SUBTRACT (SXBR). Sets the condition code. */
export function subtractExtended(
  ctx: BfpContext,
  a0: number,
  a1: number,
  a2: number,
  a3: number,
  b0: number,
  b1: number,
  b2: number,
  b3: number,
): void {
  begin(ctx);
  exactAdd(
    ctx,
    EXTENDED,
    unpackExtended(x, a0, a1, a2, a3),
    unpackExtended(y, b0, b1, b2, b3),
    true,
    effectiveRounding(ctx, ROUND_PER_FPC),
  );
}

/** MULTIPLY (MXBR). */
export function multiplyExtended(
  ctx: BfpContext,
  a0: number,
  a1: number,
  a2: number,
  a3: number,
  b0: number,
  b1: number,
  b2: number,
  b3: number,
): void {
  begin(ctx);
  exactMultiply(ctx, EXTENDED, unpackExtended(x, a0, a1, a2, a3), unpackExtended(y, b0, b1, b2, b3), effectiveRounding(ctx, ROUND_PER_FPC));
}

/** DIVIDE (DXBR). */
export function divideExtended(
  ctx: BfpContext,
  a0: number,
  a1: number,
  a2: number,
  a3: number,
  b0: number,
  b1: number,
  b2: number,
  b3: number,
): void {
  begin(ctx);
  exactDivide(ctx, EXTENDED, unpackExtended(x, a0, a1, a2, a3), unpackExtended(y, b0, b1, b2, b3), effectiveRounding(ctx, ROUND_PER_FPC));
}

/** SQUARE ROOT (SQXBR). */
export function squareRootExtended(ctx: BfpContext, a0: number, a1: number, a2: number, a3: number): void {
  begin(ctx);
  exactSquareRoot(ctx, EXTENDED, unpackExtended(x, a0, a1, a2, a3), effectiveRounding(ctx, ROUND_PER_FPC));
}

/** COMPARE (CXBR), COMPARE AND SIGNAL (KXBR): the condition code alone. */
export function compareExtended(
  ctx: BfpContext,
  a0: number,
  a1: number,
  a2: number,
  a3: number,
  b0: number,
  b1: number,
  b2: number,
  b3: number,
  signal: boolean,
): void {
  begin(ctx);
  exactCompare(ctx, unpackExtended(x, a0, a1, a2, a3), unpackExtended(y, b0, b1, b2, b3), signal);
}

/** LOAD AND TEST (LTXBR). Sets the condition code. */
export function loadAndTestExtended(ctx: BfpContext, a0: number, a1: number, a2: number, a3: number): void {
  begin(ctx);
  exactLoad(ctx, EXTENDED, unpackExtended(x, a0, a1, a2, a3), ROUND_PER_FPC, false);
}

/** LOAD ROUNDED, extended to long (LDXBR, LDXBRA). After a trap look at `sourceFormat`. */
export function roundExtendedToLong(
  ctx: BfpContext,
  a0: number,
  a1: number,
  a2: number,
  a3: number,
  m3: number,
  suppressInexact: boolean,
): void {
  begin(ctx);
  exactLoad(ctx, LONG, unpackExtended(x, a0, a1, a2, a3), effectiveRounding(ctx, m3), suppressInexact);
}

/** LOAD ROUNDED, extended to short (LEXBR, LEXBRA). After a trap look at `sourceFormat`. */
export function roundExtendedToShort(
  ctx: BfpContext,
  a0: number,
  a1: number,
  a2: number,
  a3: number,
  m3: number,
  suppressInexact: boolean,
): void {
  begin(ctx);
  exactLoad(ctx, SHORT, unpackExtended(x, a0, a1, a2, a3), effectiveRounding(ctx, m3), suppressInexact);
}

/** LOAD FP INTEGER (FIXBR, FIXBRA). */
export function loadIntegerExtended(
  ctx: BfpContext,
  a0: number,
  a1: number,
  a2: number,
  a3: number,
  m3: number,
  suppressInexact: boolean,
): void {
  begin(ctx);
  exactLoadInteger(ctx, EXTENDED, unpackExtended(x, a0, a1, a2, a3), effectiveRounding(ctx, m3), suppressInexact);
}

/**
 * CONVERT FROM FIXED and CONVERT FROM LOGICAL (CXFBR, CXGBR, CXLFBR, CXLGBR): always exact.
 *
 * @param high with 64 bits the left word of the source
 * @param low the right word, or the only one
 */
export function convertFromFixedExtended(ctx: BfpContext, high: number, low: number, bits: 32 | 64, logical: boolean): void {
  begin(ctx);
  const left = bits === 64 ? high : logical ? 0 : low >> 31;
  const value = logical ? join(left, low) : BigInt.asIntN(64, join(left, low));
  exactFromInteger(ctx, EXTENDED, value, effectiveRounding(ctx, ROUND_PER_FPC), false);
}

/** CONVERT TO FIXED and CONVERT TO LOGICAL (CFXBR, CGXBR, CLFXBR, CLGXBR). Sets the condition code. */
export function convertToFixedExtended(
  ctx: BfpContext,
  a0: number,
  a1: number,
  a2: number,
  a3: number,
  bits: 32 | 64,
  logical: boolean,
  m3: number,
  suppressInexact: boolean,
): void {
  begin(ctx);
  exactToInteger(ctx, unpackExtended(x, a0, a1, a2, a3), bits, logical, effectiveRounding(ctx, m3), suppressInexact);
}

/** TEST DATA CLASS (TCXB): condition code 1 if the class of the operand is selected by the 12-bit `mask`. */
export function testDataClassExtended(ctx: BfpContext, a0: number, a1: number, a2: number, a3: number, mask: number): void {
  begin(ctx);
  const magnitude = a0 & 0x7fff_ffff;
  const rest = a1 | a2 | a3;
  let bit = 0x800;
  if (magnitude > 0x7fff_0000 || (magnitude === 0x7fff_0000 && rest !== 0)) bit = magnitude & 0x8000 ? 0x008 : 0x002;
  else if (magnitude === 0x7fff_0000) bit = 0x020;
  else if (magnitude >= 0x0001_0000) bit = 0x200;
  else if (magnitude !== 0 || rest !== 0) bit = 0x080;
  ctx.cc = mask & (a0 < 0 ? bit >> 1 : bit) ? 1 : 0;
}

/** The condition code that LOAD COMPLEMENT, LOAD NEGATIVE and LOAD POSITIVE set for their result. */
export function conditionCodeExtended(a0: number, a1: number, a2: number, a3: number): number {
  const magnitude = a0 & 0x7fff_ffff;
  const rest = a1 | a2 | a3;
  if (magnitude === 0 && rest === 0) return 0;
  return magnitude > 0x7fff_0000 || (magnitude === 0x7fff_0000 && rest !== 0) ? 3 : a0 < 0 ? 1 : 2;
}
