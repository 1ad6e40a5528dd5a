import type { VirtqueueAreas } from "@zarch/vring";
import type { Arena } from "../arena.ts";
import { type AddOptions, DESC_F_INDIRECT, DESC_F_NEXT, DESC_F_WRITE, type Part, type RawRing, type Used, type Wish } from "./raw-ring.ts";

export const DESC_F_AVAIL = 1 << 7;
export const DESC_F_USED = 1 << 15;

/** Values of event suppression flags (virtio 2.8.10). */
const EVENT_ENABLE = 0;
const EVENT_DISABLE = 1;
const EVENT_DESC = 2;

const FIRST_ID = 0x4000;

/** A descriptor as it is in memory (virtio 2.8.13). */
export interface PackedDescriptor {
  readonly address: number | bigint;
  readonly length: number;
  readonly id: number;
  readonly flags: number;
}

/** A slot and the wrap counter that goes with it. */
interface Position {
  slot: number;
  wrap: boolean;
}

/** The driver's end of a packed virtqueue (virtio 2.8). */
export class RawPackedRing implements RawRing {
  readonly format = "packed";
  readonly size: number;
  readonly areas: VirtqueueAreas;
  readonly #arena: Arena;
  readonly #ids: number[];
  readonly #slots = new Map<number, number>();
  readonly #available: Position = { slot: 0, wrap: true };
  readonly #used: Position = { slot: 0, wrap: true };
  /** Flags to be written by {@link publish}, oldest first. */
  readonly #heads: { at: number; flags: number }[] = [];
  #free: number;

  /** Initialises the ring's memory. */
  constructor(arena: Arena, size: number, areas: VirtqueueAreas) {
    this.#arena = arena;
    this.size = size;
    this.areas = areas;
    this.#free = size;
    // Buffer ids are the driver's to choose; these are none that a slot number could be taken for.
    this.#ids = Array.from({ length: size }, (_, i) => FIRST_ID + 3 * i);
    arena.fill(areas.descriptor, 16 * size, 0);
    arena.fill(areas.driver, 4, 0);
    arena.fill(areas.device, 4, 0);
    for (const { address, length } of this.deviceSpans) arena.open(address, length);
  }

  get deviceSpans(): { address: number; length: number }[] {
    return [
      { address: this.areas.descriptor, length: 16 * this.size },
      { address: this.areas.device, length: 4 },
    ];
  }

  get free(): number {
    return this.#free;
  }

  /** The slot that the next descriptor goes to. */
  get nextSlot(): number {
    return this.#available.slot;
  }

  get notificationData(): number {
    return this.#available.slot | (this.#available.wrap ? 0x8000 : 0);
  }

  /** Flags that make the next descriptor available. */
  get availableFlags(): number {
    return this.#available.wrap ? DESC_F_AVAIL : DESC_F_USED;
  }

  /** Writes a descriptor, of the ring or of a table. */
  describe(index: number, descriptor: PackedDescriptor, table = this.areas.descriptor): void {
    const at = table + 16 * index;
    this.#arena.store64(at, descriptor.address);
    this.#arena.store32(at + 8, descriptor.length);
    this.#arena.store16(at + 12, descriptor.id);
    this.#arena.store16(at + 14, descriptor.flags);
  }

  /** Notes a buffer that was placed by hand. */
  expect(id: number, slots: number): void {
    this.#slots.set(id, slots);
  }

  /** Writes the next descriptor of the ring. A head gets its flags with {@link publish}. */
  place(descriptor: PackedDescriptor, head: boolean): void {
    const at = this.areas.descriptor + 16 * this.#available.slot;
    const flags = descriptor.flags | this.availableFlags;
    this.describe(this.#available.slot, { ...descriptor, flags: head ? this.#arena.load16(at + 14) : flags });
    if (head) this.#heads.push({ at: at + 14, flags });
    this.#advance(this.#available, 1);
    this.#free--;
  }

  #advance(position: Position, slots: number): void {
    position.slot += slots;
    if (position.slot < this.size) return;
    position.slot -= this.size;
    position.wrap = !position.wrap;
  }

  add(parts: readonly Part[], options: AddOptions = {}): number {
    const id = this.#ids.shift() as number;
    const inTable = options.indirect ?? 0;
    if (inTable > 0) {
      const table = this.table(parts, options.tableOffset ?? 0);
      this.place({ ...table, id, flags: DESC_F_INDIRECT | (options.indirectFlags ?? 0) }, true);
      this.#slots.set(id, 1);
      return id;
    }
    for (const [i, part] of parts.entries()) {
      const last = i + 1 === parts.length;
      // The id counts in the last descriptor only.
      const flags = (part.write ? DESC_F_WRITE : 0) | (last ? 0 : DESC_F_NEXT);
      this.place({ ...part, id: last ? id : 0x7ff0 + i, flags }, i === 0);
    }
    this.#slots.set(id, parts.length);
    return id;
  }

  /** Writes an indirect table. In its entries only WRITE means anything; the rest is filled with what has to be ignored. */
  table(parts: readonly Part[], offset = 0): { address: number; length: number } {
    const length = 16 * parts.length;
    const address = this.#arena.take(length + offset, "indirect table") + offset;
    for (const [i, part] of parts.entries()) this.describe(i, { ...part, id: 0x55aa, flags: part.write ? DESC_F_WRITE : 0 }, address);
    return { address, length };
  }

  /** Shows all heads, the first one last. */
  publish(): void {
    for (const { at, flags } of this.#heads.reverse()) this.#arena.store16(at, flags);
    this.#heads.length = 0;
  }

  #usedFlags(): number | undefined {
    const flags = this.#arena.load16(this.areas.descriptor + 16 * this.#used.slot + 14);
    // Without a buffer out there an old descriptor may look used.
    const isUsed =
      this.#free < this.size && ((flags & DESC_F_USED) !== 0) === this.#used.wrap && ((flags & DESC_F_AVAIL) !== 0) === this.#used.wrap;
    return isUsed ? flags : undefined;
  }

  hasUsed(): boolean {
    return this.#usedFlags() !== undefined;
  }

  take(): Used | undefined {
    const flags = this.#usedFlags();
    if (flags === undefined) return undefined;
    const at = this.areas.descriptor + 16 * this.#used.slot;
    const id = this.#arena.load16(at + 12);
    const slots = this.#slots.get(id) ?? 1;
    if (this.#slots.delete(id) && id >= FIRST_ID) this.#ids.push(id);
    this.#advance(this.#used, slots);
    this.#free += slots;
    const hasWrite = (flags & DESC_F_WRITE) !== 0;
    return { id, written: hasWrite ? this.#arena.load32(at + 8) : 0, hasWrite };
  }

  takeInOrder(ids: readonly number[]): { count: number; used: Used } | undefined {
    const used = this.take();
    if (!used) return undefined;
    const count = ids.indexOf(used.id) + 1;
    for (const id of ids.slice(0, Math.max(0, count - 1))) {
      const slots = this.#slots.get(id) ?? 1;
      this.#slots.delete(id);
      this.#ids.push(id);
      this.#advance(this.#used, slots);
      this.#free += slots;
    }
    return { count, used };
  }

  wish(wish: Wish): void {
    this.setEvent(0, wish === "never" ? EVENT_DISABLE : EVENT_ENABLE);
  }

  wishAfter(count: number): void {
    const at = { ...this.#used };
    // Elements of one slot each.
    this.#advance(at, count - 1);
    this.setEvent(at.slot | (at.wrap ? 0x8000 : 0), EVENT_DESC);
  }

  /** Writes the driver event suppression structure. */
  setEvent(offsetAndWrap: number, flags: number): void {
    this.#arena.store16(this.areas.driver, offsetAndWrap);
    this.#arena.store16(this.areas.driver + 2, flags);
  }

  /** The flags of the device event suppression structure. */
  get deviceEventFlags(): number {
    return this.#arena.load16(this.areas.device + 2);
  }
}
