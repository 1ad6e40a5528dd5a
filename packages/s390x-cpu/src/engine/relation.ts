import { type F64, f64, type I32, type I64, i32, i64 } from "@zarch/wasm-encoder";

/** Bits of a mask field by the condition code they select. */
const EQUAL = 8;
const LOW = 4;
const HIGH = 2;
const UNORDERED = 1;

/**
 * Whether two numbers are in one of the relations that a known mask selects (8 equal, 4 first low, 2 first high; bit 1
 * selects nothing), as one comparison.
 */
export function relation32(mask: number, signed: boolean, a: I32, b: I32): I32 {
  switch (mask & (EQUAL | LOW | HIGH)) {
    case 0:
      return i32.const(0);
    case HIGH:
      return signed ? i32.gtS(a, b) : i32.gtU(a, b);
    case LOW:
      return signed ? i32.ltS(a, b) : i32.ltU(a, b);
    case LOW | HIGH:
      return i32.ne(a, b);
    case EQUAL:
      return i32.eq(a, b);
    case EQUAL | HIGH:
      return signed ? i32.geS(a, b) : i32.geU(a, b);
    case EQUAL | LOW:
      return signed ? i32.leS(a, b) : i32.leU(a, b);
    default:
      return i32.const(1);
  }
}

/** As {@link relation32}. */
export function relation64(mask: number, signed: boolean, a: I64, b: I64): I32 {
  switch (mask & (EQUAL | LOW | HIGH)) {
    case 0:
      return i32.const(0);
    case HIGH:
      return signed ? i64.gtS(a, b) : i64.gtU(a, b);
    case LOW:
      return signed ? i64.ltS(a, b) : i64.ltU(a, b);
    case LOW | HIGH:
      return i64.ne(a, b);
    case EQUAL:
      return i64.eq(a, b);
    case EQUAL | HIGH:
      return signed ? i64.geS(a, b) : i64.geU(a, b);
    case EQUAL | LOW:
      return signed ? i64.leS(a, b) : i64.leU(a, b);
    default:
      return i32.const(1);
  }
}

/** Whether two floating-point numbers are in one of the relations that a mask selects; bit 1 stands for unordered. */
export function relationF64(mask: number, a: F64, b: F64): I32 {
  // A comparison is false for unordered numbers, so the opposite of the opposite relation is true for them.
  if (mask & UNORDERED) return i32.eqz(relationF64(~mask & 15, a, b));
  switch (mask) {
    case 0:
      return i32.const(0);
    case HIGH:
      return f64.gt(a, b);
    case LOW:
      return f64.lt(a, b);
    case LOW | HIGH:
      return i32.or(f64.lt(a, b), f64.gt(a, b));
    case EQUAL:
      return f64.eq(a, b);
    case EQUAL | HIGH:
      return f64.ge(a, b);
    case EQUAL | LOW:
      return f64.le(a, b);
    default:
      return i32.or(f64.le(a, b), f64.gt(a, b));
  }
}
