import type { Endian, GuestMemory } from "@zarch/guest-memory";

/** Offsets of buffer id and flags in a packed descriptor (virtio 2.8.13), after address and length. */
export const PACKED_DESC_ID = 12;
export const PACKED_DESC_FLAGS = 14;

/** Descriptor flags that only packed rings have (2.8.1). */
export const DESC_F_AVAIL = 1 << 7;
export const DESC_F_USED = 1 << 15;

/** Bytes of a packed ring's driver or device event suppression structure, alignment 4 (2.8.10.1). */
export const EVENT_SUPPRESSION_SIZE = 4;

/** Offsets in an event suppression structure (2.8.14): offset and wrap counter, then flags; 16 bits each. */
export const EVENT_POSITION = 0;
export const EVENT_FLAGS = 2;

/** Values of the flags in an event suppression structure (2.8.10). */
export const EVENT_ENABLE = 0;
export const EVENT_DISABLE = 1;
/** The offset and wrap counter name a descriptor to wait for. Only with VIRTIO_F_EVENT_IDX. */
export const EVENT_DESC = 2;

/** Bit of {@link EVENT_POSITION} that holds the wrap counter. */
const EVENT_WRAP = 0x8000;

/** Offset and wrap counter of a descriptor as event suppression structures and notification data have them (2.8.14, 2.9). */
export function packedEvent(slot: number, wrap: boolean): number {
  return slot | (wrap ? EVENT_WRAP : 0);
}

/** Slot and wrap counter of {@link packedEvent}. The slot may be outside the ring if the other side is wrong. */
export function parsePackedEvent(event: number): { slot: number; wrap: boolean } {
  return { slot: event & 0x7fff, wrap: (event & EVENT_WRAP) !== 0 };
}

/** The two flags that a driver gives a descriptor to make it available in a round with this wrap counter (2.8.1). */
export function packedAvailableFlags(wrap: boolean): number {
  return wrap ? DESC_F_AVAIL : DESC_F_USED;
}

/** The two flags that a device gives a descriptor to make it used in a round with this wrap counter (2.8.1). */
export function packedUsedFlags(wrap: boolean): number {
  return wrap ? DESC_F_AVAIL | DESC_F_USED : 0;
}

/** The descriptor at a position, see {@link advancePosition}. */
export function positionSlot(position: number, queueSize: number): number {
  return position < queueSize ? position : position - queueSize;
}

/**
 * The position `slots` places after `position`; see {@link RingPosition}. A ring of n entries has 2n positions: n of the rounds with
 * wrap counter 1, then n of those with wrap counter 0.
 * @param slots 0 to the size of the ring
 */
export function advancePosition(position: number, slots: number, queueSize: number): number {
  const next = position + slots;
  return next < 2 * queueSize ? next : next - 2 * queueSize;
}

/**
 * The rule of VIRTIO_F_EVENT_IDX in packed rings (2.8.10): whether making `moved` descriptors available or used, which brought the
 * position to `position`, passed over the descriptor that the other side waits for.
 * An event outside the ring counts as a wish for notification, which does no harm.
 *
 * @param event offset and wrap counter, see {@link packedEvent}
 * @param moved ring slots, 0 to `queueSize`, the skipped ones of chains included
 */
export function packedNeedEvent(event: number, position: number, moved: number, queueSize: number): boolean {
  const { slot, wrap } = parsePackedEvent(event);
  if (slot >= queueSize) return true;
  const wanted = wrap ? slot : slot + queueSize;
  return (wanted - (position - moved) + 4 * queueSize) % (2 * queueSize) < moved;
}

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

  /** 0 to 2 * size - 1. */
  set value(position: number) {
    this.#value = position;
  }

  /** Index of the descriptor. */
  get slot(): number {
    return positionSlot(this.#value, this.#size);
  }

  get wrap(): boolean {
    return this.#value < this.#size;
  }

  /** The offset and wrap counter as event suppression structures have it (2.8.14). */
  get event(): number {
    return packedEvent(this.slot, this.wrap);
  }

  /** Slots from here to `other`, which is ahead: 0 to 2 * size - 1. */
  distanceTo(other: RingPosition): number {
    const distance = other.#value - this.#value;
    return distance < 0 ? distance + 2 * this.#size : distance;
  }

  /** @param slots at most the size of the ring */
  advance(slots: number): void {
    this.#value = advancePosition(this.#value, slots, this.#size);
  }

  /** Flags that make the descriptor at this place available. */
  get availableFlags(): number {
    return packedAvailableFlags(this.wrap);
  }

  /** Flags that make the descriptor at this place used. */
  get usedFlags(): number {
    return packedUsedFlags(this.wrap);
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
  return packedNeedEvent(event, position, moved, size);
}
