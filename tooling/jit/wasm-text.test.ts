import { describe, expect, it } from "vitest";
import { definedInstructions } from "../../packages/s390x-cpu/src/definitions/all.ts";
import { hotHandlers } from "../../packages/s390x-cpu/src/definitions/hot.ts";
import { numberHandlers } from "../../packages/s390x-cpu/src/engine/handlers.ts";
import { generateInterpreter } from "../../packages/s390x-cpu/src/engine/interpreter.ts";
import { memoryLayout } from "../../packages/s390x-cpu/src/engine/layout.ts";
import { call, FunctionBuilder, f64, i32, i64, ModuleBuilder } from "../../packages/wasm-encoder/src/index.ts";
import { moduleText, type TextOptions } from "./wasm-text.ts";

function textOf(build: (f: FunctionBuilder, imported: number) => Partial<TextOptions> | undefined): string {
  const module = new ModuleBuilder();
  const imported = module.importFunction("env", "helper", { params: ["i64"], results: ["i32"] });
  module.importFunction("env", "unused", { params: [], results: [] });
  module.importMemory("env", "memory", { minimum: 1, maximum: 2 });
  const f = new FunctionBuilder({ params: ["i64"], results: ["i32"] });
  const options = build(f, imported);
  const index = module.declare(f.type);
  module.define(index, f.locals, f.code);
  module.exportFunction("region", index);
  const bytes = module.toBytes();
  expect(WebAssembly.validate(bytes)).toBe(true);
  return moduleText(bytes, { localNames: f.names, ...options });
}

/** The lines between the function's head, with its locals, and its closing bracket, without their common indentation. */
const bodyOf = (text: string): string[] =>
  text
    .split("\n")
    .slice(1, -3)
    .filter((line) => !/\((import|func|local) /.test(line) || line.includes("local.get"))
    .map((line) => line.slice(4));

describe("WebAssembly text", () => {
  it("folds operands into their operators, and knows names of locals, functions and places in memory", () => {
    const text = textOf((f, imported) => {
      const base = f.param(0, "i64", "base");
      const sum = f.local("i32", "sum");
      f.set(sum, i32.add(i32.load(i32.const(40), 8), call("i32", imported, i64.and(base.value, -4096n))));
      f.storeI64(i32.const(16), i64.xor(base.value, 0xffff_0000n));
      f.push(sum.value);
      return { addressName: (address) => ({ 48: "BUDGET", 16: "%r2" })[address] };
    });
    expect(text).toBe(`(module
  (import "env" "helper" (func $helper (param i64) (result i32)))
  (import "env" "memory" (memory 1 2))
  (func $region (export "region") (param $base i64) (result i32)
    (local $sum i32)
    (local.set $sum (i32.add (i32.load offset=8 (i32.const 40)) (; BUDGET ;) (call $helper (i64.and (local.get $base) (i64.const -4096)))))
    (i64.store (i32.const 16) (i64.xor (local.get $base) (i64.const 0xffff0000))) (; %r2 ;)
    (local.get $sum)
  )
)
`);
  });

  it("a long expression has a line for each operand, and its function is still imported", () => {
    const text = textOf((f, imported) => {
      const base = f.param(0, "i64", "a_parameter_with_a_name_that_is_very_long_indeed");
      f.push(call("i32", imported, i64.mul(i64.add(base.value, base.value), base.value)));
      return undefined;
    });
    const name = "a_parameter_with_a_name_that_is_very_long_indeed";
    expect(bodyOf(text)).toEqual([
      "(call $helper",
      "  (i64.mul",
      `    (i64.add (local.get $${name}) (local.get $${name}))`,
      `    (local.get $${name})))`,
    ]);
    expect(text).toContain('(import "env" "helper"');
  });

  it("names labels by the comments at the places that branches to them go to", () => {
    const text = textOf((f) => {
      const comments: { position: number; text: string; label: string }[] = [];
      const note = (label: string): void => void comments.push({ position: f.position, text: `here is ${label}`, label });
      const count = f.local("i32", "count");
      f.block((out) => {
        f.loop((again) => {
          note("head");
          f.brIf(out, i32.eqz(count.value));
          f.block(() => f.set(count, i32.sub(count.value, 1)));
          f.br(again);
        });
      });
      note("tail");
      f.push(count.value);
      return { comments };
    });
    expect(bodyOf(text)).toEqual([
      "(block $to_tail",
      "  (loop $loop_head",
      "",
      "    ;; here is head",
      "    (br_if $to_tail (i32.eqz (local.get $count)))",
      "    (local.set $count (i32.sub (local.get $count) (i32.const 1)))",
      "    (br $loop_head)",
      "  )",
      ")",
      "",
      ";; here is tail",
      "(local.get $count)",
    ]);
  });

  it("a label never hides another one of the same name that is still in use", () => {
    const text = textOf((f) => {
      f.block((outer) => {
        f.block((inner) => {
          f.brIf(outer, i32.wrap(f.param(0, "i64").value));
          f.brIf(inner, i32.eqz(i32.wrap(f.param(0, "i64").value)));
        });
        f.block((next) => f.br(next));
      });
      f.push(i32.const(0));
      return undefined;
    });
    const names = [...text.matchAll(/\(block (\S+)/g)].map(([, name]) => name);
    expect(new Set(names).size).toBe(3);
    expect(text).toContain(`(br_if ${names[0]} `);
    expect(text).toContain(`(br_if ${names[1]} `);
  });

  it("an if with one simple statement takes one line, another has both its sides indented", () => {
    const text = textOf((f) => {
      const low = i32.wrap(f.param(0, "i64", "base").value);
      const place = f.local("f64", "place");
      f.if(low, () => f.return(i32.const(1)));
      f.if(
        i32.eqz(low),
        () => f.set(place, f64.const(-0)),
        () => f.set(place, f64.const(Number.NEGATIVE_INFINITY)),
      );
      f.unreachable();
      return undefined;
    });
    expect(bodyOf(text)).toEqual([
      "(if (i32.wrap_i64 (local.get $base)) (then (return (i32.const 1))))",
      "(if (i32.eqz (i32.wrap_i64 (local.get $base))) (then",
      "  (local.set $place (f64.const -0))",
      ") (else",
      "  (local.set $place (f64.const -inf))",
      "))",
      "(unreachable)",
    ]);
  });

  it("the exact text has every import, block and alignment", () => {
    const text = textOf((f) => {
      f.block(() => f.storeI32(i32.const(8), i32.const(1)));
      f.push(i32.const(0));
      return { isExact: true };
    });
    expect(text).toContain('"unused"');
    expect(bodyOf(text).slice(0, 3)).toEqual(["(block $b1", "  (i32.store align=1 (i32.const 8) (i32.const 1))", ")"]);
  });

  it("knows every operator of the interpreter", () => {
    const handlers = numberHandlers(definedInstructions(), hotHandlers);
    const { wasm } = generateInterpreter({ layout: memoryLayout(1 << 20), handlers, isEnabled: () => true, mode: "fast" });
    const text = moduleText(wasm);
    for (const operator of ["br_table", "call_indirect", "i8x16.shuffle", "f64x2.relaxed_madd", "i64.trunc_sat_f64_s", "memory.fill"])
      expect(text).toContain(`(${operator} `);
  });
});
