import type { StorageOperand } from "../../decimal/operand.ts";
import type { CpuCore } from "../core.ts";
import type { READ, WRITE } from "../storage.ts";

/**
 * One operand of up to 4096 bytes that may lie in two pages: both are resolved before anything is done, so that a refused
 * access leaves no trace. Byte indices count from its leftmost byte.
 */
export class Span implements StorageOperand {
  #core!: CpuCore;
  #bytes!: Uint8Array;
  #length = 0;
  /** Bytes in the first page, or more. */
  #room = 0;
  /** Absolute addresses of the parts in the two pages. */
  #first = 0;
  #second = 0;
  /** Where in the bytes of storage byte 0 is, or would be if the span went on to the left of the second page. */
  #firstIndex = 0;
  #secondIndex = 0;

  /**
   * @param high address, wrapped by the addressing mode, in halves
   * @param base number of the base register, for access-register mode; 16 counts as none
   */
  set(core: CpuCore, high: number, low: number, length: number, access: typeof READ | typeof WRITE, base: number): this {
    const { storage } = core;
    this.#core = core;
    this.#bytes = storage.bytes;
    this.#length = length;
    this.#room = 4096 - (low & 0xfff);
    this.#first = storage.resolve(high, low, access, base & 15);
    this.#firstIndex = storage.indexOf(this.#first);
    if (length > this.#room) {
      const nextLow = (low & 0xffff_f000) >>> 0;
      const carry = nextLow === 0xffff_f000 ? 1 : 0;
      this.#second = storage.resolve(
        ((high + carry) & storage.maskHigh) >>> 0,
        ((nextLow + 4096) & storage.maskLow) >>> 0,
        access,
        base & 15,
      );
      this.#secondIndex = storage.indexOf(this.#second) + this.#room;
    }
    return this;
  }

  load(index: number): number {
    return this.#bytes[(index < this.#room ? this.#firstIndex : this.#secondIndex) - index]!;
  }

  /** Changes a byte. Whoever does so calls {@link changed} when all is done. */
  store(index: number, byte: number): void {
    this.#bytes[(index < this.#room ? this.#firstIndex : this.#secondIndex) - index] = byte;
  }

  /** Forgets instructions that were predecoded from the span. */
  changed(): void {
    const { storage } = this.#core;
    storage.changed(this.#first, Math.min(this.#length, this.#room));
    if (this.#length > this.#room) storage.changed(this.#second, this.#length - this.#room);
  }
}
