import type { StorageOperand } from "../../decimal/operand.ts";
import type { CpuCore } from "../core.ts";
import type { READ, WRITE } from "../storage.ts";

/**
 * One operand of up to 4096 bytes that may lie in two pages: both are resolved before anything is done, so that a refused
 * access leaves no trace. Byte indices count from its leftmost byte.
 */
export class Span implements StorageOperand {
  #core: CpuCore | undefined;
  #first = 0;
  #second = 0;
  #room = 0;

  /**
   * @param high address, wrapped by the addressing mode, in halves
   * @param base number of the base register, for access-register mode; 16 counts as none
   */
  set(core: CpuCore, high: number, low: number, length: number, access: typeof READ | typeof WRITE, base: number): this {
    const { storage } = core;
    this.#core = core;
    this.#room = 4096 - (low & 0xfff);
    this.#first = storage.resolve(high, low, access, base & 15);
    if (length > this.#room) {
      const nextLow = (low & 0xffff_f000) >>> 0;
      const carry = nextLow === 0xffff_f000 ? 1 : 0;
      this.#second = storage.resolve(
        ((high + carry) & storage.maskHigh) >>> 0,
        ((nextLow + 4096) & storage.maskLow) >>> 0,
        access,
        base & 15,
      );
    }
    return this;
  }

  /** Absolute address of byte i. */
  at(i: number): number {
    return i < this.#room ? this.#first + i : this.#second + i - this.#room;
  }

  load(index: number): number {
    return this.#core!.storage.byteAt(this.at(index));
  }

  store(index: number, byte: number): void {
    this.#core!.storage.setByteAt(this.at(index), byte);
  }
}
