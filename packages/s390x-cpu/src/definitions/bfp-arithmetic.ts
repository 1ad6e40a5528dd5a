import { type F32, type F64, f32, f64, type I32, i32 } from "@zarch/wasm-encoder";
import type { Context } from "../engine/context.ts";
import { ccLong, ccShort, finiteLong, finiteShort, guarded, inRangeLong, inRangeShort, isZero, productFits } from "./bfp-guard.ts";
import { frLong2, frShort2, storedLong, storedShort } from "./operands.ts";
import type { DefinitionTable } from "./table.ts";

/**
 * ADD, SUBTRACT, MULTIPLY, DIVIDE and SQUARE ROOT in the short and long formats (PoP chapter 19). What is
 * not native is the runtime's. NaN operands make NaN results, which no native path takes, so that payloads are its affair.
 */
export function defineBfpArithmetic(table: DefinitionTable): void {
  for (const [suffix, long, short] of [
    ["br", frLong2, frShort2],
    ["b", storedLong, storedShort],
  ] as const) {
    table.define(`ad${suffix}`, (c) => sumLong(c, long(c), f64.add));
    table.define(`sd${suffix}`, (c) => sumLong(c, long(c), f64.sub));
    table.define(`ae${suffix}`, (c) => sumShort(c, short(c), f32.add));
    table.define(`se${suffix}`, (c) => sumShort(c, short(c), f32.sub));
    table.define(`md${suffix}`, (c) => productLong(c, long(c)));
    table.define(`mee${suffix}`, (c) => productShort(c, short(c)));
    table.define(`mde${suffix}`, (c) => productShortToLong(c, short(c)));
    table.define(`dd${suffix}`, (c) => quotientLong(c, long(c)));
    table.define(`de${suffix}`, (c) => quotientShort(c, short(c)));
    table.define(`sqd${suffix}`, (c) => rootLong(c, long(c)));
    table.define(`sqe${suffix}`, (c) => rootShort(c, short(c)));
  }
}

/** Sums are exact where they are subnormal, so all finite ones are usable. */
function sumLong(c: Context, b: F64, operation: (a: F64, b: F64) => F64): void {
  const a = c.let(c.frLong("r1"));
  const sum = c.let(operation(a, b));
  const exact = (): I32 => {
    // The rounding error after Knuth: what of `a` and `b` the sum does not hold.
    const held = c.let(f64.sub(sum, a));
    const lost = f64.sub(a, f64.sub(sum, held));
    return f64.eq(operation === f64.add ? f64.add(lost, f64.sub(b, held)) : f64.sub(lost, f64.add(b, held)), f64.const(0));
  };
  guarded(c, { usable: finiteLong(sum), exact }, () => {
    c.setFrLong("r1", sum);
    ccLong(c, sum);
  });
}

function sumShort(c: Context, b: F32, operation: (a: F32, b: F32) => F32): void {
  const a = c.let(c.frShort("r1"));
  const sum = c.let(operation(a, b));
  const exact = (): I32 => {
    const held = c.let(f32.sub(sum, a));
    const lost = f32.sub(a, f32.sub(sum, held));
    return f32.eq(operation === f32.add ? f32.add(lost, f32.sub(b, held)) : f32.sub(lost, f32.add(b, held)), f32.const(0));
  };
  guarded(c, { usable: finiteShort(sum), exact }, () => {
    c.setFrShort("r1", sum);
    ccShort(c, sum);
  });
}

function isZeroShort(value: F32): I32 {
  return f32.eq(value, f32.const(0));
}

function productLong(c: Context, b: F64): void {
  const a = c.let(c.frLong("r1"));
  const product = c.let(f64.mul(a, b));
  const usableToo = i32.and(isZero(product), i32.or(isZero(a), isZero(b)));
  guarded(c, { usable: inRangeLong(product), usableToo, exact: () => i32.or(productFits(a, b), isZero(product)) }, () =>
    c.setFrLong("r1", product),
  );
}

function productShort(c: Context, b: F32): void {
  const a = c.let(c.frShort("r1"));
  const product = c.let(f32.mul(a, b));
  const usableToo = i32.and(isZeroShort(product), i32.or(isZeroShort(a), isZeroShort(b)));
  const exact = (): I32 => f64.eq(f64.promoteF32(product), f64.mul(f64.promoteF32(a), f64.promoteF32(b)));
  guarded(c, { usable: inRangeShort(product), usableToo, exact }, () => c.setFrShort("r1", product));
}

/** Always exact. */
function productShortToLong(c: Context, b: F32): void {
  const product = c.let(f64.mul(f64.promoteF32(c.frShort("r1")), f64.promoteF32(b)));
  guarded(c, { usable: finiteLong(product), exact: () => i32.const(1) }, () => c.setFrLong("r1", product));
}

function quotientLong(c: Context, b: F64): void {
  const a = c.let(c.frLong("r1"));
  const quotient = c.let(f64.div(a, b));
  const usableToo = i32.and(isZero(quotient), isZero(a));
  const exact = (): I32 =>
    i32.or(
      isZero(quotient),
      // The way back is exact, and a dividend below the normal range would be rounded on it.
      i32.and(i32.and(productFits(quotient, b), f64.eq(f64.mul(quotient, b), a)), inRangeLong(a)),
    );
  guarded(c, { usable: inRangeLong(quotient), usableToo, exact }, () => c.setFrLong("r1", quotient));
}

function quotientShort(c: Context, b: F32): void {
  const a = c.let(c.frShort("r1"));
  const quotient = c.let(f32.div(a, b));
  const usableToo = i32.and(isZeroShort(quotient), isZeroShort(a));
  const exact = (): I32 => i32.or(isZeroShort(quotient), f64.eq(f64.mul(f64.promoteF32(quotient), f64.promoteF32(b)), f64.promoteF32(a)));
  guarded(c, { usable: inRangeShort(quotient), usableToo, exact }, () => c.setFrShort("r1", quotient));
}

/** Roots of finite numbers are normal or zero. */
function rootLong(c: Context, a: F64): void {
  const root = c.let(f64.sqrt(a));
  const exact = (): I32 => i32.or(isZero(root), i32.and(i32.and(productFits(root, root), f64.eq(f64.mul(root, root), a)), inRangeLong(a)));
  guarded(c, { usable: finiteLong(root), exact }, () => c.setFrLong("r1", root));
}

function rootShort(c: Context, a: F32): void {
  const root = c.let(f32.sqrt(a));
  const exact = (): I32 => {
    const wide = c.let(f64.promoteF32(root));
    return f64.eq(f64.mul(wide, wide), f64.promoteF32(a));
  };
  guarded(c, { usable: finiteShort(root), exact }, () => c.setFrShort("r1", root));
}
