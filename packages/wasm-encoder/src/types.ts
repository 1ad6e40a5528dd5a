/** WebAssembly value types by their names in the text format. */
export type ValueType = "i32" | "i64" | "f32" | "f64" | "v128";

export const valueTypeCode: Readonly<Record<ValueType, number>> = { i32: 0x7f, i64: 0x7e, f32: 0x7d, f64: 0x7c, v128: 0x7b };

export interface FunctionType {
  readonly params: readonly ValueType[];
  readonly results: readonly ValueType[];
}

/** Limits of a memory in pages of 64 KiB, or of a table in elements. */
export interface Limits {
  readonly minimum: number;
  readonly maximum?: number;
  readonly shared?: boolean;
}
