import { type F32, type F64, f32, f64, type I32, i32, i64 } from "@zarch/wasm-encoder";
import { BfpState } from "../engine/bfp-state.ts";
import type { Context } from "../engine/context.ts";

const DXC_AFP_REGISTER = 1;
const DXC_BFP_INSTRUCTION = 2;

/** Refuses a BFP instruction while the AFP-register control is off. For definitions without a slow half. */
export function bfpInstruction(c: Context): void {
  c.f.if(i32.eqz(c.afpControl()), () => c.dataException(i32.const(DXC_BFP_INSTRUCTION)));
}

/**
 * Runs `native` when the AFP-register control is on and the numbers are no NaNs; all else is the slow half's. For what cannot be
 * inexact.
 */
export function unlessNan(c: Context, numbers: readonly (F32 | F64)[], native: () => void): void {
  const { f } = c;
  f.block((slow) => {
    f.brIf(slow, i32.eqz(c.afpControl()));
    for (const each of numbers) f.brIf(slow, isNan(each));
    native();
    c.finish();
  });
  c.helper();
}

function isNan(value: F32 | F64): I32 {
  return value.type === "f64" ? f64.ne(value as F64, value as F64) : f32.ne(value as F32, value as F32);
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

/** Leaves the native half if a condition holds. */
export type Refuse = (condition: I32) => void;

/** What must hold for the host's own arithmetic to give the architected answer. */
export interface NativeConditions {
  /** The operation has no exception besides inexact. */
  readonly usable: I32;
  /** Refuses what is not usable in a rarer way either. Built where it is needed: when `usable` does not hold. */
  readonly usableToo?: (refuse: Refuse) => void;
  /** Refuses results that are not exact. Built where it is needed: only looked at while the inexact flag is off. */
  readonly exact: (refuse: Refuse) => void;
}

/**
 * Runs `native` when the traps are off, the rounding mode is to nearest, and the conditions hold; all else is the slow
 * half's. An inexact result is native when the inexact flag is on already, for then it changes nothing in the FPC.
 */
export function guarded(c: Context, { usable, usableToo, exact }: NativeConditions, native: () => void): void {
  const { f } = c;
  f.block((slow) => {
    // Several branches that are hardly ever taken are faster than one by a condition put together of several.
    const refuse: Refuse = (condition) => f.brIf(slow, condition);
    if (usableToo) f.if(i32.eqz(usable), () => usableToo(refuse));
    else refuse(i32.eqz(usable));
    const state = c.let(c.bfpState());
    f.if(state, () => {
      refuse(i32.ne(state, BfpState.exactOnly));
      exact(refuse);
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

export function isZero(value: F64): I32 {
  return f64.eq(value, f64.const(0));
}

export function isNotZero(value: F64): I32 {
  return f64.ne(value, f64.const(0));
}
