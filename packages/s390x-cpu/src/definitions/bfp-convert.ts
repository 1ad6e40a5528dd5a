import {
  type F32,
  type F64,
  f32,
  f64,
  type I32,
  type I64,
  i32,
  i64,
  type Label,
  type Local,
  select,
  truncSaturating,
} from "@zarch/wasm-encoder";
import type { Context } from "../engine/context.ts";
import { ccLong, finiteLong, guarded, inRangeShort, isNotZero, type NativeConditions, unlessNan } from "./bfp-guard.ts";
import { frLong2, frShort2, storedShort } from "./operands.ts";
import type { DefinitionTable } from "./table.ts";

/** M4 bit 1: the inexact exception is suppressed. */
const SUPPRESS_INEXACT = 4;

/** Conversions between the short and long formats and to and from fixed point (PoP chapter 19). */
export function defineBfpConvert(table: DefinitionTable): void {
  table.define("ldebr", (c) => lengthen(c, frShort2(c)));
  table.define("ldeb", (c) => lengthen(c, storedShort(c)));
  table.define("ledbr", (c) => {
    const x = frLong2(c);
    const short = c.let(f32.demoteF64(x));
    const conditions: NativeConditions = {
      usable: i32.and(inRangeShort(short), noModifiers(c)),
      usableToo: (refuse) => {
        refuse(isNotZero(x));
        refuse(i32.eqz(noModifiers(c)));
      },
      exact: (refuse) => refuse(f64.ne(f64.promoteF32(short), x)),
    };
    guarded(c, conditions, () => c.setFrShort("r1", short));
  });
  table.define("fidbr", (c) => loadInteger(c, c.frLong("r2"), (value) => c.setFrLong("r1", value)));
  table.define("fiebr", (c) => loadInteger(c, f64.promoteF32(c.frShort("r2")), (value) => c.setFrShort("r1", f32.demoteF64(value))));
  defineFromFixed(table);
  defineToFixed(table);
}

/** M3 and M4 zero: round by the FPC, no suppression. Anything else may be a specification exception. */
function noModifiers(c: Context): I32 {
  return i32.eqz(i32.or(c.field("m3"), c.field("m4")));
}

function lengthen(c: Context, x: F32): void {
  unlessNan(c, [x], () => c.setFrLong("r1", f64.promoteF32(x)));
}

function defineFromFixed(table: DefinitionTable): void {
  const signed = (bits: 32 | 64) => (c: Context) => c.let(bits === 64 ? c.gr64("r2") : i64.extendS(c.gr32("r2")));
  const logical = (bits: 32 | 64) => (c: Context) => c.let(bits === 64 ? c.gr64("r2") : i64.extendU(c.gr32("r2")));
  const magnitudeOf = (c: Context, x: I64): I64 => {
    const sign = c.let(i64.shrS(x, 63));
    return c.let(i64.sub(i64.xor(x, sign), sign));
  };
  /** From the first one bit to the last one. */
  const fits = (magnitude: I64, precision: number): I32 => i64.geU(i64.add(i64.clz(magnitude), i64.ctz(magnitude)), 64 - precision);
  for (const [letter, bits] of [
    ["f", 32],
    ["g", 64],
  ] as const) {
    const define = (mnemonic: string, isLogical: boolean, precision: 24 | 53, native: (c: Context, x: I64) => void): void =>
      table.define(mnemonic, (c) => {
        const x = (isLogical ? logical : signed)(bits)(c);
        guarded(c, { usable: noModifiers(c), exact: (refuse) => refuse(i32.eqz(fits(isLogical ? x : magnitudeOf(c, x), precision))) }, () =>
          native(c, x),
        );
      });
    const setLong = (c: Context, value: F64): void => c.setFrLong("r1", value);
    define(`cd${letter}br`, false, 53, (c, x) => setLong(c, f64.convertI64S(x)));
    define(`cdl${letter}br`, true, 53, (c, x) => setLong(c, f64.convertI64U(x)));
    define(`ce${letter}br`, false, 24, (c, x) => c.setFrShort("r1", f32.convertI64S(x)));
    define(`cel${letter}br`, true, 24, (c, x) => c.setFrShort("r1", f32.convertI64U(x)));
  }
}

/** `x` rounded to an integer by the method in M3, of which 0 is the FPC's; methods without a native form go to `slow`. */
function rounded(c: Context, x: F64, slow: Label): Local<"f64"> {
  const { f } = c;
  const result = f.temporary("f64");
  const method = c.field("m3");
  const toward = f64.trunc(x);
  const one = select(f64.const(-1), f64.const(1), f64.lt(x, f64.const(0)));
  const away = select(f64.add(toward, one), toward, f64.ge(f64.abs(f64.sub(x, toward)), f64.const(0.5)));
  const nearest = f64.nearest(x);
  const byMethod = [nearest, away, undefined, undefined, nearest, toward, f64.ceil(x), f64.floor(x)];
  if (method.constant !== undefined) {
    const value = byMethod[Number(method.constant)];
    if (value) f.set(result, value);
    else f.br(slow);
    return result;
  }
  /** Nested blocks, from the outside in; each is followed by its value. */
  const choose = (number: number, labels: readonly Label[], done: Label): void => {
    if (number === byMethod.length) {
      f.brTable(method, labels, slow);
      return;
    }
    const value = byMethod[number];
    if (!value) {
      choose(number + 1, [...labels, slow], done);
      return;
    }
    f.block((label) => choose(number + 1, [...labels, label], done));
    f.set(result, value);
    f.br(done);
  };
  f.block((done) => choose(0, [], done));
  return result;
}

function inexactIsSuppressed(c: Context): I32 {
  return i32.shrU(i32.and(c.field("m4"), SUPPRESS_INEXACT), 2);
}

/** LOAD FP INTEGER of a finite number. */
function loadInteger(c: Context, value: F64, set: (value: F64) => void): void {
  const x = c.let(value);
  c.f.block((slow) => {
    const integer = rounded(c, x, slow).value;
    guarded(
      c,
      { usable: finiteLong(x), exact: (refuse) => c.f.if(f64.ne(integer, x), () => refuse(i32.eqz(inexactIsSuppressed(c)))) },
      () => set(integer),
    );
  });
  c.helper();
}

function defineToFixed(table: DefinitionTable): void {
  const long = (c: Context): F64 => c.frLong("r2");
  const short = (c: Context): F64 => f64.promoteF32(c.frShort("r2"));
  const define = (
    mnemonic: string,
    source: (c: Context) => F64,
    minimum: number,
    end: number,
    set: (c: Context, value: F64) => void,
  ): void =>
    table.define(mnemonic, (c) => {
      const x = c.let(source(c));
      c.f.block((slow) => {
        const integer = rounded(c, x, slow).value;
        const usable = i32.and(f64.ge(integer, f64.const(minimum)), f64.lt(integer, f64.const(end)));
        guarded(c, { usable, exact: (refuse) => c.f.if(f64.ne(integer, x), () => refuse(i32.eqz(inexactIsSuppressed(c)))) }, () => {
          set(c, integer);
          ccLong(c, x);
        });
      });
      c.helper();
    });
  for (const [format, source] of [
    ["d", long],
    ["e", short],
  ] as const) {
    define(`cf${format}br`, source, -(2 ** 31), 2 ** 31, (c, x) => c.setGr32("r1", truncSaturating.i32FromF64S(x)));
    define(`cg${format}br`, source, -(2 ** 63), 2 ** 63, (c, x) => c.setGr64("r1", truncSaturating.i64FromF64S(x)));
    define(`clf${format}br`, source, 0, 2 ** 32, (c, x) => c.setGr32("r1", truncSaturating.i32FromF64U(x)));
    define(`clg${format}br`, source, 0, 2 ** 64, (c, x) => c.setGr64("r1", truncSaturating.i64FromF64U(x)));
  }
}
