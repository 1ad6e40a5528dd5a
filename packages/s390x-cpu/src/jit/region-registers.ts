import { type FunctionBuilder, type I64, i32, i64, type Local } from "@zarch/wasm-encoder";
import { GR, ZERO_REGISTER } from "../engine/layout.ts";

/** General registers of a region in locals: loaded at its entry, written back where it is left. */
export class RegionRegisters {
  readonly #f: FunctionBuilder;
  readonly #locals = new Map<number, Local<"i64">>();
  readonly #written = new Set<number>();

  constructor(f: FunctionBuilder) {
    this.#f = f;
  }

  #local(number: number): Local<"i64"> {
    let local = this.#locals.get(number);
    if (!local) {
      local = this.#f.local("i64", `r${number}`);
      this.#locals.set(number, local);
    }
    return local;
  }

  get(number: number): I64 {
    return number === ZERO_REGISTER ? i64.const(0) : this.#local(number).value;
  }

  set(number: number, value: I64): void {
    this.#written.add(number);
    this.#f.set(this.#local(number), value);
  }

  /** Loads all registers that the region uses. To be built when that is known. */
  load(): void {
    for (const [number, local] of this.#locals) this.#f.set(local, i64.load(i32.const(GR + number * 8)));
  }

  /** Writes back all registers that the region changes. To be built when that is known. */
  store(): void {
    for (const number of this.#written) this.#f.storeI64(i32.const(GR + number * 8), this.#local(number).value);
  }
}
