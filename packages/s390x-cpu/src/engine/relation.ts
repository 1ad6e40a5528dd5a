import { type F64, f64, type I32, i32 } from "@zarch/wasm-encoder";

/** Bits of a mask field by the condition code they select. */
const EQUAL = 8;
const LOW = 4;
const HIGH = 2;
const UNORDERED = 1;

/** The comparisons that WebAssembly has for integers of one width: `i32` or `i64`. */
interface Comparisons<T> {
  eq(a: T, b: T): I32;
  ne(a: T, b: T): I32;
  ltS(a: T, b: T): I32;
  ltU(a: T, b: T): I32;
  leS(a: T, b: T): I32;
  leU(a: T, b: T): I32;
  gtS(a: T, b: T): I32;
  gtU(a: T, b: T): I32;
  geS(a: T, b: T): I32;
  geU(a: T, b: T): I32;
}

/**
 * Whether two integers are in one of the relations that a known mask selects (8 equal, 4 first low, 2 first high; bit 1
 * selects nothing), as one comparison.
 */
export function relation<T>(of: Comparisons<T>, mask: number, signed: boolean, a: T, b: T): I32 {
  switch (mask & (EQUAL | LOW | HIGH)) {
    case 0:
      return i32.const(0);
    case HIGH:
      return signed ? of.gtS(a, b) : of.gtU(a, b);
    case LOW:
      return signed ? of.ltS(a, b) : of.ltU(a, b);
    case LOW | HIGH:
      return of.ne(a, b);
    case EQUAL:
      return of.eq(a, b);
    case EQUAL | HIGH:
      return signed ? of.geS(a, b) : of.geU(a, b);
    case EQUAL | LOW:
      return signed ? of.leS(a, b) : of.leU(a, b);
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
