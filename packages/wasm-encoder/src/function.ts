import { ByteWriter } from "./bytes.ts";
import { constI32, Expression, type I32, type I32Operand, type I64Operand, i64 } from "./expression.ts";
import type { FunctionType, ValueType } from "./types.ts";
import { valueTypeCode } from "./types.ts";

/** A local variable or parameter of the function being built. */
export interface Local<T extends ValueType = ValueType> {
  readonly type: T;
  readonly index: number;
  /** Reads the local at the place where the expression is used. */
  readonly value: Expression<T>;
}

/** The target of a branch: a block (branch to its end) or a loop (branch to its start). */
export interface Label {
  readonly depth: number;
}

type Width = 8 | 16 | 32 | 64;
const storeI32Opcode: Readonly<Record<8 | 16 | 32, number>> = { 8: 0x3a, 16: 0x3b, 32: 0x36 };
const storeI64Opcode: Readonly<Record<Width, number>> = { 8: 0x3c, 16: 0x3d, 32: 0x3e, 64: 0x37 };

/**
 * Builds the body of one function statement by statement. Each statement method emits at once; control structures take
 * callbacks that build what is inside them.
 */
export class FunctionBuilder {
  readonly type: FunctionType;
  #out = new ByteWriter(1024);
  readonly #locals: ValueType[] = [];
  /** Temporaries free for reuse, by type. */
  readonly #free: Record<ValueType, Local[]> = { i32: [], i64: [], f32: [], f64: [], v128: [] };
  #scope: Local[] | undefined;
  #depth = 0;
  readonly #names = new Map<number, string>();

  constructor(type: FunctionType) {
    this.type = type;
  }

  /** Types of the locals besides the parameters, for ModuleBuilder.define. */
  get locals(): readonly ValueType[] {
    return this.#locals;
  }

  get code(): Uint8Array {
    return this.#out.toBytes();
  }

  /** Bytes of code built so far: where the next statement begins. */
  get position(): number {
    return this.#out.length;
  }

  /** Names of parameters and locals that have one, by index. For listings; they are not part of the module. */
  get names(): ReadonlyMap<number, string> {
    return this.#names;
  }

  param<T extends ValueType>(index: number, type: T, name?: string): Local<T> {
    if (this.type.params[index] !== type) throw new RangeError(`parameter ${index} is not of type ${type}`);
    if (name !== undefined) this.#names.set(index, name);
    return makeLocal(type, index);
  }

  /** Control structures that are open at this place. */
  get depth(): number {
    return this.#depth;
  }

  /** Builds statements that run before everything built so far, once it is known what they must prepare. Not inside a control structure. */
  prologue(body: () => void): void {
    if (this.#depth !== 0) throw new RangeError("a prologue inside a control structure");
    const behind = this.#out.toBytes();
    this.#out = new ByteWriter(1024);
    body();
    this.#out.bytes(behind);
  }

  /** A new local of this function; initially zero. */
  local<T extends ValueType>(type: T, name?: string): Local<T> {
    const index = this.type.params.length + this.#locals.push(type) - 1;
    if (name !== undefined) this.#names.set(index, name);
    return makeLocal(type, index);
  }

  /** A local that is free for reuse when the innermost {@link scope} ends. Its initial value is undefined. */
  temporary<T extends ValueType>(type: T): Local<T> {
    const reused = this.#scope ? (this.#free[type].pop() as Local<T> | undefined) : undefined;
    const local = reused ?? this.local(type);
    this.#scope?.push(local);
    return local;
  }

  /** Builds `body`; its temporaries are free for reuse afterwards. */
  scope<R>(body: () => R): R {
    const outer = this.#scope;
    const mine: Local[] = [];
    this.#scope = mine;
    const result = body();
    this.#scope = outer;
    for (const local of mine) this.#free[local.type].push(local);
    return result;
  }

  /** Computes a value now, once, and keeps it in a temporary. A constant needs none. */
  let<T extends ValueType>(value: Expression<T>): Expression<T> {
    if (value.constant !== undefined) return value;
    const local = this.temporary(value.type);
    this.set(local, value);
    return local.value;
  }

  set<T extends ValueType>(local: Local<T>, value: Expression<T>): void {
    value.emit(this.#out);
    this.#out.u8(0x21);
    this.#out.u32(local.index);
  }

  setGlobal(index: number, value: Expression): void {
    value.emit(this.#out);
    this.#out.u8(0x24);
    this.#out.u32(index);
  }

  /** Emits a value for its side effects and drops it. */
  drop(value: Expression): void {
    value.emit(this.#out);
    this.#out.u8(0x1a);
  }

  /** Emits a value and leaves it on the stack, as the result of the function or of the enclosing block. */
  push(value: Expression): void {
    value.emit(this.#out);
  }

  storeI32(address: I32, value: I32Operand, width: 8 | 16 | 32 = 32, offset = 0): void {
    address.emit(this.#out);
    (typeof value === "number" ? constI32(value) : value).emit(this.#out);
    this.#memory(storeI32Opcode[width], offset);
  }

  storeI64(address: I32, value: I64Operand, width: Width = 64, offset = 0): void {
    address.emit(this.#out);
    (value instanceof Expression ? value : i64.const(value)).emit(this.#out);
    this.#memory(storeI64Opcode[width], offset);
  }

  storeF32(address: I32, value: Expression<"f32">, offset = 0): void {
    address.emit(this.#out);
    value.emit(this.#out);
    this.#memory(0x38, offset);
  }

  storeF64(address: I32, value: Expression<"f64">, offset = 0): void {
    address.emit(this.#out);
    value.emit(this.#out);
    this.#memory(0x39, offset);
  }

  storeV128(address: I32, value: Expression<"v128">, offset = 0): void {
    address.emit(this.#out);
    value.emit(this.#out);
    this.#out.bytes([0xfd, 0x0b]);
    this.#out.u32(0);
    this.#out.u32(offset);
  }

  #memory(opcode: number, offset: number): void {
    this.#out.u8(opcode);
    this.#out.u32(0);
    this.#out.u32(offset);
  }

  memoryCopy(target: I32, source: I32, length: I32Operand): void {
    for (const operand of [target, source, typeof length === "number" ? constI32(length) : length]) operand.emit(this.#out);
    this.#out.bytes([0xfc, 10, 0, 0]);
  }

  memoryFill(target: I32, value: I32Operand, length: I32Operand): void {
    for (const operand of [target, value, length]) (typeof operand === "number" ? constI32(operand) : operand).emit(this.#out);
    this.#out.bytes([0xfc, 11, 0]);
  }

  #structured(opcode: number, result: ValueType | undefined, body: (label: Label) => void): void {
    this.#out.u8(opcode);
    this.#out.u8(result ? valueTypeCode[result] : 0x40);
    this.#depth++;
    body({ depth: this.#depth });
    this.#depth--;
    this.#out.u8(0x0b);
  }

  block(body: (label: Label) => void, result?: ValueType): void {
    this.#structured(0x02, result, body);
  }

  loop(body: (label: Label) => void): void {
    this.#structured(0x03, undefined, body);
  }

  /** A side whose condition is known while building is built without a branch. */
  if(condition: I32, then: (label: Label) => void, otherwise?: (label: Label) => void): void {
    if (condition.constant !== undefined) {
      const taken = condition.constant ? then : otherwise;
      if (taken) this.block(taken);
      return;
    }
    condition.emit(this.#out);
    this.#structured(0x04, undefined, (label) => {
      then(label);
      if (otherwise) {
        this.#out.u8(0x05);
        otherwise(label);
      }
    });
  }

  br(label: Label): void {
    this.#out.u8(0x0c);
    this.#out.u32(this.#depth - label.depth);
  }

  brIf(label: Label, condition: I32): void {
    condition.emit(this.#out);
    this.#out.u8(0x0d);
    this.#out.u32(this.#depth - label.depth);
  }

  brTable(index: I32, labels: readonly Label[], otherwise: Label): void {
    index.emit(this.#out);
    this.#out.u8(0x0e);
    this.#out.u32(labels.length);
    for (const label of labels) this.#out.u32(this.#depth - label.depth);
    this.#out.u32(this.#depth - otherwise.depth);
  }

  return(value?: Expression): void {
    value?.emit(this.#out);
    this.#out.u8(0x0f);
  }

  unreachable(): void {
    this.#out.u8(0x00);
  }

  /** A call for its effects; results, if any, are dropped by the caller with {@link drop}. */
  call(index: number, ...args: readonly Expression[]): void {
    for (const arg of args) arg.emit(this.#out);
    this.#out.u8(0x10);
    this.#out.u32(index);
  }
}

function makeLocal<T extends ValueType>(type: T, index: number): Local<T> {
  const value = new Expression(type, (out) => {
    out.u8(0x20);
    out.u32(index);
  });
  return { type, index, value };
}

/** The result of calling function `index`. */
export function call<T extends ValueType>(type: T, index: number, ...args: readonly Expression[]): Expression<T> {
  return new Expression(type, (out) => {
    for (const arg of args) arg.emit(out);
    out.u8(0x10);
    out.u32(index);
  });
}

/** The result of calling the function at element `element` of the table. */
export function callIndirect<T extends ValueType>(type: T, signature: number, element: I32, ...args: readonly Expression[]): Expression<T> {
  return new Expression(type, (out) => {
    for (const arg of args) arg.emit(out);
    element.emit(out);
    out.u8(0x11);
    out.u32(signature);
    out.u32(0);
  });
}

/** The value of mutable global `index`. */
export function globalGet<T extends ValueType>(type: T, index: number): Expression<T> {
  return new Expression(type, (out) => {
    out.u8(0x23);
    out.u32(index);
  });
}
