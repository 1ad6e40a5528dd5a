import { type FunctionBuilder, type I64, i64 } from "@zarch/wasm-encoder";
import type { FunctionSet } from "./functions.ts";

const RIGHT_HALF = 0xffff_ffffn;

/** Bits 0-63 of the unsigned 128-bit product of two values that are cheap to repeat. */
export function productHigh(f: FunctionBuilder, a: I64, b: I64): I64 {
  const aLow = f.let(i64.and(a, RIGHT_HALF));
  const aHigh = f.let(i64.shrU(a, 32));
  const bLow = f.let(i64.and(b, RIGHT_HALF));
  const bHigh = f.let(i64.shrU(b, 32));
  const middle = f.let(i64.add(i64.mul(aHigh, bLow), i64.shrU(i64.mul(aLow, bLow), 32)));
  const cross = i64.add(i64.mul(aLow, bHigh), i64.and(middle, RIGHT_HALF));
  return i64.add(i64.add(i64.mul(aHigh, bHigh), i64.shrU(middle, 32)), i64.shrU(cross, 32));
}

export function declareWideArithmetic(functions: FunctionSet): void {
  functions.declare("divideWide", ["i64", "i64", "i64"], "i64");
}

/**
 * divideWide(high, low, divisor): the quotient of a 128-bit dividend, where high is less than the divisor. Two digits of 32 bits
 * by long division (Knuth, algorithm D): each is guessed from the divisor's first digit, and at most two too large.
 */
export function defineWideArithmetic(functions: FunctionSet): void {
  functions.define("divideWide", ["i64", "i64", "i64"], "i64", (f) => {
    const high = f.param(0, "i64").value;
    const low = f.param(1, "i64").value;
    const divisor = f.param(2, "i64").value;
    const shift = f.let(i64.clz(divisor));
    const normal = f.let(i64.shl(divisor, shift));
    const first = f.let(i64.shrU(normal, 32));
    const second = f.let(i64.and(normal, RIGHT_HALF));
    const rest = f.let(i64.shl(low, shift));
    const rest1 = f.let(i64.shrU(rest, 32));
    // In two steps, as the host takes a shift by 64 for one by 0.
    const from = f.let(i64.or(i64.shl(high, shift), i64.shrU(i64.shrU(low, 1), i64.sub(63, shift))));

    /** The next digit of the quotient of `dividend` with `digit` behind it. */
    const digitOf = (dividend: I64, digit: I64): I64 => {
      const guess = f.local("i64");
      const remainder = f.local("i64");
      f.set(guess, i64.divU(dividend, first));
      f.set(remainder, i64.sub(dividend, i64.mul(guess.value, first)));
      f.block((right) => {
        f.loop((again) => {
          f.block((tooLarge) => {
            f.brIf(tooLarge, i64.gtU(guess.value, RIGHT_HALF));
            f.brIf(right, i64.leU(i64.mul(guess.value, second), i64.or(i64.shl(remainder.value, 32), digit)));
          });
          f.set(guess, i64.sub(guess.value, 1));
          f.set(remainder, i64.add(remainder.value, first));
          f.brIf(again, i64.leU(remainder.value, RIGHT_HALF));
        });
      });
      return guess.value;
    };
    const left = digitOf(from, rest1);
    // What is left is less than the divisor, whatever was lost on the left.
    const between = f.let(i64.sub(i64.or(i64.shl(from, 32), rest1), i64.mul(left, normal)));
    const right = digitOf(between, i64.and(rest, RIGHT_HALF));
    f.push(i64.or(i64.shl(left, 32), right));
  });
}
