import { type F32, type F64, f32, f64, type I32, type I64, i32, i64, select } from "@zarch/wasm-encoder";
import type { Context } from "../engine/context.ts";
import { bfpAllowed, bfpInstruction, ccLong, ccShort } from "./bfp-guard.ts";
import { doubleword, word } from "./operands.ts";
import type { DefinitionTable } from "./table.ts";

const SIGN_LONG = -0x8000_0000_0000_0000n;
const MAGNITUDE_LONG = 0x7fff_ffff_ffff_ffffn;
const INFINITY_LONG = 0x7ff0_0000_0000_0000n;
const SIGN_SHORT = -0x8000_0000;
const MAGNITUDE_SHORT = 0x7fff_ffff;
const INFINITY_SHORT = 0x7f80_0000;
const INFINITY_EXTENDED = 0x7fff_0000_0000_0000n;

/** Compares, tests and sign changes in all BFP formats (PoP chapter 19). NaN operands of compares and tests are the runtime's. */
export function defineBfpTest(table: DefinitionTable): void {
  for (const prefix of ["c", "k"]) {
    table.define(`${prefix}dbr`, (c) => compareLong(c, c.fr64("r2")));
    table.define(`${prefix}db`, (c) => compareLong(c, doubleword(c)));
    table.define(`${prefix}ebr`, (c) => compareShort(c, c.fr32("r2")));
    table.define(`${prefix}eb`, (c) => compareShort(c, word(c)));
  }
  table.define("ltdbr", (c) => {
    const bits = c.let(c.fr64("r2"));
    const value: F64 = f64.reinterpretI64(bits);
    c.f.if(i32.and(bfpAllowed(c), f64.eq(value, value)), () => {
      c.setFr64("r1", bits);
      ccLong(c, value);
      c.finish();
    });
    c.helper();
  });
  table.define("ltebr", (c) => {
    const bits = c.let(c.fr32("r2"));
    const value: F32 = f32.reinterpretI32(bits);
    c.f.if(i32.and(bfpAllowed(c), f32.eq(value, value)), () => {
      c.setFr32("r1", bits);
      ccShort(c, value);
      c.finish();
    });
    c.helper();
  });
  defineSigns(table);
  table.define("tceb", (c) => {
    bfpInstruction(c);
    const bits = c.let(c.fr32("r1"));
    const magnitude = c.let(i32.and(bits, MAGNITUDE_SHORT));
    testDataClass(c, i32.shrU(bits, 31), {
      isZero: i32.eqz(magnitude),
      isSubnormal: i32.ltU(magnitude, 0x0080_0000),
      isFinite: i32.ltU(magnitude, INFINITY_SHORT),
      isInfinity: i32.eq(magnitude, INFINITY_SHORT),
      isQuiet: i32.and(magnitude, 0x0040_0000),
    });
  });
  table.define("tcdb", (c) => {
    bfpInstruction(c);
    const bits = c.let(c.fr64("r1"));
    const magnitude = c.let(i64.and(bits, MAGNITUDE_LONG));
    testDataClass(c, i32.wrap(i64.shrU(bits, 63)), {
      isZero: i64.eqz(magnitude),
      isSubnormal: i64.ltU(magnitude, 0x0010_0000_0000_0000n),
      isFinite: i64.ltU(magnitude, INFINITY_LONG),
      isInfinity: i64.eq(magnitude, INFINITY_LONG),
      isQuiet: i64.ne(i64.and(magnitude, 0x0008_0000_0000_0000n), 0),
    });
  });
  table.define("tcxb", (c) => {
    bfpInstruction(c);
    const bits = c.let(c.fr64("r1"));
    const low = c.let(c.fr64("r1", 1));
    const magnitude = c.let(i64.and(bits, MAGNITUDE_LONG));
    testDataClass(c, i32.wrap(i64.shrU(bits, 63)), {
      isZero: i64.eqz(i64.or(magnitude, low)),
      isSubnormal: i64.ltU(magnitude, 0x0001_0000_0000_0000n),
      isFinite: i64.ltU(magnitude, INFINITY_EXTENDED),
      isInfinity: i32.and(i64.eq(magnitude, INFINITY_EXTENDED), i64.eqz(low)),
      isQuiet: i64.ne(i64.and(magnitude, 0x0000_8000_0000_0000n), 0),
    });
  });
}

function compareLong(c: Context, second: I64): void {
  const b = c.let(f64.reinterpretI64(second));
  const a = c.let(f64.reinterpretI64(c.fr64("r1")));
  settleCompare(c, f64.lt(a, b), f64.gt(a, b), f64.eq(a, b));
}

function compareShort(c: Context, second: I32): void {
  const b = c.let(f32.reinterpretI32(second));
  const a = c.let(f32.reinterpretI32(c.fr32("r1")));
  settleCompare(c, f32.lt(a, b), f32.gt(a, b), f32.eq(a, b));
}

/** Condition code 0 equal, 1 first low, 2 first high. Unordered operands go to the slow half. */
function settleCompare(c: Context, less: I32, greater: I32, equal: I32): void {
  const low = c.let(less);
  const high = c.let(greater);
  c.f.if(i32.and(bfpAllowed(c), i32.or(i32.or(low, high), equal)), () => {
    c.setCc(i32.or(i32.shl(high, 1), low));
    c.finish();
  });
  c.helper();
}

/** 0 zero, 1 negative, 2 positive, 3 NaN. */
function ccOfClass(c: Context, isNan: I32, isZero: I32, isNegative: I32): void {
  c.setCc(select(i32.const(3), select(i32.const(0), i32.sub(2, isNegative), isZero), isNan));
}

/** LOAD COMPLEMENT, LOAD NEGATIVE and LOAD POSITIVE: no arithmetic, so a signaling NaN is not recognised. */
function defineSigns(table: DefinitionTable): void {
  const signs = [
    ["lc", (bits: I64) => i64.xor(bits, SIGN_LONG), (bits: I32) => i32.xor(bits, SIGN_SHORT)],
    ["ln", (bits: I64) => i64.or(bits, SIGN_LONG), (bits: I32) => i32.or(bits, SIGN_SHORT)],
    ["lp", (bits: I64) => i64.and(bits, MAGNITUDE_LONG), (bits: I32) => i32.and(bits, MAGNITUDE_SHORT)],
  ] as const;
  for (const [prefix, long, short] of signs) {
    table.define(`${prefix}dbr`, (c) => {
      bfpInstruction(c);
      const bits = c.let(long(c.fr64("r2")));
      const magnitude = c.let(i64.and(bits, MAGNITUDE_LONG));
      c.setFr64("r1", bits);
      ccOfClass(c, i64.gtU(magnitude, INFINITY_LONG), i64.eqz(magnitude), i64.ltS(bits, 0));
    });
    table.define(`${prefix}ebr`, (c) => {
      bfpInstruction(c);
      const bits = c.let(short(c.fr32("r2")));
      const magnitude = c.let(i32.and(bits, MAGNITUDE_SHORT));
      c.setFr32("r1", bits);
      ccOfClass(c, i32.gtU(magnitude, INFINITY_SHORT), i32.eqz(magnitude), i32.ltS(bits, 0));
    });
    table.define(`${prefix}xbr`, (c) => {
      bfpInstruction(c);
      const bits = c.let(long(c.fr64("r2")));
      const low = c.let(c.fr64("r2", 1));
      const magnitude = c.let(i64.and(bits, MAGNITUDE_LONG));
      c.setFr64("r1", bits);
      c.setFr64("r1", low, 1);
      const isNan = i32.or(i64.gtU(magnitude, INFINITY_EXTENDED), i32.and(i64.eq(magnitude, INFINITY_EXTENDED), i64.ne(low, 0)));
      ccOfClass(c, isNan, i64.eqz(i64.or(magnitude, low)), i64.ltS(bits, 0));
    });
  }
}

interface DataClass {
  readonly isZero: I32;
  readonly isSubnormal: I32;
  readonly isFinite: I32;
  readonly isInfinity: I32;
  readonly isQuiet: I32;
}

/** TEST DATA CLASS: the rightmost twelve bits of the second-operand address select classes, two bits for each, + then -. */
function testDataClass(c: Context, sign: I32, data: DataClass): void {
  const special = select(i32.const(0x020), select(i32.const(0x008), i32.const(0x002), data.isQuiet), data.isInfinity);
  const finite = select(i32.const(0x800), select(i32.const(0x080), i32.const(0x200), data.isSubnormal), data.isZero);
  const bit = i32.shrU(select(finite, special, data.isFinite), sign);
  c.setCc(i32.ne(i32.and(i32.wrap(c.address(2)), bit), 0));
}
