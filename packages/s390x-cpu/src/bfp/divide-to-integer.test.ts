import fc from "fast-check";
import { describe, expect, it } from "vitest";
import * as bfp from "./index.ts";

const view = new DataView(new ArrayBuffer(8));

function wordsOf(x: number): [number, number] {
  view.setFloat64(0, x);
  return [view.getInt32(0), view.getInt32(4)];
}

function numberOf(high: number, low: number): number {
  view.setInt32(0, high);
  view.setInt32(4, low);
  return view.getFloat64(0);
}

function divide(a: number, b: number, m4: number, fpc = 0): { ctx: bfp.BfpContext; remainder: number; quotient: number; cc: number } {
  const ctx = new bfp.BfpContext();
  ctx.fpc = fpc;
  bfp.divideToIntegerLong(ctx, ...wordsOf(a), ...wordsOf(b), m4);
  return { ctx, remainder: numberOf(ctx.r0, ctx.r1), quotient: numberOf(ctx.q0, ctx.q1), cc: ctx.cc };
}

describe("PoP 19: DIVIDE TO INTEGER", () => {
  it("rounds the quotient by M4 and gives the remainder of it", () => {
    expect(divide(7, 2, 5)).toMatchObject({ quotient: 3, remainder: 1, cc: 0 });
    expect(divide(7, 2, 6)).toMatchObject({ quotient: 4, remainder: -1, cc: 0 });
    expect(divide(-7, 2, 7)).toMatchObject({ quotient: -4, remainder: 1, cc: 0 });
    expect(divide(5, 2, 4)).toMatchObject({ quotient: 2, remainder: 1, cc: 0 });
    expect(divide(5, 2, 1)).toMatchObject({ quotient: 3, remainder: -1, cc: 0 });
    expect(divide(9, 2, 3)).toMatchObject({ quotient: 5, remainder: -1, cc: 0 });
    expect(divide(7, 2, 0, 1)).toMatchObject({ quotient: 3, remainder: 1, cc: 0 });
  });

  it("gives a zero remainder the sign of the dividend and a zero quotient the sign of the division", () => {
    expect(divide(-6, 2, 4)).toMatchObject({ quotient: -3, remainder: -0 });
    expect(divide(1, -8, 4)).toMatchObject({ quotient: -0, remainder: 1 });
    expect(divide(-0, 3, 4)).toMatchObject({ quotient: -0, remainder: -0, cc: 0 });
    expect(divide(3, Number.NEGATIVE_INFINITY, 4)).toMatchObject({ quotient: -0, remainder: 3, cc: 0 });
  });

  it("an infinite dividend or a zero divisor is invalid: both results the default NaN, condition code 1", () => {
    for (const [a, b] of [
      [Number.POSITIVE_INFINITY, 2],
      [1, 0],
      [0, 0],
    ] as const) {
      const { ctx, cc } = divide(a, b, 4);
      expect([ctx.r0, ctx.q0, cc, ctx.fpc]).toEqual([0x7ff8_0000, 0x7ff8_0000, 1, bfp.FPC_FLAG_INVALID]);
    }
    const { ctx } = divide(1, 0, 4, bfp.FPC_MASK_INVALID);
    expect(ctx).toMatchObject({ dxc: 0x80, completed: false });
  });

  it("a long quotient is truncated, its exact remainder incomplete: condition code 2, and 3 when scaled", () => {
    const { quotient, remainder, cc } = divide(2 ** 60 + 2 ** 10, 3, 4);
    expect(cc).toBe(2);
    expect(BigInt(quotient) * 3n + BigInt(remainder)).toBe((1n << 60n) + 1024n);
    const large = divide(2 ** 1000, 3 * 2 ** -100, 4);
    expect(large.cc).toBe(3);
    expect(large.quotient).toBe(1.3333333333333333 * 2 ** (1098 - 1536));
    expect(divide(2 ** 1000, 2 ** -100, 4)).toMatchObject({ cc: 1, quotient: 2 ** (1100 - 1536), remainder: 0 });
  });

  it("repeated on the remainder, as the manual's loop does, it ends in the IEEE remainder", () => {
    fc.assert(
      fc.property(fc.integer({ min: -400, max: 400 }), fc.integer({ min: 1 }), fc.integer({ min: 1 }), (scale, m, n) => {
        const a = m * 2 ** scale;
        const b = n;
        let rest = a;
        let result = divide(rest, b, 5);
        for (let i = 0; result.cc >= 2 && i < 40; i++) {
          rest = result.remainder;
          result = divide(rest, b, 5);
        }
        expect(result.cc).toBe(0);
        expect(result.remainder).toBe(a % b);
      }),
    );
  });

  it("only an inexact remainder is inexact", () => {
    expect(divide(7, 2, 5).ctx.fpc).toBe(0);
    const { ctx, quotient, remainder } = divide(2 ** -60, 1, 6);
    expect([quotient, remainder, ctx.fpc]).toEqual([1, -1, bfp.FPC_FLAG_INEXACT]);
    expect(divide(2 ** -60, 1, 6, bfp.FPC_MASK_INEXACT).ctx).toMatchObject({ dxc: 0x0c, completed: true });
  });

  it("a tiny remainder underflows when that traps", () => {
    const { ctx } = divide(2 ** -1030, 1, 5, bfp.FPC_MASK_UNDERFLOW);
    expect(ctx.dxc).toBe(0x10);
    expect(numberOf(ctx.r0, ctx.r1)).toBe(2 ** (1536 - 1030));
  });
});
