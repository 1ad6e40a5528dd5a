import { call, type I64, i32, i64 } from "@zarch/wasm-encoder";
import { type Context, ProgramCode } from "../engine/context.ts";
import { productHigh } from "../engine/wide-arithmetic.ts";
import type { Source32, Source64 } from "./operands.ts";
import * as from from "./operands.ts";
import type { DefinitionTable } from "./table.ts";

/** MULTIPLY and DIVIDE in their fixed-point forms (PoP chapter 7). */
export function defineMultiplyDivide(table: DefinitionTable): void {
  const single32 = (mnemonic: string, source: Source32): void =>
    table.define(mnemonic, (c) => {
      const y = source(c);
      c.setGr32("r1", i32.mul(c.gr32("r1"), y));
    });
  const single64 = (mnemonic: string, source: Source64): void =>
    table.define(mnemonic, (c) => {
      const y = source(c);
      c.setGr64("r1", i64.mul(c.gr64("r1"), y));
    });
  single32("msr", from.r2);
  single32("ms", from.word);
  single32("msy", from.word);
  single32("mh", from.halfword);
  single32("mhy", from.halfword);
  single32("mhi", from.i2);
  single32("msfi", from.i2);
  single64("msgr", from.g2);
  single64("msg", from.doubleword);
  single64("msgf", from.wordSigned);
  single64("msgfr", from.r2Signed);
  single64("mghi", from.i2Signed64);
  single64("msgfi", from.i2Signed64);

  // 32 x 32 to 64 bits in an even-odd pair.
  const wide = (mnemonic: string, source: Source64, signed: boolean): void =>
    table.define(mnemonic, (c) => {
      const y = source(c);
      const x = signed ? i64.extendS(c.gr32("r1", 1)) : i64.extendU(c.gr32("r1", 1));
      const product = c.let(i64.mul(x, y));
      c.setGr32("r1", i32.wrap(i64.shrU(product, 32)));
      c.setGr32("r1", i32.wrap(product), 1);
    });
  wide("mr", from.r2Signed, true);
  wide("m", from.wordSigned, true);
  wide("mfy", from.wordSigned, true);
  wide("mlr", from.r2Unsigned, false);
  wide("ml", from.wordUnsigned, false);

  const quad = (mnemonic: string, source: Source64): void =>
    table.define(mnemonic, (c) => {
      const y = source(c);
      const x = c.let(c.gr64("r1", 1));
      const high = c.let(productHigh(c.f, x, y));
      c.setGr64("r1", i64.mul(x, y), 1);
      c.setGr64("r1", high);
    });
  quad("mlgr", from.g2);
  quad("mlg", from.doubleword);

  defineDivide(table);
}

/** Hosts have one instruction for quotient and remainder, but WebAssembly has not: a product is faster than a second division. */
function remainder(dividend: I64, divisor: I64, quotient: I64): I64 {
  return i64.sub(dividend, i64.mul(quotient, divisor));
}

function defineDivide(table: DefinitionTable): void {
  const divideException = (c: Context, condition: Parameters<Context["programIf"]>[0]): void =>
    c.programIf(condition, ProgramCode.fixedPointDivide);
  const pair = (c: Context): I64 => c.let(i64.or(i64.shl(i64.extendU(c.gr32("r1")), 32), i64.extendU(c.gr32("r1", 1))));

  // 64-bit dividend in two halves, 32-bit divisor.
  const divide = (mnemonic: string, source: Source64): void =>
    table.define(mnemonic, (c) => {
      const y = source(c);
      const x = pair(c);
      divideException(c, i64.eqz(y));
      divideException(c, i32.and(i64.eq(x, -0x8000_0000_0000_0000n), i64.eq(y, -1)));
      const quotient = c.let(i64.divS(x, y));
      divideException(c, i64.ne(quotient, i64.extend32S(quotient)));
      c.setGr32("r1", i32.wrap(remainder(x, y, quotient)));
      c.setGr32("r1", i32.wrap(quotient), 1);
    });
  divide("dr", from.r2Signed);
  divide("d", from.wordSigned);
  const divideLogical = (mnemonic: string, source: Source64): void =>
    table.define(mnemonic, (c) => {
      const y = source(c);
      const x = pair(c);
      divideException(c, i64.eqz(y));
      const quotient = c.let(i64.divU(x, y));
      divideException(c, i64.gtU(quotient, 0xffff_ffffn));
      c.setGr32("r1", i32.wrap(remainder(x, y, quotient)));
      c.setGr32("r1", i32.wrap(quotient), 1);
    });
  divideLogical("dlr", from.r2Unsigned);
  divideLogical("dl", from.wordUnsigned);
  // 64-bit dividend in the odd register.
  const divideSingle = (mnemonic: string, source: Source64): void =>
    table.define(mnemonic, (c) => {
      const y = source(c);
      const x = c.let(c.gr64("r1", 1));
      divideException(c, i64.eqz(y));
      divideException(c, i32.and(i64.eq(x, -0x8000_0000_0000_0000n), i64.eq(y, -1)));
      const quotient = c.let(i64.divS(x, y));
      c.setGr64("r1", remainder(x, y, quotient));
      c.setGr64("r1", quotient, 1);
    });
  divideSingle("dsgr", from.g2);
  divideSingle("dsg", from.doubleword);
  divideSingle("dsgfr", from.r2Signed);
  divideSingle("dsgf", from.wordSigned);
  // 128-bit dividend, of which the left half usually is zero.
  const divideQuad = (mnemonic: string, source: Source64): void =>
    table.define(mnemonic, (c) => {
      const { f } = c;
      const y = source(c);
      const high = c.let(c.gr64("r1"));
      const low = c.let(c.gr64("r1", 1));
      // Covers a zero divisor too.
      divideException(c, i64.geU(high, y));
      const quotient = f.temporary("i64");
      f.if(
        i64.eqz(high),
        () => f.set(quotient, i64.divU(low, y)),
        () => f.set(quotient, call("i64", c.function("divideWide"), high, low, y)),
      );
      c.setGr64("r1", remainder(low, y, quotient.value));
      c.setGr64("r1", quotient.value, 1);
    });
  divideQuad("dlgr", from.g2);
  divideQuad("dlg", from.doubleword);
}
