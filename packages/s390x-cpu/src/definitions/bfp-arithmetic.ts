import { type F32, type F64, f32, f64, type I32, type I64, i32, i64 } from "@zarch/wasm-encoder";
import type { Context } from "../engine/context.ts";
import { ccLong, ccShort, finiteLong, finiteShort, guarded, inRangeLong, inRangeShort, isZero, productFits } from "./bfp-guard.ts";
import { doubleword, type Source32, type Source64, word } from "./operands.ts";
import type { DefinitionTable } from "./table.ts";

const fr2Long: Source64 = (c) => c.let(c.fr64("r2"));
const fr2Short: Source32 = (c) => c.let(c.fr32("r2"));

const asLong = (c: Context, bits: I64): F64 => c.let(f64.reinterpretI64(bits));
const asShort = (c: Context, bits: I32): F32 => c.let(f32.reinterpretI32(bits));
const bitsOfLong = (c: Context, value: F64): I64 => c.let(i64.reinterpretF64(value));
const bitsOfShort = (c: Context, value: F32): I32 => c.let(i32.reinterpretF32(value));

/**
 * ADD, SUBTRACT, MULTIPLY, DIVIDE and SQUARE ROOT in the short and long formats (PoP chapter 19). What is
 * not native is the runtime's. NaN operands make NaN results, which no native path takes, so that payloads are its affair.
 */
export function defineBfpArithmetic(table: DefinitionTable): void {
  for (const [suffix, long, short] of [
    ["br", fr2Long, fr2Short],
    ["b", doubleword, word],
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
function sumLong(c: Context, second: I64, operation: (a: F64, b: F64) => F64): void {
  const a = asLong(c, c.fr64("r1"));
  const b = asLong(c, second);
  const sum = c.let(operation(a, b));
  const exact = (): I32 => {
    // The rounding error after Knuth: what of `a` and `b` the sum does not hold.
    const held = c.let(f64.sub(sum, a));
    const lost = f64.sub(a, f64.sub(sum, held));
    return f64.eq(operation === f64.add ? f64.add(lost, f64.sub(b, held)) : f64.sub(lost, f64.add(b, held)), f64.const(0));
  };
  guarded(c, { usable: finiteLong(sum), exact }, () => {
    c.setFr64("r1", i64.reinterpretF64(sum));
    ccLong(c, sum);
  });
}

function sumShort(c: Context, second: I32, operation: (a: F32, b: F32) => F32): void {
  const a = asShort(c, c.fr32("r1"));
  const b = asShort(c, second);
  const sum = c.let(operation(a, b));
  const exact = (): I32 => {
    const held = c.let(f32.sub(sum, a));
    const lost = f32.sub(a, f32.sub(sum, held));
    return f32.eq(operation === f32.add ? f32.add(lost, f32.sub(b, held)) : f32.sub(lost, f32.add(b, held)), f32.const(0));
  };
  guarded(c, { usable: finiteShort(sum), exact }, () => {
    c.setFr32("r1", i32.reinterpretF32(sum));
    ccShort(c, sum);
  });
}

function isZeroShort(value: F32): I32 {
  return f32.eq(value, f32.const(0));
}

function productLong(c: Context, second: I64): void {
  const first = c.let(c.fr64("r1"));
  const a = asLong(c, first);
  const b = asLong(c, second);
  const product = c.let(f64.mul(a, b));
  const bits = bitsOfLong(c, product);
  const usableToo = i32.and(isZero(product), i32.or(isZero(a), isZero(b)));
  guarded(c, { usable: inRangeLong(bits), usableToo, exact: () => i32.or(productFits(first, second), isZero(product)) }, () =>
    c.setFr64("r1", bits),
  );
}

function productShort(c: Context, second: I32): void {
  const a = asShort(c, c.fr32("r1"));
  const b = asShort(c, second);
  const product = c.let(f32.mul(a, b));
  const bits = bitsOfShort(c, product);
  const usableToo = i32.and(isZeroShort(product), i32.or(isZeroShort(a), isZeroShort(b)));
  const exact = (): I32 => f64.eq(f64.promoteF32(product), f64.mul(f64.promoteF32(a), f64.promoteF32(b)));
  guarded(c, { usable: inRangeShort(bits), usableToo, exact }, () => c.setFr32("r1", bits));
}

/** Always exact. */
function productShortToLong(c: Context, second: I32): void {
  const product = c.let(f64.mul(f64.promoteF32(asShort(c, c.fr32("r1"))), f64.promoteF32(asShort(c, second))));
  guarded(c, { usable: finiteLong(product), exact: () => i32.const(1) }, () => c.setFr64("r1", i64.reinterpretF64(product)));
}

function quotientLong(c: Context, second: I64): void {
  const a = asLong(c, c.fr64("r1"));
  const b = asLong(c, second);
  const quotient = c.let(f64.div(a, b));
  const bits = bitsOfLong(c, quotient);
  const usableToo = i32.and(isZero(quotient), isZero(a));
  const exact = (): I32 =>
    i32.or(
      isZero(quotient),
      // The way back is exact, and a dividend below the normal range would be rounded on it.
      i32.and(i32.and(productFits(bits, second), f64.eq(f64.mul(quotient, b), a)), inRangeLong(i64.reinterpretF64(a))),
    );
  guarded(c, { usable: inRangeLong(bits), usableToo, exact }, () => c.setFr64("r1", bits));
}

function quotientShort(c: Context, second: I32): void {
  const a = asShort(c, c.fr32("r1"));
  const b = asShort(c, second);
  const quotient = c.let(f32.div(a, b));
  const bits = bitsOfShort(c, quotient);
  const usableToo = i32.and(isZeroShort(quotient), isZeroShort(a));
  const exact = (): I32 => i32.or(isZeroShort(quotient), f64.eq(f64.mul(f64.promoteF32(quotient), f64.promoteF32(b)), f64.promoteF32(a)));
  guarded(c, { usable: inRangeShort(bits), usableToo, exact }, () => c.setFr32("r1", bits));
}

/** Roots of finite numbers are normal or zero. */
function rootLong(c: Context, second: I64): void {
  const a = asLong(c, second);
  const root = c.let(f64.sqrt(a));
  const bits = bitsOfLong(c, root);
  const exact = (): I32 =>
    i32.or(isZero(root), i32.and(i32.and(productFits(bits, bits), f64.eq(f64.mul(root, root), a)), inRangeLong(second)));
  guarded(c, { usable: finiteLong(root), exact }, () => c.setFr64("r1", bits));
}

function rootShort(c: Context, second: I32): void {
  const a = asShort(c, second);
  const root = c.let(f32.sqrt(a));
  const exact = (): I32 => {
    const wide = c.let(f64.promoteF32(root));
    return f64.eq(f64.mul(wide, wide), f64.promoteF32(a));
  };
  guarded(c, { usable: finiteShort(root), exact }, () => c.setFr32("r1", i32.reinterpretF32(root)));
}
