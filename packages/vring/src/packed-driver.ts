import type { Endian, GuestMemory } from "@zarch/guest-memory";
import { BugError } from "@zarch/vmm-interface";
import { DESC_F_INDIRECT, DESC_F_NEXT, DESC_F_WRITE, DESC_LENGTH, DESCRIPTOR_SIZE } from "./descriptor.ts";
import type { BufferSpan, DriverVirtqueue, DriverVirtqueueConfig, IndirectTables, UsedBuffer } from "./driver-virtqueue.ts";
import { VirtqueueError } from "./errors.ts";
import { checkVirtqueueConfig } from "./layout.ts";
import {
  DESC_F_AVAIL,
  DESC_F_USED,
  EVENT_DESC,
  EVENT_DISABLE,
  EVENT_ENABLE,
  EVENT_SUPPRESSION_SIZE,
  PACKED_DESC_FLAGS,
  PACKED_DESC_ID,
  RingPosition,
  storeEvent,
  wantsEvent,
} from "./packed-layout.ts";
import { descriptorTableSize } from "./split-layout.ts";

interface Posted<Token> {
  readonly token: Token;
  readonly slots: number;
  /** Bytes that the device may write. */
  readonly room: number;
}

/** The driver side of a packed virtqueue (virtio 2.8). Zeroes the ring's memory when it is made. */
export class PackedDriverVirtqueue<Token> implements DriverVirtqueue<Token> {
  readonly size: number;
  readonly #memory: GuestMemory;
  readonly #endian: Endian;
  readonly #ring: number;
  readonly #driverEvent: number;
  readonly #deviceEvent: number;
  readonly #eventIndex: boolean;
  readonly #inOrder: boolean;
  readonly #tables: IndirectTables | undefined;
  readonly #posted: (Posted<Token> | undefined)[];
  readonly #freeIds: number[];
  /** With IN_ORDER: buffer ids in the order of availability. */
  readonly #order: number[] = [];
  /** With IN_ORDER: the last buffer of a batch that the device returned with one used descriptor, and its length. */
  #batch: { readonly last: number; readonly written: number } | undefined;
  #free: number;
  readonly #nextAvailable: RingPosition;
  readonly #nextUsed: RingPosition;
  /** Heads that are written but for their flags: address and flags. */
  readonly #pending: { readonly at: number; readonly flags: number }[] = [];
  #pendingSlots = 0;
  #callbacks = true;

  constructor(memory: GuestMemory, config: DriverVirtqueueConfig) {
    checkVirtqueueConfig(memory, { ...config, format: "packed" });
    const { size, areas } = config;
    this.size = size;
    this.#memory = memory;
    this.#endian = config.endian;
    this.#ring = areas.descriptor;
    this.#driverEvent = areas.driver;
    this.#deviceEvent = areas.device;
    this.#eventIndex = config.eventIndex ?? false;
    this.#inOrder = config.inOrder ?? false;
    this.#tables = config.indirect ? config.indirectTables : undefined;
    if (this.#tables && !memory.contains(this.#tables.address, this.#tables.entries * DESCRIPTOR_SIZE * size)) {
      throw new VirtqueueError("ERR_VIRTQUEUE_INDIRECT", "the indirect tables are outside memory");
    }
    this.#posted = new Array<Posted<Token> | undefined>(size).fill(undefined);
    this.#freeIds = Array.from({ length: size }, (_, i) => i);
    this.#free = size;
    this.#nextAvailable = new RingPosition(size);
    this.#nextUsed = new RingPosition(size);
    memory.fill(areas.descriptor, descriptorTableSize(size), 0);
    memory.fill(areas.driver, EVENT_SUPPRESSION_SIZE, 0);
    memory.fill(areas.device, EVENT_SUPPRESSION_SIZE, 0);
    if (this.#eventIndex) this.#storeUsedEvent();
  }

  get free(): number {
    return this.#free;
  }

  get nextAvailable(): number {
    return this.#nextAvailable.event;
  }

  #describe(at: number, span: BufferSpan, id: number): void {
    this.#memory.storeUint64(at, span.address, this.#endian);
    this.#memory.storeUint32(at + DESC_LENGTH, span.length, this.#endian);
    this.#memory.storeUint16(at + PACKED_DESC_ID, id, this.#endian);
  }

  add(out: readonly BufferSpan[], into: readonly BufferSpan[], token: Token): boolean {
    const spans = [...out, ...into];
    if (spans.length === 0) throw new BugError("a buffer without any part");
    const indirect = this.#tables !== undefined && spans.length > 1 && spans.length <= this.#tables.entries;
    const slots = indirect ? 1 : spans.length;
    const id = this.#freeIds[0];
    if (slots > this.#free || id === undefined) return false;
    this.#freeIds.shift();
    const isWritable = (i: number): number => (i >= out.length ? DESC_F_WRITE : 0);
    if (indirect) {
      const tables = this.#tables as IndirectTables;
      const table = tables.address + id * tables.entries * DESCRIPTOR_SIZE;
      for (const [i, span] of spans.entries()) {
        this.#describe(table + i * DESCRIPTOR_SIZE, span, 0);
        this.#memory.storeUint16(table + i * DESCRIPTOR_SIZE + PACKED_DESC_FLAGS, isWritable(i), this.#endian);
      }
      this.#place({ address: table, length: spans.length * DESCRIPTOR_SIZE }, id, DESC_F_INDIRECT, true);
    } else {
      for (const [i, span] of spans.entries()) {
        this.#place(span, id, isWritable(i) | (i + 1 < spans.length ? DESC_F_NEXT : 0), i === 0);
      }
    }
    this.#free -= slots;
    this.#pendingSlots += slots;
    this.#posted[id] = { token, slots, room: into.reduce((sum, { length }) => sum + length, 0) };
    if (this.#inOrder) this.#order.push(id);
    return true;
  }

  /** Writes the next descriptor of the ring, a head without its flags. */
  #place(span: BufferSpan, id: number, flags: number, head: boolean): void {
    const at = this.#ring + this.#nextAvailable.slot * DESCRIPTOR_SIZE;
    this.#describe(at, span, id);
    const all = flags | this.#nextAvailable.availableFlags;
    if (head) this.#pending.push({ at: at + PACKED_DESC_FLAGS, flags: all });
    else this.#memory.storeUint16(at + PACKED_DESC_FLAGS, all, this.#endian);
    this.#nextAvailable.advance(1);
  }

  kickPrepare(): boolean {
    const moved = this.#pendingSlots;
    if (moved === 0) return false;
    // The device looks at them in order: the first one last shows all at once.
    for (const { at, flags } of this.#pending.reverse()) this.#memory.storeUint16(at, flags, this.#endian);
    this.#pending.length = 0;
    this.#pendingSlots = 0;
    return wantsEvent(this.#memory, this.#deviceEvent, this.#endian, this.#eventIndex, this.size, this.#nextAvailable.value, moved);
  }

  #usedFlags(): number {
    const flags = this.#memory.loadUint16(this.#ring + this.#nextUsed.slot * DESCRIPTOR_SIZE + PACKED_DESC_FLAGS, this.#endian);
    // Without a buffer out there an old descriptor may look used.
    const used = this.#free < this.size && (flags & (DESC_F_AVAIL | DESC_F_USED)) === this.#nextUsed.usedFlags;
    return used ? flags : -1;
  }

  getBuf(): UsedBuffer<Token> | undefined {
    let id: number;
    let written: number;
    if (this.#batch) {
      id = this.#batch.last;
      written = this.#batch.written;
    } else {
      const flags = this.#usedFlags();
      if (flags < 0) return undefined;
      const at = this.#ring + this.#nextUsed.slot * DESCRIPTOR_SIZE;
      id = this.#memory.loadUint16(at + PACKED_DESC_ID, this.#endian);
      written = (flags & DESC_F_WRITE) !== 0 ? this.#memory.loadUint32(at + DESC_LENGTH, this.#endian) : 0;
    }
    if (!this.#posted[id]) throw new VirtqueueError("ERR_VIRTQUEUE_USED", `the device returns buffer ${id}, which it does not have`);
    if (this.#inOrder) {
      const due = this.#order.shift() as number;
      this.#batch = due === id ? undefined : { last: id, written };
      if (due !== id) {
        id = due;
        written = (this.#posted[due] as Posted<Token>).room;
      }
    }
    const posted = this.#posted[id] as Posted<Token>;
    if (written > posted.room) {
      throw new VirtqueueError("ERR_VIRTQUEUE_USED", `the device reports ${written} bytes in a buffer of ${posted.room}`);
    }
    this.#posted[id] = undefined;
    this.#freeIds.push(id);
    this.#free += posted.slots;
    this.#nextUsed.advance(posted.slots);
    if (this.#eventIndex && this.#callbacks) this.#storeUsedEvent();
    return { token: posted.token, written };
  }

  #storeUsedEvent(): void {
    storeEvent(this.#memory, this.#driverEvent, this.#endian, this.#nextUsed.event, EVENT_DESC);
  }

  disableCallbacks(): void {
    this.#callbacks = false;
    storeEvent(this.#memory, this.#driverEvent, this.#endian, 0, EVENT_DISABLE);
  }

  enableCallbacks(): boolean {
    this.#callbacks = true;
    if (this.#eventIndex) this.#storeUsedEvent();
    else storeEvent(this.#memory, this.#driverEvent, this.#endian, 0, EVENT_ENABLE);
    return !this.#batch && this.#usedFlags() < 0;
  }
}
