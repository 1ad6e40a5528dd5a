import type { ByteWriter } from "./bytes.ts";
import type { ValueType } from "./types.ts";

/**
 * A pure description of one WebAssembly value. Nothing is emitted before a statement uses it, and it is emitted anew for
 * each use: keep a value in a local (see FunctionBuilder.let) when it is used twice or must be computed before a later
 * side effect.
 */
export class Expression<T extends ValueType = ValueType> {
  readonly type: T;
  /** Defined when the value is known while building: a number for i32, f32 and f64, a bigint for i64. */
  readonly constant: number | bigint | undefined;
  readonly #emit: (out: ByteWriter) => void;

  constructor(type: T, emit: (out: ByteWriter) => void, constant?: number | bigint) {
    this.type = type;
    this.#emit = emit;
    this.constant = constant;
  }

  emit(out: ByteWriter): void {
    this.#emit(out);
  }
}

export type I32 = Expression<"i32">;
export type I64 = Expression<"i64">;
export type F32 = Expression<"f32">;
export type F64 = Expression<"f64">;
export type V128 = Expression<"v128">;
/** An operand that may be given as a plain number. */
export type I32Operand = I32 | number;
export type I64Operand = I64 | number | bigint;

export function constI32(value: number): I32 {
  const wrapped = value | 0;
  return new Expression(
    "i32",
    (out) => {
      out.u8(0x41);
      out.s32(wrapped);
    },
    wrapped,
  );
}

export function constI64(value: number | bigint): I64 {
  const wrapped = BigInt.asIntN(64, BigInt(value));
  return new Expression(
    "i64",
    (out) => {
      out.u8(0x42);
      out.s64(wrapped);
    },
    wrapped,
  );
}

export function constF64(value: number): F64 {
  return new Expression(
    "f64",
    (out) => {
      out.u8(0x44);
      out.f64(value);
    },
    value,
  );
}

export function constF32(value: number): F32 {
  return new Expression(
    "f32",
    (out) => {
      out.u8(0x43);
      out.f32(value);
    },
    value,
  );
}

function asI32(operand: I32Operand): I32 {
  return typeof operand === "number" ? constI32(operand) : operand;
}

function asI64(operand: I64Operand): I64 {
  return operand instanceof Expression ? operand : constI64(operand);
}

function unary<T extends ValueType>(type: T, opcode: number, a: Expression): Expression<T> {
  return new Expression(type, (out) => {
    a.emit(out);
    out.u8(opcode);
  });
}

function binary<T extends ValueType>(type: T, opcode: number, a: Expression, b: Expression): Expression<T> {
  return new Expression(type, (out) => {
    a.emit(out);
    b.emit(out);
    out.u8(opcode);
  });
}

function ternarySelect<T extends ValueType>(a: Expression<T>, b: Expression<T>, condition: I32): Expression<T> {
  if (condition.constant !== undefined) return condition.constant ? a : b;
  return new Expression(a.type, (out) => {
    a.emit(out);
    b.emit(out);
    condition.emit(out);
    out.u8(0x1b);
  });
}

/** `condition ? a : b`, both sides evaluated. */
export const select = ternarySelect;

function foldI32(opcode: number, fold: (a: number, b: number) => number, identity?: number) {
  return (a: I32Operand, b: I32Operand): I32 => {
    const x = asI32(a);
    const y = asI32(b);
    if (x.constant !== undefined && y.constant !== undefined) return constI32(fold(x.constant as number, y.constant as number));
    if (identity !== undefined && y.constant === identity) return x;
    return binary("i32", opcode, x, y);
  };
}

function foldI64(opcode: number, fold: (a: bigint, b: bigint) => bigint, identity?: bigint) {
  return (a: I64Operand, b: I64Operand): I64 => {
    const x = asI64(a);
    const y = asI64(b);
    if (x.constant !== undefined && y.constant !== undefined) return constI64(fold(x.constant as bigint, y.constant as bigint));
    if (identity !== undefined && y.constant === identity) return x;
    return binary("i64", opcode, x, y);
  };
}

function compareI32(opcode: number, fold: (a: number, b: number) => boolean) {
  return foldI32(opcode, (a, b) => (fold(a, b) ? 1 : 0));
}

function compareI64(opcode: number, fold: (a: bigint, b: bigint) => boolean) {
  return (a: I64Operand, b: I64Operand): I32 => {
    const x = asI64(a);
    const y = asI64(b);
    if (x.constant !== undefined && y.constant !== undefined) return constI32(fold(x.constant as bigint, y.constant as bigint) ? 1 : 0);
    return binary("i32", opcode, x, y);
  };
}

function binaryI32(opcode: number) {
  return (a: I32Operand, b: I32Operand): I32 => binary("i32", opcode, asI32(a), asI32(b));
}

function binaryI64(opcode: number) {
  return (a: I64Operand, b: I64Operand): I64 => binary("i64", opcode, asI64(a), asI64(b));
}

function load<T extends ValueType>(type: T, opcode: number, alignment: number) {
  return (address: I32, offset = 0): Expression<T> =>
    new Expression(type, (out) => {
      address.emit(out);
      out.u8(opcode);
      out.u32(alignment);
      out.u32(offset);
    });
}

const u32 = (value: number): number => value >>> 0;
const u64 = (value: bigint): bigint => BigInt.asUintN(64, value);

/** i32 operators, named as in the WebAssembly text format. */
export const i32 = {
  const: constI32,
  add: foldI32(0x6a, (a, b) => a + b, 0),
  sub: foldI32(0x6b, (a, b) => a - b, 0),
  mul: foldI32(0x6c, (a, b) => Math.imul(a, b), 1),
  divS: binaryI32(0x6d),
  divU: binaryI32(0x6e),
  remS: binaryI32(0x6f),
  remU: binaryI32(0x70),
  and: foldI32(0x71, (a, b) => a & b, -1),
  or: foldI32(0x72, (a, b) => a | b, 0),
  xor: foldI32(0x73, (a, b) => a ^ b, 0),
  shl: foldI32(0x74, (a, b) => a << b, 0),
  shrS: foldI32(0x75, (a, b) => a >> b, 0),
  shrU: foldI32(0x76, (a, b) => a >>> b, 0),
  rotl: binaryI32(0x77),
  rotr: binaryI32(0x78),
  clz: (a: I32): I32 => unary("i32", 0x67, a),
  ctz: (a: I32): I32 => unary("i32", 0x68, a),
  popcnt: (a: I32): I32 => unary("i32", 0x69, a),
  eqz: (a: I32): I32 => (a.constant !== undefined ? constI32(a.constant === 0 ? 1 : 0) : unary("i32", 0x45, a)),
  eq: compareI32(0x46, (a, b) => a === b),
  ne: compareI32(0x47, (a, b) => a !== b),
  ltS: compareI32(0x48, (a, b) => a < b),
  ltU: compareI32(0x49, (a, b) => u32(a) < u32(b)),
  gtS: compareI32(0x4a, (a, b) => a > b),
  gtU: compareI32(0x4b, (a, b) => u32(a) > u32(b)),
  leS: compareI32(0x4c, (a, b) => a <= b),
  leU: compareI32(0x4d, (a, b) => u32(a) <= u32(b)),
  geS: compareI32(0x4e, (a, b) => a >= b),
  geU: compareI32(0x4f, (a, b) => u32(a) >= u32(b)),
  wrap: (a: I64): I32 => (a.constant !== undefined ? constI32(Number(BigInt.asIntN(32, a.constant as bigint))) : unary("i32", 0xa7, a)),
  extend8S: (a: I32): I32 => unary("i32", 0xc0, a),
  extend16S: (a: I32): I32 => unary("i32", 0xc1, a),
  reinterpretF32: (a: F32): I32 => unary("i32", 0xbc, a),
  load: load("i32", 0x28, 0),
  load8S: load("i32", 0x2c, 0),
  load8U: load("i32", 0x2d, 0),
  load16S: load("i32", 0x2e, 0),
  load16U: load("i32", 0x2f, 0),
} as const;

/** i64 operators, named as in the WebAssembly text format. */
export const i64 = {
  const: constI64,
  add: foldI64(0x7c, (a, b) => a + b, 0n),
  sub: foldI64(0x7d, (a, b) => a - b, 0n),
  mul: foldI64(0x7e, (a, b) => a * b, 1n),
  divS: binaryI64(0x7f),
  divU: binaryI64(0x80),
  remS: binaryI64(0x81),
  remU: binaryI64(0x82),
  and: foldI64(0x83, (a, b) => a & b, -1n),
  or: foldI64(0x84, (a, b) => a | b, 0n),
  xor: foldI64(0x85, (a, b) => a ^ b, 0n),
  shl: foldI64(0x86, (a, b) => a << (b & 63n), 0n),
  shrS: foldI64(0x87, (a, b) => a >> (b & 63n), 0n),
  shrU: foldI64(0x88, (a, b) => u64(a) >> (b & 63n), 0n),
  rotl: binaryI64(0x89),
  rotr: binaryI64(0x8a),
  clz: (a: I64): I64 => unary("i64", 0x79, a),
  ctz: (a: I64): I64 => unary("i64", 0x7a, a),
  popcnt: (a: I64): I64 => unary("i64", 0x7b, a),
  eqz: (a: I64): I32 => (a.constant !== undefined ? constI32(a.constant === 0n ? 1 : 0) : unary("i32", 0x50, a)),
  eq: compareI64(0x51, (a, b) => a === b),
  ne: compareI64(0x52, (a, b) => a !== b),
  ltS: compareI64(0x53, (a, b) => a < b),
  ltU: compareI64(0x54, (a, b) => u64(a) < u64(b)),
  gtS: compareI64(0x55, (a, b) => a > b),
  gtU: compareI64(0x56, (a, b) => u64(a) > u64(b)),
  leS: compareI64(0x57, (a, b) => a <= b),
  leU: compareI64(0x58, (a, b) => u64(a) <= u64(b)),
  geS: compareI64(0x59, (a, b) => a >= b),
  geU: compareI64(0x5a, (a, b) => u64(a) >= u64(b)),
  extendS: (a: I32Operand): I64 => {
    const x = asI32(a);
    return x.constant !== undefined ? constI64(x.constant) : unary("i64", 0xac, x);
  },
  extendU: (a: I32Operand): I64 => {
    const x = asI32(a);
    return x.constant !== undefined ? constI64((x.constant as number) >>> 0) : unary("i64", 0xad, x);
  },
  extend8S: (a: I64): I64 => unary("i64", 0xc2, a),
  extend16S: (a: I64): I64 => unary("i64", 0xc3, a),
  extend32S: (a: I64): I64 => unary("i64", 0xc4, a),
  reinterpretF64: (a: F64): I64 => unary("i64", 0xbd, a),
  load: load("i64", 0x29, 0),
  load8S: load("i64", 0x30, 0),
  load8U: load("i64", 0x31, 0),
  load16S: load("i64", 0x32, 0),
  load16U: load("i64", 0x33, 0),
  load32S: load("i64", 0x34, 0),
  load32U: load("i64", 0x35, 0),
} as const;

/** f32 operators, named as in the WebAssembly text format. */
export const f32 = {
  const: constF32,
  abs: (a: F32): F32 => unary("f32", 0x8b, a),
  neg: (a: F32): F32 => unary("f32", 0x8c, a),
  sqrt: (a: F32): F32 => unary("f32", 0x91, a),
  add: (a: F32, b: F32): F32 => binary("f32", 0x92, a, b),
  sub: (a: F32, b: F32): F32 => binary("f32", 0x93, a, b),
  mul: (a: F32, b: F32): F32 => binary("f32", 0x94, a, b),
  div: (a: F32, b: F32): F32 => binary("f32", 0x95, a, b),
  eq: (a: F32, b: F32): I32 => binary("i32", 0x5b, a, b),
  ne: (a: F32, b: F32): I32 => binary("i32", 0x5c, a, b),
  lt: (a: F32, b: F32): I32 => binary("i32", 0x5d, a, b),
  gt: (a: F32, b: F32): I32 => binary("i32", 0x5e, a, b),
  le: (a: F32, b: F32): I32 => binary("i32", 0x5f, a, b),
  ge: (a: F32, b: F32): I32 => binary("i32", 0x60, a, b),
  demoteF64: (a: F64): F32 => unary("f32", 0xb6, a),
  convertI32S: (a: I32): F32 => unary("f32", 0xb2, a),
  convertI32U: (a: I32): F32 => unary("f32", 0xb3, a),
  convertI64S: (a: I64): F32 => unary("f32", 0xb4, a),
  convertI64U: (a: I64): F32 => unary("f32", 0xb5, a),
  reinterpretI32: (a: I32): F32 => unary("f32", 0xbe, a),
  load: load("f32", 0x2a, 0),
} as const;

/** f64 operators, named as in the WebAssembly text format. */
export const f64 = {
  const: constF64,
  abs: (a: F64): F64 => unary("f64", 0x99, a),
  neg: (a: F64): F64 => unary("f64", 0x9a, a),
  ceil: (a: F64): F64 => unary("f64", 0x9b, a),
  floor: (a: F64): F64 => unary("f64", 0x9c, a),
  trunc: (a: F64): F64 => unary("f64", 0x9d, a),
  nearest: (a: F64): F64 => unary("f64", 0x9e, a),
  sqrt: (a: F64): F64 => unary("f64", 0x9f, a),
  add: (a: F64, b: F64): F64 => binary("f64", 0xa0, a, b),
  sub: (a: F64, b: F64): F64 => binary("f64", 0xa1, a, b),
  mul: (a: F64, b: F64): F64 => binary("f64", 0xa2, a, b),
  div: (a: F64, b: F64): F64 => binary("f64", 0xa3, a, b),
  eq: (a: F64, b: F64): I32 => binary("i32", 0x61, a, b),
  ne: (a: F64, b: F64): I32 => binary("i32", 0x62, a, b),
  lt: (a: F64, b: F64): I32 => binary("i32", 0x63, a, b),
  gt: (a: F64, b: F64): I32 => binary("i32", 0x64, a, b),
  le: (a: F64, b: F64): I32 => binary("i32", 0x65, a, b),
  ge: (a: F64, b: F64): I32 => binary("i32", 0x66, a, b),
  promoteF32: (a: F32): F64 => unary("f64", 0xbb, a),
  convertI32S: (a: I32): F64 => unary("f64", 0xb7, a),
  convertI32U: (a: I32): F64 => unary("f64", 0xb8, a),
  convertI64S: (a: I64): F64 => unary("f64", 0xb9, a),
  convertI64U: (a: I64): F64 => unary("f64", 0xba, a),
  reinterpretI64: (a: I64): F64 => unary("f64", 0xbf, a),
  load: load("f64", 0x2b, 0),
} as const;

function simdOpcode(out: ByteWriter, opcode: number): void {
  out.u8(0xfd);
  out.u32(opcode);
}

function simd<T extends ValueType>(type: T, opcode: number, ...operands: readonly Expression[]): Expression<T> {
  return new Expression(type, (out) => {
    for (const operand of operands) operand.emit(out);
    simdOpcode(out, opcode);
  });
}

/** The few operators on sixteen bytes that searches and comparisons need. A comparison makes a byte all ones or all zeros. */
export const i8x16 = {
  splat: (a: I32): V128 => simd("v128", 0x0f, a),
  eq: (a: V128, b: V128): V128 => simd("v128", 0x23, a, b),
  ne: (a: V128, b: V128): V128 => simd("v128", 0x24, a, b),
  /** The leftmost bits of all bytes; that of lane 0 becomes bit 0. */
  bitmask: (a: V128): I32 => simd("i32", 0x64, a),
} as const;

/** The few v128 operators that bulk copies and logic need. */
export const v128 = {
  load: (address: I32, offset = 0): V128 =>
    new Expression("v128", (out) => {
      address.emit(out);
      simdOpcode(out, 0);
      out.u32(0);
      out.u32(offset);
    }),
  and: (a: V128, b: V128): V128 => simd("v128", 0x4e, a, b),
  or: (a: V128, b: V128): V128 => simd("v128", 0x50, a, b),
  xor: (a: V128, b: V128): V128 => simd("v128", 0x51, a, b),
  /** i8x16.shuffle with sixteen constant lane numbers (0 to 31). */
  shuffle: (a: V128, b: V128, lanes: readonly number[]): V128 =>
    new Expression("v128", (out) => {
      a.emit(out);
      b.emit(out);
      simdOpcode(out, 0x0d);
      out.bytes(lanes);
    }),
} as const;

/**
 * Multiply-add in a vector lane: with one rounding or with two, as the host likes (relaxed SIMD). Try it before using it.
 */
export const relaxed = {
  f64MultiplyAdd: (a: F64, b: F64, c: F64): F64 => relaxedMultiplyAdd("f64", a, b, c, 0x14, 0x107, 0x21),
  f32MultiplyAdd: (a: F32, b: F32, c: F32): F32 => relaxedMultiplyAdd("f32", a, b, c, 0x13, 0x105, 0x1f),
} as const;

function relaxedMultiplyAdd<T extends "f32" | "f64">(
  type: T,
  a: Expression<T>,
  b: Expression<T>,
  c: Expression<T>,
  splat: number,
  multiplyAdd: number,
  extractLane: number,
): Expression<T> {
  return new Expression(type, (out) => {
    for (const operand of [a, b, c]) {
      operand.emit(out);
      simdOpcode(out, splat);
    }
    simdOpcode(out, multiplyAdd);
    simdOpcode(out, extractLane);
    out.u8(0);
  });
}

/** Truncation without a trap (the saturating forms), for values that are known or checked to be in range. */
export const truncSaturating = {
  i32FromF64S: (a: F64): I32 =>
    new Expression("i32", (out) => {
      a.emit(out);
      out.bytes([0xfc, 2]);
    }),
  i32FromF64U: (a: F64): I32 =>
    new Expression("i32", (out) => {
      a.emit(out);
      out.bytes([0xfc, 3]);
    }),
  i64FromF64S: (a: F64): I64 =>
    new Expression("i64", (out) => {
      a.emit(out);
      out.bytes([0xfc, 6]);
    }),
  i64FromF64U: (a: F64): I64 =>
    new Expression("i64", (out) => {
      a.emit(out);
      out.bytes([0xfc, 7]);
    }),
} as const;
