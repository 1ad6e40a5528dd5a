import type { FieldName } from "@zarch/s390x-isa";
import { type I32, type I64, i32, i64, select } from "@zarch/wasm-encoder";
import type { Context } from "../engine/context.ts";
import type { Source32, Source64 } from "./operands.ts";
import * as from from "./operands.ts";
import type { DefinitionTable } from "./table.ts";

type First32 = (c: Context) => I32;
type First64 = (c: Context) => I64;
const first32 =
  (name: FieldName): First32 =>
  (c) =>
    c.let(c.gr32(name));
const first64 =
  (name: FieldName): First64 =>
  (c) =>
    c.let(c.gr64(name));

/** Addition and subtraction of general registers (PoP chapter 7: ADD ... SUBTRACT LOGICAL WITH BORROW). */
export function defineArithmetic(table: DefinitionTable): void {
  const narrow =
    (compute: (a: I32, b: I32) => I32, finish: (c: Context, x: I32, y: I32, r: I32) => void) =>
    (mnemonic: string, source: Source32, first: First32 = first32("r1")): void =>
      table.define(mnemonic, (c) => {
        const y = source(c);
        const x = first(c);
        const r = c.let(compute(x, y));
        c.setGr32("r1", r);
        finish(c, x, y, r);
      });
  const wide =
    (compute: (a: I64, b: I64) => I64, finish: (c: Context, x: I64, y: I64, r: I64) => void) =>
    (mnemonic: string, source: Source64, first: First64 = first64("r1")): void =>
      table.define(mnemonic, (c) => {
        const y = source(c);
        const x = first(c);
        const r = c.let(compute(x, y));
        c.setGr64("r1", r);
        finish(c, x, y, r);
      });
  const add32 = narrow(i32.add, (c, x, y, r) => c.fixedPointOverflow(c.ccAddS32(x, y, r)));
  const sub32 = narrow(i32.sub, (c, x, y, r) => c.fixedPointOverflow(c.ccSubS32(x, y, r)));
  const addU32 = narrow(i32.add, (c, x, _y, r) => c.ccAddU32(x, r));
  const subU32 = narrow(i32.sub, (c, x, y, r) => c.ccSubU32(x, y, r));
  const add64 = wide(i64.add, (c, x, y, r) => c.fixedPointOverflow(c.ccAddS64(x, y, r)));
  const sub64 = wide(i64.sub, (c, x, y, r) => c.fixedPointOverflow(c.ccSubS64(x, y, r)));
  const addU64 = wide(i64.add, (c, x, _y, r) => c.ccAddU64(x, r));
  const subU64 = wide(i64.sub, (c, x, y, r) => c.ccSubU64(x, y, r));

  add32("ar", from.r2);
  add32("ark", from.r3, first32("r2"));
  add32("a", from.word);
  add32("ay", from.word);
  add32("ah", from.halfword);
  add32("ahy", from.halfword);
  add32("ahi", from.i2);
  add32("afi", from.i2);
  add32("ahik", from.i2, first32("r3"));
  add64("agr", from.g2);
  add64("agrk", from.g3, first64("r2"));
  add64("ag", from.doubleword);
  add64("agf", from.wordSigned);
  add64("agfr", from.r2Signed);
  add64("agh", from.halfwordSigned);
  add64("aghi", from.i2Signed64);
  add64("agfi", from.i2Signed64);
  add64("aghik", from.i2Signed64, first64("r3"));
  sub32("sr", from.r2);
  sub32("srk", from.r3, first32("r2"));
  sub32("s", from.word);
  sub32("sy", from.word);
  sub32("sh", from.halfword);
  sub32("shy", from.halfword);
  sub64("sgr", from.g2);
  sub64("sgrk", from.g3, first64("r2"));
  sub64("sg", from.doubleword);
  sub64("sgf", from.wordSigned);
  sub64("sgfr", from.r2Signed);
  sub64("sgh", from.halfwordSigned);
  addU32("alr", from.r2);
  addU32("alrk", from.r3, first32("r2"));
  addU32("al", from.word);
  addU32("aly", from.word);
  addU32("alfi", from.i2);
  addU32("alhsik", from.i2, first32("r3"));
  addU64("algr", from.g2);
  addU64("algrk", from.g3, first64("r2"));
  addU64("alg", from.doubleword);
  addU64("algf", from.wordUnsigned);
  addU64("algfr", from.r2Unsigned);
  addU64("algfi", from.i2Unsigned64);
  addU64("alghsik", from.i2Signed64, first64("r3"));
  subU32("slr", from.r2);
  subU32("slrk", from.r3, first32("r2"));
  subU32("sl", from.word);
  subU32("sly", from.word);
  subU32("slfi", from.i2);
  subU64("slgr", from.g2);
  subU64("slgrk", from.g3, first64("r2"));
  subU64("slg", from.doubleword);
  subU64("slgf", from.wordUnsigned);
  subU64("slgfr", from.r2Unsigned);
  subU64("slgfi", from.i2Unsigned64);

  defineHighWord(table);
  defineCarry(table);
  defineComplements(table);
  defineToStorage(table);
}

/** High-word facility: operands in bits 0-31 of registers. */
function defineHighWord(table: DefinitionTable): void {
  const high =
    (name: FieldName): First32 =>
    (c) =>
      c.let(c.grHigh(name));
  const define = (mnemonic: string, a: First32, b: First32, subtract: boolean, isSigned: boolean): void =>
    table.define(mnemonic, (c) => {
      const y = b(c);
      const x = a(c);
      const r = c.let(subtract ? i32.sub(x, y) : i32.add(x, y));
      c.setGrHigh("r1", r);
      if (isSigned) c.fixedPointOverflow(subtract ? c.ccSubS32(x, y, r) : c.ccAddS32(x, y, r));
      else if (subtract) c.ccSubU32(x, y, r);
      else c.ccAddU32(x, r);
    });
  define("ahhhr", high("r2"), high("r3"), false, true);
  define("ahhlr", high("r2"), from.r3, false, true);
  define("aih", high("r1"), from.i2, false, true);
  define("shhhr", high("r2"), high("r3"), true, true);
  define("shhlr", high("r2"), from.r3, true, true);
  define("alhhhr", high("r2"), high("r3"), false, false);
  define("alhhlr", high("r2"), from.r3, false, false);
  define("alsih", high("r1"), from.i2, false, false);
  define("slhhhr", high("r2"), high("r3"), true, false);
  define("slhhlr", high("r2"), from.r3, true, false);
  table.define("alsihn", (c) => c.setGrHigh("r1", i32.add(c.grHigh("r1"), c.field("i2", true))));
}

/** ADD LOGICAL WITH CARRY and SUBTRACT LOGICAL WITH BORROW. The carry is bit 1 of the condition code. */
function defineCarry(table: DefinitionTable): void {
  const alc32 = (mnemonic: string, source: Source32): void =>
    table.define(mnemonic, (c) => {
      const y = source(c);
      const carry = i64.extendU(c.carry());
      const sum = c.let(i64.add(i64.add(i64.extendU(c.gr32("r1")), i64.extendU(y)), carry));
      const r = c.let(i32.wrap(sum));
      c.setGr32("r1", r);
      c.ccCarry(i32.wrap(i64.shrU(sum, 32)), i64.extendU(r));
    });
  const slb32 = (mnemonic: string, source: Source32): void =>
    table.define(mnemonic, (c) => {
      const y = source(c);
      // First + not second + carry, as the manual describes the borrow.
      const carry = i64.extendU(c.carry());
      const sum = c.let(i64.add(i64.add(i64.extendU(c.gr32("r1")), i64.extendU(i32.xor(y, -1))), carry));
      const r = c.let(i32.wrap(sum));
      c.setGr32("r1", r);
      c.ccCarry(i32.wrap(i64.shrU(sum, 32)), i64.extendU(r));
    });
  const wide = (mnemonic: string, source: Source64, complement: boolean): void =>
    table.define(mnemonic, (c) => {
      const operand = source(c);
      const y = complement ? c.let(i64.xor(operand, -1)) : operand;
      const x = c.let(c.gr64("r1"));
      const carry = c.let(i64.extendU(c.carry()));
      const partial = c.let(i64.add(x, y));
      const r = c.let(i64.add(partial, carry));
      const out = i32.or(i64.ltU(partial, x), i64.ltU(r, partial));
      c.setGr64("r1", r);
      c.ccCarry(out, r);
    });
  alc32("alcr", from.r2);
  alc32("alc", from.word);
  slb32("slbr", from.r2);
  slb32("slb", from.word);
  wide("alcgr", from.g2, false);
  wide("alcg", from.doubleword, false);
  wide("slbgr", from.g2, true);
  wide("slbg", from.doubleword, true);
}

/** LOAD POSITIVE, NEGATIVE, COMPLEMENT, AND TEST. */
function defineComplements(table: DefinitionTable): void {
  const minimum32 = i32.const(-0x8000_0000);
  const minimum64 = i64.const(-0x8000_0000_0000_0000n);
  table.define("lpr", (c) => {
    const x = from.r2(c);
    const r = c.let(select(i32.sub(0, x), x, i32.ltS(x, 0)));
    const overflow = c.let(i32.eq(x, minimum32));
    c.setGr32("r1", r);
    c.setCc(i32.or(i32.shl(i32.ne(r, 0), 1), overflow));
    c.fixedPointOverflow(overflow);
  });
  table.define("lnr", (c) => {
    const x = from.r2(c);
    const r = c.let(select(i32.sub(0, x), x, i32.gtS(x, 0)));
    c.setGr32("r1", r);
    c.setCc(i32.ne(r, 0));
  });
  table.define("lcr", (c) => {
    const x = from.r2(c);
    const r = c.let(i32.sub(0, x));
    c.setGr32("r1", r);
    c.fixedPointOverflow(c.ccSubS32(i32.const(0), x, r));
  });
  const wide = (mnemonic: string, kind: "positive" | "negative" | "complement", source: Source64, canOverflow: boolean): void =>
    table.define(mnemonic, (c) => {
      const x = source(c);
      const negated = i64.sub(0, x);
      if (kind === "complement") {
        const r = c.let(negated);
        c.setGr64("r1", r);
        c.fixedPointOverflow(c.ccSubS64(i64.const(0), x, r));
        return;
      }
      const condition = kind === "positive" ? i64.ltS(x, 0) : i64.gtS(x, 0);
      const r = c.let(select(negated, x, condition));
      c.setGr64("r1", r);
      if (kind === "negative") {
        c.setCc(i64.ne(r, 0));
        return;
      }
      const overflow = c.let(canOverflow ? i64.eq(x, minimum64) : i32.const(0));
      c.setCc(i32.or(i32.shl(i64.ne(r, 0), 1), overflow));
      if (canOverflow) c.fixedPointOverflow(overflow);
    });
  wide("lpgr", "positive", from.g2, true);
  wide("lngr", "negative", from.g2, false);
  wide("lcgr", "complement", from.g2, true);
  wide("lpgfr", "positive", from.r2Signed, false);
  wide("lngfr", "negative", from.r2Signed, false);
  wide("lcgfr", "complement", from.r2Signed, false);
  const test32 = (mnemonic: string, source: Source32): void =>
    table.define(mnemonic, (c) => {
      const x = source(c);
      c.setGr32("r1", x);
      c.ccSigned32(x);
    });
  const test64 = (mnemonic: string, source: Source64): void =>
    table.define(mnemonic, (c) => {
      const x = source(c);
      c.setGr64("r1", x);
      c.ccSigned64(x);
    });
  test32("ltr", from.r2);
  test32("lt", from.word);
  test64("ltgr", from.g2);
  test64("ltg", from.doubleword);
  test64("ltgfr", from.r2Signed);
  test64("ltgf", from.wordSigned);
}

/** ADD IMMEDIATE and ADD LOGICAL WITH SIGNED IMMEDIATE to storage. */
function defineToStorage(table: DefinitionTable): void {
  table.define("asi", (c) => {
    const y = c.let(c.field("i2", true));
    const old = c.let(c.updateI32(c.address(1), 32, (x) => i32.add(x, y)));
    c.fixedPointOverflow(c.ccAddS32(old, y, c.let(i32.add(old, y))));
  });
  table.define("agsi", (c) => {
    const y = c.let(i64.extendS(c.field("i2", true)));
    const old = c.updateI64(c.address(1), 64, (x) => i64.add(x, y));
    c.fixedPointOverflow(c.ccAddS64(old, y, c.let(i64.add(old, y))));
  });
  table.define("alsi", (c) => {
    const y = c.let(c.field("i2", true));
    const old = c.let(c.updateI32(c.address(1), 32, (x) => i32.add(x, y)));
    c.ccAddU32(old, c.let(i32.add(old, y)));
  });
  table.define("algsi", (c) => {
    const y = c.let(i64.extendS(c.field("i2", true)));
    const old = c.updateI64(c.address(1), 64, (x) => i64.add(x, y));
    c.ccAddU64(old, c.let(i64.add(old, y)));
  });
}
