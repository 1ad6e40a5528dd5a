import { FunctionBuilder, ModuleBuilder } from "@zarch/wasm-encoder";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { exactMultiplyAdd } from "../bfp/exact.ts";
import { LONG, Unpacked, unpackLong } from "../bfp/format.ts";
import { BfpContext, FPC_FLAG_INEXACT, ROUND_NEAREST_TIES_EVEN } from "../bfp/index.ts";
import { emulatedMultiplyAdd } from "./error-free.ts";

type MultiplyAdd = (a: number, b: number, c: number) => number;

function build(): { value: MultiplyAdd; valid: MultiplyAdd } {
  const module = new ModuleBuilder();
  for (const name of ["value", "valid"] as const) {
    const f = new FunctionBuilder({ params: ["f64", "f64", "f64"], results: [name === "value" ? "f64" : "i32"] });
    const [a, b, c] = [0, 1, 2].map((index) => f.param(index, "f64").value);
    f.push(emulatedMultiplyAdd(f, a!, b!, c!)[name]);
    const index = module.declare(f.type);
    module.define(index, f.locals, f.code);
    module.exportFunction(name, index);
  }
  const instance = new WebAssembly.Instance(new WebAssembly.Module(module.toBytes()));
  return instance.exports as { value: MultiplyAdd; valid: MultiplyAdd };
}

const view = new DataView(new ArrayBuffer(8));

function words(x: number): [number, number] {
  view.setFloat64(0, x);
  return [view.getInt32(0), view.getInt32(4)];
}

function reference(a: number, b: number, c: number): number {
  const ctx = new BfpContext();
  ctx.fpc = FPC_FLAG_INEXACT;
  const [x, y, z] = [a, b, c].map((number) => unpackLong(new Unpacked(), ...words(number)));
  exactMultiplyAdd(ctx, LONG, x!, y!, z!, false, ROUND_NEAREST_TIES_EVEN);
  view.setInt32(0, ctx.r0);
  view.setInt32(4, ctx.r1);
  return view.getFloat64(0);
}

describe("multiply-add with one rounding", () => {
  const { value, valid } = build();
  const factor = fc.oneof(fc.double({ min: -2, max: 2, noNaN: true }), fc.integer(), fc.double({ min: -1e100, max: 1e100, noNaN: true }));

  it("is what the exact algorithm gives, where the operands are common", () => {
    fc.assert(
      fc.property(factor, factor, factor, fc.integer({ min: -60, max: 60 }), (a, b, noise, shift) => {
        // Addends of the size of the product, and around it, are the hard ones.
        for (const c of [noise, a * b, -(a * b), a * b * 2 ** shift, -(a * b) * (1 + 2 ** -shift)]) {
          if (valid(a, b, c)) expect(value(a, b, c)).toBe(reference(a, b, c));
        }
      }),
    );
  });

  it("knows halfway cases that a rounded product would decide wrongly", () => {
    const a = 1 + 2 ** -30;
    for (const [x, y, c] of [
      [a, a, 2 ** 53],
      [a, -a, 2 ** 53 + 2],
      [1 + 2 ** -52, 1 - 2 ** -53, -1],
      [3, 1 / 3, -1],
    ] as const) {
      expect(valid(x, y, c)).toBe(1);
      expect(value(x, y, c)).toBe(reference(x, y, c));
    }
  });

  it("declines what could overflow or underflow on the way", () => {
    for (const c of [2 ** -500, 2 ** 500, Number.NaN, Number.POSITIVE_INFINITY]) expect(valid(1, 1, c)).toBe(0);
    expect(valid(2 ** 490, 1, 1)).toBe(0);
  });

  it("knows zeros, and their signs", () => {
    for (const [a, b, c] of [
      [0, 3, 0.1],
      [-0, 3, 2 ** 600],
      [0, 3, -0],
      [0, -3, -0],
      [-0, 3, 0],
      [0.1, 0.3, 0],
      [0.1, -0.3, -0],
    ] as const) {
      expect(valid(a, b, c)).toBe(1);
      expect(value(a, b, c)).toBe(reference(a, b, c));
    }
  });
});
