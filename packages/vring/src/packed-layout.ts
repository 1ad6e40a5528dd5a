import type { Endian, GuestMemory } from "@zarch/guest-memory";

/** Offsets in a packed descriptor (virtio 2.8.13). */
export const LENGTH = 8;
export const ID = 12;
export const FLAGS = 14;

/** Descriptor flags that only packed rings have (2.8.1). */
export const DESC_F_AVAIL = 1 << 7;
export const DESC_F_USED = 1 << 15;

/** Values of the flags in an event suppression structure (2.8.10). */
export const EVENT_ENABLE = 0;
export const EVENT_DISABLE = 1;
export const EVENT_DESC = 2;

/**
 * A place in a packed ring and the wrap counter that belongs to it, as one number from 0 to 2 * size - 1: the first round, whose
 * wrap counter is 1, has 0 to size - 1.
 */
export class RingPosition {
  readonly #size: number;
  #value = 0;

  constructor(size: number) {
    this.#size = size;
  }

  get value(): number {
    return this.#value;
  }

  /** Index of the descriptor. */
  get slot(): number {
    return this.#value < this.#size ? this.#value : this.#value - this.#size;
  }

  get wrap(): boolean {
    return this.#value < this.#size;
  }

  /** The offset and wrap counter as event suppression structures have it (2.8.14). */
  get event(): number {
    return this.slot | (this.wrap ? 0x8000 : 0);
  }

  /** @param slots at most the size of the ring */
  advance(slots: number): void {
    const next = this.#value + slots;
    this.#value = next < 2 * this.#size ? next : next - 2 * this.#size;
  }

  /** Flags that make the descriptor at this place available. */
  get availableFlags(): number {
    return this.wrap ? DESC_F_AVAIL : DESC_F_USED;
  }

  /** Flags that make the descriptor at this place used. */
  get usedFlags(): number {
    return this.wrap ? DESC_F_AVAIL | DESC_F_USED : 0;
  }
}

/** Stores an event suppression structure with one write. */
export function storeEvent(memory: GuestMemory, address: number, endian: Endian, event: number, flags: number): void {
  memory.storeUint32(address, endian === "little" ? ((flags << 16) | event) >>> 0 : ((event << 16) | flags) >>> 0, endian);
}

/**
 * Whether the other side, whose event suppression structure is at `address`, wants to know that `moved` slots up to `position` changed.
 * Reserved values count as a wish for notification, which does no harm.
 */
export function wantsEvent(
  memory: GuestMemory,
  address: number,
  endian: Endian,
  eventIndex: boolean,
  size: number,
  position: number,
  moved: number,
): boolean {
  const word = memory.loadUint32(address, endian);
  const flags = endian === "little" ? word >>> 16 : word & 0xffff;
  const event = endian === "little" ? word & 0xffff : word >>> 16;
  if (flags === EVENT_DISABLE) return false;
  if (flags !== EVENT_DESC || !eventIndex) return true;
  const offset = event & 0x7fff;
  if (offset >= size) return true;
  const wanted = (event & 0x8000) !== 0 ? offset : offset + size;
  const start = position - moved;
  return (wanted - start + 4 * size) % (2 * size) < moved;
}
