import { type FieldName, type FieldSpec, fieldValue, type Instruction, loadInstruction } from "@zarch/s390x-isa";
import { type FunctionBuilder, type I32, type I64, i32, i64, type Label, type Local } from "@zarch/wasm-encoder";
import { ProgramCode } from "./context.ts";
import type { FunctionSet } from "./functions.ts";
import { ADDRESS_MASK, AR, BANK, CC, FPC, GR, PROGRAM_CODE, PSW_ADDRESS, PSW_MASK, VR, VR_HIGH, ZERO_REGISTER } from "./layout.ts";
import { StorageContext } from "./storage-context.ts";

const at = (address: number): I32 => i32.const(address);

/** How a compiled block came to its end. */
export const BlockExit = {
  /** At the next instruction to execute, in PSW_ADDRESS. */
  done: 0,
  /** The instruction at PSW_ADDRESS has done nothing yet and must be interpreted: it faults, or is no matter for blocks. */
  interpret: 1,
  /** All is done up to PSW_ADDRESS, and a program interruption that completes is to be presented (PROGRAM_CODE). */
  completed: 2,
} as const;

/** General registers and condition code of a block in locals: loaded when first read, written back at exits. */
export class BlockRegisters {
  readonly #f: FunctionBuilder;
  readonly #general = new Map<number, Local<"i64">>();
  readonly #written = new Set<number>();
  readonly cc: Local<"i32">;
  ccWritten = false;

  constructor(f: FunctionBuilder, used: Iterable<number>) {
    this.#f = f;
    this.cc = f.local("i32");
    f.set(this.cc, i32.load(at(CC)));
    for (const number of used) {
      const local = f.local("i64");
      f.set(local, i64.load(at(GR + number * 8)));
      this.#general.set(number, local);
    }
  }

  get(number: number): I64 {
    if (number === ZERO_REGISTER) return i64.const(0);
    return this.#general.get(number)!.value;
  }

  set(number: number, value: I64): void {
    this.#written.add(number);
    this.#f.set(this.#general.get(number)!, value);
  }

  /** Writes back what the block may have changed so far. */
  spill(): void {
    for (const number of this.#written) this.#f.storeI64(at(GR + number * 8), this.#general.get(number)!.value);
    if (this.ccWritten) this.#f.storeI32(at(CC), this.cc.value);
  }

  /** Ends the block with the CPU at `address`. */
  leave(address: I64, exit: number): void {
    this.spill();
    this.#f.storeI64(at(PSW_ADDRESS), address);
    this.#f.return(i32.const(exit));
  }
}

/** An instruction whose definition needs what a block cannot give; the block ends before it. */
export class NotCompilable extends Error {}

/**
 * The compiled form of a definition: operand fields are constants, general registers are locals. A refused access, a
 * program interruption and the runtime's half of an instruction all leave the block at that instruction, for the
 * interpreter to do.
 */
export class BlockContext extends StorageContext {
  readonly f: FunctionBuilder;
  readonly length: number;
  protected readonly functions: FunctionSet;
  readonly #registers: BlockRegisters;
  readonly #fields: ReadonlyMap<FieldName, FieldSpec>;
  readonly #word: number;
  readonly #address: bigint;
  readonly #end: Label;

  constructor(parts: {
    f: FunctionBuilder;
    functions: FunctionSet;
    registers: BlockRegisters;
    instruction: Instruction;
    text: Uint8Array;
    address: bigint;
    end: Label;
  }) {
    super();
    this.f = parts.f;
    this.functions = parts.functions;
    this.length = parts.instruction.format.length;
    this.#registers = parts.registers;
    this.#fields = new Map(parts.instruction.format.fields.map((spec) => [spec.name, spec]));
    this.#word = loadInstruction(parts.text, 0);
    this.#address = parts.address;
    this.#end = parts.end;
  }

  #number(name: FieldName): number {
    const spec = this.#fields.get(name);
    if (!spec) throw new RangeError(`no field ${name}`);
    return fieldValue(spec, this.#word);
  }

  override field(name: FieldName, signed = false): I32 {
    const width = this.#fields.get(name)?.width ?? 0;
    const value = this.#number(name);
    const left = 32 - width;
    return i32.const(left <= 0 ? value : signed ? (value << left) >> left : (value << left) >>> left);
  }

  override relative(name: FieldName): I64 {
    return i64.const(BigInt(this.#number(name)) * 2n);
  }

  override registerNumber(name: FieldName): I32 {
    return i32.const(this.#number(name));
  }

  #register(name: FieldName): number {
    const number = this.#number(name);
    const kind = this.#fields.get(name)?.kind;
    return number === 0 && (kind === "base" || kind === "index") ? ZERO_REGISTER : number;
  }

  override gr64(name: FieldName, plus: 0 | 1 = 0): I64 {
    return this.#registers.get(this.#register(name) + plus);
  }

  override gr32(name: FieldName, plus: 0 | 1 = 0): I32 {
    return i32.wrap(this.gr64(name, plus));
  }

  override grHigh(name: FieldName, plus: 0 | 1 = 0): I32 {
    return i32.wrap(i64.shrU(this.gr64(name, plus), 32));
  }

  override setGr64(name: FieldName, value: I64, plus: 0 | 1 = 0): void {
    this.#registers.set(this.#register(name) + plus, value);
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
    this.#registers.set(number, i64.or(i64.and(this.#registers.get(number), ~mask), value));
  }

  #constantNumber(number: I32): number {
    if (number.constant === undefined) throw new NotCompilable("a register is named at run time");
    return Number(number.constant);
  }

  override gr64At(number: I32): I64 {
    return this.#registers.get(this.#constantNumber(number));
  }

  override setGr64At(number: I32, value: I64): void {
    this.#registers.set(this.#constantNumber(number), value);
  }

  override gr64Fixed(number: number): I64 {
    return this.#registers.get(number);
  }

  override setGr64Fixed(number: number, value: I64): void {
    this.#registers.set(number, value);
  }

  override ar(name: FieldName): I32 {
    return i32.load(at(AR + this.#number(name) * 4));
  }

  override setAr(name: FieldName, value: I32): void {
    this.f.storeI32(at(AR + this.#number(name) * 4), value);
  }

  #float(name: FieldName, plus: 0 | 1): I32 {
    return at(VR + VR_HIGH + (this.#number(name) + plus * 2) * 16);
  }

  override fr64(name: FieldName, plus: 0 | 1 = 0): I64 {
    return i64.load(this.#float(name, plus));
  }

  override setFr64(name: FieldName, value: I64, plus: 0 | 1 = 0): void {
    this.f.storeI64(this.#float(name, plus), value);
  }

  override fr32(name: FieldName): I32 {
    return i32.load(this.#float(name, 0), 4);
  }

  override setFr32(name: FieldName, value: I32): void {
    this.f.storeI32(this.#float(name, 0), value, 32, 4);
  }

  override fpc(): I32 {
    return i32.load(at(FPC));
  }

  override setFpc(value: I32): void {
    this.f.storeI32(at(FPC), value);
  }

  // ---- storage ----

  protected override bank(): I32 {
    return i32.load(at(BANK));
  }

  override wrapAddress(address: I64): I64 {
    return i64.and(address, i64.load(at(ADDRESS_MASK)));
  }

  override address(operand: 1 | 2 | 3 | 4): I64 {
    let sum = this.gr64(`b${operand}`);
    const index = `x${operand}` as FieldName;
    if (operand <= 2 && this.#fields.has(index)) sum = i64.add(sum, this.gr64(index));
    return this.let(this.wrapAddress(i64.add(sum, this.#number(`d${operand}`))));
  }

  protected override baseNumber(operand: 1 | 2 | 3 | 4): I32 {
    const base: FieldName = `b${operand}`;
    if (this.#fields.has(base)) return i32.const(this.#number(base));
    const register = `r${operand}` as FieldName;
    return i32.const(this.#fields.has(register) ? this.#number(register) : 0);
  }

  // ---- condition code and PSW ----

  override cc(): I32 {
    return this.#registers.cc.value;
  }

  override setCc(value: I32): void {
    this.#registers.ccWritten = true;
    this.f.set(this.#registers.cc, value);
  }

  override pswHigh(): I32 {
    return i32.load(at(PSW_MASK + 4));
  }

  override setProgramMask(mask: I32): void {
    const kept = i32.and(i32.load(at(PSW_MASK + 4)), ~0xf00);
    this.f.storeI32(at(PSW_MASK + 4), i32.or(kept, i32.shl(mask, 8)));
  }

  // ---- control ----

  protected override fault(): void {
    this.#registers.leave(i64.const(this.#address), BlockExit.interpret);
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

  override execute(_target: I64, _modifier: I32): void {
    throw new NotCompilable("EXECUTE");
  }

  override fixedPointOverflow(overflow: I32): void {
    this.f.if(overflow, () => {
      this.f.if(i32.and(this.pswHigh(), 0x0800), () => {
        this.f.storeI32(at(PROGRAM_CODE), ProgramCode.fixedPointOverflow);
        this.#registers.leave(this.nextAddress(), BlockExit.completed);
      });
    });
  }

  override relativeAddress(name: FieldName): I64 {
    return this.let(this.wrapAddress(i64.const(this.#address + BigInt(this.#number(name)) * 2n)));
  }

  override nextAddress(): I64 {
    return this.let(this.wrapAddress(i64.const(this.#address + BigInt(this.length))));
  }

  override isMode64(): I32 {
    return i32.and(this.pswHigh(), 1);
  }

  override isMode24(): I32 {
    return i64.eq(i64.load(at(ADDRESS_MASK)), 0xff_ffff);
  }

  override branch(target: I64): void {
    this.#registers.leave(this.wrapAddress(target), BlockExit.done);
  }

  override branchRelativeIf(condition: I32, name: FieldName): void {
    this.f.if(condition, () => this.branch(i64.const(this.#address + BigInt(this.#number(name)) * 2n)));
  }

  override finish(): void {
    this.f.br(this.#end);
  }
}
