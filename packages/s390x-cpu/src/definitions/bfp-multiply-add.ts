import { type F32, type F64, f32, f64, type I32, i32, relaxed } from "@zarch/wasm-encoder";
import type { Context } from "../engine/context.ts";
import { emulatedMultiplyAdd, sumError, toOdd } from "../engine/error-free.ts";
import { hostFusesMultiplyAdd } from "../engine/fused-multiply-add.ts";
import { guarded, inRangeLong, inRangeShort, isZero, productFits } from "./bfp-guard.ts";
import { frLong2, frShort2, storedLong, storedShort } from "./operands.ts";
import type { DefinitionTable } from "./table.ts";

/**
 * MULTIPLY AND ADD, MULTIPLY AND SUBTRACT (PoP chapter 19): third operand times second plus or minus first, rounded once.
 * By the host's own instruction where it has one that rounds once, else by error-free transformations.
 */
export function defineBfpMultiplyAdd(table: DefinitionTable, isFused: boolean = hostFusesMultiplyAdd()): void {
  for (const [name, subtract] of [
    ["ma", false],
    ["ms", true],
  ] as const) {
    table.define(`${name}dbr`, (c) => multiplyAddLong(c, frLong2(c), subtract, isFused));
    table.define(`${name}db`, (c) => multiplyAddLong(c, storedLong(c), subtract, isFused));
    table.define(`${name}ebr`, (c) => multiplyAddShort(c, frShort2(c), subtract, isFused));
    table.define(`${name}eb`, (c) => multiplyAddShort(c, storedShort(c), subtract, isFused));
  }
}

/** Products from this size on have an error that is representable. */
const PRODUCT_WITH_ERROR = 2 ** -900;

function multiplyAddLong(c: Context, b: F64, subtract: boolean, isFused: boolean): void {
  const a = c.let(c.frLong("r3"));
  const first = c.frLong("r1");
  const addend = c.let(subtract ? f64.neg(first) : first);
  const { value, valid } = isFused
    ? { value: c.let(relaxed.f64MultiplyAdd(a, b, addend)), valid: i32.const(-1) }
    : emulatedMultiplyAdd(c.f, a, b, addend);
  const factorIsZero = i32.or(isZero(a), isZero(b));
  const exact = (): I32 => {
    const product = c.let(f64.mul(a, b));
    const isProductExact = isFused
      ? i32.and(isZero(relaxed.f64MultiplyAdd(a, b, f64.neg(product))), f64.gt(f64.abs(product), f64.const(PRODUCT_WITH_ERROR)))
      : i32.and(productFits(a, b), inRangeLong(product));
    const sum = c.let(f64.add(product, addend));
    return i32.and(i32.or(isProductExact, factorIsZero), isZero(sumError(c.f, product, addend, sum)));
  };
  // A sum of numbers of this size that is zero is exactly that, and has not underflowed.
  const cancels = f64.gt(f64.abs(addend), f64.const(2 ** -900));
  const usableToo = i32.and(i32.and(isZero(value), i32.or(factorIsZero, cancels)), valid);
  guarded(c, { usable: i32.and(inRangeLong(value), valid), usableToo, exact }, () => c.setFrLong("r1", value));
}

/** The product of short numbers is exact as a long one. */
function multiplyAddShort(c: Context, b: F32, subtract: boolean, isFused: boolean): void {
  const a = c.let(c.frShort("r3"));
  const first = c.frShort("r1");
  const addend = c.let(subtract ? f32.neg(first) : first);
  const wide = (): { sum: F64; error: F64 } => {
    const product = c.let(f64.mul(f64.promoteF32(a), f64.promoteF32(b)));
    const term = c.let(f64.promoteF32(addend));
    const sum = c.let(f64.add(product, term));
    return { sum, error: sumError(c.f, product, term, sum) };
  };
  let value: F32;
  let exact: () => I32;
  let isExactZero: I32;
  if (isFused) {
    value = c.let(relaxed.f32MultiplyAdd(a, b, addend));
    exact = () => {
      const { sum, error } = wide();
      return i32.and(isZero(error), f64.eq(f64.promoteF32(value), sum));
    };
    const factorIsZero = i32.or(f32.eq(a, f32.const(0)), f32.eq(b, f32.const(0)));
    const cancels = f32.gt(f32.abs(addend), f32.const(2 ** -60));
    isExactZero = i32.and(f32.eq(value, f32.const(0)), i32.or(factorIsZero, cancels));
  } else {
    const { sum, error } = wide();
    value = c.let(f32.demoteF64(toOdd(c.f, sum, error)));
    exact = () => i32.and(isZero(error), f64.eq(f64.promoteF32(value), sum));
    isExactZero = isZero(sum);
  }
  guarded(c, { usable: inRangeShort(value), usableToo: isExactZero, exact }, () => c.setFrShort("r1", value));
}
