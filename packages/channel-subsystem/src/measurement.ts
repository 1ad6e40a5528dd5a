import type { GuestMemory } from "@zarch/guest-memory";

/** The channel-subsystem monitoring facility as SET CHANNEL MONITOR sets it (PoP chapter 17). */
export class ChannelMonitor {
  readonly #memory: GuestMemory;
  #updating = false;
  #origin = 0;

  constructor(memory: GuestMemory) {
    this.#memory = memory;
  }

  /** @param origin absolute address of the area of format-0 blocks, a multiple of 32 */
  set(updating: boolean, origin: number): void {
    this.#updating = updating;
    if (updating) this.#origin = origin;
  }

  reset(): void {
    this.#updating = false;
    this.#origin = 0;
  }

  /**
   * Counts one SSCH or RSCH in a format-0 block (32 bytes). The times in the block stay as they are: operations take none
   * that is worth a unit of 128 microseconds.
   * @returns false if the block is outside storage
   */
  countFormat0(index: number): boolean {
    return this.#count(this.#origin + index * 32, 32, 2);
  }

  /** As {@link countFormat0}, for a format-1 block (64 bytes) at an absolute address. */
  countFormat1(address: number): boolean {
    return this.#count(address, 64, 4);
  }

  #count(address: number, length: number, width: 2 | 4): boolean {
    if (!this.#updating) return true;
    const memory = this.#memory;
    if (!memory.contains(address, length)) return false;
    if (width === 2) {
      memory.storeUint16(address, (memory.loadUint16(address, "big") + 1) & 0xffff, "big");
      memory.storeUint16(address + 2, (memory.loadUint16(address + 2, "big") + 1) & 0xffff, "big");
    } else {
      memory.storeUint32(address, (memory.loadUint32(address, "big") + 1) >>> 0, "big");
      memory.storeUint32(address + 4, (memory.loadUint32(address + 4, "big") + 1) >>> 0, "big");
    }
    return true;
  }
}
