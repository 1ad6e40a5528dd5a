import { type F64, type FunctionBuilder, f64, type I32, i32, i64, select } from "@zarch/wasm-encoder";

/** A result of multiply-add, rounded once. */
export interface Fused {
  readonly value: F64;
  /** Whether the operands are such that the value can be relied on. */
  readonly valid: I32;
}

/** The rounding error of the sum `s` of `a` and `b` (Knuth). */
export function sumError(f: FunctionBuilder, a: F64, b: F64, s: F64): F64 {
  const held = f.let(f64.sub(s, a));
  return f.let(f64.add(f64.sub(a, f64.sub(s, held)), f64.sub(b, held)));
}

/** The neighbour of `s` on the side of its error, if `s` is inexact and even: so rounded, a second rounding does no harm. */
export function toOdd(f: FunctionBuilder, s: F64, error: F64): F64 {
  const bits = f.let(i64.reinterpretF64(s));
  const outward = i32.eq(f64.gt(s, f64.const(0)), f64.gt(error, f64.const(0)));
  const step = select(i64.const(1), i64.const(-1), outward);
  const isInexactAndEven = i64.extendU(i32.and(f64.ne(error, f64.const(0)), i64.eqz(i64.and(bits, 1))));
  return f64.reinterpretI64(i64.add(bits, i64.mul(step, isInexactAndEven)));
}

const SPLITTER = 2 ** 27 + 1;

/** Multiply-add after Boldo and Melquiond: the small parts of product and sum are themselves summed to odd. */
export function emulatedMultiplyAdd(f: FunctionBuilder, a: F64, b: F64, addend: F64): Fused {
  // Within these bounds neither the product nor its error overflows or underflows.
  const isCommon = (x: F64): I32 => i32.and(f64.gt(f64.abs(x), f64.const(2 ** -480)), f64.lt(f64.abs(x), f64.const(2 ** 480)));
  const isZero = (x: F64): I32 => f64.eq(x, f64.const(0));
  const factorIsZero = f.let(i32.or(isZero(a), isZero(b)));
  const valid = f.let(i32.or(factorIsZero, i32.and(i32.and(isCommon(a), isCommon(b)), i32.or(isCommon(addend), isZero(addend)))));
  const product = f.let(f64.mul(a, b));
  const split = (x: F64): readonly [high: F64, low: F64] => {
    const scaled = f.let(f64.mul(f64.const(SPLITTER), x));
    const high = f.let(f64.sub(scaled, f64.sub(scaled, x)));
    return [high, f.let(f64.sub(x, high))];
  };
  const [ah, al] = split(a);
  const [bh, bl] = split(b);
  const rest = f64.sub(f64.sub(f64.sub(product, f64.mul(ah, bh)), f64.mul(al, bh)), f64.mul(ah, bl));
  const productError = f.let(f64.sub(f64.mul(al, bl), rest));
  const small = f.let(f64.add(addend, productError));
  const smallError = sumError(f, addend, productError, small);
  const sum = f.let(f64.add(product, small));
  const error = sumError(f, product, small, sum);
  const errors = f.let(f64.add(smallError, error));
  const odd = toOdd(f, errors, sumError(f, smallError, error, errors));
  // A product that is zero has no error, but a sign.
  return { value: f.let(select(f64.add(product, addend), f64.add(sum, odd), factorIsZero)), valid };
}
