import { type F64, f64, type I32, type I64, i32, i64, relaxed } from "@zarch/wasm-encoder";
import type { Context } from "../engine/context.ts";
import { sumError } from "../engine/error-free.ts";
import { inRangeLong, isNotZero, isZero, type Refuse } from "./bfp-guard.ts";

/** A product of this size has an error that is representable. */
const PRODUCT_WITH_ERROR = 2 ** -900;

/**
 * Refuses unless `product` is exactly a * b. It must be what the host makes of that, or a dividend that makes `a` of `b`, or what has
 * the root `a` equal to `b`.
 *
 * @param isFused whether the host's multiply-add rounds once: then it gives the error
 */
export function requireProduct(c: Context, refuse: Refuse, a: F64, b: F64, product: F64, isFused: boolean): void {
  const refuseUnlessZero = (): void => refuse(i32.eqz(i32.or(isZero(a), isZero(b))));
  if (isFused) {
    refuse(isNotZero(relaxed.f64MultiplyAdd(a, b, f64.neg(product))));
    c.f.if(f64.lt(f64.abs(product), f64.const(PRODUCT_WITH_ERROR)), refuseUnlessZero);
    return;
  }
  const isExact = i32.and(i32.and(productFits(a, b), f64.eq(f64.mul(a, b), product)), inRangeLong(product));
  c.f.if(i32.eqz(isExact), refuseUnlessZero);
}

/** Refuses unless `sum`, which the host made of a + b, is that exactly. */
export function requireSum(c: Context, refuse: Refuse, a: F64, b: F64, sum: F64): void {
  refuse(isNotZero(sumError(c.f, a, b, sum)));
}

/** Whether the product of two significands surely fits 53 bits. */
function productFits(a: F64, b: F64): I32 {
  return i64.geU(i64.add(trailingZeros(a), trailingZeros(b)), 53);
}

/** Zeros at the right end of a significand. */
function trailingZeros(value: F64): I64 {
  return i64.ctz(i64.or(i64.reinterpretF64(value), 0x0010_0000_0000_0000n));
}
