import type { FieldName } from "@zarch/s390x-isa";
import { type Expression, type F32, type F64, type FunctionBuilder, f64, type I32, type I64, i32, i64, select } from "@zarch/wasm-encoder";
import { AFP_REGISTER_CONTROL, bfpState } from "./bfp-state.ts";
import { CR } from "./layout.ts";

export type LoadWidth32 = 8 | 16 | 32;
export type LoadWidth64 = 8 | 16 | 32 | 64;

/** Program-interruption codes that instruction definitions raise (PoP chapter 6, "Program Interruption"). */
export const ProgramCode = {
  operation: 0x01,
  privilegedOperation: 0x02,
  execute: 0x03,
  protection: 0x04,
  addressing: 0x05,
  specification: 0x06,
  data: 0x07,
  fixedPointOverflow: 0x08,
  fixedPointDivide: 0x09,
  decimalOverflow: 0x0a,
  decimalDivide: 0x0b,
  hfpExponentOverflow: 0x0c,
  hfpExponentUnderflow: 0x0d,
  hfpSignificance: 0x0e,
  hfpDivide: 0x0f,
  segmentTranslation: 0x10,
  pageTranslation: 0x11,
  translationSpecification: 0x12,
  specialOperation: 0x13,
  operand: 0x15,
  traceTable: 0x16,
  vectorProcessing: 0x1b,
  spaceSwitch: 0x1c,
  hfpSquareRoot: 0x1d,
  pcTranslationSpecification: 0x1f,
  afxTranslation: 0x20,
  asxTranslation: 0x21,
  lxTranslation: 0x22,
  exTranslation: 0x23,
  primaryAuthority: 0x24,
  secondaryAuthority: 0x25,
  aletSpecification: 0x28,
  alenTranslation: 0x29,
  aleSequence: 0x2a,
  asteValidity: 0x2b,
  asteSequence: 0x2c,
  extendedAuthority: 0x2d,
  stackFull: 0x30,
  stackEmpty: 0x31,
  stackSpecification: 0x32,
  stackType: 0x33,
  stackOperation: 0x34,
  asceType: 0x38,
  regionFirstTranslation: 0x39,
  regionSecondTranslation: 0x3a,
  regionThirdTranslation: 0x3b,
  monitor: 0x40,
  per: 0x80,
} as const;

/**
 * What an instruction definition is written against: the abstract emitter. One definition serves every engine: operands
 * may be read from a predecoded record (interpreter) or be constants (compiled block); registers may be in memory or in
 * locals; the condition code may be kept lazily.
 *
 * Rules for definitions. Expressions are emitted where they are used: hold a value in `let` when it is used twice or must
 * be taken before a later effect. Accesses to storage happen at the call. Change no register, condition code or storage
 * before the last possible exception that nullifies or suppresses. A definition falls off its end to finish normally.
 */
export abstract class Context {
  /** Builds the code: locals, control structures. */
  abstract readonly f: FunctionBuilder;
  /** Length of the instruction in bytes. */
  abstract readonly length: number;

  let<T extends "i32" | "i64" | "f32" | "f64" | "v128">(value: Expression<T>): Expression<T> {
    return this.f.let(value);
  }

  // ---- operand fields ----

  /** A field as a signed or unsigned number, by the width that the format gives it. Masks, immediates, lengths. */
  abstract field(name: FieldName, signed?: boolean): I32;
  /** Signed byte offset of a relative field (twice the field), 64 bits. */
  abstract relative(name: FieldName): I64;
  /** Number 0-15 of the register that a field names. */
  abstract registerNumber(name: FieldName): I32;

  // ---- general registers. `plus` 1 names the odd register of an even-odd pair ----

  abstract gr64(name: FieldName, plus?: 0 | 1): I64;
  /** Bits 32-63. */
  abstract gr32(name: FieldName, plus?: 0 | 1): I32;
  /** Bits 0-31. */
  abstract grHigh(name: FieldName, plus?: 0 | 1): I32;
  abstract setGr64(name: FieldName, value: I64, plus?: 0 | 1): void;
  /** Sets bits 32-63 and keeps bits 0-31. */
  abstract setGr32(name: FieldName, value: I32, plus?: 0 | 1): void;
  abstract setGrHigh(name: FieldName, value: I32, plus?: 0 | 1): void;
  /** Sets bits 56-63 (8) or 48-63 (16) and keeps the others. */
  abstract setGrLow(name: FieldName, value: I32, width: 8 | 16): void;
  /** Register by a number computed at run time (0-15), as LOAD MULTIPLE needs. */
  abstract gr64At(number: I32): I64;
  abstract setGr64At(number: I32, value: I64): void;
  /** A fixed register, for instructions with implied operands. */
  abstract gr64Fixed(number: number): I64;
  abstract setGr64Fixed(number: number, value: I64): void;

  // ---- access and floating-point registers ----

  abstract ar(name: FieldName): I32;
  abstract setAr(name: FieldName, value: I32): void;
  /** Bits of a floating-point register. `plus` 1 names the second of a pair (register + 2). */
  abstract fr64(name: FieldName, plus?: 0 | 1): I64;
  abstract setFr64(name: FieldName, value: I64, plus?: 0 | 1): void;
  /** The left half of a floating-point register, where short operands lie. */
  abstract fr32(name: FieldName): I32;
  abstract setFr32(name: FieldName, value: I32): void;
  /** The same as floating-point numbers. Moving them keeps all bits, those of NaNs too. */
  abstract frLong(name: FieldName, plus?: 0 | 1): F64;
  abstract setFrLong(name: FieldName, value: F64, plus?: 0 | 1): void;
  abstract frShort(name: FieldName): F32;
  abstract setFrShort(name: FieldName, value: F32): void;
  abstract fpc(): I32;
  /** Bits 32-63 of a control register; these are in memory in every engine. */
  controlLow(number: number): I32 {
    return i32.load(i32.const(CR + number * 8));
  }

  /** The AFP-register control: nonzero when it is on. */
  afpControl(): I32 {
    return i32.and(this.controlLow(0), AFP_REGISTER_CONTROL);
  }

  /** A BfpState, or another number when only the exact algorithms know what to do. */
  bfpState(): I32 {
    return bfpState(this.fpc(), this.controlLow(0));
  }

  // ---- storage ----

  /** Effective address of operand 1, 2, 3 or 4: base + index + displacement, wrapped by the addressing mode. Held in a temporary. */
  abstract address(operand: 1 | 2 | 3 | 4): I64;
  /** Wraps an address by the addressing mode. */
  abstract wrapAddress(address: I64): I64;
  /** Address of this instruction (for the target of EXECUTE: of that target) plus a relative field. */
  abstract relativeAddress(name: FieldName): I64;
  /** Low bits of the address that a relative field gave: a constant where that is known while compiling. */
  relativeBits(_name: FieldName, address: I64, mask: number): I32 {
    return i32.wrap(i64.and(address, mask));
  }
  /** Loads a big-endian value; the result is held in a temporary. `operand`: whose base register's access register applies. */
  abstract loadI32(address: I64, width: LoadWidth32, signed: boolean, operand?: 1 | 2 | 3 | 4): I32;
  abstract loadI64(address: I64, width: LoadWidth64, signed: boolean, operand?: 1 | 2 | 3 | 4): I64;
  abstract storeI32(address: I64, value: I32, width: LoadWidth32, operand?: 1 | 2 | 3 | 4): void;
  abstract storeI64(address: I64, value: I64, width: LoadWidth64, operand?: 1 | 2 | 3 | 4): void;
  abstract loadF64(address: I64): F64;
  abstract loadF32(address: I64): F32;
  abstract storeF64(address: I64, value: F64): void;
  abstract storeF32(address: I64, value: F32): void;
  /** Loads, computes and stores with one translation. Returns the old value. Refuses nothing after `compute` ran. */
  abstract updateI32(address: I64, width: LoadWidth32, compute: (old: I32) => I32, operand?: 1 | 2 | 3 | 4): I32;
  abstract updateI64(address: I64, width: LoadWidth64, compute: (old: I64) => I64, operand?: 1 | 2 | 3 | 4): I64;
  /**
   * Host address of the last byte of a span of `length` bytes (1 to 256, may be computed) when the span lies in one page
   * that may be accessed at once; otherwise 0. Never faults. Guest byte i of the span is at host + length - 1 - i.
   */
  abstract spanOrZero(address: I64, length: I32, write: boolean, operand?: 1 | 2 | 3 | 4): I32;

  // ---- condition code ----

  abstract cc(): I32;
  abstract setCc(value: I32): void;

  /** 0 zero, 1 negative, 2 positive. */
  ccSigned32(value: I32): void {
    this.setCc(i32.or(i32.shl(i32.gtS(value, 0), 1), i32.ltS(value, 0)));
  }

  ccSigned64(value: I64): void {
    this.setCc(i32.or(i32.shl(i64.gtS(value, 0), 1), i64.ltS(value, 0)));
  }

  /** 0 equal, 1 first low, 2 first high. */
  ccCompareS32(a: I32, b: I32): void {
    this.setCc(i32.or(i32.shl(i32.gtS(a, b), 1), i32.ltS(a, b)));
  }

  ccCompareU32(a: I32, b: I32): void {
    this.setCc(i32.or(i32.shl(i32.gtU(a, b), 1), i32.ltU(a, b)));
  }

  ccCompareS64(a: I64, b: I64): void {
    this.setCc(i32.or(i32.shl(i64.gtS(a, b), 1), i64.ltS(a, b)));
  }

  ccCompareU64(a: I64, b: I64): void {
    this.setCc(i32.or(i32.shl(i64.gtU(a, b), 1), i64.ltU(a, b)));
  }

  /** 0 equal, 1 first low, 2 first high, 3 unordered. */
  ccCompareF64(a: F64, b: F64): void {
    this.setCc(codeOfF64(this.let(a), this.let(b)));
  }

  /** 0 zero, 1 not zero. */
  ccLogical32(value: I32): void {
    this.setCc(i32.ne(value, 0));
  }

  ccLogical64(value: I64): void {
    this.setCc(i64.ne(value, 0));
  }

  /** Signed sum `r` of a and b: as ccSigned, 3 on overflow. Returns the overflow (0 or 1). */
  ccAddS32(a: I32, b: I32, r: I32): I32 {
    const overflow = this.let(i32.shrU(i32.and(i32.xor(a, r), i32.xor(b, r)), 31));
    this.#ccOverflow(i32.gtS(r, 0), i32.ltS(r, 0), overflow);
    return overflow;
  }

  ccAddS64(a: I64, b: I64, r: I64): I32 {
    const overflow = this.let(i32.wrap(i64.shrU(i64.and(i64.xor(a, r), i64.xor(b, r)), 63)));
    this.#ccOverflow(i64.gtS(r, 0), i64.ltS(r, 0), overflow);
    return overflow;
  }

  /** Signed difference r = a - b. */
  ccSubS32(a: I32, b: I32, r: I32): I32 {
    const overflow = this.let(i32.shrU(i32.and(i32.xor(a, b), i32.xor(a, r)), 31));
    this.#ccOverflow(i32.gtS(r, 0), i32.ltS(r, 0), overflow);
    return overflow;
  }

  ccSubS64(a: I64, b: I64, r: I64): I32 {
    const overflow = this.let(i32.wrap(i64.shrU(i64.and(i64.xor(a, b), i64.xor(a, r)), 63)));
    this.#ccOverflow(i64.gtS(r, 0), i64.ltS(r, 0), overflow);
    return overflow;
  }

  #ccOverflow(positive: I32, negative: I32, overflow: I32): void {
    this.setCc(i32.or(i32.or(i32.shl(positive, 1), negative), i32.mul(overflow, 3)));
  }

  /** Logical sum r of a and b: bit 1 carry, bit 0 not zero. */
  ccAddU32(a: I32, r: I32): void {
    this.setCc(i32.or(i32.shl(i32.ltU(r, a), 1), i32.ne(r, 0)));
  }

  ccAddU64(a: I64, r: I64): void {
    this.setCc(i32.or(i32.shl(i64.ltU(r, a), 1), i64.ne(r, 0)));
  }

  /** Logical difference r = a - b: bit 1 no borrow, bit 0 not zero. */
  ccSubU32(a: I32, b: I32, r: I32): void {
    this.setCc(i32.or(i32.shl(i32.geU(a, b), 1), i32.ne(r, 0)));
  }

  ccSubU64(a: I64, b: I64, r: I64): void {
    this.setCc(i32.or(i32.shl(i64.geU(a, b), 1), i64.ne(r, 0)));
  }

  /** The carry (or no borrow) that bit 1 of the condition code tells after logical arithmetic: 0 or 1. */
  carry(): I32 {
    return i32.shrU(this.cc(), 1);
  }

  /** By a carry (0 or 1) and the result: bit 1 carry, bit 0 not zero. */
  ccCarry(carry: I32, r: I64): void {
    this.setCc(i32.or(i32.shl(carry, 1), i64.ne(r, 0)));
  }

  /** Whether the current condition code is one that a mask field selects: nonzero if so. */
  conditionHolds(mask: FieldName): I32 {
    return conditionMet(this.field(mask), this.cc());
  }

  /** Bits 0-31 of the PSW; the condition code in it is stale. */
  abstract pswHigh(): I32;
  abstract setProgramMask(mask: I32): void;

  // ---- control ----

  /** Presents a program interruption now: the instruction is nullified or suppressed, as the code demands. */
  abstract program(code: number): void;

  programIf(condition: I32, code: number): void {
    if (condition.constant === 0) return;
    this.f.if(condition, () => this.program(code));
  }

  /** Refuses the instruction in the problem state (PSW bit 15). */
  privileged(): void {
    this.programIf(i32.and(this.pswHigh(), 0x0001_0000), ProgramCode.privilegedOperation);
  }

  /** Data exception with a data-exception code. */
  abstract dataException(dxc: I32): void;
  /** Completes the instruction (all results are set), then presents a fixed-point overflow if `overflow` and the PSW mask allow. */
  abstract fixedPointOverflow(overflow: I32): void;
  /** Branches to an address (not yet wrapped). Ends the instruction. */
  abstract branch(target: I64): void;
  /** Branches to a relative field's target if the condition holds. Must come last in a definition. */
  abstract branchRelativeIf(condition: I32, name: FieldName): void;
  /** Address of the next sequential instruction. */
  abstract nextAddress(): I64;
  /** Whether the CPU is in 64-bit mode, as 0 or 1. */
  abstract isMode64(): I32;
  /** Whether the CPU is in 24-bit mode, as 0 or 1. */
  abstract isMode24(): I32;
  /** Performs the instruction that EXECUTE names: target address, and the byte to OR into its second byte (0: none). */
  abstract execute(target: I64, modifier: I32): void;
  /** Ends the instruction early, normally. Only inside a structure that the definition opened. */
  abstract finish(): void;
  /**
   * Leaves an instruction to the interpreter when it is one of a region, and does nothing otherwise: for accesses that may miss after
   * something was changed. They do not when each lies in one page and a byte of that page was accessed before.
   */
  handBackIf(_condition: I32): void {}
  /** Runs the TypeScript half of this instruction (see runtime/helpers). Ends the instruction. */
  abstract helper(): void;
  /** Calls an internal function of the engine by name, see functions.ts. */
  abstract function(name: EngineFunction): number;
}

export type EngineFunction =
  | "copySpan"
  | "compareSpan"
  | "andSpan"
  | "orSpan"
  | "xorSpan"
  | "findByte"
  | "compareStrings"
  | "translateBytes"
  | "testBytes"
  | "divideWide"
  | "pendingTimers"
  | "tod";

/** A definition, and how the decoder and the engines treat it. */
export type Definition = (context: Context) => void;

/** The condition that a mask field selects under a condition code: nonzero when the branch is taken. */
export function conditionMet(mask: I32, cc: I32): I32 {
  return i32.and(i32.shl(mask, cc), 8);
}

/** The condition code of a floating-point comparison. Operands must be cheap to repeat. */
export function codeOfF64(a: F64, b: F64): I32 {
  const isOrdered = i32.or(f64.le(a, b), f64.gt(a, b));
  return select(i32.or(i32.shl(f64.gt(a, b), 1), f64.lt(a, b)), i32.const(3), isOrdered);
}
