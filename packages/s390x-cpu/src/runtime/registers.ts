import type { RegisterAccess } from "@zarch/vmm-interface";
import * as layout from "../engine/layout.ts";

/**
 * The CPU's registers as the runtime sees them: 32-bit halves in the WebAssembly memory, without BigInt. `high` is bits
 * 0-31 and `low` bits 32-63 of a 64-bit register; all numbers given are unsigned.
 */
export class Registers implements RegisterAccess {
  readonly #words: Uint32Array;

  constructor(buffer: ArrayBufferLike) {
    this.#words = new Uint32Array(buffer, 0, layout.BANK_BASE / 4);
  }

  word(address: number): number {
    return this.#words[address >>> 2] as number;
  }

  setWord(address: number, value: number): void {
    this.#words[address >>> 2] = value;
  }

  high(register: number): number {
    return this.#words[(layout.GR >>> 2) + register * 2 + 1] as number;
  }

  low(register: number): number {
    return this.#words[(layout.GR >>> 2) + register * 2] as number;
  }

  set(register: number, high: number, low: number): void {
    this.#words[(layout.GR >>> 2) + register * 2 + 1] = high;
    this.#words[(layout.GR >>> 2) + register * 2] = low;
  }

  setLow(register: number, low: number): void {
    this.#words[(layout.GR >>> 2) + register * 2] = low;
  }

  setHigh(register: number, high: number): void {
    this.#words[(layout.GR >>> 2) + register * 2 + 1] = high;
  }

  access(register: number): number {
    return this.#words[(layout.AR >>> 2) + register] as number;
  }

  setAccess(register: number, value: number): void {
    this.#words[(layout.AR >>> 2) + register] = value;
  }

  controlHigh(register: number): number {
    return this.#words[(layout.CR >>> 2) + register * 2 + 1] as number;
  }

  controlLow(register: number): number {
    return this.#words[(layout.CR >>> 2) + register * 2] as number;
  }

  setControl(register: number, high: number, low: number): void {
    this.#words[(layout.CR >>> 2) + register * 2 + 1] = high;
    this.#words[(layout.CR >>> 2) + register * 2] = low;
  }

  /** Bits 0-31 and 32-63 of a floating-point register. */
  floatHigh(register: number): number {
    return this.#words[((layout.VR + layout.VR_HIGH) >>> 2) + register * 4 + 1] as number;
  }

  floatLow(register: number): number {
    return this.#words[((layout.VR + layout.VR_HIGH) >>> 2) + register * 4] as number;
  }

  setFloat(register: number, high: number, low: number): void {
    this.#words[((layout.VR + layout.VR_HIGH) >>> 2) + register * 4 + 1] = high;
    this.#words[((layout.VR + layout.VR_HIGH) >>> 2) + register * 4] = low;
  }

  get fpc(): number {
    return this.word(layout.FPC);
  }

  set fpc(value: number) {
    this.setWord(layout.FPC, value);
  }

  get cc(): number {
    return this.word(layout.CC);
  }

  set cc(value: number) {
    this.setWord(layout.CC, value);
  }

  /** PSW bits 0-31 without the condition code, which is in {@link cc}. */
  get pswHigh(): number {
    return this.word(layout.PSW_MASK + 4);
  }

  set pswHigh(value: number) {
    this.setWord(layout.PSW_MASK + 4, value);
  }

  /** PSW bits 32-63: the basic-addressing bit, and zeros. */
  get pswLow(): number {
    return this.word(layout.PSW_MASK);
  }

  set pswLow(value: number) {
    this.setWord(layout.PSW_MASK, value);
  }

  get addressHigh(): number {
    return this.word(layout.PSW_ADDRESS + 4);
  }

  get addressLow(): number {
    return this.word(layout.PSW_ADDRESS);
  }

  setAddress(high: number, low: number): void {
    this.setWord(layout.PSW_ADDRESS + 4, high);
    this.setWord(layout.PSW_ADDRESS, low);
  }

  get prefix(): number {
    return this.word(layout.PREFIX);
  }

  set prefix(value: number) {
    this.setWord(layout.PREFIX, value);
  }
}
