import { type F32, type F64, f32, f64, type I32, type I64, i32, i64, type Local } from "@zarch/wasm-encoder";
import { Context, type EngineFunction, type LoadWidth32, type LoadWidth64 } from "./context.ts";
import type { FunctionSet } from "./functions.ts";
import { TLB_WRITE } from "./layout.ts";
import { Access, tlbIndex } from "./translation.ts";

/** Storage access by the translation-lookaside bank, the same in every engine. */
export abstract class StorageContext extends Context {
  protected abstract readonly functions: FunctionSet;
  /** Base of the current bank. */
  protected abstract bank(): I32;
  /** Number 0-15 of the base register of an operand, for access-register mode; 0 when it has none. */
  protected abstract baseNumber(operand: 1 | 2 | 3 | 4): I32;
  /** Leaves the instruction for the program interruption that an internal function has prepared. */
  protected abstract fault(): void;

  /**
   * Looks an address up. The tag less the address is -1 less the offset in the page, if it is that page. (The other way round V8 would load
   * the tag twice: once for the subtraction and once more, as a load may trap.)
   *
   * @param room largest offset in the page that an operand may have
   */
  #find(address: I64, room: I32 | number, write: boolean): { isMissing: I32; hit: () => I32 } {
    const table = write ? TLB_WRITE : 0;
    const low = this.let(i32.wrap(address));
    const entry = this.let(i32.add(this.bank(), tlbIndex(low)));
    const lowest = typeof room === "number" ? i64.const(~room) : i64.xor(i64.extendU(room), -1);
    return {
      isMissing: i64.ltU(i64.sub(i64.load(entry, table), address), lowest),
      hit: () => i32.sub(i32.load(entry, table + 8), low),
    };
  }

  /** Host address to which `16 - width/8` is added by the access itself. */
  #locateRead(given: I64, bytes: number, operand: 1 | 2 | 3 | 4): Local<"i32"> {
    const address = this.let(given);
    const { isMissing, hit } = this.#find(address, 4096 - bytes, false);
    const host = this.f.temporary("i32");
    this.f.if(
      isMissing,
      () => this.readMiss(host, address, bytes, operand),
      () => this.f.set(host, hit()),
    );
    return host;
  }

  // What happens when an access misses the bank. The host address is to be set, or the instruction left.

  protected readMiss(host: Local<"i32">, address: I64, bytes: number, operand: 1 | 2 | 3 | 4): void {
    this.f.set(host, this.functions.callI32("readMiss", address, i32.const(bytes), this.baseNumber(operand)));
    this.f.if(i32.eqz(host.value), () => this.fault());
  }

  protected updateMiss(host: Local<"i32">, address: I64, bytes: number, operand: 1 | 2 | 3 | 4): void {
    this.f.set(host, this.functions.callI32("updateMiss", address, i32.const(bytes), this.baseNumber(operand)));
    this.f.if(i32.eqz(host.value), () => this.fault());
  }

  /** Stores the rightmost bytes of a value, or leaves the instruction. */
  protected storeMiss(address: I64, bytes: number, value: I64, operand: 1 | 2 | 3 | 4): void {
    const stored = this.functions.callI32("storeMiss", address, i32.const(bytes), value, this.baseNumber(operand));
    this.f.if(i32.eqz(stored), () => this.fault());
  }

  /** Sets the host address of a span's last byte, or 0 when the span cannot be accessed at once. */
  protected spanMiss(host: Local<"i32">, address: I64, length: I32, write: boolean, operand: 1 | 2 | 3 | 4): void {
    const access = i32.const(write ? Access.write : Access.read);
    this.f.set(host, this.functions.callI32("spanMiss", address, length, access, this.baseNumber(operand)));
  }

  override loadI32(address: I64, width: LoadWidth32, signed: boolean, operand: 1 | 2 | 3 | 4 = 2): I32 {
    const bytes = width / 8;
    const host = this.#locateRead(address, bytes, operand).value;
    const offset = 16 - bytes;
    if (width === 32) return this.let(i32.load(host, offset));
    if (width === 16) return this.let(signed ? i32.load16S(host, offset) : i32.load16U(host, offset));
    return this.let(signed ? i32.load8S(host, offset) : i32.load8U(host, offset));
  }

  override loadI64(address: I64, width: LoadWidth64, signed: boolean, operand: 1 | 2 | 3 | 4 = 2): I64 {
    const bytes = width / 8;
    return this.let(loadWide(this.#locateRead(address, bytes, operand).value, width, signed));
  }

  override storeI32(address: I64, value: I32, width: LoadWidth32, operand: 1 | 2 | 3 | 4 = 2): void {
    const held = this.let(value);
    this.#store(address, width / 8, operand, i64.extendU(held), (host) => this.f.storeI32(host, held, width, 16 - width / 8));
  }

  override storeI64(address: I64, value: I64, width: LoadWidth64, operand: 1 | 2 | 3 | 4 = 2): void {
    const held = this.let(value);
    this.#store(address, width / 8, operand, held, (host) => this.f.storeI64(host, held, width, 16 - width / 8));
  }

  override loadF64(address: I64): F64 {
    return this.let(f64.load(this.#locateRead(address, 8, 2).value, 8));
  }

  override loadF32(address: I64): F32 {
    return this.let(f32.load(this.#locateRead(address, 4, 2).value, 12));
  }

  override storeF64(address: I64, value: F64): void {
    const held = this.let(value);
    this.#store(address, 8, 2, i64.reinterpretF64(held), (host) => this.f.storeF64(host, held, 8));
  }

  override storeF32(address: I64, value: F32): void {
    const held = this.let(value);
    this.#store(address, 4, 2, i64.extendU(i32.reinterpretF32(held)), (host) => this.f.storeF32(host, held, 12));
  }

  #store(given: I64, bytes: number, operand: 1 | 2 | 3 | 4, wide: I64, fast: (host: I32) => void): void {
    const address = this.let(given);
    const { isMissing, hit } = this.#find(address, 4096 - bytes, true);
    this.f.if(
      isMissing,
      () => this.storeMiss(address, bytes, wide, operand),
      () => fast(hit()),
    );
  }

  override updateI32(address: I64, width: LoadWidth32, compute: (old: I32) => I32, operand: 1 | 2 | 3 | 4 = 1): I32 {
    return i32.wrap(this.updateI64(address, width, (old) => i64.extendU(compute(i32.wrap(old))), operand));
  }

  override updateI64(given: I64, width: LoadWidth64, compute: (old: I64) => I64, operand: 1 | 2 | 3 | 4 = 1): I64 {
    const bytes = width / 8;
    const address = this.let(given);
    const { isMissing, hit } = this.#find(address, 4096 - bytes, true);
    const host = this.f.temporary("i32");
    const slow = this.let(isMissing);
    this.f.if(
      slow,
      () => this.updateMiss(host, address, bytes, operand),
      () => this.f.set(host, hit()),
    );
    const old = this.let(loadWide(host.value, width, false));
    const result = this.let(compute(old));
    this.f.if(
      slow,
      // The bytes may be a copy, or lie beside instructions: stored by the careful way.
      () => this.storeMiss(address, bytes, result, operand),
      () => this.f.storeI64(host.value, result, width, 16 - bytes),
    );
    return old;
  }

  override spanOrZero(given: I64, length: I32, write: boolean, operand: 1 | 2 | 3 | 4 = 2): I32 {
    const address = this.let(given);
    const { isMissing, hit } = this.#find(address, i32.sub(4096, length), write);
    const host = this.f.temporary("i32");
    this.f.if(
      isMissing,
      () => this.spanMiss(host, address, length, write, operand),
      () => this.f.set(host, i32.add(hit(), i32.sub(16, length))),
    );
    return host.value;
  }

  override function(name: EngineFunction): number {
    return this.functions.index(name);
  }
}

function loadWide(host: I32, width: LoadWidth64, signed: boolean): I64 {
  const offset = 16 - width / 8;
  if (width === 64) return i64.load(host, offset);
  if (width === 32) return signed ? i64.load32S(host, offset) : i64.load32U(host, offset);
  if (width === 16) return signed ? i64.load16S(host, offset) : i64.load16U(host, offset);
  return signed ? i64.load8S(host, offset) : i64.load8U(host, offset);
}
