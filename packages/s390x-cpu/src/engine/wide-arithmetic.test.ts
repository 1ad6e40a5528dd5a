import { ModuleBuilder } from "@zarch/wasm-encoder";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { FunctionSet } from "./functions.ts";
import { declareWideArithmetic, defineWideArithmetic, productHigh } from "./wide-arithmetic.ts";

const { divideWide, high } = exportsOf();

function exportsOf(): Record<"divideWide" | "high", (...values: bigint[]) => bigint> {
  const module = new ModuleBuilder();
  const functions = new FunctionSet(module);
  declareWideArithmetic(functions);
  functions.declare("high", ["i64", "i64"], "i64");
  defineWideArithmetic(functions);
  functions.define("high", ["i64", "i64"], "i64", (f) => f.push(productHigh(f, f.param(0, "i64").value, f.param(1, "i64").value)));
  for (const name of ["divideWide", "high"]) module.exportFunction(name, functions.index(name));
  const { exports } = new WebAssembly.Instance(new WebAssembly.Module(module.toBytes()));
  return exports as Record<"divideWide" | "high", (...values: bigint[]) => bigint>;
}

const unsigned = (value: bigint): bigint => BigInt.asUintN(64, value);

/** Also numbers whose halves are at the edges, where digits are guessed wrong. */
const half = fc.oneof(fc.constantFrom(0n, 1n, 0x7fff_ffffn, 0x8000_0000n, 0xffff_fffen, 0xffff_ffffn), fc.bigInt(0n, 0xffff_ffffn));
const number = fc.oneof(
  fc.bigInt(0n, (1n << 64n) - 1n),
  fc.tuple(half, half).map(([left, right]) => (left << 32n) | right),
  fc.bigInt(0n, 1000n),
);

describe("wide arithmetic", () => {
  it("insn: MLGR: the left half of a product of 128 bits", () => {
    fc.assert(
      fc.property(number, number, (a, b) => {
        expect(unsigned(high(a, b))).toBe((a * b) >> 64n);
      }),
      { numRuns: 2000 },
    );
  });

  it("insn: DLGR: the quotient of 128 bits by 64", () => {
    fc.assert(
      fc.property(number, number, number, (a, low, b) => {
        fc.pre(a !== b);
        const [top, divisor] = a < b ? [a, b] : [b, a];
        expect(unsigned(divideWide(top, low, divisor))).toBe(((top << 64n) | low) / divisor);
      }),
      { numRuns: 5000 },
    );
  });
});
