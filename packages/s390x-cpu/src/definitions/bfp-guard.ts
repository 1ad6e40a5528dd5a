import { type F32, type F64, f32, f64, type I32, type I64, i32, i64 } from "@zarch/wasm-encoder";
import { BfpState } from "../engine/bfp-state.ts";
import type { Context } from "../engine/context.ts";

const DXC_AFP_REGISTER = 1;
const DXC_BFP_INSTRUCTION = 2;

/** Refuses a BFP instruction while the AFP-register control is off. For definitions without a slow half. */
export function bfpInstruction(c: Context): void {
  c.f.if(i32.eqz(c.afpControl()), () => c.dataException(i32.const(DXC_BFP_INSTRUCTION)));
}

/** Runs `native` when the AFP-register control is on and the condition holds; all else is the slow half's. For what cannot be inexact. */
export function whenAllowed(c: Context, condition: I32, native: () => void): void {
  c.f.block((slow) => {
    c.f.brIf(slow, i32.eqz(c.afpControl()));
    c.f.brIf(slow, i32.eqz(condition));
    native();
    c.finish();
  });
  c.helper();
}

/** Refuses floating-point registers other than 0, 2, 4 and 6 while the AFP-register control is off. */
export function afpRegisters(c: Context, ...names: readonly ("r1" | "r2" | "r3")[]): void {
  const additional = names.map((name) => c.registerNumber(name)).reduce((all, number) => i32.or(all, number));
  const used = i32.and(additional, 9);
  if (used.constant === 0) return;
  c.f.if(i32.eqz(c.afpControl()), () => {
    c.f.if(used, () => c.dataException(i32.const(DXC_AFP_REGISTER)));
  });
}

/** What must hold for the host's own arithmetic to give the architected answer. */
export interface NativeConditions {
  /** The operation has no exception besides inexact. */
  readonly usable: I32;
  /** The rarer way to be usable, looked at when `usable` does not hold. */
  readonly usableToo?: I32;
  /** Whether the result is exact. Built where it is needed: only looked at while the inexact flag is off. */
  readonly exact: () => I32;
}

/**
 * Runs `native` when the traps are off, the rounding mode is to nearest, and the conditions hold; all else is the slow
 * half's. An inexact result is native when the inexact flag is on already, for then it changes nothing in the FPC.
 */
export function guarded(c: Context, conditions: NativeConditions, native: () => void): void {
  const { f } = c;
  const { usable, usableToo, exact } = conditions;
  f.block((slow) => {
    if (usableToo)
      f.block((settled) => {
        f.brIf(settled, usable);
        f.brIf(slow, i32.eqz(usableToo));
      });
    else f.brIf(slow, i32.eqz(usable));
    const state = c.let(c.bfpState());
    f.if(state, () => {
      f.brIf(slow, i32.ne(state, BfpState.exactOnly));
      f.brIf(slow, i32.eqz(exact()));
    });
    native();
    c.finish();
  });
  c.helper();
}

/**
 * Whether a result is finite and at least twice the smallest normal number in magnitude, so that it neither overflowed nor was
 * tiny before rounding. It is an exponent that says so: other tests need constants of 64 bits.
 */
export function inRangeLong(value: F64): I32 {
  const exponent = i32.and(i32.wrap(i64.shrU(i64.reinterpretF64(value), 32)), 0x7ff0_0000);
  return i32.ltU(i32.sub(exponent, 0x0020_0000), 0x7fd0_0000);
}

export function inRangeShort(value: F32): I32 {
  const exponent = i32.and(i32.reinterpretF32(value), 0x7f80_0000);
  return i32.ltU(i32.sub(exponent, 0x0100_0000), 0x7e80_0000);
}

export function finiteLong(value: F64): I32 {
  return f64.lt(f64.abs(value), f64.const(Number.POSITIVE_INFINITY));
}

export function finiteShort(value: F32): I32 {
  return f32.lt(f32.abs(value), f32.const(Number.POSITIVE_INFINITY));
}

/** Sets the condition code by a result: 0 zero, 1 negative, 2 positive, 3 NaN. */
export function ccLong(c: Context, value: F64): void {
  c.ccCompareF64(value, f64.const(0));
}

export function ccShort(c: Context, value: F32): void {
  ccLong(c, f64.promoteF32(value));
}

/** Zeros at the right end of a significand. */
function trailingZeros(value: F64): I64 {
  return i64.ctz(i64.or(i64.reinterpretF64(value), 0x0010_0000_0000_0000n));
}

/** Whether the product of two significands surely fits 53 bits. */
export function productFits(a: F64, b: F64): I32 {
  return i64.geU(i64.add(trailingZeros(a), trailingZeros(b)), 53);
}

export function isZero(value: F64): I32 {
  return f64.eq(value, f64.const(0));
}
