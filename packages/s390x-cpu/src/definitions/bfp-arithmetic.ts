import { type F32, type F64, f32, f64, type I32, i32 } from "@zarch/wasm-encoder";
import type { Context } from "../engine/context.ts";
import { hostFusesMultiplyAdd } from "../engine/fused-multiply-add.ts";
import { requireProduct, requireSum } from "./bfp-exact.ts";
import {
  ccLong,
  ccShort,
  finiteLong,
  finiteShort,
  guarded,
  inRangeLong,
  inRangeShort,
  isNotZero,
  isZero,
  type NativeConditions,
} from "./bfp-guard.ts";
import { frLong2, frShort2, storedLong, storedShort } from "./operands.ts";
import type { DefinitionTable } from "./table.ts";

/**
 * ADD, SUBTRACT, MULTIPLY, DIVIDE and SQUARE ROOT in the short and long formats (PoP chapter 19). What is
 * not native is the runtime's. NaN operands make NaN results, which no native path takes, so that payloads are its affair.
 */
export function defineBfpArithmetic(table: DefinitionTable, isFused: boolean = hostFusesMultiplyAdd()): void {
  for (const [suffix, long, short] of [
    ["br", frLong2, frShort2],
    ["b", storedLong, storedShort],
  ] as const) {
    table.define(`ad${suffix}`, (c) => sumLong(c, long(c), f64.add));
    table.define(`sd${suffix}`, (c) => sumLong(c, long(c), f64.sub));
    table.define(`ae${suffix}`, (c) => sumShort(c, short(c), f32.add));
    table.define(`se${suffix}`, (c) => sumShort(c, short(c), f32.sub));
    table.define(`md${suffix}`, (c) => productLong(c, long(c), isFused));
    table.define(`mee${suffix}`, (c) => productShort(c, short(c)));
    table.define(`mde${suffix}`, (c) => productShortToLong(c, short(c)));
    table.define(`dd${suffix}`, (c) => quotientLong(c, long(c), isFused));
    table.define(`de${suffix}`, (c) => quotientShort(c, short(c)));
    table.define(`sqd${suffix}`, (c) => rootLong(c, long(c), isFused));
    table.define(`sqe${suffix}`, (c) => rootShort(c, short(c)));
  }
}

/** Sums are exact where they are subnormal, so all finite ones are usable. */
function sumLong(c: Context, b: F64, operation: (a: F64, b: F64) => F64): void {
  const a = c.let(c.frLong("r1"));
  const sum = c.let(operation(a, b));
  const exact: NativeConditions["exact"] = (refuse) => requireSum(c, refuse, a, operation === f64.add ? b : f64.neg(b), sum);
  guarded(c, { usable: finiteLong(sum), exact }, () => {
    c.setFrLong("r1", sum);
    ccLong(c, sum);
  });
}

function sumShort(c: Context, b: F32, operation: (a: F32, b: F32) => F32): void {
  const a = c.let(c.frShort("r1"));
  const sum = c.let(operation(a, b));
  const exact: NativeConditions["exact"] = (refuse) => {
    // The rounding error after Knuth: what of `a` and `b` the sum does not hold.
    const held = c.let(f32.sub(sum, a));
    const lost = f32.sub(a, f32.sub(sum, held));
    refuse(f32.ne(operation === f32.add ? f32.add(lost, f32.sub(b, held)) : f32.sub(lost, f32.add(b, held)), f32.const(0)));
  };
  guarded(c, { usable: finiteShort(sum), exact }, () => {
    c.setFrShort("r1", sum);
    ccShort(c, sum);
  });
}

function isZeroShort(value: F32): I32 {
  return f32.eq(value, f32.const(0));
}

function isNotZeroShort(value: F32): I32 {
  return f32.ne(value, f32.const(0));
}

function productLong(c: Context, b: F64, isFused: boolean): void {
  const a = c.let(c.frLong("r1"));
  const product = c.let(f64.mul(a, b));
  const conditions: NativeConditions = {
    usable: inRangeLong(product),
    usableToo: (refuse) => {
      refuse(isNotZero(product));
      refuse(i32.eqz(i32.or(isZero(a), isZero(b))));
    },
    exact: (refuse) => requireProduct(c, refuse, a, b, product, isFused),
  };
  guarded(c, conditions, () => c.setFrLong("r1", product));
}

function productShort(c: Context, b: F32): void {
  const a = c.let(c.frShort("r1"));
  const product = c.let(f32.mul(a, b));
  const conditions: NativeConditions = {
    usable: inRangeShort(product),
    usableToo: (refuse) => {
      refuse(isNotZeroShort(product));
      refuse(i32.eqz(i32.or(isZeroShort(a), isZeroShort(b))));
    },
    exact: (refuse) => refuse(f64.ne(f64.promoteF32(product), f64.mul(f64.promoteF32(a), f64.promoteF32(b)))),
  };
  guarded(c, conditions, () => c.setFrShort("r1", product));
}

/** Always exact. */
function productShortToLong(c: Context, b: F32): void {
  const product = c.let(f64.mul(f64.promoteF32(c.frShort("r1")), f64.promoteF32(b)));
  guarded(c, { usable: finiteLong(product), exact: () => {} }, () => c.setFrLong("r1", product));
}

function quotientLong(c: Context, b: F64, isFused: boolean): void {
  const a = c.let(c.frLong("r1"));
  const quotient = c.let(f64.div(a, b));
  const conditions: NativeConditions = {
    usable: inRangeLong(quotient),
    usableToo: (refuse) => {
      refuse(isNotZero(quotient));
      refuse(isNotZero(a));
    },
    exact: (refuse) => requireProduct(c, refuse, quotient, b, a, isFused),
  };
  guarded(c, conditions, () => c.setFrLong("r1", quotient));
}

function quotientShort(c: Context, b: F32): void {
  const a = c.let(c.frShort("r1"));
  const quotient = c.let(f32.div(a, b));
  const conditions: NativeConditions = {
    usable: inRangeShort(quotient),
    usableToo: (refuse) => {
      refuse(isNotZeroShort(quotient));
      refuse(isNotZeroShort(a));
    },
    exact: (refuse) => {
      const wayBack = f64.mul(f64.promoteF32(quotient), f64.promoteF32(b));
      c.f.if(f64.ne(wayBack, f64.promoteF32(a)), () => refuse(isNotZeroShort(quotient)));
    },
  };
  guarded(c, conditions, () => c.setFrShort("r1", quotient));
}

/** Roots of finite numbers are normal or zero. */
function rootLong(c: Context, a: F64, isFused: boolean): void {
  const root = c.let(f64.sqrt(a));
  const exact: NativeConditions["exact"] = (refuse) => requireProduct(c, refuse, root, root, a, isFused);
  guarded(c, { usable: finiteLong(root), exact }, () => c.setFrLong("r1", root));
}

function rootShort(c: Context, a: F32): void {
  const root = c.let(f32.sqrt(a));
  const exact: NativeConditions["exact"] = (refuse) => {
    const wide = c.let(f64.promoteF32(root));
    refuse(f64.ne(f64.mul(wide, wide), f64.promoteF32(a)));
  };
  guarded(c, { usable: finiteShort(root), exact }, () => c.setFrShort("r1", root));
}
