import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { effectiveRounding } from "./context.ts";
import { exactAdd, exactDivide, exactMultiply, exactMultiplyAdd, exactSquareRoot } from "./exact.ts";
import { LONG, SHORT, Unpacked, unpackLong, unpackShort } from "./format.ts";
import * as bfp from "./index.ts";

const view = new DataView(new ArrayBuffer(8));

function wordsOf(x: number): [number, number] {
  view.setFloat64(0, x);
  return [view.getInt32(0), view.getInt32(4)];
}

function shortOf(x: number): number {
  view.setFloat32(0, x);
  return view.getInt32(0);
}

const anyLong = fc.oneof(
  fc.double(),
  fc.tuple(fc.integer(), fc.integer()).map(([m, e]) => m * 2 ** (e % 60)),
  fc.constantFrom(0, -0, 2 ** -1022, 5e-324, Number.MAX_VALUE, 1, 1 + 2 ** -52, 1 - 2 ** -53, Number.POSITIVE_INFINITY),
);
const anyShort = fc.oneof(
  fc.float(),
  fc.tuple(fc.integer({ min: -0xff_ffff, max: 0xff_ffff }), fc.integer()).map(([m, e]) => Math.fround(m * 2 ** (e % 30))),
  fc.constantFrom(0, -0, 2 ** -126, 2 ** -149, 1, 1 + 2 ** -23, 1 - 2 ** -24, Number.NEGATIVE_INFINITY),
);
const mode = fc.constantFrom(0, 1, 2, 3, 7);
const runs = { numRuns: 400 };

function canonical(x: number): number {
  return Number.isNaN(x) ? Number.NaN : x;
}

describe("BFP rounding to nearest is the host's", () => {
  it("long", () => {
    const ctx = new bfp.BfpContext();
    const same = (x: number) => {
      view.setInt32(0, ctx.r0);
      view.setInt32(4, ctx.r1);
      expect(canonical(view.getFloat64(0))).toBe(canonical(x));
    };
    fc.assert(
      fc.property(anyLong, anyLong, (a, b) => {
        bfp.addLong(ctx, ...wordsOf(a), ...wordsOf(b));
        same(a + b);
        bfp.subtractLong(ctx, ...wordsOf(a), ...wordsOf(b));
        same(a - b);
        bfp.multiplyLong(ctx, ...wordsOf(a), ...wordsOf(b));
        same(a * b);
        bfp.divideLong(ctx, ...wordsOf(a), ...wordsOf(b));
        same(a / b);
        bfp.squareRootLong(ctx, ...wordsOf(a));
        same(Math.sqrt(a));
        bfp.compareLong(ctx, ...wordsOf(a), ...wordsOf(b), false);
        expect(ctx.cc).toBe(a === b ? 0 : a < b ? 1 : a > b ? 2 : 3);
      }),
      runs,
    );
  });

  it("short", () => {
    const ctx = new bfp.BfpContext();
    const same = (x: number) => {
      view.setInt32(0, ctx.r0);
      expect(canonical(view.getFloat32(0))).toBe(canonical(Math.fround(x)));
    };
    fc.assert(
      fc.property(anyShort, anyShort, (a, b) => {
        bfp.addShort(ctx, shortOf(a), shortOf(b));
        same(a + b);
        bfp.multiplyShort(ctx, shortOf(a), shortOf(b));
        same(a * b);
        bfp.divideShort(ctx, shortOf(a), shortOf(b));
        same(a / b);
        bfp.multiplyShortToLong(ctx, shortOf(a), shortOf(b));
        view.setInt32(0, ctx.r0);
        view.setInt32(4, ctx.r1);
        expect(canonical(view.getFloat64(0))).toBe(canonical(a * b));
      }),
      runs,
    );
  });
});

describe("the native layer answers as the exact one, flags included", () => {
  const ctx = new bfp.BfpContext();
  const exact = new bfp.BfpContext();
  const x = new Unpacked();
  const y = new Unpacked();
  const z = new Unpacked();

  function compare(size: 1 | 2, fpc: number, fast: () => void, slow: (method: number) => void): void {
    ctx.fpc = fpc;
    fast();
    exact.fpc = fpc;
    exact.dxc = 0;
    slow(effectiveRounding(exact, 0));
    const answer = (c: bfp.BfpContext) => [c.r0, size === 2 ? c.r1 : 0, c.fpc];
    expect(answer(ctx)).toEqual(answer(exact));
  }

  it("long", () => {
    fc.assert(
      fc.property(anyLong, anyLong, anyLong, mode, fc.boolean(), (a, b, c, fpc, subtract) => {
        const [wa, wb, wc] = [wordsOf(a), wordsOf(b), wordsOf(c)];
        const ux = () => unpackLong(x, ...wa);
        const uy = () => unpackLong(y, ...wb);
        compare(
          2,
          fpc,
          () => bfp.addLong(ctx, ...wa, ...wb),
          (m) => exactAdd(exact, LONG, ux(), uy(), false, m),
        );
        expect(ctx.cc).toBe(exact.cc);
        compare(
          2,
          fpc,
          () => bfp.multiplyLong(ctx, ...wa, ...wb),
          (m) => exactMultiply(exact, LONG, ux(), uy(), m),
        );
        compare(
          2,
          fpc,
          () => bfp.divideLong(ctx, ...wa, ...wb),
          (m) => exactDivide(exact, LONG, ux(), uy(), m),
        );
        compare(
          2,
          fpc,
          () => bfp.squareRootLong(ctx, ...wa),
          (m) => exactSquareRoot(exact, LONG, ux(), m),
        );
        compare(
          2,
          fpc,
          () => bfp.multiplyAddLong(ctx, ...wa, ...wb, ...wc, subtract),
          (m) => exactMultiplyAdd(exact, LONG, ux(), uy(), unpackLong(z, ...wc), subtract, m),
        );
        // An addend that cancels the product to its last bits.
        const wd = wordsOf(-a * b);
        compare(
          2,
          fpc,
          () => bfp.multiplyAddLong(ctx, ...wa, ...wb, ...wd, false),
          (m) => exactMultiplyAdd(exact, LONG, ux(), uy(), unpackLong(z, ...wd), false, m),
        );
      }),
      runs,
    );
  });

  it("short", () => {
    fc.assert(
      fc.property(anyShort, anyShort, anyShort, mode, (a, b, c, fpc) => {
        const [wa, wb, wc] = [shortOf(a), shortOf(b), shortOf(c)];
        const ux = () => unpackShort(x, wa);
        const uy = () => unpackShort(y, wb);
        compare(
          1,
          fpc,
          () => bfp.addShort(ctx, wa, wb),
          (m) => exactAdd(exact, SHORT, ux(), uy(), false, m),
        );
        compare(
          1,
          fpc,
          () => bfp.multiplyShort(ctx, wa, wb),
          (m) => exactMultiply(exact, SHORT, ux(), uy(), m),
        );
        compare(
          1,
          fpc,
          () => bfp.divideShort(ctx, wa, wb),
          (m) => exactDivide(exact, SHORT, ux(), uy(), m),
        );
        compare(
          1,
          fpc,
          () => bfp.squareRootShort(ctx, wa),
          (m) => exactSquareRoot(exact, SHORT, ux(), m),
        );
        compare(
          1,
          fpc,
          () => bfp.multiplyAddShort(ctx, wa, wb, wc, false),
          (m) => exactMultiplyAdd(exact, SHORT, ux(), uy(), unpackShort(z, wc), false, m),
        );
      }),
      runs,
    );
  });
});
