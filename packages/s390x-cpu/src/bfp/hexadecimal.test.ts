import fc from "fast-check";
import { describe, expect, it } from "vitest";
import * as bfp from "./index.ts";

const view = new DataView(new ArrayBuffer(8));

function wordsOf(x: number): [number, number] {
  view.setFloat64(0, x);
  return [view.getInt32(0), view.getInt32(4)];
}

/** The value of a long HFP number, if a double can hold it. */
function hexadecimalValue(high: number, low: number): number {
  const fraction = (high & 0xff_ffff) * 2 ** -24 + (low >>> 0) * 2 ** -56;
  return (high < 0 ? -1 : 1) * fraction * 16 ** (((high >>> 24) & 0x7f) - 64);
}

describe("PoP 9: CONVERT BFP TO HFP", () => {
  it("gives the normalized number of the same value, which is always exact", () => {
    fc.assert(
      fc.property(
        fc.integer({ min: -250, max: 250 }),
        fc.double({ min: 1, max: 2, maxExcluded: true, noNaN: true }),
        fc.boolean(),
        (e, m, negative) => {
          const x = (negative ? -m : m) * 2 ** e;
          const ctx = new bfp.BfpContext();
          bfp.convertLongToHexadecimal(ctx, ...wordsOf(x));
          expect(hexadecimalValue(ctx.r0, ctx.r1)).toBe(x);
          expect(ctx.r0 & 0xf0_0000).not.toBe(0);
          expect(ctx.cc).toBe(negative ? 1 : 2);
        },
      ),
    );
  });

  it("sets condition code 3 with the largest magnitude for infinity, NaN and overflow, and 0 for zero", () => {
    const ctx = new bfp.BfpContext();
    const answer = (x: number) => {
      bfp.convertLongToHexadecimal(ctx, ...wordsOf(x));
      return [ctx.r0 >>> 0, ctx.r1 >>> 0, ctx.cc];
    };
    expect(answer(Number.NEGATIVE_INFINITY)).toEqual([0xffff_ffff, 0xffff_ffff, 3]);
    expect(answer(2 ** 252)).toEqual([0x7fff_ffff, 0xffff_ffff, 3]);
    expect(answer(Number.NaN)).toEqual([0x7fff_ffff, 0xffff_ffff, 3]);
    expect(answer(-0)).toEqual([0x8000_0000, 0, 0]);
    expect(answer(-(2 ** -300))).toEqual([0x8000_0000, 0, 1]);
    expect(answer(2 ** -260)).toEqual([0x0010_0000, 0, 2]);
  });

  it("THDER takes every short number, subnormal ones too", () => {
    const ctx = new bfp.BfpContext();
    bfp.convertShortToHexadecimal(ctx, 1);
    expect([hexadecimalValue(ctx.r0, ctx.r1), ctx.cc]).toEqual([2 ** -149, 2]);
  });
});

describe("PoP 9: CONVERT HFP TO BFP", () => {
  it("returns what CONVERT BFP TO HFP made", () => {
    fc.assert(
      fc.property(fc.integer({ min: -250, max: 250 }), fc.double({ min: 1, max: 2, maxExcluded: true, noNaN: true }), (e, m) => {
        const words = wordsOf(m * 2 ** e);
        const ctx = new bfp.BfpContext();
        bfp.convertLongToHexadecimal(ctx, ...words);
        bfp.convertHexadecimalToLong(ctx, ctx.r0, ctx.r1, 0);
        expect([ctx.r0, ctx.r1]).toEqual(words);
      }),
    );
  });

  it("rounds 56 bits by M3, of which 0 is toward zero whatever the FPC says", () => {
    const ctx = new bfp.BfpContext();
    ctx.fpc = 2;
    const low = (m3: number, word: number) => {
      bfp.convertHexadecimalToLong(ctx, 0x40ff_ffff, word, m3);
      return [ctx.r0, ctx.r1 >>> 0];
    };
    expect(low(0, 0xffff_fffc | 0)).toEqual([0x3fef_ffff, 0xffff_ffff]);
    expect(low(1, 0xffff_fffc | 0)).toEqual([0x3ff0_0000, 0]);
    expect(low(4, 0xffff_fff4 | 0)).toEqual([0x3fef_ffff, 0xffff_fffe]);
    expect(low(6, 0xffff_fff1 | 0)).toEqual([0x3fef_ffff, 0xffff_ffff]);
    expect(low(7, 0xffff_fff1 | 0)).toEqual([0x3fef_ffff, 0xffff_fffe]);
    expect(ctx.fpc).toBe(2);
  });

  it("TBEDR: too large a source is infinity or the largest number by the rounding method, condition code 3", () => {
    const ctx = new bfp.BfpContext();
    const answer = (m3: number, sign: number) => {
      bfp.convertHexadecimalToShort(ctx, 0x7fff_ffff | sign, 0, m3);
      return [ctx.r0 >>> 0, ctx.cc];
    };
    expect(answer(0, 0)).toEqual([0x7f7f_ffff, 3]);
    expect(answer(4, 1 << 31)).toEqual([0xff80_0000, 3]);
    expect(answer(6, 1 << 31)).toEqual([0xff7f_ffff, 3]);
    expect(answer(7, 1 << 31)).toEqual([0xff80_0000, 3]);
  });

  it("TBEDR: a small source becomes subnormal or zero", () => {
    const ctx = new bfp.BfpContext();
    bfp.convertHexadecimalToShort(ctx, 0x2080_0000, 0, 4);
    expect([ctx.r0, ctx.cc]).toEqual([0x0010_0000, 2]);
    bfp.convertHexadecimalToShort(ctx, 0x8010_0000 | 0, 0, 4);
    expect([ctx.r0 >>> 0, ctx.cc]).toEqual([0x8000_0000, 1]);
    bfp.convertHexadecimalToShort(ctx, 0xff00_0000 | 0, 0, 4);
    expect([ctx.r0 >>> 0, ctx.cc]).toEqual([0x8000_0000, 0]);
  });
});
