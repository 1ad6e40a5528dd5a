import { type F32, type F64, f32, f64, type I32, type I64, i32, i64, relaxed } from "@zarch/wasm-encoder";
import type { Context } from "../engine/context.ts";
import { emulatedMultiplyAdd, sumError, toOdd } from "../engine/error-free.ts";
import { hostFusesMultiplyAdd } from "../engine/fused-multiply-add.ts";
import { guarded, inRangeLong, inRangeShort, isZero, productFits } from "./bfp-guard.ts";
import { doubleword, word } from "./operands.ts";
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
    table.define(`${name}dbr`, (c) => multiplyAddLong(c, c.let(c.fr64("r2")), subtract, isFused));
    table.define(`${name}db`, (c) => multiplyAddLong(c, doubleword(c), subtract, isFused));
    table.define(`${name}ebr`, (c) => multiplyAddShort(c, c.let(c.fr32("r2")), subtract, isFused));
    table.define(`${name}eb`, (c) => multiplyAddShort(c, word(c), subtract, isFused));
  }
}

function multiplyAddLong(c: Context, secondBits: I64, subtract: boolean, isFused: boolean): void {
  const thirdBits = c.let(c.fr64("r3"));
  const a = c.let<"f64">(f64.reinterpretI64(thirdBits));
  const b = c.let<"f64">(f64.reinterpretI64(secondBits));
  const first: F64 = f64.reinterpretI64(c.fr64("r1"));
  const addend = c.let(subtract ? f64.neg(first) : first);
  const { value, valid } = isFused
    ? { value: c.let(relaxed.f64MultiplyAdd(a, b, addend)), valid: i32.const(-1) }
    : emulatedMultiplyAdd(c.f, a, b, addend);
  const bits = c.let(i64.reinterpretF64(value));
  const factorIsZero = i32.or(isZero(a), isZero(b));
  const exact = (): I32 => {
    const product = c.let(f64.mul(a, b));
    const isProductExact = i32.or(factorIsZero, i32.and(productFits(thirdBits, secondBits), inRangeLong(i64.reinterpretF64(product))));
    const sum = c.let(f64.add(product, addend));
    return i32.and(isProductExact, isZero(sumError(c.f, product, addend, sum)));
  };
  // A sum of numbers of this size that is zero is exactly that, and has not underflowed.
  const cancels = f64.gt(f64.abs(addend), f64.const(2 ** -900));
  const usableToo = i32.and(i32.and(isZero(value), i32.or(factorIsZero, cancels)), valid);
  guarded(c, { usable: i32.and(inRangeLong(bits), valid), usableToo, exact }, () => c.setFr64("r1", bits));
}

/** The product of short numbers is exact as a long one. */
function multiplyAddShort(c: Context, secondBits: I32, subtract: boolean, isFused: boolean): void {
  const a = c.let<"f32">(f32.reinterpretI32(c.fr32("r3")));
  const b = c.let<"f32">(f32.reinterpretI32(secondBits));
  const first: F32 = f32.reinterpretI32(c.fr32("r1"));
  const addend = c.let(subtract ? f32.neg(first) : first);
  const wide = (): { sum: F64; error: F64 } => {
    const product = c.let(f64.mul(f64.promoteF32(a), f64.promoteF32(b)));
    const term = c.let(f64.promoteF32(addend));
    const sum = c.let(f64.add(product, term));
    return { sum, error: sumError(c.f, product, term, sum) };
  };
  let bits: I32;
  let exact: () => I32;
  let isExactZero: I32;
  if (isFused) {
    const value = c.let(relaxed.f32MultiplyAdd(a, b, addend));
    bits = c.let(i32.reinterpretF32(value));
    exact = () => {
      const { sum, error } = wide();
      return i32.and(isZero(error), f64.eq(f64.promoteF32(value), sum));
    };
    const factorIsZero = i32.or(f32.eq(a, f32.const(0)), f32.eq(b, f32.const(0)));
    const cancels = f32.gt(f32.abs(addend), f32.const(2 ** -60));
    isExactZero = i32.and(f32.eq(value, f32.const(0)), i32.or(factorIsZero, cancels));
  } else {
    const { sum, error } = wide();
    const value = c.let(f32.demoteF64(toOdd(c.f, sum, error)));
    bits = c.let(i32.reinterpretF32(value));
    exact = () => i32.and(isZero(error), f64.eq(f64.promoteF32(value), sum));
    isExactZero = isZero(sum);
  }
  guarded(c, { usable: inRangeShort(bits), usableToo: isExactZero, exact }, () => c.setFr32("r1", bits));
}
