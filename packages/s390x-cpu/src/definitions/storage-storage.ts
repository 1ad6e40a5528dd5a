import { call, type I32, i32 } from "@zarch/wasm-encoder";
import type { Context } from "../engine/context.ts";
import type { DefinitionTable } from "./table.ts";

/** MVC, CLC, NC, OC, XC and other instructions with two operands in storage (PoP chapter 7). */
export function defineStorageStorage(table: DefinitionTable): void {
  /** The usual case, when both operands may be accessed at once; everything else is the runtime's. */
  const inPages = (c: Context, writes: boolean, body: (target: I32, source: I32, length: I32) => void): void => {
    const length = c.let(i32.add(c.field("l"), 1));
    const first = c.address(1);
    const second = c.address(2);
    const target = c.spanOrZero(first, length, writes, 1);
    c.f.if(target, () => {
      const source = c.spanOrZero(second, length, false, 2);
      c.f.if(source, () => {
        body(target, source, length);
        c.finish();
      });
    });
    c.helper();
  };
  table.define("mvc", (c) => inPages(c, true, (target, source, length) => c.f.call(c.function("copySpan"), target, source, length)));
  table.define("clc", (c) =>
    inPages(c, false, (target, source, length) => c.setCc(call("i32", c.function("compareSpan"), target, source, length))),
  );
  for (const [mnemonic, name] of [
    ["nc", "andSpan"],
    ["oc", "orSpan"],
    ["xc", "xorSpan"],
  ] as const)
    table.define(mnemonic, (c) =>
      inPages(c, true, (target, source, length) => c.setCc(call("i32", c.function(name), target, source, length))),
    );
}
