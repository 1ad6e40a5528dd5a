import { type F32, type F64, type I32, type I64, i64 } from "@zarch/wasm-encoder";
import type { Context } from "../engine/context.ts";

/** Where a second operand comes from, by the instruction's form. Each entry gives its value as 32 or 64 bits. */
export type Source32 = (c: Context) => I32;
export type Source64 = (c: Context) => I64;

export const r2: Source32 = (c) => c.let(c.gr32("r2"));
export const r3: Source32 = (c) => c.let(c.gr32("r3"));
export const g2: Source64 = (c) => c.let(c.gr64("r2"));
export const g3: Source64 = (c) => c.let(c.gr64("r3"));
/** Register r2, its right half sign- or zero-extended to 64 bits (AGFR, ALGFR ...). */
export const r2Signed: Source64 = (c) => c.let(i64.extendS(c.gr32("r2")));
export const r2Unsigned: Source64 = (c) => c.let(i64.extendU(c.gr32("r2")));

/** Storage operand 2. */
export const word: Source32 = (c) => c.loadI32(c.address(2), 32, true);
export const halfword: Source32 = (c) => c.loadI32(c.address(2), 16, true);
export const doubleword: Source64 = (c) => c.loadI64(c.address(2), 64, false);
export const wordSigned: Source64 = (c) => c.loadI64(c.address(2), 32, true);
export const wordUnsigned: Source64 = (c) => c.loadI64(c.address(2), 32, false);
export const halfwordSigned: Source64 = (c) => c.loadI64(c.address(2), 16, true);
export const halfwordUnsigned: Source64 = (c) => c.loadI64(c.address(2), 16, false);

/** Floating-point operand 2: a register or storage. */
export const frLong2 = (c: Context): F64 => c.let(c.frLong("r2"));
export const frShort2 = (c: Context): F32 => c.let(c.frShort("r2"));
export const storedLong = (c: Context): F64 => c.loadF64(c.address(2));
export const storedShort = (c: Context): F32 => c.loadF32(c.address(2));

/** Immediate operand 2, signed or unsigned. */
export const i2: Source32 = (c) => c.let(c.field("i2", true));
export const i2Unsigned: Source32 = (c) => c.let(c.field("i2"));
export const i2Signed64: Source64 = (c) => c.let(i64.extendS(c.field("i2", true)));
export const i2Unsigned64: Source64 = (c) => c.let(i64.extendU(c.field("i2")));

/** Storage operand at a relative address (LRL, CGRL ...). */
export const relativeWord: Source32 = (c) => c.loadI32(aligned(c, 3), 32, true);
export const relativeHalfword: Source32 = (c) => c.loadI32(c.relativeAddress("ri2"), 16, true);
export const relativeHalfwordUnsigned: Source32 = (c) => c.loadI32(c.relativeAddress("ri2"), 16, false);
export const relativeDoubleword: Source64 = (c) => c.loadI64(aligned(c, 7), 64, false);
export const relativeWordSigned: Source64 = (c) => c.loadI64(aligned(c, 3), 32, true);
export const relativeWordUnsigned: Source64 = (c) => c.loadI64(aligned(c, 3), 32, false);
export const relativeHalfwordSigned: Source64 = (c) => c.loadI64(c.relativeAddress("ri2"), 16, true);
export const relativeHalfwordUnsigned64: Source64 = (c) => c.loadI64(c.relativeAddress("ri2"), 16, false);

/** The relative address of operand 2, refused with a specification exception when a bit of `mask` is set in it. */
export function aligned(c: Context, mask: number): I64 {
  const address = c.relativeAddress("ri2");
  const bits = c.relativeBits("ri2", address, mask);
  if (bits.constant !== 0) c.programIf(bits, 6);
  return address;
}
