import { describe, expect, it } from "vitest";
import * as bfp from "./index.ts";

const MAX_SHORT = 0x7f7f_ffff;
const MIN_SHORT = 0x0080_0000;
const ONE = 0x3f80_0000;
const TWO = 0x4000_0000;
const HALF = 0x3f00_0000;
const NEGATIVE = 1 << 31;

function context(fpc: number): bfp.BfpContext {
  const ctx = new bfp.BfpContext();
  ctx.fpc = fpc;
  ctx.r0 = 0x1111_1111;
  ctx.cc = 9;
  return ctx;
}

/** The short number whose exponent is `n` less. */
function scaled(word: number, n: number): number {
  return (word - (n << 23)) | 0;
}

describe("PoP 9: suppressing traps", () => {
  it("invalid operation: DXC 80, nothing changes", () => {
    const ctx = context(bfp.FPC_MASK_INVALID);
    bfp.addShort(ctx, 0x7f80_0001, ONE);
    expect(ctx).toMatchObject({ dxc: 0x80, completed: false, r0: 0x1111_1111, cc: 9, fpc: bfp.FPC_MASK_INVALID });
    bfp.compareShort(ctx, 0x7fc0_0000, ONE, true);
    expect(ctx).toMatchObject({ dxc: 0x80, completed: false, cc: 9 });
    bfp.convertToFixedShort(ctx, 0x7fc0_0000, 32, false, 5, false);
    expect(ctx).toMatchObject({ dxc: 0x80, completed: false, cc: 9, r0: 0x1111_1111 });
    bfp.addShort(ctx, ONE, ONE);
    expect(ctx).toMatchObject({ dxc: 0, completed: true, r0: TWO, cc: 2 });
  });

  it("divide by zero: DXC 40, nothing changes; without the mask a flag and infinity", () => {
    const ctx = context(bfp.FPC_MASK_DIVIDE_BY_ZERO);
    bfp.divideShort(ctx, ONE, NEGATIVE);
    expect(ctx).toMatchObject({ dxc: 0x40, completed: false, r0: 0x1111_1111, fpc: bfp.FPC_MASK_DIVIDE_BY_ZERO });
    ctx.fpc = 0;
    bfp.divideShort(ctx, ONE, NEGATIVE);
    expect(ctx).toMatchObject({ dxc: 0, r0: 0xff80_0000 | 0, fpc: bfp.FPC_FLAG_DIVIDE_BY_ZERO });
  });
});

describe("PoP 9: overflow and underflow traps deliver scaled results and set no flag", () => {
  it("overflow exact, truncated and incremented: DXC 20, 28, 2C", () => {
    const ctx = context(bfp.FPC_MASK_OVERFLOW);
    bfp.multiplyShort(ctx, 0x7f00_0000, 0x4080_0000);
    expect(ctx).toMatchObject({ dxc: 0x20, completed: true, fpc: bfp.FPC_MASK_OVERFLOW, r0: scaled(0x7f00_0000 + (2 << 23), 192) });
    bfp.multiplyShort(ctx, MAX_SHORT, MAX_SHORT);
    expect(ctx).toMatchObject({ dxc: 0x28, r0: 0x3fff_fffe + ((255 - 192) << 23) });
    bfp.addShort(ctx, MAX_SHORT, 0x7300_0000);
    expect(ctx).toMatchObject({ dxc: 0x2c, r0: (ONE + ((128 - 192) << 23)) | 0, cc: 2, fpc: bfp.FPC_MASK_OVERFLOW });
  });

  it("overflow of the extended format scales by 24576", () => {
    const ctx = context(bfp.FPC_MASK_OVERFLOW);
    bfp.multiplyExtended(ctx, 0x7ffe_0000, 0, 0, 0, 0xc000_0000 | 0, 0, 0, 0);
    expect(ctx).toMatchObject({ dxc: 0x20, r0: ((0xffff - 24576) << 16) | 0, r1: 0 });
  });

  it("overflow without its mask: flag, and the inexact trap if enabled", () => {
    const ctx = context(bfp.FPC_MASK_INEXACT);
    bfp.addShort(ctx, MAX_SHORT, MAX_SHORT);
    expect(ctx).toMatchObject({ dxc: 0x0c, completed: true, r0: 0x7f80_0000, fpc: bfp.FPC_MASK_INEXACT | bfp.FPC_FLAG_OVERFLOW });
    ctx.fpc = bfp.FPC_MASK_INEXACT | 1;
    bfp.addShort(ctx, MAX_SHORT, MAX_SHORT);
    expect(ctx).toMatchObject({ dxc: 0x08, r0: MAX_SHORT });
  });

  it("underflow exact, truncated and incremented: DXC 10, 18, 1C", () => {
    const ctx = context(bfp.FPC_MASK_UNDERFLOW);
    bfp.multiplyShort(ctx, MIN_SHORT, HALF);
    expect(ctx).toMatchObject({ dxc: 0x10, completed: true, fpc: bfp.FPC_MASK_UNDERFLOW, r0: scaled(MIN_SHORT, 1 - 192) });
    bfp.multiplyShort(ctx, MIN_SHORT + 1, HALF + 1);
    expect(ctx).toMatchObject({ dxc: 0x18, r0: scaled(MIN_SHORT + 2, 1 - 192) });
    ctx.fpc = bfp.FPC_MASK_UNDERFLOW | 2;
    bfp.multiplyShort(ctx, MIN_SHORT + 1, HALF + 1);
    expect(ctx).toMatchObject({ dxc: 0x1c, r0: scaled(MIN_SHORT + 3, 1 - 192) });
  });

  it("tininess is judged before rounding: a product that rounds up to the smallest normal number underflows", () => {
    const ctx = context(0);
    bfp.multiplyShort(ctx, MIN_SHORT, ONE - 1);
    expect(ctx).toMatchObject({ r0: MIN_SHORT, fpc: bfp.FPC_FLAG_UNDERFLOW | bfp.FPC_FLAG_INEXACT });
  });

  it("underflow without its mask needs an inexact result", () => {
    const ctx = context(0);
    bfp.multiplyShort(ctx, MIN_SHORT, HALF);
    expect(ctx).toMatchObject({ r0: 0x0040_0000, fpc: 0 });
  });

  it("a subnormal result of ADD is exact and traps when underflow is enabled", () => {
    const ctx = context(bfp.FPC_MASK_UNDERFLOW);
    bfp.addShort(ctx, 1, 2);
    expect(ctx).toMatchObject({ dxc: 0x10, cc: 2, r0: 0x3fc0_0000 + ((192 - 148) << 23) });
  });
});

describe("PoP 19: LOAD ROUNDED delivers trapped results in the source format", () => {
  it("long source: scaled by 512", () => {
    const ctx = context(bfp.FPC_MASK_OVERFLOW | bfp.FPC_MASK_UNDERFLOW);
    bfp.roundLongToShort(ctx, 0x47ef_ffff, 0xffff_ffff | 0, 0, false);
    expect(ctx).toMatchObject({ dxc: 0x2c, sourceFormat: true, r0: 0x27f0_0000, r1: 0 });
    bfp.roundLongToShort(ctx, 0xb690_0000 | 0, 0, 0, false);
    expect(ctx).toMatchObject({ dxc: 0x10, sourceFormat: true, r0: 0xd690_0000 | 0, r1: 0 });
    bfp.roundLongToShort(ctx, 0x3ff0_0000, 0, 0, false);
    expect(ctx).toMatchObject({ dxc: 0, sourceFormat: false, r0: ONE });
  });

  it("extended source: scaled by 8192", () => {
    const ctx = context(bfp.FPC_MASK_OVERFLOW);
    bfp.roundExtendedToLong(ctx, 0x7ffe_0000, 0, 0, 0, 0, false);
    expect(ctx).toMatchObject({ dxc: 0x20, sourceFormat: true, r0: (0x7ffe - 8192) << 16, r1: 0, r2: 0, r3: 0 });
    bfp.roundExtendedToShort(ctx, 0xc07f_0000 | 0, 0, 0, 0, 0, false);
    expect(ctx).toMatchObject({ dxc: 0x20, sourceFormat: true, r0: (0xc07f_0000 - (8192 << 16)) | 0 });
  });
});

describe("PoP 9: inexact", () => {
  it("traps with the rounded result in place: DXC 08 truncated, 0C incremented", () => {
    const ctx = context(bfp.FPC_MASK_INEXACT);
    bfp.divideShort(ctx, ONE, 0x4040_0000);
    expect(ctx).toMatchObject({ dxc: 0x0c, completed: true, r0: 0x3eaa_aaab, fpc: bfp.FPC_MASK_INEXACT });
    ctx.fpc = bfp.FPC_MASK_INEXACT | 1;
    bfp.divideShort(ctx, ONE, 0x4040_0000);
    expect(ctx).toMatchObject({ dxc: 0x08, r0: 0x3eaa_aaaa });
    bfp.convertToFixedShort(ctx, 0x3fc0_0000, 32, false, 6, false);
    expect(ctx).toMatchObject({ dxc: 0x0c, r0: 2, cc: 2 });
    bfp.loadIntegerShort(ctx, 0x3fc0_0000, 5, false);
    expect(ctx).toMatchObject({ dxc: 0x08, r0: ONE });
  });

  it("is not recognised under the inexact-exception control", () => {
    for (const fpc of [0, bfp.FPC_MASK_INEXACT]) {
      const ctx = context(fpc);
      bfp.convertToFixedShort(ctx, 0x3fc0_0000, 32, false, 1, true);
      expect(ctx).toMatchObject({ dxc: 0, fpc, r0: 2 });
      bfp.roundLongToShort(ctx, 0x3ff0_0000, 1, 6, true);
      expect(ctx).toMatchObject({ dxc: 0, fpc, r0: ONE + 1 });
      bfp.loadIntegerLong(ctx, 0x3fe0_0000, 0, 4, true);
      expect(ctx).toMatchObject({ dxc: 0, fpc, r0: 0, r1: 0 });
    }
  });

  it("CONVERT TO FIXED out of range: the inexact trap completes with the invalid flag on", () => {
    const ctx = context(bfp.FPC_MASK_INEXACT);
    bfp.convertToFixedShort(ctx, 0x7f80_0000, 32, false, 5, false);
    expect(ctx).toMatchObject({ dxc: 0x08, completed: true, r0: 0x7fff_ffff, cc: 3, fpc: bfp.FPC_MASK_INEXACT | bfp.FPC_FLAG_INVALID });
  });
});
