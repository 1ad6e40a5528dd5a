import * as layout from "../engine/layout.ts";
import type { CpuCore } from "./core.ts";
import { Psw } from "./psw.ts";

/** Event masks in control register 9, right half (PoP chapter 4, "Program-Event Recording"). */
const Event = {
  branching: 0x8000_0000,
  instructionFetching: 0x4000_0000,
  storageAlteration: 0x2000_0000,
  storeUsingRealAddress: 0x0800_0000,
} as const;
/** CR9 bit 40: branching events only when the target is in the designated area. */
const BRANCH_ADDRESS_CONTROL = 0x0080_0000;
const ALL_EVENTS = (Event.branching | Event.instructionFetching | Event.storageAlteration | Event.storeUsingRealAddress) >>> 0;

/** An address as a pair of unsigned 32-bit halves. */
interface Address {
  high: number;
  low: number;
}

function isBelow(a: Address, b: Address): boolean {
  return a.high < b.high || (a.high === b.high && a.low < b.low);
}

/**
 * Program-event recording. Runs with the exact engine, one instruction at a time: before an instruction {@link begin} takes
 * down where it is, and afterwards {@link end} tells which events it had. Stores are reported by the engine while
 * {@link layout.PER_STORES} is set, which also keeps them off the fast path.
 */
export class ProgramEvents {
  readonly #core: CpuCore;
  readonly #instruction: Address = { high: 0, low: 0 };
  /** Virtual page of each frame that the instruction got write access to. */
  readonly #pages = new Map<number, Address>();
  #storeInArea = false;
  /** PER code and address-and-translation-mode identification, 16 bits, of the last instruction with events. */
  code = 0;

  constructor(core: CpuCore) {
    this.#core = core;
  }

  /** Whether the PSW and control register 9 ask for events. */
  get isOn(): boolean {
    const { registers } = this.#core;
    return (registers.pswHigh & Psw.per) !== 0 && (registers.controlLow(9) & ALL_EVENTS) !== 0;
  }

  /** Address of the instruction that had the events. */
  get addressHigh(): number {
    return this.#instruction.high;
  }

  get addressLow(): number {
    return this.#instruction.low;
  }

  begin(): void {
    const { registers, engine } = this.#core;
    this.#instruction.high = registers.addressHigh;
    this.#instruction.low = registers.addressLow;
    this.#storeInArea = false;
    this.#pages.clear();
    const watch = (registers.controlLow(9) & Event.storageAlteration) !== 0 ? 1 : 0;
    if (registers.word(layout.PER_STORES) !== watch) {
      registers.setWord(layout.PER_STORES, watch);
      engine.clearWriteEntries();
    }
  }

  /** The PSW no longer asks for events: stores take the fast path again. */
  off(): void {
    this.#core.registers.setWord(layout.PER_STORES, 0);
  }

  /** Called by the engine when an instruction was given write access to a byte. */
  writeResolved(high: number, low: number, absolute: number): void {
    this.#pages.set(absolute >>> 12, { high: high >>> 0, low: (low & 0xffff_f000) >>> 0 });
  }

  /** Called by the engine when bytes within one frame were stored. */
  stored(absolute: number, length: number): void {
    const page = this.#pages.get(absolute >>> 12);
    if (!page) return;
    const first = { high: page.high, low: (page.low | (absolute & 0xfff)) >>> 0 };
    const last = { high: page.high, low: (first.low + length - 1) >>> 0 };
    this.#storeInArea ||= this.#overlapsArea(first, last);
  }

  /** The area from CR10 to CR11, which wraps around when it ends below its start. */
  #overlapsArea(first: Address, last: Address): boolean {
    const { registers } = this.#core;
    const start = { high: registers.controlHigh(10), low: registers.controlLow(10) };
    const end = { high: registers.controlHigh(11), low: registers.controlLow(11) };
    if (isBelow(end, start)) return !isBelow(last, start) || !isBelow(end, first);
    return !isBelow(last, start) && !isBelow(end, first);
  }

  /**
   * @param length bytes of the instruction
   * @param pswHigh PSW bits 0-31 before the instruction, for the identification
   * @returns whether there were events, in {@link code}
   */
  end(length: number, pswHigh: number, pswLow: number): boolean {
    const { registers, storage } = this.#core;
    const control = registers.controlLow(9);
    const at = this.#instruction;
    let events = 0;
    if ((control & Event.instructionFetching) !== 0 && this.#overlapsArea(at, at)) events |= Event.instructionFetching;
    if ((control & Event.branching) !== 0) {
      const sum = at.low + length;
      const nextLow = (sum & storage.maskLow) >>> 0;
      const nextHigh = ((at.high + (sum > 0xffff_ffff ? 1 : 0)) & storage.maskHigh) >>> 0;
      const target = { high: registers.addressHigh, low: registers.addressLow };
      const branched = target.low !== nextLow || target.high !== nextHigh;
      if (branched && ((control & BRANCH_ADDRESS_CONTROL) === 0 || this.#overlapsArea(target, target))) events |= Event.branching;
    }
    if (this.#storeInArea) events |= Event.storageAlteration;
    if (events === 0) return false;
    // Identification: PSW bits 31, (validity) 1, 32, 5, 16 and 17.
    const identification =
      ((pswHigh & 1) << 7) | 0x40 | ((pswLow >>> 31) << 5) | (((pswHigh >>> 26) & 1) << 4) | (((pswHigh >>> 14) & 3) << 2);
    this.code = ((events >>> 16) & 0xff00) | identification;
    return true;
  }
}
