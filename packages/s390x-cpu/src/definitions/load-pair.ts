import { i32, i64 } from "@zarch/wasm-encoder";
import type { Context } from "../engine/context.ts";
import { ProgramCode } from "../engine/context.ts";
import type { DefinitionTable } from "./table.ts";

/** LOAD PAIR DISJOINT (PoP chapter 7). Nothing comes between the two fetches, so the condition code is always 0. */
export function defineLoadPair(table: DefinitionTable): void {
  const addresses = (c: Context, size: number) => {
    const first = c.address(1);
    const second = c.address(2);
    c.programIf(i32.and(i32.wrap(i64.or(first, second)), size - 1), ProgramCode.specification);
    return { first, second };
  };
  table.define("lpd", (c) => {
    const { first, second } = addresses(c, 4);
    const value1 = c.loadI32(first, 32, false, 1);
    const value2 = c.loadI32(second, 32, false, 2);
    c.setGr32("r3", value1);
    c.setGr32("r3", value2, 1);
    c.setCc(i32.const(0));
  });
  table.define("lpdg", (c) => {
    const { first, second } = addresses(c, 8);
    const value1 = c.loadI64(first, 64, false, 1);
    const value2 = c.loadI64(second, 64, false, 2);
    c.setGr64("r3", value1);
    c.setGr64("r3", value2, 1);
    c.setCc(i32.const(0));
  });
}
