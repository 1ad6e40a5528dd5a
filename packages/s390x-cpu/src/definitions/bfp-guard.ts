import { type F32, type F64, f32, f64, type I32, type I64, i32, i64 } from "@zarch/wasm-encoder";
import type { Context } from "../engine/context.ts";

/** Control register 0 bit 45: AFP-register control. */
export const AFP_REGISTER_CONTROL = 0x0004_0000;
const INEXACT_FLAG = 0x0008_0000;
/** FPC: all IEEE masks, and the BFP rounding mode, of which 0 is to nearest with ties to even. */
const MASKS_AND_ROUNDING = 0xf800_0007 | 0;

const DXC_AFP_REGISTER = 1;
const DXC_BFP_INSTRUCTION = 2;

/** 1 when BFP instructions are allowed, as a number of which only bit 31 counts. */
export function bfpAllowed(c: Context): I32 {
  return i32.shrU(c.controlLow(0), 18);
}

/** Refuses a BFP instruction while the AFP-register control is off. For definitions without a slow half. */
export function bfpInstruction(c: Context): void {
  c.f.if(i32.eqz(i32.and(c.controlLow(0), AFP_REGISTER_CONTROL)), () => c.dataException(i32.const(DXC_BFP_INSTRUCTION)));
}

/** Refuses floating-point registers other than 0, 2, 4 and 6 while the AFP-register control is off. */
export function afpRegisters(c: Context, ...names: readonly ("r1" | "r2" | "r3")[]): void {
  const additional = names.map((name) => c.registerNumber(name)).reduce((all, number) => i32.or(all, number));
  const used = i32.and(additional, 9);
  if (used.constant === 0) return;
  c.f.if(i32.eqz(i32.and(c.controlLow(0), AFP_REGISTER_CONTROL)), () => {
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
    const state = c.let(i32.or(i32.and(c.fpc(), MASKS_AND_ROUNDING | INEXACT_FLAG), i32.and(c.controlLow(0), AFP_REGISTER_CONTROL)));
    f.block((settled) => {
      f.brIf(settled, i32.eq(state, INEXACT_FLAG | AFP_REGISTER_CONTROL));
      f.brIf(slow, i32.ne(state, AFP_REGISTER_CONTROL));
      f.brIf(slow, i32.eqz(exact()));
    });
    native();
    c.finish();
  });
  c.helper();
}

const MINIMUM_NORMAL_LONG = 0x0010_0000_0000_0000n;
const INFINITY_LONG = 0x7ff0_0000_0000_0000n;
const MINIMUM_NORMAL_SHORT = 0x0080_0000;
const INFINITY_SHORT = 0x7f80_0000;

/**
 * Whether a result is finite and above the smallest normal number in magnitude, so that it neither overflowed nor was tiny
 * before rounding.
 */
export function inRangeLong(bits: I64): I32 {
  const magnitude = i64.and(bits, 0x7fff_ffff_ffff_ffffn);
  return i64.ltU(i64.sub(magnitude, MINIMUM_NORMAL_LONG + 1n), INFINITY_LONG - MINIMUM_NORMAL_LONG - 1n);
}

export function inRangeShort(bits: I32): I32 {
  const magnitude = i32.and(bits, 0x7fff_ffff);
  return i32.ltU(i32.sub(magnitude, MINIMUM_NORMAL_SHORT + 1), INFINITY_SHORT - MINIMUM_NORMAL_SHORT - 1);
}

export function finiteLong(value: F64): I32 {
  return f64.lt(f64.abs(value), f64.const(Number.POSITIVE_INFINITY));
}

export function finiteShort(value: F32): I32 {
  return f32.lt(f32.abs(value), f32.const(Number.POSITIVE_INFINITY));
}

/** Sets the condition code by a result that is no NaN: 0 zero, 1 negative, 2 positive. */
export function ccLong(c: Context, value: F64): void {
  c.setCc(i32.or(i32.shl(f64.gt(value, f64.const(0)), 1), f64.lt(value, f64.const(0))));
}

export function ccShort(c: Context, value: F32): void {
  c.setCc(i32.or(i32.shl(f32.gt(value, f32.const(0)), 1), f32.lt(value, f32.const(0))));
}

/** Zeros at the right end of a significand. */
function trailingZeros(bits: I64): I64 {
  return i64.ctz(i64.or(bits, 0x0010_0000_0000_0000n));
}

/** Whether the product of two significands surely fits 53 bits. */
export function productFits(a: I64, b: I64): I32 {
  return i64.geU(i64.add(trailingZeros(a), trailingZeros(b)), 53);
}

export function isZero(value: F64): I32 {
  return f64.eq(value, f64.const(0));
}
