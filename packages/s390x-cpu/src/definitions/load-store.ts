import { type I32, type I64, i32, i64, select } from "@zarch/wasm-encoder";
import type { Context } from "../engine/context.ts";
import type { Source32, Source64 } from "./operands.ts";
import * as from from "./operands.ts";
import type { DefinitionTable } from "./table.ts";

/** Loads, stores, insertions and moves between registers (PoP chapter 7). */
export function defineLoadStore(table: DefinitionTable): void {
  const narrow = (mnemonic: string, source: Source32): void => table.define(mnemonic, (c) => c.setGr32("r1", source(c)));
  const wide = (mnemonic: string, source: Source64): void => table.define(mnemonic, (c) => c.setGr64("r1", source(c)));
  const load32 =
    (width: 8 | 16, signed: boolean): Source32 =>
    (c) =>
      c.loadI32(c.address(2), width, signed);
  const load64 =
    (width: 8 | 16 | 32, signed: boolean): Source64 =>
    (c) =>
      c.loadI64(c.address(2), width, signed);

  narrow("lr", (c) => c.gr32("r2"));
  narrow("l", from.word);
  narrow("ly", from.word);
  narrow("lrl", from.relativeWord);
  narrow("lh", load32(16, true));
  narrow("lhy", load32(16, true));
  narrow("lhrl", from.relativeHalfword);
  narrow("lhi", from.i2);
  narrow("lhr", (c) => i32.extend16S(c.gr32("r2")));
  narrow("lb", load32(8, true));
  narrow("lbr", (c) => i32.extend8S(c.gr32("r2")));
  narrow("llc", load32(8, false));
  narrow("llcr", (c) => i32.and(c.gr32("r2"), 0xff));
  narrow("llh", load32(16, false));
  narrow("llhr", (c) => i32.and(c.gr32("r2"), 0xffff));
  narrow("llhrl", from.relativeHalfwordUnsigned);
  wide("lgr", (c) => c.gr64("r2"));
  wide("lg", from.doubleword);
  wide("lgrl", from.relativeDoubleword);
  wide("lgf", from.wordSigned);
  wide("lgfr", (c) => i64.extendS(c.gr32("r2")));
  wide("lgfrl", from.relativeWordSigned);
  wide("lgfi", from.i2Signed64);
  wide("lgh", load64(16, true));
  wide("lghr", (c) => i64.extend16S(c.gr64("r2")));
  wide("lghrl", from.relativeHalfwordSigned);
  wide("lghi", from.i2Signed64);
  wide("lgb", load64(8, true));
  wide("lgbr", (c) => i64.extend8S(c.gr64("r2")));
  wide("llgc", load64(8, false));
  wide("llgcr", (c) => i64.and(c.gr64("r2"), 0xff));
  wide("llgh", load64(16, false));
  wide("llghr", (c) => i64.and(c.gr64("r2"), 0xffff));
  wide("llghrl", from.relativeHalfwordUnsigned64);
  wide("llgf", load64(32, false));
  wide("llgfr", (c) => i64.extendU(c.gr32("r2")));
  wide("llgfrl", from.relativeWordUnsigned);
  wide("llgt", (c) => i64.and(c.loadI64(c.address(2), 32, false), 0x7fff_ffff));
  wide("llgtr", (c) => i64.and(c.gr64("r2"), 0x7fff_ffff));
  wide("lrvgr", (c) => byteReverse64(c, c.let(c.gr64("r2"))));
  narrow("lrvr", (c) => byteReverse32(c, c.let(c.gr32("r2"))));
  narrow("lrv", (c) => byteReverse32(c, from.word(c)));
  wide("lrvg", (c) => byteReverse64(c, from.doubleword(c)));
  table.define("lrvh", (c) => c.setGrLow("r1", byteReverse16(c.loadI32(c.address(2), 16, false)), 16));
  for (const mnemonic of ["ic", "icy"]) table.define(mnemonic, (c) => c.setGrLow("r1", c.loadI32(c.address(2), 8, false), 8));
  for (const mnemonic of ["la", "lay"])
    table.define(mnemonic, (c) => {
      const address = c.address(2);
      setAddress(c, address);
    });
  table.define("larl", (c) => setAddress(c, c.relativeAddress("ri2")));

  table.define("lbh", (c) => c.setGrHigh("r1", c.loadI32(c.address(2), 8, true)));
  table.define("lhh", (c) => c.setGrHigh("r1", c.loadI32(c.address(2), 16, true)));
  table.define("lfh", (c) => c.setGrHigh("r1", from.word(c)));
  table.define("llch", (c) => c.setGrHigh("r1", c.loadI32(c.address(2), 8, false)));
  table.define("llhh", (c) => c.setGrHigh("r1", c.loadI32(c.address(2), 16, false)));

  defineStores(table);
  defineOnCondition(table);
  defineMultiple(table);
  defineInsertUnderMask(table);
  defineAccessRegisters(table);
}

/** LOAD ADDRESS sets 64 bits in 64-bit mode, else only bits 32-63 (in 24-bit mode with zeros in bits 32-39). */
function setAddress(c: Context, address: I64): void {
  c.f.if(
    c.isMode64(),
    () => c.setGr64("r1", address),
    () => c.setGr32("r1", i32.wrap(address)),
  );
}

function byteReverse16(value: I32): I32 {
  return i32.or(i32.shl(i32.and(value, 0xff), 8), i32.shrU(value, 8));
}

function byteReverse32(c: Context, value: I32): I32 {
  return c.let(i32.or(i32.and(i32.rotl(value, 8), 0x00ff00ff), i32.and(i32.rotl(value, 24), 0xff00ff00 | 0)));
}

function byteReverse64(c: Context, value: I64): I64 {
  const halves = c.let(i64.or(i64.and(i64.shrU(value, 8), 0x00ff00ff00ff00ffn), i64.shl(i64.and(value, 0x00ff00ff00ff00ffn), 8)));
  const words = c.let(i64.or(i64.and(i64.shrU(halves, 16), 0x0000ffff0000ffffn), i64.shl(i64.and(halves, 0x0000ffff0000ffffn), 16)));
  return c.let(i64.rotl(words, 32));
}

function defineStores(table: DefinitionTable): void {
  const narrow = (mnemonic: string, width: 8 | 16 | 32, value: Source32 = (c) => c.gr32("r1")): void =>
    table.define(mnemonic, (c) => c.storeI32(c.address(2), value(c), width));
  narrow("st", 32);
  narrow("sty", 32);
  narrow("sth", 16);
  narrow("sthy", 16);
  narrow("stc", 8);
  narrow("stcy", 8);
  narrow("stfh", 32, (c) => c.grHigh("r1"));
  narrow("stch", 8, (c) => c.grHigh("r1"));
  narrow("sthh", 16, (c) => c.grHigh("r1"));
  narrow("strv", 32, (c) => byteReverse32(c, c.let(c.gr32("r1"))));
  narrow("strvh", 16, (c) => byteReverse16(i32.and(c.gr32("r1"), 0xffff)));
  table.define("stg", (c) => c.storeI64(c.address(2), c.gr64("r1"), 64));
  table.define("strvg", (c) => c.storeI64(c.address(2), byteReverse64(c, c.let(c.gr64("r1"))), 64));
  table.define("strl", (c) => c.storeI32(from.aligned(c, 3), c.gr32("r1"), 32));
  table.define("stgrl", (c) => c.storeI64(from.aligned(c, 7), c.gr64("r1"), 64));
  table.define("sthrl", (c) => c.storeI32(c.relativeAddress("ri2"), c.gr32("r1"), 16));
  for (const mnemonic of ["mvi", "mviy"]) table.define(mnemonic, (c) => c.storeI32(c.address(1), c.field("i2"), 8, 1));
  table.define("mvhhi", (c) => c.storeI32(c.address(1), c.field("i2"), 16, 1));
  table.define("mvhi", (c) => c.storeI32(c.address(1), c.field("i2", true), 32, 1));
  table.define("mvghi", (c) => c.storeI64(c.address(1), i64.extendS(c.field("i2", true)), 64, 1));
}

/** Load/store-on-condition facility. An access exception of LOC is recognised only when the condition holds. */
function defineOnCondition(table: DefinitionTable): void {
  const met = (c: Context): I32 => c.conditionHolds("m3");
  table.define("locr", (c) => c.setGr32("r1", select(c.gr32("r2"), c.gr32("r1"), met(c))));
  table.define("locgr", (c) => c.setGr64("r1", select(c.gr64("r2"), c.gr64("r1"), met(c))));
  table.define("loc", (c) => c.f.if(met(c), () => c.setGr32("r1", from.word(c))));
  table.define("locg", (c) => c.f.if(met(c), () => c.setGr64("r1", from.doubleword(c))));
  table.define("stoc", (c) => c.f.if(met(c), () => c.storeI32(c.address(2), c.gr32("r1"), 32)));
  table.define("stocg", (c) => c.f.if(met(c), () => c.storeI64(c.address(2), c.gr64("r1"), 64)));
}

/** Runs `body` for registers r1 to r3, wrapping from 15 to 0; `step` counts from 0. */
function forRegisters(c: Context, body: (number: I32, step: I64) => void): void {
  const { f } = c;
  const first = c.registerNumber("r1");
  const last = c.let(c.registerNumber("r3"));
  if (first.constant !== undefined && last.constant !== undefined) {
    for (let number = Number(first.constant), count = 0n; ; number = (number + 1) & 15, count++) {
      body(i32.const(number), i64.const(count));
      if (number === last.constant) return;
    }
  }
  const number = f.temporary("i32");
  const step = f.temporary("i64");
  f.set(number, first);
  f.set(step, i64.const(0));
  f.block((done) => {
    f.loop((again) => {
      body(number.value, step.value);
      f.brIf(done, i32.eq(number.value, last));
      f.set(number, i32.and(i32.add(number.value, 1), 15));
      f.set(step, i64.add(step.value, 1));
      f.br(again);
    });
  });
}

/**
 * LOAD MULTIPLE and STORE MULTIPLE. The usual case, all operands in one page, takes one translation; otherwise the
 * accesses go one by one, after the farthest one has been tried, because a refused access must change no register.
 */
/** Whether one of the elements at an address and behind it may lie in two pages. */
function crossesElements(address: I64, bytes: 4 | 8): I32 {
  return i32.and(i32.wrap(address), bytes - 1);
}

function defineMultiple(table: DefinitionTable): void {
  const count = (c: Context): I32 => c.let(i32.add(i32.and(i32.sub(c.registerNumber("r3"), c.registerNumber("r1")), 15), 1));
  const load = (
    mnemonic: string,
    bytes: 4 | 8,
    set: (c: Context, number: I32, host: I32) => void,
    slow: (c: Context, number: I32, at: I64) => void,
  ): void =>
    table.define(mnemonic, (c) => {
      const { f } = c;
      const address = c.address(2);
      const length = c.let(i32.mul(count(c), bytes));
      const host = c.spanOrZero(address, length, false, 2);
      f.if(
        host,
        () => {
          const end = c.let(i32.add(host, length));
          forRegisters(c, (number, step) => set(c, number, i32.sub(i32.sub(end, bytes), i32.mul(i32.wrap(step), bytes))));
        },
        () => {
          c.handBackIf(crossesElements(address, bytes));
          const last = c.let(c.wrapAddress(i64.add(address, i64.extendU(i32.sub(length, 1)))));
          f.drop(c.loadI32(address, 8, false));
          f.drop(c.loadI32(last, 8, false));
          forRegisters(c, (number, step) => slow(c, number, c.let(c.wrapAddress(i64.add(address, i64.mul(step, bytes))))));
        },
      );
    });
  load(
    "lmg",
    8,
    (c, number, host) => c.setGr64At(number, i64.load(host)),
    (c, number, at) => c.setGr64At(number, c.loadI64(at, 64, false)),
  );
  const setLow = (c: Context, number: I32, value: I64): void => {
    c.setGr64At(number, i64.or(i64.and(c.gr64At(number), ~0xffff_ffffn), value));
  };
  const setHigh = (c: Context, number: I32, value: I64): void => {
    c.setGr64At(number, i64.or(i64.and(c.gr64At(number), 0xffff_ffffn), i64.shl(value, 32)));
  };
  for (const mnemonic of ["lm", "lmy"])
    load(
      mnemonic,
      4,
      (c, number, host) => setLow(c, number, i64.load32U(host)),
      (c, number, at) => setLow(c, number, c.loadI64(at, 32, false)),
    );
  load(
    "lmh",
    4,
    (c, number, host) => setHigh(c, number, i64.load32U(host)),
    (c, number, at) => setHigh(c, number, c.loadI64(at, 32, false)),
  );

  const store = (mnemonic: string, bytes: 4 | 8, value: (c: Context, number: I32) => I64): void =>
    table.define(mnemonic, (c) => {
      const { f } = c;
      const address = c.address(2);
      const length = c.let(i32.mul(count(c), bytes));
      const width = bytes === 8 ? 64 : 32;
      const host = c.spanOrZero(address, length, true, 2);
      f.if(
        host,
        () => {
          const end = c.let(i32.add(host, length));
          forRegisters(c, (number, step) =>
            f.storeI64(i32.sub(i32.sub(end, bytes), i32.mul(i32.wrap(step), bytes)), value(c, number), width),
          );
        },
        () => {
          c.handBackIf(crossesElements(address, bytes));
          // Trying the last byte first keeps the store whole when the second page is refused.
          const last = c.let(c.wrapAddress(i64.add(address, i64.extendU(i32.sub(length, 1)))));
          f.drop(c.updateI32(last, 8, (old) => old, 2));
          forRegisters(c, (number, step) =>
            c.storeI64(c.let(c.wrapAddress(i64.add(address, i64.mul(step, bytes)))), value(c, number), width),
          );
        },
      );
    });
  store("stmg", 8, (c, number) => c.gr64At(number));
  store("stm", 4, (c, number) => c.gr64At(number));
  store("stmy", 4, (c, number) => c.gr64At(number));
  store("stmh", 4, (c, number) => i64.shrU(c.gr64At(number), 32));

  // LOAD PAIR FROM QUADWORD and STORE PAIR TO QUADWORD.
  table.define("lpq", (c) => {
    const address = c.address(2);
    c.programIf(i32.wrap(i64.and(address, 15)), 6);
    const high = c.loadI64(address, 64, false);
    const low = c.loadI64(c.let(c.wrapAddress(i64.add(address, 8))), 64, false);
    c.setGr64("r1", high);
    c.setGr64("r1", low, 1);
  });
  table.define("stpq", (c) => {
    c.programIf(i32.and(c.registerNumber("r1"), 1), 6);
    const address = c.address(2);
    c.programIf(i32.wrap(i64.and(address, 15)), 6);
    c.storeI64(address, c.gr64("r1"), 64);
    c.storeI64(c.let(c.wrapAddress(i64.add(address, 8))), c.gr64("r1", 1), 64);
  });
  // LOAD MULTIPLE DISJOINT: left halves from operand 2, right halves from operand 4.
  table.define("lmd", (c) => {
    const { f } = c;
    const left = c.address(2);
    const right = c.address(4);
    c.handBackIf(crossesElements(i64.or(left, right), 4));
    const length = c.let(i64.sub(i64.shl(i64.extendU(count(c)), 2), 1));
    for (const each of [left, right]) {
      f.drop(c.loadI32(each, 8, false));
      f.drop(c.loadI32(c.let(c.wrapAddress(i64.add(each, length))), 8, false));
    }
    forRegisters(c, (number, step) => {
      const offset = c.let(i64.shl(step, 2));
      const highHalf = c.loadI64(c.let(c.wrapAddress(i64.add(left, offset))), 32, false, 2);
      const lowHalf = c.loadI64(c.let(c.wrapAddress(i64.add(right, offset))), 32, false, 4);
      c.setGr64At(number, i64.or(i64.shl(highHalf, 32), lowHalf));
    });
  });
}

function defineInsertUnderMask(table: DefinitionTable): void {
  const insert = (mnemonic: string, get: (c: Context) => I32, set: (c: Context, value: I32) => void): void =>
    table.define(mnemonic, (c) => {
      const { f } = c;
      const mask = c.let(c.field("m3"));
      const address = c.address(2);
      const value = f.temporary("i32");
      const inserted = f.temporary("i32");
      const first = f.temporary("i32");
      const offset = f.temporary("i64");
      f.block((done) => {
        f.if(i32.eq(mask, 15), () => {
          f.set(inserted, c.loadI32(address, 32, true));
          f.set(value, inserted.value);
          f.set(first, i32.const(-0x8000_0000));
          f.br(done);
        });
        f.set(value, get(c));
        f.set(inserted, i32.const(0));
        f.set(first, i32.const(0));
        f.set(offset, i64.const(0));
        f.if(i32.eqz(mask), () => f.drop(c.loadI32(address, 8, false)));
        for (let byte = 0; byte < 4; byte++) {
          const shift = 24 - 8 * byte;
          f.if(i32.and(mask, 8 >> byte), () => {
            const fetched = c.loadI32(c.let(c.wrapAddress(i64.add(address, offset.value))), 8, false);
            f.set(value, i32.or(i32.and(value.value, ~(0xff << shift)), i32.shl(fetched, shift)));
            f.set(inserted, i32.or(inserted.value, i32.shl(fetched, shift)));
            f.if(i32.eqz(first.value), () => f.set(first, i32.const((0x80 << shift) | 0)));
            f.set(offset, i64.add(offset.value, 1));
          });
        }
      });
      set(c, value.value);
      // 0 all inserted bits zero or mask zero, 1 leftmost inserted bit one, 2 it is zero.
      const leading = i32.ne(i32.and(inserted.value, first.value), 0);
      c.setCc(select(i32.const(0), i32.sub(2, leading), i32.eqz(inserted.value)));
    });
  const setLow = (c: Context, value: I32): void => c.setGr32("r1", value);
  insert("icm", (c) => c.gr32("r1"), setLow);
  insert("icmy", (c) => c.gr32("r1"), setLow);
  insert(
    "icmh",
    (c) => c.grHigh("r1"),
    (c, value) => c.setGrHigh("r1", value),
  );

  const storeUnder = (mnemonic: string, get: (c: Context) => I32): void =>
    table.define(mnemonic, (c) => {
      const { f } = c;
      const mask = c.let(c.field("m3"));
      const address = c.address(2);
      const value = c.let(get(c));
      f.block((done) => {
        f.if(i32.eq(mask, 15), () => {
          c.storeI32(address, value, 32);
          f.br(done);
        });
        const bytes = c.let(i64.extendU(i32.popcnt(mask)));
        f.brIf(done, i64.eqz(bytes));
        // Trying the last byte first keeps the store whole when it reaches into a refused page.
        f.drop(c.updateI32(c.let(c.wrapAddress(i64.sub(i64.add(address, bytes), 1))), 8, (old) => old, 2));
        const offset = f.temporary("i64");
        f.set(offset, i64.const(0));
        for (let byte = 0; byte < 4; byte++)
          f.if(i32.and(mask, 8 >> byte), () => {
            c.storeI32(c.let(c.wrapAddress(i64.add(address, offset.value))), i32.shrU(value, 24 - 8 * byte), 8);
            f.set(offset, i64.add(offset.value, 1));
          });
      });
    });
  storeUnder("stcm", (c) => c.gr32("r1"));
  storeUnder("stcmy", (c) => c.gr32("r1"));
  storeUnder("stcmh", (c) => c.grHigh("r1"));
}

function defineAccessRegisters(table: DefinitionTable): void {
  table.define("ear", (c) => c.setGr32("r1", c.ar("r2")));
  table.define("sar", (c) => c.setAr("r1", c.gr32("r2")));
  table.define("cpya", (c) => c.setAr("r1", c.ar("r2")));
}
