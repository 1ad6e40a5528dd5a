import { type FieldName, type FieldSpec, fieldValue, type Instruction } from "@zarch/s390x-isa";
import {
  type F32,
  type F64,
  type FunctionBuilder,
  f32,
  f64,
  type I32,
  type I64,
  i32,
  i64,
  type Label,
  type Local,
} from "@zarch/wasm-encoder";
import type { FunctionSet } from "../engine/functions.ts";
import { AR, FPC, PSW_MASK, ZERO_REGISTER } from "../engine/layout.ts";
import { StorageContext } from "../engine/storage-context.ts";
import { type AddressingMode, wrapInMode } from "./addressing-mode.ts";
import { ConditionKind, type ConditionState, type LazyCondition } from "./condition.ts";
import { type RegionEnd, RegionExit } from "./region-exit.ts";
import type { RegionFloats } from "./region-floats.ts";
import type { RegionRegisters } from "./region-registers.ts";

const at = (address: number): I32 => i32.const(address);

/** What the instructions of a region share. */
export interface RegionFrame {
  readonly f: FunctionBuilder;
  readonly functions: FunctionSet;
  readonly registers: RegionRegisters;
  readonly floats: RegionFloats;
  readonly condition: LazyCondition;
  /** Virtual address of the page that offsets in the region count from. */
  readonly base: Local<"i64">;
  readonly bank: Local<"i32">;
  readonly mode: AddressingMode;
  /** As in the options of a region. */
  readonly hasStoresBesideCode: boolean;
  /** Leaves the region at an offset. */
  leave(offset: number, exit: RegionEnd): void;
  /** Goes on at an offset, inside the region or outside. */
  goTo(offset: number): void;
  /** Goes on at an address computed at run time, a return perhaps. The address must be cheap to repeat. */
  goToAddress(target: I64): void;
}

/** Where an instruction stands in its region. */
export interface RegionPlace {
  readonly instruction: Instruction;
  /** Its text, left-aligned in 48 bits. */
  readonly text: number;
  /** Offset of its first byte. */
  readonly offset: number;
  /** Offset of the instruction to do again when it cannot be done here, and of the one behind it; they differ from its own under EXECUTE. */
  readonly restart: number;
  readonly next: number;
  /** What EXECUTE ORs into bits 8-15. */
  readonly modifier?: I32;
}

/** An instruction whose definition needs what a region cannot give. */
export class NotCompilable extends Error {}

/**
 * The compiled form of a definition: operand fields are constants, general registers are locals, the condition code is lazy. A
 * refused access, a translation miss, a program interruption and the runtime's half of an instruction all leave the region at
 * that instruction, for the interpreter to do.
 */
export class RegionContext extends StorageContext {
  readonly f: FunctionBuilder;
  readonly length: number;
  protected readonly functions: FunctionSet;
  readonly #frame: RegionFrame;
  readonly #place: RegionPlace;
  readonly #fields: ReadonlyMap<FieldName, FieldSpec>;
  readonly #end: Label;
  readonly #depth: number;
  #changedDepth = 0;
  readonly #finished: ConditionState[] = [];
  /** The end of the definition is not reached: it finishes before, or the region is left. */
  #isLeft = false;

  constructor(frame: RegionFrame, place: RegionPlace, end: Label) {
    super();
    this.f = frame.f;
    this.functions = frame.functions;
    this.length = place.instruction.format.length;
    this.#frame = frame;
    this.#place = place;
    this.#fields = fieldsOf(place.instruction);
    this.#end = end;
    this.#depth = frame.f.depth;
  }

  /** Settles what is known of the condition code behind the instruction. To be called when its definition is built. */
  settle(): void {
    const { condition } = this.#frame;
    const states = [...this.#finished];
    if (!this.#isLeft) states.push(this.#changedDepth > this.#depth ? "unknown" : condition.state);
    condition.state = states.every((state) => state === states[0]) ? (states[0] ?? "unknown") : "unknown";
  }

  // ---- operand fields ----

  #number(name: FieldName): number {
    const spec = this.#fields.get(name);
    if (!spec) throw new RangeError(`no field ${name}`);
    return fieldValue(spec, this.#place.text);
  }

  /** Whether EXECUTE may change the field. */
  #isModified(name: FieldName): boolean {
    return this.#place.modifier !== undefined && this.#fields.get(name)!.parts.some(({ bit, length }) => bit < 16 && bit + length > 8);
  }

  #fixed(name: FieldName): number {
    if (this.#isModified(name)) throw new NotCompilable(`EXECUTE changes ${name}`);
    return this.#number(name);
  }

  override field(name: FieldName, signed = false): I32 {
    const width = this.#fields.get(name)?.width ?? 0;
    const value = this.#number(name);
    const left = 32 - width;
    const known = i32.const(left <= 0 ? value : signed ? (value << left) >> left : (value << left) >>> left);
    if (!this.#isModified(name)) return known;
    if (width !== 8 || signed) throw new NotCompilable(`EXECUTE changes ${name}`);
    return i32.or(this.#place.modifier!, known);
  }

  override relative(name: FieldName): I64 {
    return i64.const(this.#fixed(name) * 2);
  }

  override registerNumber(name: FieldName): I32 {
    return i32.const(this.#fixed(name));
  }

  #register(name: FieldName): number {
    const number = this.#fixed(name);
    const kind = this.#fields.get(name)?.kind;
    return number === 0 && (kind === "base" || kind === "index") ? ZERO_REGISTER : number;
  }

  // ---- general registers ----

  override gr64(name: FieldName, plus: 0 | 1 = 0): I64 {
    return this.#frame.registers.get(this.#register(name) + plus);
  }

  override gr32(name: FieldName, plus: 0 | 1 = 0): I32 {
    return i32.wrap(this.gr64(name, plus));
  }

  override grHigh(name: FieldName, plus: 0 | 1 = 0): I32 {
    return i32.wrap(i64.shrU(this.gr64(name, plus), 32));
  }

  override setGr64(name: FieldName, value: I64, plus: 0 | 1 = 0): void {
    this.#frame.registers.set(this.#register(name) + plus, value);
  }

  override setGr32(name: FieldName, value: I32, plus: 0 | 1 = 0): void {
    this.#insert(name, i64.extendU(value), 0xffff_ffffn, plus);
  }

  override setGrHigh(name: FieldName, value: I32, plus: 0 | 1 = 0): void {
    this.#insert(name, i64.shl(i64.extendU(value), 32), 0xffff_ffff_0000_0000n, plus);
  }

  override setGrLow(name: FieldName, value: I32, width: 8 | 16): void {
    const mask = width === 8 ? 0xffn : 0xffffn;
    this.#insert(name, i64.and(i64.extendU(value), mask), mask, 0);
  }

  #insert(name: FieldName, value: I64, mask: bigint, plus: 0 | 1): void {
    const number = this.#register(name) + plus;
    const { registers } = this.#frame;
    registers.set(number, i64.or(i64.and(registers.get(number), ~mask), value));
  }

  #constantNumber(number: I32): number {
    if (number.constant === undefined) throw new NotCompilable("a register is named at run time");
    return Number(number.constant);
  }

  override gr64At(number: I32): I64 {
    return this.#frame.registers.get(this.#constantNumber(number));
  }

  override setGr64At(number: I32, value: I64): void {
    this.#frame.registers.set(this.#constantNumber(number), value);
  }

  override gr64Fixed(number: number): I64 {
    return this.#frame.registers.get(number);
  }

  override setGr64Fixed(number: number, value: I64): void {
    this.#frame.registers.set(number, value);
  }

  // ---- access and floating-point registers ----

  override ar(name: FieldName): I32 {
    return i32.load(at(AR + this.#fixed(name) * 4));
  }

  override setAr(name: FieldName, value: I32): void {
    this.f.storeI32(at(AR + this.#fixed(name) * 4), value);
  }

  override fr64(name: FieldName, plus: 0 | 1 = 0): I64 {
    return i64.reinterpretF64(this.frLong(name, plus));
  }

  override setFr64(name: FieldName, value: I64, plus: 0 | 1 = 0): void {
    this.setFrLong(name, f64.reinterpretI64(value), plus);
  }

  override fr32(name: FieldName): I32 {
    return i32.reinterpretF32(this.frShort(name));
  }

  override setFr32(name: FieldName, value: I32): void {
    this.setFrShort(name, f32.reinterpretI32(value));
  }

  override frLong(name: FieldName, plus: 0 | 1 = 0): F64 {
    return this.#frame.floats.long(this.#fixed(name) + plus * 2);
  }

  override setFrLong(name: FieldName, value: F64, plus: 0 | 1 = 0): void {
    this.#frame.floats.setLong(this.#fixed(name) + plus * 2, value);
  }

  override frShort(name: FieldName): F32 {
    return this.#frame.floats.short(this.#fixed(name));
  }

  override setFrShort(name: FieldName, value: F32): void {
    this.#frame.floats.setShort(this.#fixed(name), value);
  }

  override afpControl(): I32 {
    return this.#frame.floats.afpControl();
  }

  override bfpState(): I32 {
    return this.#frame.floats.bfpState();
  }

  override fpc(): I32 {
    return i32.load(at(FPC));
  }

  // ---- storage ----

  protected override bank(): I32 {
    return this.#frame.bank.value;
  }

  override wrapAddress(address: I64): I64 {
    return wrapInMode(address, this.#frame.mode);
  }

  override address(operand: 1 | 2 | 3 | 4): I64 {
    let sum = this.gr64(`b${operand}`);
    const index = `x${operand}` as FieldName;
    if (operand <= 2 && this.#fields.has(index)) sum = i64.add(sum, this.gr64(index));
    return this.let(this.wrapAddress(i64.add(sum, this.#number(`d${operand}`))));
  }

  protected override baseNumber(operand: 1 | 2 | 3 | 4): I32 {
    const base: FieldName = `b${operand}`;
    if (this.#fields.has(base)) return i32.const(this.#fixed(base));
    const register = `r${operand}` as FieldName;
    return i32.const(this.#fields.has(register) ? this.#fixed(register) : 0);
  }

  protected override readMiss(): void {
    this.fault();
  }

  protected override updateMiss(): void {
    this.fault();
  }

  protected override storeMiss(address: I64, bytes: number, value: I64, operand: 1 | 2 | 3 | 4): void {
    const base: FieldName = `b${operand}`;
    // The first two pages are never in the bank for stores; an operating system has much to store there, with no base register.
    const isLowcore = this.#fields.has(base) && this.#fixed(base) === 0;
    if (!isLowcore && !this.#frame.hasStoresBesideCode) {
      this.fault();
      return;
    }
    const stored = this.functions.callI32("storeBesideCode", address, i32.const(bytes), value, this.baseNumber(operand));
    this.f.if(i32.eqz(stored), () => this.fault());
  }

  protected override spanMiss(host: Local<"i32">): void {
    this.f.set(host, i32.const(0));
  }

  // ---- condition code and PSW ----

  #changed(): void {
    this.#changedDepth = Math.max(this.#changedDepth, this.f.depth);
  }

  override cc(): I32 {
    const { condition } = this.#frame;
    if (condition.state !== ConditionKind.value) this.#changed();
    return condition.value;
  }

  override carry(): I32 {
    const { condition } = this.#frame;
    const { state } = condition;
    const carry = condition.carry;
    if (condition.state !== state) this.#changed();
    return carry;
  }

  override ccCarry(carry: I32, r: I64): void {
    this.#changed();
    this.#frame.condition.setFromCarry(carry, r);
  }

  override conditionHolds(mask: FieldName): I32 {
    if (this.#isModified(mask)) throw new NotCompilable("EXECUTE changes a mask");
    const { condition } = this.#frame;
    const { state } = condition;
    const holds = condition.holds(this.#number(mask));
    if (condition.state !== state) this.#changed();
    return holds;
  }

  override setCc(value: I32): void {
    this.#changed();
    this.#frame.condition.set(value);
  }

  #set32(kind: ConditionKind, a: I32, b: I32): void {
    this.#changed();
    this.#frame.condition.setFrom32(kind, a, b);
  }

  #set64(kind: ConditionKind, a: I64, b: I64): void {
    this.#changed();
    this.#frame.condition.setFrom64(kind, a, b);
  }

  override ccSigned32(value: I32): void {
    this.#set32(ConditionKind.compareS32, value, i32.const(0));
  }

  override ccSigned64(value: I64): void {
    this.#set64(ConditionKind.compareS64, value, i64.const(0));
  }

  override ccCompareS32(a: I32, b: I32): void {
    this.#set32(ConditionKind.compareS32, a, b);
  }

  override ccCompareU32(a: I32, b: I32): void {
    this.#set32(ConditionKind.compareU32, a, b);
  }

  override ccCompareS64(a: I64, b: I64): void {
    this.#set64(ConditionKind.compareS64, a, b);
  }

  override ccCompareU64(a: I64, b: I64): void {
    this.#set64(ConditionKind.compareU64, a, b);
  }

  override ccCompareF64(a: F64, b: F64): void {
    this.#changed();
    this.#frame.condition.setFromF64(a, b);
  }

  override ccLogical32(value: I32): void {
    this.#set32(ConditionKind.logical32, value, i32.const(0));
  }

  override ccLogical64(value: I64): void {
    this.#set64(ConditionKind.logical64, value, i64.const(0));
  }

  // Regions run with the overflow interruption masked off only, so nobody asks for the overflow itself.

  override ccAddS32(a: I32, b: I32, _r: I32): I32 {
    this.#set32(ConditionKind.addS32, a, b);
    return i32.const(0);
  }

  override ccAddS64(a: I64, b: I64, _r: I64): I32 {
    this.#set64(ConditionKind.addS64, a, b);
    return i32.const(0);
  }

  override ccSubS32(a: I32, b: I32, _r: I32): I32 {
    this.#set32(ConditionKind.subS32, a, b);
    return i32.const(0);
  }

  override ccSubS64(a: I64, b: I64, _r: I64): I32 {
    this.#set64(ConditionKind.subS64, a, b);
    return i32.const(0);
  }

  override ccAddU32(a: I32, r: I32): void {
    this.#set32(ConditionKind.addU32, a, r);
  }

  override ccAddU64(a: I64, r: I64): void {
    this.#set64(ConditionKind.addU64, a, r);
  }

  override ccSubU32(a: I32, b: I32, _r: I32): void {
    this.#set32(ConditionKind.subU32, a, b);
  }

  override ccSubU64(a: I64, b: I64, _r: I64): void {
    this.#set64(ConditionKind.subU64, a, b);
  }

  override pswHigh(): I32 {
    return i32.load(at(PSW_MASK + 4));
  }

  override setProgramMask(): void {
    // It may switch on the overflow interruption, which regions take to be off.
    throw new NotCompilable("SET PROGRAM MASK");
  }

  // ---- control ----

  #offsetAddress(offset: number): I64 {
    return i64.add(this.#frame.base.value, offset);
  }

  protected override fault(): void {
    if (this.f.depth === this.#depth) this.#isLeft = true;
    this.#frame.leave(this.#place.restart, RegionExit.interpret);
  }

  override program(_code: number): void {
    this.fault();
  }

  override dataException(_dxc: I32): void {
    this.fault();
  }

  override helper(): void {
    this.fault();
  }

  override handBackIf(condition: I32): void {
    this.f.if(condition, () => this.fault());
  }

  override fixedPointOverflow(_overflow: I32): void {}

  override execute(_target: I64, _modifier: I32): void {
    throw new NotCompilable("EXECUTE of an unknown instruction");
  }

  override relativeAddress(name: FieldName): I64 {
    return this.let(this.wrapAddress(this.#offsetAddress(this.#place.offset + this.#fixed(name) * 2)));
  }

  override relativeBits(name: FieldName, _address: I64, mask: number): I32 {
    // Offsets count from a page.
    return i32.const((this.#place.offset + this.#fixed(name) * 2) & mask);
  }

  override nextAddress(): I64 {
    return this.let(this.wrapAddress(this.#offsetAddress(this.#place.next)));
  }

  override isMode64(): I32 {
    return i32.const(this.#frame.mode === 64 ? 1 : 0);
  }

  override isMode24(): I32 {
    return i32.const(this.#frame.mode === 24 ? 1 : 0);
  }

  override branch(target: I64): void {
    this.#frame.goToAddress(this.let(this.wrapAddress(target)));
  }

  override branchRelativeIf(condition: I32, name: FieldName): void {
    this.f.if(condition, () => this.#frame.goTo(this.#place.offset + this.#fixed(name) * 2));
  }

  override finish(): void {
    this.#finished.push(this.#changedDepth > this.f.depth ? "unknown" : this.#frame.condition.state);
    this.f.br(this.#end);
  }
}

const fieldMaps = new WeakMap<Instruction["format"], ReadonlyMap<FieldName, FieldSpec>>();

function fieldsOf(instruction: Instruction): ReadonlyMap<FieldName, FieldSpec> {
  const { format } = instruction;
  let fields = fieldMaps.get(format);
  if (!fields) {
    fields = new Map(format.fields.map((spec) => [spec.name, spec]));
    fieldMaps.set(format, fields);
  }
  return fields;
}
