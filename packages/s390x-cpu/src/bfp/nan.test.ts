import { describe, expect, it } from "vitest";
import * as bfp from "./index.ts";

const SNAN_A = 0x7f81_0001;
const SNAN_B = 0xff82_0002 | 0;
const SNAN_C = 0x7f83_0003;
const QNAN_A = 0x7fc1_0001;
const QNAN_B = 0xffc2_0002 | 0;
const QNAN_C = 0x7fc3_0003;
const ONE = 0x3f80_0000;
const ZERO = 0;
const INFINITY = 0x7f80_0000;
const DEFAULT = 0x7fc0_0000;
const QUIET = 0x0040_0000;
const INVALID = bfp.FPC_FLAG_INVALID;

function run(operation: (ctx: bfp.BfpContext) => void): { result: number; flags: number; ctx: bfp.BfpContext } {
  const ctx = new bfp.BfpContext();
  operation(ctx);
  return { result: ctx.r0, flags: ctx.fpc, ctx };
}

describe("PoP 19: NaN operands of ADD, SUBTRACT, MULTIPLY and DIVIDE", () => {
  const operations = { add: bfp.addShort, subtract: bfp.subtractShort, multiply: bfp.multiplyShort, divide: bfp.divideShort };
  for (const [name, operation] of Object.entries(operations)) {
    it(`${name}: a signaling NaN goes before a quiet one, the first operand before the second`, () => {
      const cases = [
        [SNAN_A, SNAN_B, SNAN_A | QUIET, INVALID],
        [SNAN_A, QNAN_B, SNAN_A | QUIET, INVALID],
        [QNAN_A, SNAN_B, SNAN_B | QUIET, INVALID],
        [ONE, SNAN_B, SNAN_B | QUIET, INVALID],
        [QNAN_A, QNAN_B, QNAN_A, 0],
        [ONE, QNAN_B, QNAN_B, 0],
        [QNAN_A, INFINITY, QNAN_A, 0],
      ] as const;
      for (const [a, b, result, flags] of cases) expect(run((ctx) => operation(ctx, a, b))).toMatchObject({ result, flags });
    });
  }

  it("invalid combinations give the default quiet NaN, which is positive", () => {
    expect(run((ctx) => bfp.subtractShort(ctx, INFINITY, INFINITY))).toMatchObject({ result: DEFAULT, flags: INVALID });
    expect(run((ctx) => bfp.multiplyShort(ctx, INFINITY | (1 << 31), ZERO))).toMatchObject({ result: DEFAULT, flags: INVALID });
    expect(run((ctx) => bfp.divideShort(ctx, ZERO, ZERO))).toMatchObject({ result: DEFAULT, flags: INVALID });
    expect(run((ctx) => bfp.divideShort(ctx, INFINITY, INFINITY))).toMatchObject({ result: DEFAULT, flags: INVALID });
    expect(run((ctx) => bfp.squareRootShort(ctx, ONE | (1 << 31)))).toMatchObject({ result: DEFAULT, flags: INVALID });
  });
});

describe("PoP 19: NaN operands of MULTIPLY AND ADD", () => {
  it("decides on the factors first, third operand before second, but a signaling addend goes before a quiet factor", () => {
    const cases = [
      [SNAN_A, SNAN_B, SNAN_C, SNAN_A | QUIET, INVALID],
      [QNAN_A, SNAN_B, SNAN_C, SNAN_B | QUIET, INVALID],
      [QNAN_A, QNAN_B, SNAN_C, SNAN_C | QUIET, INVALID],
      [QNAN_A, QNAN_B, QNAN_C, QNAN_A, 0],
      [ONE, QNAN_B, QNAN_C, QNAN_B, 0],
      [ONE, ONE, QNAN_C, QNAN_C, 0],
      [ONE, INFINITY, SNAN_C, SNAN_C | QUIET, INVALID],
      [INFINITY, ZERO, QNAN_C, DEFAULT, INVALID],
      [ZERO, INFINITY, SNAN_C, DEFAULT, INVALID],
      [INFINITY, ONE, INFINITY | (1 << 31), DEFAULT, INVALID],
    ] as const;
    for (const [third, second, first, result, flags] of cases)
      expect(run((ctx) => bfp.multiplyAddShort(ctx, third, second, first, false))).toMatchObject({ result, flags });
  });

  it("MULTIPLY AND SUBTRACT does not complement a NaN", () => {
    expect(run((ctx) => bfp.multiplyAddShort(ctx, ONE, ONE, QNAN_C, true)).result).toBe(QNAN_C);
  });
});

describe("PoP 19: NaNs in conversions", () => {
  it("LOAD AND TEST makes a signaling NaN quiet, with invalid operation and condition code 3", () => {
    const { result, flags, ctx } = run((c) => bfp.loadAndTestShort(c, SNAN_B));
    expect([result, flags, ctx.cc]).toEqual([SNAN_B | QUIET, INVALID, 3]);
  });

  it("LOAD LENGTHENED and LOAD ROUNDED keep the left part of the fraction", () => {
    const { ctx } = run((c) => bfp.lengthenShortToLong(c, SNAN_C));
    expect([ctx.r0 >>> 0, ctx.r1 >>> 0, ctx.fpc]).toEqual([0x7ff8_6000 | 0, 0x6000_0000, INVALID]);
    const back = run((c) => bfp.roundLongToShort(c, 0x7ff0_6000, 0x7fff_ffff, 0, false));
    expect([back.result, back.flags]).toEqual([SNAN_C | QUIET, INVALID]);
    const wide = run((c) => bfp.lengthenShortToExtended(c, QNAN_B));
    expect([wide.ctx.r0 >>> 0, wide.ctx.r1 >>> 0, wide.flags]).toEqual([0xffff_8400, 0x0400_0000, 0]);
  });

  it("CONVERT TO FIXED of a NaN gives the maximum negative number, TO LOGICAL zero, both invalid and inexact", () => {
    for (const nan of [SNAN_A, QNAN_B]) {
      const fixed = run((c) => bfp.convertToFixedShort(c, nan, 32, false, 5, false));
      expect([fixed.result, fixed.flags, fixed.ctx.cc]).toEqual([-0x8000_0000, INVALID | bfp.FPC_FLAG_INEXACT, 3]);
      const logical = run((c) => bfp.convertToFixedShort(c, nan, 64, true, 5, true));
      expect([logical.result, logical.ctx.r1, logical.flags, logical.ctx.cc]).toEqual([0, 0, INVALID, 3]);
    }
  });

  it("COMPARE is invalid for a signaling NaN only, COMPARE AND SIGNAL for any", () => {
    expect(run((c) => bfp.compareShort(c, ONE, QNAN_A, false))).toMatchObject({ flags: 0, ctx: { cc: 3 } });
    expect(run((c) => bfp.compareShort(c, SNAN_A, ONE, false))).toMatchObject({ flags: INVALID, ctx: { cc: 3 } });
    expect(run((c) => bfp.compareShort(c, ONE, QNAN_A, true))).toMatchObject({ flags: INVALID, ctx: { cc: 3 } });
  });
});
