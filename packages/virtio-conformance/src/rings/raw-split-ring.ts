import type { VirtqueueAreas } from "@zarch/vring";
import type { Arena } from "../arena.ts";
import { type AddOptions, DESC_F_INDIRECT, DESC_F_NEXT, DESC_F_WRITE, type Part, type RawRing, type Used, type Wish } from "./raw-ring.ts";

/** A descriptor as it is in memory (virtio 2.7.5). */
export interface SplitDescriptor {
  readonly address: number | bigint;
  readonly length: number;
  readonly flags: number;
  readonly next?: number;
}

/** The driver's end of a split virtqueue (virtio 2.7). */
export class RawSplitRing implements RawRing {
  readonly format = "split";
  readonly size: number;
  readonly areas: VirtqueueAreas;
  readonly #arena: Arena;
  readonly #free: number[];
  readonly #chains = new Map<number, number[]>();
  /** The next available index, 16 bits; {@link publish} stores it. */
  availableIndex = 0;
  #takenIndex = 0;

  /** Initialises the ring's memory. */
  constructor(arena: Arena, size: number, areas: VirtqueueAreas) {
    this.#arena = arena;
    this.size = size;
    this.areas = areas;
    this.#free = Array.from({ length: size }, (_, i) => i);
    arena.fill(areas.descriptor, 16 * size, 0);
    arena.fill(areas.driver, 6 + 2 * size, 0);
    arena.fill(areas.device, 6 + 8 * size, 0);
    for (const { address, length } of this.deviceSpans) arena.open(address, length);
  }

  get deviceSpans(): { address: number; length: number }[] {
    return [{ address: this.areas.device, length: 6 + 8 * this.size }];
  }

  get free(): number {
    return this.#free.length;
  }

  get notificationData(): number {
    return this.availableIndex;
  }

  /** Writes a descriptor of the ring's table, or of another one. */
  describe(index: number, descriptor: SplitDescriptor, table = this.areas.descriptor): void {
    const at = table + 16 * index;
    this.#arena.store64(at, descriptor.address);
    this.#arena.store32(at + 8, descriptor.length);
    this.#arena.store16(at + 12, descriptor.flags);
    this.#arena.store16(at + 14, descriptor.next ?? 0);
  }

  /** Puts a head into the available ring. */
  offer(head: number): void {
    this.#arena.store16(this.areas.driver + 4 + 2 * (this.availableIndex % this.size), head);
    this.availableIndex = (this.availableIndex + 1) & 0xffff;
  }

  add(parts: readonly Part[], options: AddOptions = {}): number {
    const inTable = options.indirect ?? 0;
    const direct = parts.slice(0, parts.length - inTable);
    const taken = this.#free.splice(0, direct.length + (inTable > 0 ? 1 : 0));
    for (const [i, part] of direct.entries()) {
      const next = taken[i + 1];
      this.describe(taken[i] as number, {
        ...part,
        flags: (part.write ? DESC_F_WRITE : 0) | (next === undefined ? 0 : DESC_F_NEXT),
        next: next ?? 0,
      });
    }
    if (inTable > 0) {
      const table = this.table(parts.slice(direct.length), options.tableOffset ?? 0);
      this.describe(taken.at(-1) as number, { ...table, flags: DESC_F_INDIRECT | (options.indirectFlags ?? 0) });
    }
    const head = taken[0] as number;
    this.#chains.set(head, taken);
    this.offer(head);
    return head;
  }

  /** Writes an indirect table; its entries are chained back to front but for the first, which every table starts with. */
  table(parts: readonly Part[], offset = 0): { address: number; length: number } {
    const length = 16 * parts.length;
    const address = this.#arena.take(length + offset, "indirect table") + offset;
    const place = (i: number): number => (i === 0 ? 0 : parts.length - i);
    for (const [i, part] of parts.entries()) {
      const last = i + 1 === parts.length;
      const flags = (part.write ? DESC_F_WRITE : 0) | (last ? 0 : DESC_F_NEXT);
      this.describe(place(i), { ...part, flags, next: last ? 0 : place(i + 1) }, address);
    }
    return { address, length };
  }

  publish(): void {
    this.#arena.store16(this.areas.driver + 2, this.availableIndex);
  }

  get usedIndex(): number {
    return this.#arena.load16(this.areas.device + 2);
  }

  /** The flags in the used ring. */
  get usedFlags(): number {
    return this.#arena.load16(this.areas.device);
  }

  hasUsed(): boolean {
    return this.usedIndex !== this.#takenIndex;
  }

  take(): Used | undefined {
    if (!this.hasUsed()) return undefined;
    const at = this.areas.device + 4 + 8 * (this.#takenIndex % this.size);
    const id = this.#arena.load32(at);
    this.#takenIndex = (this.#takenIndex + 1) & 0xffff;
    this.#free.push(...(this.#chains.get(id) ?? []));
    this.#chains.delete(id);
    return { id, written: this.#arena.load32(at + 4), hasWrite: true };
  }

  takeInOrder(ids: readonly number[]): { count: number; used: Used } | undefined {
    const first = this.#takenIndex;
    const used = this.take();
    if (!used) return undefined;
    const count = ids.indexOf(used.id) + 1;
    for (const id of ids.slice(0, count)) {
      this.#free.push(...(this.#chains.get(id) ?? []));
      this.#chains.delete(id);
    }
    this.#takenIndex = (first + Math.max(1, count)) & 0xffff;
    return { count, used };
  }

  wish(wish: Wish): void {
    this.setFlags(wish === "never" ? 1 : 0);
  }

  /** Writes the flags of the available ring. */
  setFlags(flags: number): void {
    this.#arena.store16(this.areas.driver, flags);
  }

  wishAfter(count: number): void {
    this.setUsedEvent(this.#takenIndex + count - 1);
  }

  setUsedEvent(index: number): void {
    this.#arena.store16(this.areas.driver + 4 + 2 * this.size, index);
  }
}
