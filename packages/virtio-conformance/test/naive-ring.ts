import type { Endian, GuestMemory } from "@zarch/guest-memory";
import type { DriverQueueSetup } from "@zarch/virtio-driver";
import type { Fault } from "./faults.ts";

const NEXT = 1;
const WRITE = 2;
const INDIRECT = 4;
const AVAIL = 1 << 7;
const USED = 1 << 15;

/** A ring that makes no sense. */
export class RingError extends Error {}

export interface Span {
  readonly address: number;
  readonly length: number;
}

export interface Buffer {
  readonly id: number;
  readonly slots: number;
  readonly out: Span[];
  readonly into: Span[];
}

interface Descriptor extends Span {
  readonly flags: number;
  /** Split: next; packed: buffer id. */
  readonly link: number;
}

export interface RingFeatures {
  readonly packed: boolean;
  readonly indirect: boolean;
  readonly eventIndex: boolean;
}

/** What both formats share: written from the specification, as plainly as possible, with the mistakes that are asked for. */
export abstract class NaiveRing {
  readonly memory: GuestMemory;
  readonly endian: Endian;
  readonly setup: DriverQueueSetup;
  readonly features: RingFeatures;
  readonly #faults: ReadonlySet<Fault>;

  constructor(memory: GuestMemory, endian: Endian, setup: DriverQueueSetup, features: RingFeatures, faults: ReadonlySet<Fault>) {
    this.memory = memory;
    this.endian = endian;
    this.setup = setup;
    this.features = features;
    this.#faults = faults;
  }

  /** @throws RingError */
  abstract pop(): Buffer | undefined;
  /** Returns whether the driver wants to know. */
  abstract push(buffer: Buffer, written: number): boolean;

  protected has(fault: Fault): boolean {
    return this.#faults.has(fault);
  }

  protected load16(address: number): number {
    return this.memory.loadUint16(address, this.endian);
  }

  protected store16(address: number, value: number): void {
    this.memory.storeUint16(address, value & 0xffff, this.endian);
  }

  protected store32(address: number, value: number): void {
    this.memory.storeUint32(address, value, this.endian);
  }

  /** A descriptor of either format. */
  protected describe(at: number): Descriptor {
    const { packed } = this.features;
    const flagsAt = at + (packed ? 14 : 12);
    if (this.has("reads addresses twice")) this.memory.loadUint64(at, this.endian);
    if (this.has("reads lengths twice")) this.memory.loadUint32(at + 8, this.endian);
    if (this.has("reads flags twice")) this.load16(flagsAt);
    const address = this.memory.loadUint64(at, this.endian);
    return {
      address: this.has("cuts addresses to 32 bits") ? address % 0x1_0000_0000 : address,
      length: this.memory.loadUint32(at + 8, this.endian),
      flags: this.load16(flagsAt),
      link: this.load16(at + (packed ? 12 : 14)),
    };
  }

  protected add(buffer: Buffer, { address, length, flags }: Descriptor): void {
    if (!this.has("throws for a bad address") && !this.memory.contains(address, length)) throw new RingError("a buffer outside of memory");
    const writable = (flags & WRITE) !== 0;
    if (!writable && buffer.into.length > 0) throw new RingError("device-readable after device-writable");
    if (buffer.out.length + buffer.into.length > 2000 && !this.has("follows loops")) throw new RingError("a chain without end");
    (writable ? buffer.into : buffer.out).push({ address, length });
  }

  /** Entries of an indirect table. */
  protected tableEntries({ address, length, flags }: Descriptor): number {
    if (!this.features.indirect && !this.has("takes indirect tables that were not negotiated")) throw new RingError("no indirect tables");
    if (this.has("wants aligned tables") && address % 16 !== 0) throw new RingError("a table that is not aligned");
    if (this.has("minds WRITE on a table") && (flags & WRITE) !== 0) throw new RingError("a table to be written");
    if (length === 0 && this.has("takes a table of no length")) return 2;
    if (length === 0 || length % 16 !== 0 || !this.memory.contains(address, length)) throw new RingError("no table");
    return length / 16;
  }

  protected isIndirect({ flags }: Descriptor): boolean {
    return (flags & INDIRECT) !== 0;
  }

  protected goesOn({ flags }: Descriptor): boolean {
    return (flags & NEXT) !== 0;
  }
}

export class NaiveSplitRing extends NaiveRing {
  #available = 0;
  #used = 0;
  readonly #busy = new Set<number>();

  get #mask(): number {
    return this.has("counts to 32768") ? 0x7fff : 0xffff;
  }

  pop(): Buffer | undefined {
    const { size, areas } = this.setup;
    const count = (this.load16(areas.driver + 2) - this.#available) & this.#mask;
    if (count === 0) return undefined;
    if (count > size) throw new RingError("the available index jumps");
    const at = areas.driver + 4 + 2 * (this.#available % size);
    const checked = this.load16(at);
    if (checked >= size || this.#busy.has(checked)) throw new RingError("a head that cannot be");
    const head = this.has("reads the head twice") ? this.load16(at) : checked;
    this.#available = (this.#available + 1) & this.#mask;
    const buffer: Buffer = { id: head, slots: 1, out: [], into: [] };
    this.#follow(buffer, areas.descriptor, head, size, false);
    this.#busy.add(head);
    return buffer;
  }

  #follow(buffer: Buffer, table: number, first: number, entries: number, inTable: boolean): void {
    for (let index = first, steps = 0; ; steps++) {
      if (steps >= entries && !this.has("follows loops")) throw new RingError("a loop");
      const descriptor = this.describe(table + 16 * index);
      if (this.isIndirect(descriptor)) {
        if (inTable && !this.has("takes nested tables")) throw new RingError("a table in a table");
        if (this.goesOn(descriptor)) throw new RingError("a table with a next");
        const count = this.tableEntries(descriptor);
        this.#follow(buffer, descriptor.address, this.has("starts tables at next") ? descriptor.link : 0, count, true);
        return;
      }
      this.add(buffer, descriptor);
      if (!this.goesOn(descriptor)) return;
      index = this.has("takes descriptors one after the other") ? index + 1 : descriptor.link;
      if (index >= entries) {
        if (this.has("ends chains at a next beyond the table")) return;
        throw new RingError("next beyond the table");
      }
    }
  }

  push({ id }: Buffer, written: number): boolean {
    const { size, areas } = this.setup;
    this.#busy.delete(id);
    const used = areas.device + (this.has("has its used ring four bytes off") ? 4 : 0);
    const at = used + 4 + 8 * (this.#used % size);
    const old = this.#used;
    this.#used = (old + 1) & this.#mask;
    if (this.has("publishes the used index first")) this.store16(used + 2, this.#used);
    this.store32(at, id);
    this.store32(at + 4, written);
    if (!this.has("publishes the used index first")) this.store16(used + 2, this.#used);
    if (this.has("writes into the descriptor table")) this.store16(areas.descriptor + 16 * id + 12, 0);
    if (this.features.eventIndex && this.has("sets flags with EVENT_IDX")) this.store16(used, 1);
    if (!this.features.eventIndex || this.has("ignores event indices")) return (this.load16(areas.driver) & 1) === 0;
    return this.load16(areas.driver + 4 + 2 * size) === old;
  }
}

interface Position {
  slot: number;
  wrap: boolean;
}

export class NaivePackedRing extends NaiveRing {
  readonly #next: Position = { slot: 0, wrap: true };
  readonly #used: Position = { slot: 0, wrap: true };
  #busy = 0;

  #advance(position: Position, slots: number): void {
    position.slot += slots;
    if (position.slot < this.setup.size) return;
    position.slot -= this.setup.size;
    if (!this.has("never changes its wrap counter")) position.wrap = !position.wrap;
  }

  pop(): Buffer | undefined {
    const { size, areas } = this.setup;
    if (this.#busy >= size) return undefined;
    const flags = this.load16(areas.descriptor + 16 * this.#next.slot + 14);
    const available = ((flags & AVAIL) !== 0) === this.#next.wrap;
    const used = ((flags & USED) !== 0) === this.#next.wrap;
    if (used || (!available && !this.has("looks at USED alone"))) return undefined;
    const out: Span[] = [];
    const into: Span[] = [];
    let firstId = -1;
    for (let slots = 1; ; slots++) {
      const at = areas.descriptor + 16 * ((this.#next.slot + slots - 1) % size);
      const descriptor = slots > 1 || this.has("reads flags twice") ? this.describe(at) : this.#describeHead(at, flags);
      if (firstId < 0) firstId = descriptor.link;
      const buffer = { id: this.has("returns the first buffer id") ? firstId : descriptor.link, slots, out, into };
      if (this.isIndirect(descriptor)) {
        if (slots > 1 || this.goesOn(descriptor)) throw new RingError("a table in a chain");
        this.#table(buffer, descriptor);
      } else this.add(buffer, descriptor);
      if (!this.goesOn(descriptor)) {
        this.#advance(this.#next, slots);
        this.#busy += slots;
        return buffer;
      }
      if (slots + this.#busy >= size && !this.has("follows loops")) throw new RingError("a chain without end");
    }
  }

  /** The flags were read before. */
  #describeHead(at: number, flags: number): Descriptor {
    if (this.has("reads addresses twice")) this.memory.loadUint64(at, this.endian);
    if (this.has("reads lengths twice")) this.memory.loadUint32(at + 8, this.endian);
    const address = this.memory.loadUint64(at, this.endian);
    return {
      address: this.has("cuts addresses to 32 bits") ? address % 0x1_0000_0000 : address,
      length: this.memory.loadUint32(at + 8, this.endian),
      flags,
      link: this.load16(at + 12),
    };
  }

  #table(buffer: Buffer, descriptor: Descriptor): void {
    const entries = this.tableEntries(descriptor);
    for (let i = 0; i < entries; i++) {
      const entry = this.describe(descriptor.address + 16 * i);
      if (this.has("minds NEXT in packed tables") && this.goesOn(entry)) throw new RingError("NEXT in a table");
      this.add(buffer, entry);
    }
  }

  push({ id, slots }: Buffer, written: number): boolean {
    const { areas, size } = this.setup;
    const at = areas.descriptor + 16 * this.#used.slot;
    const write = written > 0 && !this.has("forgets WRITE") ? WRITE : 0;
    const flags = write | (this.#used.wrap ? AVAIL | USED : 0);
    if (this.has("writes flags first")) this.store16(at + 14, flags);
    this.store32(at + 8, written);
    this.store16(at + 12, id);
    if (!this.has("writes flags first")) this.store16(at + 14, flags);
    const start = this.#used.slot + (this.#used.wrap ? 0 : size);
    this.#advance(this.#used, this.has("does not skip") ? 1 : slots);
    this.#busy -= slots;
    const wish = this.load16(areas.driver + 2);
    if (wish === 1) return false;
    if (wish !== 2 || !this.features.eventIndex || this.has("ignores event indices")) return true;
    const event = this.load16(areas.driver);
    const wanted = (event & 0x7fff) + ((event & 0x8000) !== 0 ? 0 : size);
    return (wanted - start + 2 * size) % (2 * size) < slots;
  }
}
