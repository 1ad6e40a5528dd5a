import { type I32, type I64, i32, i64 } from "@zarch/wasm-encoder";
import { PSW_MASK } from "../engine/layout.ts";

/**
 * What a region takes for granted about the PSW: PSW bits 31 and 32 (0 24-bit, 2 31-bit, 3 64-bit mode) as bits 1 and 0, and a
 * fixed-point-overflow mask of zero (bit 20).
 */
export type AddressingMode = 24 | 31 | 64;

const keys: Readonly<Record<number, AddressingMode>> = { 0: 24, 2: 31, 3: 64 };

/** The mode that a key stands for; undefined when regions are of no use. */
export function modeOfKey(key: number): AddressingMode | undefined {
  return keys[key];
}

/** The key of the PSW now: to be compared with that of a region before it is entered. */
export function modeKey(): I32 {
  const high = i32.load(i32.const(PSW_MASK + 4));
  const basic = i32.shrU(i32.load(i32.const(PSW_MASK)), 31);
  return i32.or(i32.and(high, FIXED_POINT_OVERFLOW_MASK | 1), i32.shl(basic, 1));
}

/** The same for the runtime. */
export function modeKeyOf(pswHigh: number, pswLow: number): number {
  return (pswHigh & (FIXED_POINT_OVERFLOW_MASK | 1)) | ((pswLow >>> 31) << 1);
}

const FIXED_POINT_OVERFLOW_MASK = 0x0800;

export function wrapInMode(address: I64, mode: AddressingMode): I64 {
  if (mode === 64) return address;
  return i64.and(address, mode === 31 ? 0x7fff_ffffn : 0xff_ffffn);
}
