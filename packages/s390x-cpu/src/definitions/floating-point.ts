import { type F64, f32, f64, type I64, i64 } from "@zarch/wasm-encoder";
import { defineBfpArithmetic } from "./bfp-arithmetic.ts";
import { defineBfpConvert } from "./bfp-convert.ts";
import { afpRegisters, bfpInstruction } from "./bfp-guard.ts";
import { defineBfpMultiplyAdd } from "./bfp-multiply-add.ts";
import { defineBfpTest } from "./bfp-test.ts";
import { storedLong, storedShort, word } from "./operands.ts";
import type { DefinitionTable } from "./table.ts";

const SIGN = -0x8000_0000_0000_0000n;
const MAGNITUDE = 0x7fff_ffff_ffff_ffffn;

/** Floating-point-support instructions and binary floating point (PoP chapters 9 and 19). */
export function defineFloatingPoint(table: DefinitionTable): void {
  defineMoves(table);
  defineSignTransfers(table);
  table.define("efpc", (c) => {
    bfpInstruction(c);
    c.setGr32("r1", c.fpc());
  });
  table.define("stfpc", (c) => {
    bfpInstruction(c);
    c.storeI32(c.address(2), c.fpc(), 32);
  });
  defineBfpArithmetic(table);
  defineBfpMultiplyAdd(table);
  defineBfpTest(table);
  defineBfpConvert(table);
}

function defineMoves(table: DefinitionTable): void {
  for (const mnemonic of ["ld", "ldy"])
    table.define(mnemonic, (c) => {
      afpRegisters(c, "r1");
      c.setFrLong("r1", storedLong(c));
    });
  for (const mnemonic of ["le", "ley"])
    table.define(mnemonic, (c) => {
      afpRegisters(c, "r1");
      c.setFrShort("r1", storedShort(c));
    });
  for (const mnemonic of ["std", "stdy"])
    table.define(mnemonic, (c) => {
      afpRegisters(c, "r1");
      c.storeF64(c.address(2), c.frLong("r1"));
    });
  for (const mnemonic of ["ste", "stey"])
    table.define(mnemonic, (c) => {
      afpRegisters(c, "r1");
      c.storeF32(c.address(2), c.frShort("r1"));
    });
  table.define("ldr", (c) => {
    afpRegisters(c, "r1", "r2");
    c.setFrLong("r1", c.frLong("r2"));
  });
  table.define("ler", (c) => {
    afpRegisters(c, "r1", "r2");
    c.setFrShort("r1", c.frShort("r2"));
  });
  table.define("lxr", (c) => {
    afpRegisters(c, "r1", "r2");
    const low = c.let(c.frLong("r2", 1));
    c.setFrLong("r1", c.frLong("r2"));
    c.setFrLong("r1", low, 1);
  });
  table.define("lzdr", (c) => {
    afpRegisters(c, "r1");
    c.setFrLong("r1", f64.const(0));
  });
  table.define("lzer", (c) => {
    afpRegisters(c, "r1");
    c.setFrShort("r1", f32.const(0));
  });
  table.define("lzxr", (c) => {
    afpRegisters(c, "r1");
    c.setFrLong("r1", f64.const(0));
    c.setFrLong("r1", f64.const(0), 1);
  });
  // LOAD LENGTHENED of short to long HFP: zeros on the right.
  const lengthened = (bits: I64): I64 => i64.shl(bits, 32);
  table.define("lder", (c) => {
    afpRegisters(c, "r1", "r2");
    c.setFr64("r1", lengthened(i64.extendU(c.fr32("r2"))));
  });
  table.define("lde", (c) => {
    afpRegisters(c, "r1");
    c.setFr64("r1", lengthened(i64.extendU(word(c))));
  });
  table.define("ldgr", (c) => {
    afpRegisters(c, "r1");
    c.setFr64("r1", c.gr64("r2"));
  });
  table.define("lgdr", (c) => {
    afpRegisters(c, "r2");
    c.setGr64("r1", c.fr64("r2"));
  });
}

/** Floating-point-support-sign-handling facility: no condition code, any contents. */
function defineSignTransfers(table: DefinitionTable): void {
  const transfer = (mnemonic: string, result: (value: F64) => F64): void =>
    table.define(mnemonic, (c) => {
      afpRegisters(c, "r1", "r2");
      c.setFrLong("r1", result(c.frLong("r2")));
    });
  transfer("lcdfr", f64.neg);
  transfer("lndfr", (value) => f64.neg(f64.abs(value)));
  transfer("lpdfr", f64.abs);
  table.define("cpsdr", (c) => {
    afpRegisters(c, "r1", "r2", "r3");
    c.setFr64("r1", i64.or(i64.and(c.fr64("r2"), MAGNITUDE), i64.and(c.fr64("r3"), SIGN)));
  });
}
