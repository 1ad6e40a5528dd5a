import type { BfpContext } from "../../bfp/index.ts";
import * as algorithms from "../../bfp/index.ts";
import type { CpuCore, Helper, HelperMap } from "../core.ts";
import {
  begin,
  bfp,
  extendedRegister,
  finish,
  longRegister,
  longStorage,
  roundingMethod,
  type Source,
  second,
  shortRegister,
  shortStorage,
  type Target,
  toExtended,
  toLong,
  toNothing,
  toShort,
} from "./bfp-operands.ts";

type Short = (ctx: BfpContext, a: number, b: number) => void;
type Long = (ctx: BfpContext, ah: number, al: number, bh: number, bl: number) => void;
type Extended = (ctx: BfpContext, a0: number, a1: number, a2: number, a3: number, b0: number, b1: number, b2: number, b3: number) => void;

const WITHOUT_CC = false;
const SETS_CC = true;

function short(operation: Short, source: Source, target: Target, setsCc: boolean): Helper {
  return (core) => {
    begin(core);
    source(core);
    operation(bfp, core.registers.floatHigh(core.operands.r1) | 0, second[0]!);
    finish(core, target, setsCc);
  };
}

function long(operation: Long, source: Source, target: Target, setsCc: boolean): Helper {
  return (core) => {
    begin(core);
    source(core);
    const { registers, operands } = core;
    operation(bfp, registers.floatHigh(operands.r1) | 0, registers.floatLow(operands.r1) | 0, second[0]!, second[1]!);
    finish(core, target, setsCc);
  };
}

function extended(operation: Extended, target: Target, setsCc: boolean): Helper {
  return (core) => {
    begin(core);
    const { registers, operands } = core;
    const { r1, r2 } = operands;
    // Not all of these are told to the decoder as register pairs.
    core.specificationIf(((r1 | r2) & 2) !== 0);
    extendedRegister(core);
    operation(
      bfp,
      registers.floatHigh(r1) | 0,
      registers.floatLow(r1) | 0,
      registers.floatHigh(r1 + 2) | 0,
      registers.floatLow(r1 + 2) | 0,
      second[0]!,
      second[1]!,
      second[2]!,
      second[3]!,
    );
    finish(core, target, setsCc);
  };
}

/** Register form and storage form. */
function shortForms(stem: string, operation: Short, target: Target, setsCc: boolean): HelperMap {
  return {
    [`${stem}br`]: short(operation, shortRegister, target, setsCc),
    [`${stem}b`]: short(operation, shortStorage, target, setsCc),
  };
}

function longForms(stem: string, operation: Long, target: Target, setsCc: boolean): HelperMap {
  return {
    [`${stem}br`]: long(operation, longRegister, target, setsCc),
    [`${stem}b`]: long(operation, longStorage, target, setsCc),
  };
}

function unaryShort(operation: (ctx: BfpContext, a: number) => void, source: Source, target: Target, setsCc: boolean): Helper {
  return short((ctx, _, b) => operation(ctx, b), source, target, setsCc);
}

function unaryLong(operation: (ctx: BfpContext, ah: number, al: number) => void, source: Source, target: Target, setsCc: boolean): Helper {
  return long((ctx, _h, _l, bh, bl) => operation(ctx, bh, bl), source, target, setsCc);
}

function unaryExtended(
  operation: (ctx: BfpContext, a0: number, a1: number, a2: number, a3: number) => void,
  target: Target,
  setsCc: boolean,
): Helper {
  return (core) => {
    begin(core);
    extendedRegister(core);
    operation(bfp, second[0]!, second[1]!, second[2]!, second[3]!);
    finish(core, target, setsCc);
  };
}

/** MULTIPLY AND ADD, MULTIPLY AND SUBTRACT: operand 1 is the addend, operands 2 and 3 the factors. */
function multiplyAddShort(source: Source, subtract: boolean): Helper {
  return (core) => {
    begin(core);
    source(core);
    const { registers, operands } = core;
    const third = registers.floatHigh(operands.r3) | 0;
    algorithms.multiplyAddShort(bfp, third, second[0]!, registers.floatHigh(operands.r1) | 0, subtract);
    finish(core, toShort, WITHOUT_CC);
  };
}

function multiplyAddLong(source: Source, subtract: boolean): Helper {
  return (core) => {
    begin(core);
    source(core);
    const { registers, operands } = core;
    const { r1, r3 } = operands;
    algorithms.multiplyAddLong(
      bfp,
      registers.floatHigh(r3) | 0,
      registers.floatLow(r3) | 0,
      second[0]!,
      second[1]!,
      registers.floatHigh(r1) | 0,
      registers.floatLow(r1) | 0,
      subtract,
    );
    finish(core, toLong, WITHOUT_CC);
  };
}

/** DIVIDE TO INTEGER: remainder to operand 1, quotient to operand 3; three different registers. */
function divideToInteger(isLong: boolean): Helper {
  return (core) => {
    begin(core);
    const { registers, operands } = core;
    const { r1, r2, r3 } = operands;
    const method = roundingMethod(core, operands.m4);
    core.specificationIf(r1 === r2 || r1 === r3 || r2 === r3);
    const high = registers.floatHigh(r1) | 0;
    if (isLong) {
      longRegister(core);
      algorithms.divideToIntegerLong(bfp, high, registers.floatLow(r1) | 0, second[0]!, second[1]!, method);
    } else {
      shortRegister(core);
      algorithms.divideToIntegerShort(bfp, high, second[0]!, method);
    }
    finish(core, isLong ? remainderAndQuotientLong : remainderAndQuotientShort, SETS_CC);
  };
}

const remainderAndQuotientLong: Target = (core) => {
  toLong(core);
  core.registers.setFloat(core.operands.r3, bfp.q0 >>> 0, bfp.q1 >>> 0);
};

const remainderAndQuotientShort: Target = (core: CpuCore) => {
  const { registers, operands } = core;
  toShort(core);
  registers.setFloat(operands.r3, bfp.q0 >>> 0, registers.floatLow(operands.r3));
};

const compareShort: Short = (ctx, a, b) => algorithms.compareShort(ctx, a, b, false);
const compareAndSignalShort: Short = (ctx, a, b) => algorithms.compareShort(ctx, a, b, true);
const compareLong: Long = (ctx, ah, al, bh, bl) => algorithms.compareLong(ctx, ah, al, bh, bl, false);
const compareAndSignalLong: Long = (ctx, ah, al, bh, bl) => algorithms.compareLong(ctx, ah, al, bh, bl, true);
const compareExtended =
  (signal: boolean): Extended =>
  (ctx, a0, a1, a2, a3, b0, b1, b2, b3) =>
    algorithms.compareExtended(ctx, a0, a1, a2, a3, b0, b1, b2, b3, signal);

/** Binary floating-point arithmetic and comparison (PoP chapter 19): all operands, roundings and traps. */
export const bfpHelpers: HelperMap = {
  ...shortForms("ae", algorithms.addShort, toShort, SETS_CC),
  ...longForms("ad", algorithms.addLong, toLong, SETS_CC),
  axbr: extended(algorithms.addExtended, toExtended, SETS_CC),
  ...shortForms("se", algorithms.subtractShort, toShort, SETS_CC),
  ...longForms("sd", algorithms.subtractLong, toLong, SETS_CC),
  sxbr: extended(algorithms.subtractExtended, toExtended, SETS_CC),
  ...shortForms("mee", algorithms.multiplyShort, toShort, WITHOUT_CC),
  ...shortForms("mde", algorithms.multiplyShortToLong, toLong, WITHOUT_CC),
  ...longForms("md", algorithms.multiplyLong, toLong, WITHOUT_CC),
  ...longForms("mxd", algorithms.multiplyLongToExtended, toExtended, WITHOUT_CC),
  mxbr: extended(algorithms.multiplyExtended, toExtended, WITHOUT_CC),
  ...shortForms("de", algorithms.divideShort, toShort, WITHOUT_CC),
  ...longForms("dd", algorithms.divideLong, toLong, WITHOUT_CC),
  dxbr: extended(algorithms.divideExtended, toExtended, WITHOUT_CC),
  sqebr: unaryShort(algorithms.squareRootShort, shortRegister, toShort, WITHOUT_CC),
  sqeb: unaryShort(algorithms.squareRootShort, shortStorage, toShort, WITHOUT_CC),
  sqdbr: unaryLong(algorithms.squareRootLong, longRegister, toLong, WITHOUT_CC),
  sqdb: unaryLong(algorithms.squareRootLong, longStorage, toLong, WITHOUT_CC),
  sqxbr: unaryExtended(algorithms.squareRootExtended, toExtended, WITHOUT_CC),
  maebr: multiplyAddShort(shortRegister, false),
  maeb: multiplyAddShort(shortStorage, false),
  msebr: multiplyAddShort(shortRegister, true),
  mseb: multiplyAddShort(shortStorage, true),
  madbr: multiplyAddLong(longRegister, false),
  madb: multiplyAddLong(longStorage, false),
  msdbr: multiplyAddLong(longRegister, true),
  msdb: multiplyAddLong(longStorage, true),
  diebr: divideToInteger(false),
  didbr: divideToInteger(true),
  ...shortForms("ce", compareShort, toNothing, SETS_CC),
  ...longForms("cd", compareLong, toNothing, SETS_CC),
  cxbr: extended(compareExtended(false), toNothing, SETS_CC),
  ...shortForms("ke", compareAndSignalShort, toNothing, SETS_CC),
  ...longForms("kd", compareAndSignalLong, toNothing, SETS_CC),
  kxbr: extended(compareExtended(true), toNothing, SETS_CC),
  ltebr: unaryShort(algorithms.loadAndTestShort, shortRegister, toShort, SETS_CC),
  ltdbr: unaryLong(algorithms.loadAndTestLong, longRegister, toLong, SETS_CC),
  ltxbr: unaryExtended(algorithms.loadAndTestExtended, toExtended, SETS_CC),
};
