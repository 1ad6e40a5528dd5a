import type { CpuCore } from "../core.ts";
import { READ, type WRITE } from "../storage.ts";

/** A table of 65,536 halfwords that starts anywhere. */
const MAXIMUM_PAGES = 33;

/** An operand in storage of which each page is resolved when a byte in it is first asked for. */
export class PagedOperand {
  #core!: CpuCore;
  #high = 0;
  #low = 0;
  #access: typeof READ | typeof WRITE = READ;
  #base = 0;
  #start = 0;
  /** Index in `storage.bytes` of each page's first byte; -1 where it is not known. */
  readonly #pages = new Int32Array(MAXIMUM_PAGES).fill(-1);
  #used = 0;

  /** @param length bytes that may be asked for, at most 128 KiB */
  set(core: CpuCore, high: number, low: number, length: number, access: typeof READ | typeof WRITE, base: number): void {
    this.#core = core;
    this.#high = high;
    this.#low = (low & ~0xfff) >>> 0;
    this.#start = low & 0xfff;
    this.#access = access;
    this.#base = base;
    this.#used = (this.#start + length + 4095) >>> 12;
    this.#pages.fill(-1, 0, this.#used);
  }

  /** Whether the operand lies in one page. */
  get isInOnePage(): boolean {
    return this.#used === 1;
  }

  /** Index in `storage.bytes` of byte `offset`. */
  at(offset: number): number {
    const position = this.#start + offset;
    const page = position >>> 12;
    let first = this.#pages[page] as number;
    if (first === -1) first = this.#resolve(page);
    return (first >>> 0) - (position & 0xfff);
  }

  #resolve(page: number): number {
    const { storage } = this.#core;
    // The first page is asked for at the operand's start: low-address protection and overrides are about parts of pages.
    const low = this.#low + page * 4096 + (page === 0 ? this.#start : 0);
    const high = this.#high + (low >= 0x1_0000_0000 ? 1 : 0);
    const absolute = storage.resolve((high & storage.maskHigh) >>> 0, (low & storage.maskLow) >>> 0, this.#access, this.#base);
    const first = storage.indexOf(absolute) + (page === 0 ? this.#start : 0);
    this.#pages[page] = first;
    return first;
  }

  /** Tells that the first `length` bytes were changed. */
  changed(length: number): void {
    const { storage } = this.#core;
    const room = 4096 - this.#start;
    // What gives an index for an address gives the address for an index, too.
    storage.changed(storage.indexOf(this.at(0)), Math.min(length, room));
    if (length > room) storage.changed(storage.indexOf(this.at(room)), length - room);
  }
}
