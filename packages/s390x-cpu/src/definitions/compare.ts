import { type I32, type I64, i32, i64 } from "@zarch/wasm-encoder";
import { type Context, conditionMet } from "../engine/context.ts";
import { relation } from "../engine/relation.ts";
import type { Source32, Source64 } from "./operands.ts";
import * as from from "./operands.ts";
import type { DefinitionTable } from "./table.ts";

/** COMPARE, COMPARE LOGICAL and their fused forms with a branch or a trap (PoP chapter 7). */
export function defineCompare(table: DefinitionTable): void {
  const narrow = (mnemonic: string, source: Source32, signed: boolean, first: (c: Context) => I32 = (c) => c.let(c.gr32("r1"))): void =>
    table.define(mnemonic, (c) => {
      const y = source(c);
      const x = first(c);
      if (signed) c.ccCompareS32(x, y);
      else c.ccCompareU32(x, y);
    });
  const wide = (mnemonic: string, source: Source64, signed: boolean): void =>
    table.define(mnemonic, (c) => {
      const y = source(c);
      const x = c.let(c.gr64("r1"));
      if (signed) c.ccCompareS64(x, y);
      else c.ccCompareU64(x, y);
    });
  narrow("cr", from.r2, true);
  narrow("c", from.word, true);
  narrow("cy", from.word, true);
  narrow("ch", from.halfword, true);
  narrow("chy", from.halfword, true);
  narrow("chi", from.i2, true);
  narrow("cfi", from.i2, true);
  narrow("crl", from.relativeWord, true);
  narrow("chrl", from.relativeHalfword, true);
  wide("cgr", from.g2, true);
  wide("cg", from.doubleword, true);
  wide("cgf", from.wordSigned, true);
  wide("cgfr", from.r2Signed, true);
  wide("cgh", from.halfwordSigned, true);
  wide("cghi", from.i2Signed64, true);
  wide("cgfi", from.i2Signed64, true);
  wide("cgrl", from.relativeDoubleword, true);
  wide("cgfrl", from.relativeWordSigned, true);
  wide("cghrl", from.relativeHalfwordSigned, true);
  narrow("clr", from.r2, false);
  narrow("cl", from.word, false);
  narrow("cly", from.word, false);
  narrow("clfi", from.i2, false);
  narrow("clrl", from.relativeWord, false);
  narrow("clhrl", from.relativeHalfwordUnsigned, false);
  wide("clgr", from.g2, false);
  wide("clg", from.doubleword, false);
  wide("clgf", from.wordUnsigned, false);
  wide("clgfr", from.r2Unsigned, false);
  wide("clgfi", from.i2Unsigned64, false);
  wide("clgrl", from.relativeDoubleword, false);
  wide("clgfrl", from.relativeWordUnsigned, false);
  wide("clghrl", from.relativeHalfwordUnsigned64, false);

  const high = (c: Context): I32 => c.let(c.grHigh("r1"));
  narrow("chhr", (c) => c.let(c.grHigh("r2")), true, high);
  narrow("chlr", from.r2, true, high);
  narrow("chf", from.word, true, high);
  narrow("cih", from.i2, true, high);
  narrow("clhhr", (c) => c.let(c.grHigh("r2")), false, high);
  narrow("clhlr", from.r2, false, high);
  narrow("clhf", from.word, false, high);
  narrow("clih", from.i2, false, high);

  defineStorageWithImmediate(table);
  defineFused(table);
  defineUnderMask(table);
}

function defineStorageWithImmediate(table: DefinitionTable): void {
  for (const mnemonic of ["cli", "cliy"])
    table.define(mnemonic, (c) => c.ccCompareU32(c.loadI32(c.address(1), 8, false, 1), c.let(c.field("i2"))));
  table.define("chhsi", (c) => c.ccCompareS32(c.loadI32(c.address(1), 16, true, 1), from.i2(c)));
  table.define("chsi", (c) => c.ccCompareS32(c.loadI32(c.address(1), 32, true, 1), from.i2(c)));
  table.define("cghsi", (c) => c.ccCompareS64(c.loadI64(c.address(1), 64, true, 1), from.i2Signed64(c)));
  table.define("clhhsi", (c) => c.ccCompareU32(c.loadI32(c.address(1), 16, false, 1), from.i2Unsigned(c)));
  table.define("clfhsi", (c) => c.ccCompareU32(c.loadI32(c.address(1), 32, false, 1), from.i2Unsigned(c)));
  table.define("clghsi", (c) => c.ccCompareU64(c.loadI64(c.address(1), 64, false, 1), from.i2Unsigned64(c)));
}

type Pair = { readonly a: I32; readonly b: I32; readonly wide?: undefined } | { readonly wide: true; readonly a: I64; readonly b: I64 };

/** The relation that a mask selects: bit 8 equal, 4 first low, 2 first high. */
function relationHolds(c: Context, { wide, a, b }: Pair, mask: I32, signed: boolean): I32 {
  const known = mask.constant as number | undefined;
  if (known !== undefined) return wide ? relation(i64, known, signed, a, b) : relation(i32, known, signed, a, b);
  const low = wide ? (signed ? i64.ltS(a, b) : i64.ltU(a, b)) : signed ? i32.ltS(a, b) : i32.ltU(a, b);
  const highBit = wide ? (signed ? i64.gtS(a, b) : i64.gtU(a, b)) : signed ? i32.gtS(a, b) : i32.gtU(a, b);
  return conditionMet(mask, c.let(i32.or(i32.shl(highBit, 1), low)));
}

/** COMPARE AND BRANCH, COMPARE AND BRANCH RELATIVE, COMPARE AND TRAP. */
function defineFused(table: DefinitionTable): void {
  const kinds = [
    { name: "r", signed: true, pair: (c: Context): Pair => ({ a: c.let(c.gr32("r1")), b: from.r2(c) }) },
    { name: "gr", signed: true, pair: (c: Context): Pair => ({ wide: true, a: c.let(c.gr64("r1")), b: from.g2(c) }) },
    { name: "lr", signed: false, pair: (c: Context): Pair => ({ a: c.let(c.gr32("r1")), b: from.r2(c) }) },
    { name: "lgr", signed: false, pair: (c: Context): Pair => ({ wide: true, a: c.let(c.gr64("r1")), b: from.g2(c) }) },
    { name: "i", signed: true, pair: (c: Context): Pair => ({ a: c.let(c.gr32("r1")), b: from.i2(c) }) },
    { name: "gi", signed: true, pair: (c: Context): Pair => ({ wide: true, a: c.let(c.gr64("r1")), b: from.i2Signed64(c) }) },
    { name: "li", signed: false, pair: (c: Context): Pair => ({ a: c.let(c.gr32("r1")), b: from.i2Unsigned(c) }) },
    { name: "lgi", signed: false, pair: (c: Context): Pair => ({ wide: true, a: c.let(c.gr64("r1")), b: from.i2Unsigned64(c) }) },
  ] as const;
  for (const { name, signed, pair } of kinds) {
    table.define(
      `c${name}j`,
      (c) => {
        const operands = pair(c);
        c.branchRelativeIf(relationHolds(c, operands, c.field("m3"), signed), "ri4");
      },
      { relativeBranch: true },
    );
    table.define(`c${name}b`, (c) => {
      const operands = pair(c);
      const holds = c.let(relationHolds(c, operands, c.field("m3"), signed));
      c.f.if(holds, () => c.branch(c.address(4)));
    });
  }
  const traps: readonly (readonly [string, (c: Context) => Pair, boolean])[] = [
    ["crt", (c) => ({ a: c.let(c.gr32("r1")), b: from.r2(c) }), true],
    ["cgrt", (c) => ({ wide: true, a: c.let(c.gr64("r1")), b: from.g2(c) }), true],
    ["clrt", (c) => ({ a: c.let(c.gr32("r1")), b: from.r2(c) }), false],
    ["clgrt", (c) => ({ wide: true, a: c.let(c.gr64("r1")), b: from.g2(c) }), false],
    ["cit", (c) => ({ a: c.let(c.gr32("r1")), b: from.i2(c) }), true],
    ["cgit", (c) => ({ wide: true, a: c.let(c.gr64("r1")), b: from.i2Signed64(c) }), true],
    ["clfit", (c) => ({ a: c.let(c.gr32("r1")), b: from.i2Unsigned(c) }), false],
    ["clgit", (c) => ({ wide: true, a: c.let(c.gr64("r1")), b: from.i2Unsigned64(c) }), false],
    ["clt", (c) => ({ a: c.let(c.gr32("r1")), b: from.word(c) }), false],
    ["clgt", (c) => ({ wide: true, a: c.let(c.gr64("r1")), b: from.doubleword(c) }), false],
  ];
  const COMPARE_AND_TRAP = 0xff;
  for (const [mnemonic, pair, signed] of traps)
    table.define(mnemonic, (c) => {
      const operands = pair(c);
      c.f.if(relationHolds(c, operands, c.field("m3"), signed), () => c.dataException(i32.const(COMPARE_AND_TRAP)));
    });
}

/** The bytes of a register that a 4-bit mask selects, for CLM, ICM and STCM. */
function defineUnderMask(table: DefinitionTable): void {
  const registers: readonly (readonly [string, (c: Context) => I32])[] = [
    ["clm", (c) => c.gr32("r1")],
    ["clmy", (c) => c.gr32("r1")],
    ["clmh", (c) => c.grHigh("r1")],
  ];
  for (const [mnemonic, register] of registers)
    table.define(mnemonic, (c) => {
      const { f } = c;
      const mask = c.let(c.field("m3"));
      const address = c.address(2);
      const value = c.let(register(c));
      const own = f.temporary("i32");
      const other = f.temporary("i32");
      const offset = f.temporary("i64");
      f.set(own, i32.const(0));
      f.set(other, i32.const(0));
      f.set(offset, i64.const(0));
      // With an empty mask, access exceptions for one byte are still recognised.
      f.if(i32.eqz(mask), () => f.drop(c.loadI32(address, 8, false)));
      for (let byte = 0; byte < 4; byte++)
        f.if(i32.and(mask, 8 >> byte), () => {
          const fetched = c.loadI32(c.wrapAddress(i64.add(address, offset.value)), 8, false);
          f.set(other, i32.or(i32.shl(other.value, 8), fetched));
          f.set(own, i32.or(i32.shl(own.value, 8), i32.and(i32.shrU(value, 24 - 8 * byte), 0xff)));
          f.set(offset, i64.add(offset.value, 1));
        });
      c.ccCompareU32(own.value, other.value);
    });
}
