import { type F32, type F64, type FunctionBuilder, f32, f64, type I32, i32, type Local } from "@zarch/wasm-encoder";
import { AFP_REGISTER_CONTROL, BfpState, bfpState } from "../engine/bfp-state.ts";
import { CR, FPC, VR, VR_HIGH } from "../engine/layout.ts";
import { RegionExit } from "./region-exit.ts";

type Format = "f64" | "f32";

interface FloatLocal<T extends Format = Format> {
  readonly local: Local<T>;
  isWritten: boolean;
}

/**
 * Floating-point registers of a region, and what it knows of the FPC. A register that holds long operands only, or short ones
 * only, is a local: loaded at the region's entry, written back where it is left. One that is used both ways stays in memory.
 * Locals keep the bits of NaNs; only arithmetic may change them.
 *
 * Nothing inside a region changes the FPC or control register 0: what does is the runtime's. Regions with floating-point
 * instructions run with the AFP-register control on only.
 */
export class RegionFloats {
  readonly #f: FunctionBuilder;
  readonly #inMemory: Set<number>;
  readonly #locals = new Map<number, FloatLocal>();
  #state: Local<"i32"> | undefined;
  #needsAfp = false;
  #usesState = false;
  readonly #isSettled: boolean;

  /**
   * @param inMemory registers known to be used both ways. Those found out later are added: the region is to be built anew then.
   * @param isSettled whether the region may take {@link BfpState.settled} for granted
   */
  constructor(f: FunctionBuilder, inMemory: Set<number>, isSettled: boolean) {
    this.#f = f;
    this.#isSettled = isSettled;
    this.#inMemory = inMemory;
  }

  #local<T extends Format>(number: number, format: T): FloatLocal<T> | undefined {
    if (this.#inMemory.has(number)) return undefined;
    let known = this.#locals.get(number);
    if (!known) {
      known = { local: this.#f.local(format, `f${number}`), isWritten: false };
      this.#locals.set(number, known);
    }
    if (known.local.type === format) return known as FloatLocal<T>;
    this.#inMemory.add(number);
    return undefined;
  }

  long(number: number): F64 {
    return this.#local(number, "f64")?.local.value ?? f64.load(place(number, "f64"));
  }

  setLong(number: number, value: F64): void {
    const known = this.#local(number, "f64");
    if (!known) {
      this.#f.storeF64(place(number, "f64"), value);
      return;
    }
    known.isWritten = true;
    this.#f.set(known.local, value);
  }

  short(number: number): F32 {
    return this.#local(number, "f32")?.local.value ?? f32.load(place(number, "f32"));
  }

  setShort(number: number, value: F32): void {
    const known = this.#local(number, "f32");
    if (!known) {
      this.#f.storeF32(place(number, "f32"), value);
      return;
    }
    known.isWritten = true;
    this.#f.set(known.local, value);
  }

  /** The AFP-register control, which is on wherever this region runs. */
  afpControl(): I32 {
    this.#needsAfp = true;
    return i32.const(AFP_REGISTER_CONTROL);
  }

  bfpState(): I32 {
    this.#needsAfp = true;
    this.#usesState = true;
    if (this.#isSettled) return i32.const(BfpState.settled);
    this.#state ??= this.#f.local("i32", "bfp_state");
    return this.#state.value;
  }

  /** Whether instructions of the region depend on the BFP state. */
  get usesState(): boolean {
    return this.#usesState;
  }

  /** Looks at what the region takes for granted, and calls `leave` if it is not so. To be built when the region is known. */
  check(leave: (exit: RegionExit) => void): void {
    if (this.#usesState && this.#isSettled) this.#f.if(currentState, () => leave(RegionExit.unsettled));
    else if (this.#needsAfp) this.#f.if(i32.eqz(i32.and(controlLow0, AFP_REGISTER_CONTROL)), () => leave(RegionExit.declined));
  }

  /** Loads all registers that the region uses, and the state of the FPC. To be built when that is known. */
  load(): void {
    const f = this.#f;
    if (this.#state) f.set(this.#state, currentState);
    for (const [number, { local }] of this.#locals) {
      if (isLong(local)) f.set(local, f64.load(place(number, "f64")));
      else f.set(local as Local<"f32">, f32.load(place(number, "f32")));
    }
  }

  /** Writes back all registers that the region changes. To be built when that is known. */
  store(): void {
    for (const [number, { local, isWritten }] of this.#locals) {
      if (!isWritten) continue;
      if (isLong(local)) this.#f.storeF64(place(number, "f64"), local.value);
      else this.#f.storeF32(place(number, "f32"), (local as Local<"f32">).value);
    }
  }
}

const controlLow0 = i32.load(i32.const(CR));
const currentState = bfpState(i32.load(i32.const(FPC)), controlLow0);

function isLong(local: Local<Format>): local is Local<"f64"> {
  return local.type === "f64";
}

/** Where a register is in memory; a short operand is its left half. */
function place(number: number, format: Format): I32 {
  return i32.const(VR + VR_HIGH + number * 16 + (format === "f32" ? 4 : 0));
}
