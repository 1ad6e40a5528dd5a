import { type I32, type I64, i32, i64, select } from "@zarch/wasm-encoder";
import type { Context } from "../engine/context.ts";
import type { Source32, Source64 } from "./operands.ts";
import * as from from "./operands.ts";
import type { DefinitionTable } from "./table.ts";

const operations = {
  n: { i32: i32.and, i64: i64.and },
  o: { i32: i32.or, i64: i64.or },
  x: { i32: i32.xor, i64: i64.xor },
} as const;

/** AND, OR, EXCLUSIVE OR, TEST UNDER MASK, and the insertions of immediates (PoP chapter 7). */
export function defineLogical(table: DefinitionTable): void {
  for (const [letter, operation] of Object.entries(operations)) {
    const narrow = (mnemonic: string, source: Source32, first: "r1" | "r2" = "r1"): void =>
      table.define(mnemonic, (c) => {
        const y = source(c);
        const r = c.let(operation.i32(c.gr32(first), y));
        c.setGr32("r1", r);
        c.ccLogical32(r);
      });
    const wide = (mnemonic: string, source: Source64, first: "r1" | "r2" = "r1"): void =>
      table.define(mnemonic, (c) => {
        const y = source(c);
        const r = c.let(operation.i64(c.gr64(first), y));
        c.setGr64("r1", r);
        c.ccLogical64(r);
      });
    narrow(`${letter}r`, from.r2);
    narrow(`${letter}rk`, from.r3, "r2");
    narrow(letter, from.word);
    narrow(`${letter}y`, from.word);
    wide(`${letter}gr`, from.g2);
    wide(`${letter}grk`, from.g3, "r2");
    wide(`${letter}g`, from.doubleword);
    for (const mnemonic of [`${letter}i`, `${letter}iy`])
      table.define(mnemonic, (c) => {
        const mask = c.let(c.field("i2"));
        const old = c.updateI32(c.address(1), 8, (x) => operation.i32(x, mask));
        c.setCc(i32.ne(operation.i32(old, mask), 0));
      });
  }
  defineImmediates(table);
  defineTests(table);
  defineInterlocked(table);
}

/** NIHH ... XILF, IIHH ... IILF, LLIHH ... LLILF. */
function defineImmediates(table: DefinitionTable): void {
  const parts = { hh: 48, hl: 32, lh: 16, ll: 0 } as const;
  for (const [suffix, shift] of Object.entries(parts)) {
    const placed = (c: Context): I64 => i64.shl(i64.extendU(c.field("i2")), shift);
    const hole = ~(0xffffn << BigInt(shift));
    table.define(`ni${suffix}`, (c) => {
      const r = c.let(i64.and(c.gr64("r1"), i64.or(placed(c), hole)));
      c.setGr64("r1", r);
      c.setCc(i64.ne(i64.and(r, ~hole), 0));
    });
    table.define(`oi${suffix}`, (c) => {
      const r = c.let(i64.or(c.gr64("r1"), placed(c)));
      c.setGr64("r1", r);
      c.setCc(i64.ne(i64.and(r, ~hole), 0));
    });
    table.define(`ii${suffix}`, (c) => c.setGr64("r1", i64.or(i64.and(c.gr64("r1"), hole), placed(c))));
    table.define(`lli${suffix}`, (c) => c.setGr64("r1", placed(c)));
  }
  for (const [letter, operation] of Object.entries(operations)) {
    table.define(`${letter}ilf`, (c) => {
      const r = c.let(operation.i32(c.gr32("r1"), c.field("i2")));
      c.setGr32("r1", r);
      c.ccLogical32(r);
    });
    table.define(`${letter}ihf`, (c) => {
      const r = c.let(operation.i32(c.grHigh("r1"), c.field("i2")));
      c.setGrHigh("r1", r);
      c.ccLogical32(r);
    });
  }
  table.define("iilf", (c) => c.setGr32("r1", c.field("i2")));
  table.define("iihf", (c) => c.setGrHigh("r1", c.field("i2")));
  table.define("llilf", (c) => c.setGr64("r1", i64.extendU(c.field("i2"))));
  table.define("llihf", (c) => c.setGr64("r1", i64.shl(i64.extendU(c.field("i2")), 32)));
}

/** 0 all selected bits zero (or none selected), 3 all one, else 1 or 2 by the leftmost selected bit. */
function testUnderMask(c: Context, value: I32, mask: I32): void {
  const selected = c.let(i32.and(value, mask));
  // The leftmost bit of the mask is at 31 - clz(mask).
  const leftmost = i32.shrU(i32.const(-0x8000_0000), i32.clz(mask));
  const mixed = i32.add(i32.ne(i32.and(selected, leftmost), 0), 1);
  c.setCc(select(i32.const(0), select(i32.const(3), mixed, i32.eq(selected, mask)), i32.eqz(selected)));
}

function defineTests(table: DefinitionTable): void {
  for (const mnemonic of ["tm", "tmy"])
    table.define(mnemonic, (c) => {
      const mask = c.let(c.field("i2"));
      const selected = c.let(i32.and(c.loadI32(c.address(1), 8, false, 1), mask));
      // TEST UNDER MASK knows no 2: mixed is always 1.
      c.setCc(select(i32.const(0), select(i32.const(3), i32.const(1), i32.eq(selected, mask)), i32.eqz(selected)));
    });
  table.define("tmll", (c) => testUnderMask(c, c.gr32("r1"), c.let(c.field("i2"))));
  table.define("tmlh", (c) => testUnderMask(c, i32.shrU(c.gr32("r1"), 16), c.let(c.field("i2"))));
  table.define("tmhl", (c) => testUnderMask(c, c.grHigh("r1"), c.let(c.field("i2"))));
  table.define("tmhh", (c) => testUnderMask(c, i32.shrU(c.grHigh("r1"), 16), c.let(c.field("i2"))));
}

/** Interlocked-access facility 1: LOAD AND ADD, AND, OR, EXCLUSIVE OR. One CPU at a time runs in this memory. */
function defineInterlocked(table: DefinitionTable): void {
  const narrow = (mnemonic: string, compute: (a: I32, b: I32) => I32, cc: (c: Context, old: I32, y: I32, r: I32) => void): void =>
    table.define(mnemonic, (c) => {
      const address = c.address(2);
      c.programIf(i32.wrap(i64.and(address, 3)), 6);
      const y = c.let(c.gr32("r3"));
      const old = c.let(c.updateI32(address, 32, (x) => compute(x, y), 2));
      c.setGr32("r1", old);
      cc(c, old, y, c.let(compute(old, y)));
    });
  const wide = (mnemonic: string, compute: (a: I64, b: I64) => I64, cc: (c: Context, old: I64, y: I64, r: I64) => void): void =>
    table.define(mnemonic, (c) => {
      const address = c.address(2);
      c.programIf(i32.wrap(i64.and(address, 7)), 6);
      const y = c.let(c.gr64("r3"));
      const old = c.updateI64(address, 64, (x) => compute(x, y), 2);
      c.setGr64("r1", old);
      cc(c, old, y, c.let(compute(old, y)));
    });
  narrow("laa", i32.add, (c, old, y, r) => c.fixedPointOverflow(c.ccAddS32(old, y, r)));
  narrow("laal", i32.add, (c, old, _y, r) => c.ccAddU32(old, r));
  narrow("lan", i32.and, (c, _old, _y, r) => c.ccLogical32(r));
  narrow("lao", i32.or, (c, _old, _y, r) => c.ccLogical32(r));
  narrow("lax", i32.xor, (c, _old, _y, r) => c.ccLogical32(r));
  wide("laag", i64.add, (c, old, y, r) => c.fixedPointOverflow(c.ccAddS64(old, y, r)));
  wide("laalg", i64.add, (c, old, _y, r) => c.ccAddU64(old, r));
  wide("lang", i64.and, (c, _old, _y, r) => c.ccLogical64(r));
  wide("laog", i64.or, (c, _old, _y, r) => c.ccLogical64(r));
  wide("laxg", i64.xor, (c, _old, _y, r) => c.ccLogical64(r));
}
