import { type F32, type F64, f32, f64, type I32, type I64, i32, i64, select } from "@zarch/wasm-encoder";
import type { Context } from "../engine/context.ts";
import { bfpInstruction, ccLong, ccShort, unlessNan } from "./bfp-guard.ts";
import { frLong2, frShort2, storedLong, storedShort } from "./operands.ts";
import type { DefinitionTable } from "./table.ts";

const SIGN_LONG = -0x8000_0000_0000_0000n;
const MAGNITUDE_LONG = 0x7fff_ffff_ffff_ffffn;
const INFINITY_LONG = 0x7ff0_0000_0000_0000n;
const MAGNITUDE_SHORT = 0x7fff_ffff;
const INFINITY_SHORT = 0x7f80_0000;
const INFINITY_EXTENDED = 0x7fff_0000_0000_0000n;

/** Compares, tests and sign changes in all BFP formats (PoP chapter 19). NaN operands of compares and tests are the runtime's. */
export function defineBfpTest(table: DefinitionTable): void {
  for (const prefix of ["c", "k"]) {
    table.define(`${prefix}dbr`, (c) => compareLong(c, frLong2(c)));
    table.define(`${prefix}db`, (c) => compareLong(c, storedLong(c)));
    table.define(`${prefix}ebr`, (c) => compareShort(c, frShort2(c)));
    table.define(`${prefix}eb`, (c) => compareShort(c, storedShort(c)));
  }
  table.define("ltdbr", (c) => {
    const value = frLong2(c);
    unlessNan(c, [value], () => {
      c.setFrLong("r1", value);
      ccLong(c, value);
    });
  });
  table.define("ltebr", (c) => {
    const value = frShort2(c);
    unlessNan(c, [value], () => {
      c.setFrShort("r1", value);
      ccShort(c, value);
    });
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

/** Unordered operands go to the slow half: a signaling NaN is an exception. */
function compareLong(c: Context, b: F64): void {
  const a = c.let(c.frLong("r1"));
  unlessNan(c, [a, b], () => c.ccCompareF64(a, b));
}

function compareShort(c: Context, b: F32): void {
  const a = c.let(c.frShort("r1"));
  unlessNan(c, [a, b], () => c.ccCompareF64(f64.promoteF32(a), f64.promoteF32(b)));
}

/** 0 zero, 1 negative, 2 positive, 3 NaN. */
function ccOfClass(c: Context, isNan: I32, isZero: I32, isNegative: I32): void {
  c.setCc(select(i32.const(3), select(i32.const(0), i32.sub(2, isNegative), isZero), isNan));
}

/** LOAD COMPLEMENT, LOAD NEGATIVE and LOAD POSITIVE: no arithmetic, so a signaling NaN is not recognised. The host's own keep all other bits. */
function defineSigns(table: DefinitionTable): void {
  const signs = [
    ["lc", (bits: I64) => i64.xor(bits, SIGN_LONG), f64.neg, f32.neg],
    ["ln", (bits: I64) => i64.or(bits, SIGN_LONG), (x: F64) => f64.neg(f64.abs(x)), (x: F32) => f32.neg(f32.abs(x))],
    ["lp", (bits: I64) => i64.and(bits, MAGNITUDE_LONG), f64.abs, f32.abs],
  ] as const;
  for (const [prefix, bitsOf, long, short] of signs) {
    table.define(`${prefix}dbr`, (c) => {
      bfpInstruction(c);
      const value = c.let(long(c.frLong("r2")));
      c.setFrLong("r1", value);
      ccLong(c, value);
    });
    table.define(`${prefix}ebr`, (c) => {
      bfpInstruction(c);
      const value = c.let(short(c.frShort("r2")));
      c.setFrShort("r1", value);
      ccShort(c, value);
    });
    table.define(`${prefix}xbr`, (c) => {
      bfpInstruction(c);
      const bits = c.let(bitsOf(c.fr64("r2")));
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
