import * as algorithms from "../../bfp/index.ts";
import type { CpuCore, Helper, HelperMap } from "../core.ts";
import {
  begin,
  bfp,
  extendedRegister,
  finish,
  inexactIsSuppressed,
  longRegister,
  longStorage,
  roundingMethod,
  type Source,
  second,
  shortRegister,
  shortStorage,
  type Target,
  toExtended,
  toFixed32,
  toFixed64,
  toLong,
  toShort,
} from "./bfp-operands.ts";

/** An operation on the words in {@link second}, with the M3 method and the inexact suppression where it has them. */
type Operation = (method: number, suppressInexact: boolean) => void;

function conversion(source: Source, operation: Operation, target: Target, setsCc = false): Helper {
  return (core) => {
    begin(core);
    source(core);
    operation(0, false);
    finish(core, target, setsCc);
  };
}

function rounding(source: Source, operation: Operation, target: Target, setsCc = false): Helper {
  return (core) => {
    begin(core);
    const method = roundingMethod(core);
    source(core);
    operation(method, inexactIsSuppressed(core));
    finish(core, target, setsCc);
  };
}

/** LOAD ROUNDED: the overflow and underflow traps deliver the result in the format of the source. */
function roundedTo(narrow: Target, wide: Target): Target {
  return (core) => (bfp.sourceFormat ? wide : narrow)(core);
}

const fixed32: Source = ({ registers, operands }) => {
  second[0] = 0;
  second[1] = registers.low(operands.r2);
};
const fixed64: Source = ({ registers, operands }) => {
  second[0] = registers.high(operands.r2);
  second[1] = registers.low(operands.r2);
};

function fixedForms(letter: "f" | "g", bits: 32 | 64): HelperMap {
  const source = bits === 32 ? fixed32 : fixed64;
  const target = bits === 32 ? toFixed32 : toFixed64;
  const helpers: Record<string, Helper> = {};
  for (const [kind, logical] of [
    ["", false],
    ["l", true],
  ] as const) {
    helpers[`ce${kind}${letter}br`] = rounding(
      source,
      (m3, xxc) => algorithms.convertFromFixedShort(bfp, second[0]!, second[1]!, bits, logical, m3, xxc),
      toShort,
    );
    helpers[`cd${kind}${letter}br`] = rounding(
      source,
      (m3, xxc) => algorithms.convertFromFixedLong(bfp, second[0]!, second[1]!, bits, logical, m3, xxc),
      toLong,
    );
    helpers[`cx${kind}${letter}br`] = rounding(
      source,
      () => algorithms.convertFromFixedExtended(bfp, second[0]!, second[1]!, bits, logical),
      toExtended,
    );
    helpers[`c${kind}${letter}ebr`] = rounding(
      shortRegister,
      (m3, xxc) => algorithms.convertToFixedShort(bfp, second[0]!, bits, logical, m3, xxc),
      target,
      true,
    );
    helpers[`c${kind}${letter}dbr`] = rounding(
      longRegister,
      (m3, xxc) => algorithms.convertToFixedLong(bfp, second[0]!, second[1]!, bits, logical, m3, xxc),
      target,
      true,
    );
    helpers[`c${kind}${letter}xbr`] = rounding(
      extendedRegister,
      (m3, xxc) => algorithms.convertToFixedExtended(bfp, second[0]!, second[1]!, second[2]!, second[3]!, bits, logical, m3, xxc),
      target,
      true,
    );
  }
  return helpers;
}

/** Method of CONVERT HFP TO BFP: rounding to prepare for shorter precision is not among them. */
function hexadecimalMethod(core: CpuCore): number {
  core.specificationIf(core.operands.m3 === 3);
  return roundingMethod(core);
}

function fromHexadecimal(operation: (method: number) => void, target: Target): Helper {
  return (core) => {
    begin(core);
    const method = hexadecimalMethod(core);
    longRegister(core);
    operation(method);
    finish(core, target, true);
  };
}

/** Conversions between BFP formats, to and from fixed point, and to and from HFP (PoP chapters 9 and 19). */
export const bfpConvertHelpers: HelperMap = {
  ldebr: conversion(shortRegister, () => algorithms.lengthenShortToLong(bfp, second[0]!), toLong),
  ldeb: conversion(shortStorage, () => algorithms.lengthenShortToLong(bfp, second[0]!), toLong),
  lxebr: conversion(shortRegister, () => algorithms.lengthenShortToExtended(bfp, second[0]!), toExtended),
  lxeb: conversion(shortStorage, () => algorithms.lengthenShortToExtended(bfp, second[0]!), toExtended),
  lxdbr: conversion(longRegister, () => algorithms.lengthenLongToExtended(bfp, second[0]!, second[1]!), toExtended),
  lxdb: conversion(longStorage, () => algorithms.lengthenLongToExtended(bfp, second[0]!, second[1]!), toExtended),
  ledbr: rounding(longRegister, (m3, xxc) => algorithms.roundLongToShort(bfp, second[0]!, second[1]!, m3, xxc), roundedTo(toShort, toLong)),
  ldxbr: rounding(
    extendedRegister,
    (m3, xxc) => algorithms.roundExtendedToLong(bfp, second[0]!, second[1]!, second[2]!, second[3]!, m3, xxc),
    roundedTo(toLong, toExtended),
  ),
  lexbr: rounding(
    extendedRegister,
    (m3, xxc) => algorithms.roundExtendedToShort(bfp, second[0]!, second[1]!, second[2]!, second[3]!, m3, xxc),
    roundedTo(toShort, toExtended),
  ),
  fiebr: rounding(shortRegister, (m3, xxc) => algorithms.loadIntegerShort(bfp, second[0]!, m3, xxc), toShort),
  fidbr: rounding(longRegister, (m3, xxc) => algorithms.loadIntegerLong(bfp, second[0]!, second[1]!, m3, xxc), toLong),
  fixbr: rounding(
    extendedRegister,
    (m3, xxc) => algorithms.loadIntegerExtended(bfp, second[0]!, second[1]!, second[2]!, second[3]!, m3, xxc),
    toExtended,
  ),
  ...fixedForms("f", 32),
  ...fixedForms("g", 64),
  thder: conversion(shortRegister, () => algorithms.convertShortToHexadecimal(bfp, second[0]!), toLong, true),
  thdr: conversion(longRegister, () => algorithms.convertLongToHexadecimal(bfp, second[0]!, second[1]!), toLong, true),
  tbedr: fromHexadecimal((m3) => algorithms.convertHexadecimalToShort(bfp, second[0]!, second[1]!, m3), toShort),
  tbdr: fromHexadecimal((m3) => algorithms.convertHexadecimalToLong(bfp, second[0]!, second[1]!, m3), toLong),
};
