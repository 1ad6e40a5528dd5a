import { type F32, type F64, f32, f64, i32, relaxed } from "@zarch/wasm-encoder";
import type { Context } from "../engine/context.ts";
import { emulatedMultiplyAdd, sumError, toOdd } from "../engine/error-free.ts";
import { hostFusesMultiplyAdd } from "../engine/fused-multiply-add.ts";
import { requireProduct, requireSum } from "./bfp-exact.ts";
import { guarded, inRangeLong, inRangeShort, isNotZero, isZero, type NativeConditions, type Refuse } from "./bfp-guard.ts";
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

function multiplyAddLong(c: Context, b: F64, subtract: boolean, isFused: boolean): void {
  const a = c.let(c.frLong("r3"));
  const first = c.frLong("r1");
  const addend = c.let(subtract ? f64.neg(first) : first);
  const { value, valid } = isFused
    ? { value: c.let(relaxed.f64MultiplyAdd(a, b, addend)), valid: i32.const(-1) }
    : emulatedMultiplyAdd(c.f, a, b, addend);
  const conditions: NativeConditions = {
    usable: i32.and(inRangeLong(value), valid),
    usableToo: (refuse) => {
      refuse(i32.eqz(valid));
      refuse(isNotZero(value));
      // A sum of numbers of this size that is zero is exactly that, and has not underflowed.
      const cancels = f64.gt(f64.abs(addend), f64.const(2 ** -900));
      refuse(i32.eqz(i32.or(i32.or(isZero(a), isZero(b)), cancels)));
    },
    exact: (refuse) => {
      const product = c.let(f64.mul(a, b));
      requireProduct(c, refuse, a, b, product, isFused);
      requireSum(c, refuse, product, addend, value);
    },
  };
  guarded(c, conditions, () => c.setFrLong("r1", value));
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
  const refuseInexact = (refuse: Refuse, value: F32, { sum, error }: ReturnType<typeof wide>): void => {
    refuse(isNotZero(error));
    refuse(f64.ne(f64.promoteF32(value), sum));
  };
  if (!isFused) {
    const exactly = wide();
    const value = c.let(f32.demoteF64(toOdd(c.f, exactly.sum, exactly.error)));
    const conditions: NativeConditions = {
      usable: inRangeShort(value),
      usableToo: (refuse) => refuse(isNotZero(exactly.sum)),
      exact: (refuse) => refuseInexact(refuse, value, exactly),
    };
    guarded(c, conditions, () => c.setFrShort("r1", value));
    return;
  }
  const value = c.let(relaxed.f32MultiplyAdd(a, b, addend));
  const conditions: NativeConditions = {
    usable: inRangeShort(value),
    usableToo: (refuse) => {
      refuse(f32.ne(value, f32.const(0)));
      const factorIsZero = i32.or(f32.eq(a, f32.const(0)), f32.eq(b, f32.const(0)));
      refuse(i32.eqz(i32.or(factorIsZero, f32.gt(f32.abs(addend), f32.const(2 ** -60)))));
    },
    exact: (refuse) => refuseInexact(refuse, value, wide()),
  };
  guarded(c, conditions, () => c.setFrShort("r1", value));
}
