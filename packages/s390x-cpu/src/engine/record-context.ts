import type { FieldName } from "@zarch/s390x-isa";
import {
  call,
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
import { ProgramCode } from "./context.ts";
import type { FunctionSet } from "./functions.ts";
import type { Handler } from "./handlers.ts";
import {
  ADDRESS_MASK,
  AR,
  BANK,
  CC,
  DXC,
  EXIT,
  ExitReason,
  FPC,
  GR,
  PC_DELTA,
  PROGRAM_CODE,
  PSW_ADDRESS,
  PSW_MASK,
  RECORD,
  RECORD_SIZE,
  VR,
  VR_HIGH,
} from "./layout.ts";
import { EXECUTE_TARGET_SLOT, type FieldSlot, recordLayout } from "./records.ts";
import { StorageContext } from "./storage-context.ts";

const at = (address: number): I32 => i32.const(address);

/** Results of a handler that is a function of its own, besides the address of the next record. */
export const HandlerResult = {
  /** Leave the engine; EXIT tells why. */
  exit: 0,
  /** Go on at PSW_ADDRESS, with everything reloaded. */
  reload: -1,
} as const;

/** Places that a handler in the main loop jumps to, and the loop's variables. */
export interface LoopFrame {
  readonly record: Local<"i32">;
  readonly cc: Local<"i32">;
  readonly bank: Local<"i32">;
  readonly addressMask: Local<"i64">;
  readonly budget: Local<"i32">;
  /** Target of a branch to another page. */
  readonly target: Local<"i64">;
  /** Dispatches the record. */
  readonly next: Label;
  /** Dispatches the record after a taken branch, if the budget allows. */
  readonly taken: Label;
  /** Goes to the address in `target`. */
  readonly fetch: Label;
  /** Result of a handler that is a function, and the place that acts on it. */
  readonly result: Local<"i32">;
  readonly settle: Label;
  /** Leaves for a prepared program interruption of the instruction at `record`. */
  readonly fault: Label;
}

/**
 * The interpreter's form of a definition: operands come from a predecoded record. With a frame it is part of the main
 * loop; without one it is a function `(record) -> next record or HandlerResult`.
 */
export class RecordContext extends StorageContext {
  readonly f: FunctionBuilder;
  readonly length: number;
  protected readonly functions: FunctionSet;
  readonly #frame: LoopFrame | undefined;
  readonly #record: I32;
  readonly #slots: ReadonlyMap<FieldName, FieldSlot>;
  readonly #handler: Handler;

  constructor(f: FunctionBuilder, functions: FunctionSet, handler: Handler, frame?: LoopFrame) {
    super();
    this.f = f;
    this.functions = functions;
    this.length = handler.instruction.format.length;
    this.#handler = handler;
    this.#frame = frame;
    this.#record = frame ? frame.record.value : f.param(0, "i32").value;
    this.#slots = recordLayout(handler.instruction.format);
  }

  #slot(name: FieldName): FieldSlot {
    const slot = this.#slots.get(name);
    if (!slot) throw new RangeError(`${this.#handler.instruction.mnemonic} has no field ${name}`);
    return slot;
  }

  has(name: FieldName): boolean {
    return this.#slots.has(name);
  }

  override field(name: FieldName, signed = false): I32 {
    const { offset, size, spec } = this.#slot(name);
    if (spec.width > 16) return i32.load(this.#record, offset);
    if (size === 4) {
      if (spec.width === 16) return signed ? i32.load16S(this.#record, offset) : i32.load16U(this.#record, offset);
      return i32.load(this.#record, offset);
    }
    if (!signed) return i32.load8U(this.#record, offset);
    return spec.width === 8
      ? i32.load8S(this.#record, offset)
      : i32.shrS(i32.shl(i32.load8U(this.#record, offset), 32 - spec.width), 32 - spec.width);
  }

  override relative(name: FieldName): I64 {
    return i64.load(this.#record, this.#slot(name).offset);
  }

  override registerNumber(name: FieldName): I32 {
    const { offset, spec } = this.#slot(name);
    const shift = spec.kind === "fr" ? 4 : spec.kind === "ar" ? 2 : spec.kind === "vr" ? 0 : 3;
    return i32.shrU(i32.load8U(this.#record, offset), shift);
  }

  /** Offset of a register in its file, as the record holds it. */
  #registerOffset(name: FieldName): I32 {
    return i32.load8U(this.#record, this.#slot(name).offset);
  }

  override gr64(name: FieldName, plus: 0 | 1 = 0): I64 {
    return i64.load(this.#registerOffset(name), GR + plus * 8);
  }

  override gr32(name: FieldName, plus: 0 | 1 = 0): I32 {
    return i32.load(this.#registerOffset(name), GR + plus * 8);
  }

  override grHigh(name: FieldName, plus: 0 | 1 = 0): I32 {
    return i32.load(this.#registerOffset(name), GR + 4 + plus * 8);
  }

  override setGr64(name: FieldName, value: I64, plus: 0 | 1 = 0): void {
    this.f.storeI64(this.#registerOffset(name), value, 64, GR + plus * 8);
  }

  override setGr32(name: FieldName, value: I32, plus: 0 | 1 = 0): void {
    this.f.storeI32(this.#registerOffset(name), value, 32, GR + plus * 8);
  }

  override setGrHigh(name: FieldName, value: I32, plus: 0 | 1 = 0): void {
    this.f.storeI32(this.#registerOffset(name), value, 32, GR + 4 + plus * 8);
  }

  override setGrLow(name: FieldName, value: I32, width: 8 | 16): void {
    this.f.storeI32(this.#registerOffset(name), value, width, GR);
  }

  override gr64At(number: I32): I64 {
    return i64.load(i32.shl(number, 3), GR);
  }

  override setGr64At(number: I32, value: I64): void {
    this.f.storeI64(i32.shl(number, 3), value, 64, GR);
  }

  override gr64Fixed(number: number): I64 {
    return i64.load(at(GR + number * 8));
  }

  override setGr64Fixed(number: number, value: I64): void {
    this.f.storeI64(at(GR + number * 8), value);
  }

  override ar(name: FieldName): I32 {
    return i32.load(i32.shl(this.registerNumber(name), 2), AR);
  }

  override setAr(name: FieldName, value: I32): void {
    this.f.storeI32(i32.shl(this.registerNumber(name), 2), value, 32, AR);
  }

  override fr64(name: FieldName, plus: 0 | 1 = 0): I64 {
    return i64.load(this.#registerOffset(name), VR + VR_HIGH + plus * 32);
  }

  override setFr64(name: FieldName, value: I64, plus: 0 | 1 = 0): void {
    this.f.storeI64(this.#registerOffset(name), value, 64, VR + VR_HIGH + plus * 32);
  }

  override fr32(name: FieldName): I32 {
    return i32.load(this.#registerOffset(name), VR + VR_HIGH + 4);
  }

  override setFr32(name: FieldName, value: I32): void {
    this.f.storeI32(this.#registerOffset(name), value, 32, VR + VR_HIGH + 4);
  }

  override frLong(name: FieldName, plus: 0 | 1 = 0): F64 {
    return f64.load(this.#registerOffset(name), VR + VR_HIGH + plus * 32);
  }

  override setFrLong(name: FieldName, value: F64, plus: 0 | 1 = 0): void {
    this.f.storeF64(this.#registerOffset(name), value, VR + VR_HIGH + plus * 32);
  }

  override frShort(name: FieldName): F32 {
    return f32.load(this.#registerOffset(name), VR + VR_HIGH + 4);
  }

  override setFrShort(name: FieldName, value: F32): void {
    this.f.storeF32(this.#registerOffset(name), value, VR + VR_HIGH + 4);
  }

  override fpc(): I32 {
    return i32.load(at(FPC));
  }

  // ---- storage ----

  protected override bank(): I32 {
    return this.#frame ? this.#frame.bank.value : i32.load(at(BANK));
  }

  #addressMask(): I64 {
    return this.#frame ? this.#frame.addressMask.value : i64.load(at(ADDRESS_MASK));
  }

  override wrapAddress(address: I64): I64 {
    return i64.and(address, this.#addressMask());
  }

  override address(operand: 1 | 2 | 3 | 4): I64 {
    let sum: I64 = i64.load(this.#registerOffset(`b${operand}`), GR);
    if (operand <= 2 && this.has(`x${operand as 1 | 2}`)) sum = i64.add(sum, i64.load(this.#registerOffset(`x${operand as 1 | 2}`), GR));
    const displacement = i64.load32S(this.#record, this.#slot(`d${operand}`).offset);
    return this.let(this.wrapAddress(i64.add(sum, displacement)));
  }

  protected override baseNumber(operand: 1 | 2 | 3 | 4): I32 {
    const base = this.#slots.get(`b${operand}`);
    if (base) return i32.and(i32.shrU(i32.load8U(this.#record, base.offset), 3), 15);
    // Instructions that name the address by a register field, such as MVCL: operand n is in Rn.
    const register = operand === 4 ? undefined : this.#slots.get(`r${operand}`);
    return register ? i32.shrU(i32.load8U(this.#record, register.offset), 3) : i32.const(0);
  }

  // ---- condition code ----

  override cc(): I32 {
    return this.#frame ? this.#frame.cc.value : i32.load(at(CC));
  }

  override setCc(value: I32): void {
    if (this.#frame) this.f.set(this.#frame.cc, value);
    else this.f.storeI32(at(CC), value);
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
    if (this.#frame) {
      this.f.br(this.#frame.fault);
      return;
    }
    this.f.storeI32(at(EXIT), ExitReason.program);
    this.f.return(i32.const(HandlerResult.exit));
  }

  override program(code: number): void {
    this.f.storeI32(at(PROGRAM_CODE), code);
    this.fault();
  }

  override dataException(dxc: I32): void {
    this.f.storeI32(at(DXC), dxc);
    this.program(ProgramCode.data);
  }

  override fixedPointOverflow(overflow: I32): void {
    // PSW bit 20 is the fixed-point-overflow mask.
    this.f.if(overflow, () => {
      this.f.if(i32.and(i32.load(at(PSW_MASK + 4)), 0x0800), () => this.program(ProgramCode.fixedPointOverflow));
    });
  }

  #address(): I64 {
    return i64.add(i64.load(at(PC_DELTA)), i64.extendU(i32.shrU(this.#record, 3)));
  }

  override relativeAddress(name: FieldName): I64 {
    return this.let(this.wrapAddress(i64.add(this.#address(), this.relative(name))));
  }

  override nextAddress(): I64 {
    return this.let(this.wrapAddress(i64.add(this.#address(), this.length)));
  }

  override isMode64(): I32 {
    return i32.and(i32.load(at(PSW_MASK + 4)), 1);
  }

  override isMode24(): I32 {
    return i64.eq(this.#addressMask(), 0xff_ffff);
  }

  override branch(target: I64): void {
    if (this.#frame) {
      this.f.set(this.#frame.target, target);
      this.f.br(this.#frame.fetch);
      return;
    }
    this.f.storeI64(at(PSW_ADDRESS), target);
    this.f.return(i32.const(HandlerResult.reload));
  }

  override branchRelativeIf(condition: I32, name: FieldName): void {
    if (!this.#handler.near) {
      this.f.if(condition, () => this.branch(i64.add(this.#address(), this.relative(name))));
      return;
    }
    const offset = i32.load(this.#record, this.#slot(name).offset);
    if (this.#frame) {
      const { record, taken } = this.#frame;
      this.f.if(condition, () => {
        this.f.set(record, i32.add(record.value, offset));
        this.f.br(taken);
      });
      return;
    }
    // A function cannot count against the loop's budget, so it takes the long way.
    this.f.if(condition, () => this.branch(i64.add(this.#address(), i64.extendS(i32.shrS(offset, 3)))));
  }

  override execute(target: I64, modifier: I32): void {
    if (!this.#frame) {
      this.f.storeI32(at(RECORD), this.#record);
      this.f.return(call("i32", this.functions.index("execute"), target, modifier, this.#record));
      return;
    }
    const { record, fault, next } = this.#frame;
    const place = this.let(target);
    if (this.#handler.instruction.mnemonic === "ex")
      this.f.storeI32(record.value, i32.wrap(i64.sub(place, this.#address())), 32, EXECUTE_TARGET_SLOT);
    const result = this.let(call("i32", this.functions.index("execute"), place, modifier, record.value));
    this.f.brIf(fault, i32.eqz(result));
    this.f.set(record, result);
    this.f.br(next);
  }

  override finish(): void {
    if (this.#frame) {
      const { record, next } = this.#frame;
      this.f.set(record, i32.add(record.value, (this.length / 2) * RECORD_SIZE));
      this.f.br(next);
      return;
    }
    this.f.return(i32.add(this.#record, (this.length / 2) * RECORD_SIZE));
  }

  override helper(): void {
    const result = call("i32", this.functions.index("helper"), i32.const(this.#handler.instruction.id), this.#record);
    if (!this.#frame) {
      this.f.return(result);
      return;
    }
    const { cc, record, result: place, settle } = this.#frame;
    this.f.storeI32(at(CC), cc.value);
    this.f.storeI32(at(RECORD), record.value);
    this.f.set(place, result);
    this.f.br(settle);
  }
}
