import { type I32, type I64, i32, i64, select } from "@zarch/wasm-encoder";
import type { Context } from "../engine/context.ts";
import type { DefinitionTable } from "./table.ts";

/** PSW fields, bit counting, compare-and-swap and other general instructions (PoP chapter 7). */
export function defineMiscellaneous(table: DefinitionTable): void {
  table.define("ipm", (c) => {
    const programMask = i32.and(i32.shrU(c.pswHigh(), 8), 0xf);
    const byte = i32.or(i32.shl(c.cc(), 4), programMask);
    c.setGr32("r1", i32.or(i32.and(c.gr32("r1"), 0x00ff_ffff), i32.shl(byte, 24)));
  });
  table.define("spm", (c) => {
    const value = c.let(c.gr32("r1"));
    c.setCc(i32.and(i32.shrU(value, 28), 3));
    c.setProgramMask(i32.and(i32.shrU(value, 24), 0xf));
  });
  table.define("flogr", (c) => {
    const x = c.let(c.gr64("r2"));
    const zeros = c.let(i64.clz(x));
    // The found bit is cleared in the odd register; without one, the even register is 64.
    const cleared = c.let(select(i64.const(0), i64.and(x, i64.xor(i64.shrU(-0x8000_0000_0000_0000n, zeros), -1)), i64.eqz(x)));
    c.setGr64("r1", zeros);
    c.setGr64("r1", cleared, 1);
    c.setCc(i32.shl(i64.ne(x, 0), 1));
  });
  table.define("popcnt", (c) => {
    // A count for each byte. Condition code by the whole.
    const x = c.let(c.gr64("r2"));
    const pairs = c.let(i64.sub(x, i64.and(i64.shrU(x, 1), 0x5555_5555_5555_5555n)));
    const nibbles = c.let(i64.add(i64.and(pairs, 0x3333_3333_3333_3333n), i64.and(i64.shrU(pairs, 2), 0x3333_3333_3333_3333n)));
    const bytes = c.let(i64.and(i64.add(nibbles, i64.shrU(nibbles, 4)), 0x0f0f_0f0f_0f0f_0f0fn));
    c.setGr64("r1", bytes);
    c.setCc(i64.ne(bytes, 0));
  });
  defineCompareAndSwap(table);
  table.define("ts", (c) => {
    const old = c.updateI32(c.address(1), 8, () => i32.const(0xff), 1);
    c.setCc(i32.shrU(old, 7));
  });
}

function defineCompareAndSwap(table: DefinitionTable): void {
  const SPECIFICATION = 6;
  for (const mnemonic of ["cs", "csy"])
    table.define(mnemonic, (c) => {
      const address = c.address(2);
      c.programIf(i32.wrap(i64.and(address, 3)), SPECIFICATION);
      const expected = c.let(c.gr32("r1"));
      const replacement = c.let(c.gr32("r3"));
      const old = c.let(c.updateI32(address, 32, (x) => select(replacement, x, i32.eq(x, expected)), 2));
      settle32(c, old, expected);
    });
  table.define("csg", (c) => {
    const address = c.address(2);
    c.programIf(i32.wrap(i64.and(address, 7)), SPECIFICATION);
    const expected = c.let(c.gr64("r1"));
    const replacement = c.let(c.gr64("r3"));
    const old = c.updateI64(address, 64, (x) => select(replacement, x, i64.eq(x, expected)), 2);
    c.f.if(
      i64.eq(old, expected),
      () => c.setCc(i32.const(0)),
      () => {
        c.setGr64("r1", old);
        c.setCc(i32.const(1));
      },
    );
  });
  const joined = (c: Context, name: "r1" | "r3"): I64 =>
    c.let(i64.or(i64.shl(i64.extendU(c.gr32(name)), 32), i64.extendU(c.gr32(name, 1))));
  for (const mnemonic of ["cds", "cdsy"])
    table.define(mnemonic, (c) => {
      const address = c.address(2);
      c.programIf(i32.wrap(i64.and(address, 7)), SPECIFICATION);
      const expected = joined(c, "r1");
      const replacement = joined(c, "r3");
      const old = c.updateI64(address, 64, (x) => select(replacement, x, i64.eq(x, expected)), 2);
      c.f.if(
        i64.eq(old, expected),
        () => c.setCc(i32.const(0)),
        () => {
          c.setGr32("r1", i32.wrap(i64.shrU(old, 32)));
          c.setGr32("r1", i32.wrap(old), 1);
          c.setCc(i32.const(1));
        },
      );
    });
  table.define("cdsg", (c) => {
    const address = c.address(2);
    c.programIf(i32.wrap(i64.and(address, 15)), SPECIFICATION);
    const behind = c.let(c.wrapAddress(i64.add(address, 8)));
    // A quadword lies in one page, so the first update settles whether the second may be done.
    const high = c.updateI64(address, 64, (x) => x, 2);
    const low = c.loadI64(behind, 64, false, 2);
    const equal = i32.and(i64.eq(high, c.gr64("r1")), i64.eq(low, c.gr64("r1", 1)));
    c.f.if(
      equal,
      () => {
        c.storeI64(address, c.gr64("r3"), 64, 2);
        c.storeI64(behind, c.gr64("r3", 1), 64, 2);
        c.setCc(i32.const(0));
      },
      () => {
        c.setGr64("r1", high);
        c.setGr64("r1", low, 1);
        c.setCc(i32.const(1));
      },
    );
  });
}

function settle32(c: Context, old: I32, expected: I32): void {
  c.f.if(
    i32.eq(old, expected),
    () => c.setCc(i32.const(0)),
    () => {
      c.setGr32("r1", old);
      c.setCc(i32.const(1));
    },
  );
}
