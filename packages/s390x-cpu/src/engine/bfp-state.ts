import { type I32, i32 } from "@zarch/wasm-encoder";

/** Control register 0 bit 45: AFP-register control. */
export const AFP_REGISTER_CONTROL = 0x0004_0000;
/** FPC bit 12. */
const INEXACT_FLAG = 0x0008_0000;
/** FPC: all IEEE masks, and the BFP rounding mode, of which 0 is to nearest with ties to even. */
const MASKS_AND_ROUNDING = 0xf800_0007 | 0;

/** What besides its result a BFP operation may change or depend on, as numbers that {@link bfpState} gives. */
export const BfpState = {
  /** Nothing: no traps, rounding to nearest, and the inexact flag is on already. */
  settled: 0,
  /** As settled, but an inexact result turns the inexact flag on. */
  exactOnly: INEXACT_FLAG,
} as const;

/** A {@link BfpState}, or another number when only the exact algorithms know what to do. */
export function bfpState(fpc: I32, controlLow0: I32): I32 {
  const state = i32.or(i32.and(fpc, MASKS_AND_ROUNDING | INEXACT_FLAG), i32.and(controlLow0, AFP_REGISTER_CONTROL));
  return i32.xor(state, INEXACT_FLAG | AFP_REGISTER_CONTROL);
}

/** The same for the runtime. */
export function bfpStateOf(fpc: number, controlLow0: number): number {
  return ((fpc & (MASKS_AND_ROUNDING | INEXACT_FLAG)) | (controlLow0 & AFP_REGISTER_CONTROL)) ^ (INEXACT_FLAG | AFP_REGISTER_CONTROL);
}
