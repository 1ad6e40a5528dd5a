import type { Endian, GuestMemory } from "@zarch/guest-memory";
import { DESC_F_INDIRECT, DESC_F_NEXT, DESC_F_WRITE, DESC_LENGTH, DESCRIPTOR_SIZE } from "./descriptor.ts";
import { checkBuffer, DriverTables, maxParts, totalLength } from "./driver-buffers.ts";
import { type DriverVirtqueueState, freeFrom, readDriverState, restoreToken } from "./driver-state.ts";
import type { BufferSpan, DriverVirtqueue, DriverVirtqueueConfig, DriverVirtqueueOptions, UsedBuffer } from "./driver-virtqueue.ts";
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

/** The driver side of a packed virtqueue (virtio 2.8). */
export class PackedDriverVirtqueue<Token> implements DriverVirtqueue<Token> {
  readonly size: number;
  readonly #memory: GuestMemory;
  readonly #endian: Endian;
  readonly #ring: number;
  readonly #driverEvent: number;
  readonly #deviceEvent: number;
  readonly #eventIndex: boolean;
  readonly #inOrder: boolean;
  readonly #maxParts: number;
  readonly #toleratesLengths: boolean;
  readonly #tables: DriverTables;
  readonly #posted: (Posted<Token> | undefined)[];
  #freeIds: number[];
  /** With IN_ORDER: buffer ids in the order of availability. */
  #order: number[] = [];
  /** With IN_ORDER: the last buffer of a batch that the device returned with one used descriptor, and its length. */
  #batch: { readonly last: number; readonly written: number } | undefined;
  #free: number;
  readonly #nextAvailable: RingPosition;
  readonly #nextUsed: RingPosition;
  /** Heads that are written but for their flags: address and flags. */
  #pending: { readonly slot: number; readonly flags: number }[] = [];
  /** What the device knows of {@link #nextAvailable}. */
  readonly #published: RingPosition;
  #callbacks = true;

  constructor(memory: GuestMemory, config: DriverVirtqueueConfig, { state, restoreToken }: DriverVirtqueueOptions<Token>) {
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
    this.#maxParts = maxParts(config);
    this.#toleratesLengths = config.toleratesLengths ?? false;
    this.#tables = new DriverTables(memory, config);
    this.#posted = new Array<Posted<Token> | undefined>(size).fill(undefined);
    this.#freeIds = freeFrom(0, size, []);
    this.#free = size;
    this.#nextAvailable = new RingPosition(size);
    this.#nextUsed = new RingPosition(size);
    this.#published = new RingPosition(size);
    if (state === undefined) this.#initialise();
    else this.#restore(readDriverState(state, { ...config, format: "packed" }), restoreToken);
  }

  #initialise(): void {
    this.#memory.fill(this.#ring, descriptorTableSize(this.size), 0);
    this.#memory.fill(this.#driverEvent, EVENT_SUPPRESSION_SIZE, 0);
    this.#memory.fill(this.#deviceEvent, EVENT_SUPPRESSION_SIZE, 0);
    if (this.#eventIndex) this.#storeUsedEvent();
  }

  #restore(state: DriverVirtqueueState, makeToken: ((saved: unknown) => Token) | undefined): void {
    this.#nextAvailable.value = state.nextAvailable;
    this.#published.value = state.published;
    this.#nextUsed.value = state.nextUsed;
    this.#callbacks = state.callbacks;
    this.#batch = state.batch;
    this.#pending = [...state.pending];
    for (const { id, slots, room, token } of state.buffers) {
      this.#posted[id] = { token: restoreToken(token, makeToken), slots, room };
      this.#free -= slots;
      if (this.#inOrder) this.#order.push(id);
    }
    this.#freeIds = freeFrom(
      state.firstFree,
      this.size,
      state.buffers.map(({ id }) => id),
    );
  }

  /** Ids of all buffers that are not back. */
  #ids(): readonly number[] {
    return this.#inOrder ? this.#order : [...this.#posted.keys()].filter((id) => this.#posted[id] !== undefined);
  }

  save(saveToken: (token: Token) => unknown): DriverVirtqueueState {
    return {
      version: 1,
      side: "driver",
      format: "packed",
      size: this.size,
      nextAvailable: this.#nextAvailable.value,
      published: this.#published.value,
      nextUsed: this.#nextUsed.value,
      callbacks: this.#callbacks,
      firstFree: this.#freeIds[0] ?? 0,
      buffers: this.#ids().map((id) => {
        const { token, slots, room } = this.#posted[id] as Posted<Token>;
        return { id, descriptors: [], slots, room, token: saveToken(token) };
      }),
      pending: [...this.#pending],
      ...(this.#batch && { batch: this.#batch }),
    };
  }

  reset(): Token[] {
    const tokens = this.#ids().map((id) => (this.#posted[id] as Posted<Token>).token);
    this.#posted.fill(undefined);
    this.#freeIds = freeFrom(0, this.size, []);
    this.#order = [];
    this.#batch = undefined;
    this.#pending = [];
    this.#free = this.size;
    this.#nextAvailable.value = 0;
    this.#published.value = 0;
    this.#nextUsed.value = 0;
    this.#callbacks = true;
    this.#initialise();
    return tokens;
  }

  get free(): number {
    return this.#free;
  }

  get nextAvailable(): number {
    return this.#published.event;
  }

  #describe(at: number, span: BufferSpan, id: number): void {
    this.#memory.storeUint64(at, span.address, this.#endian);
    this.#memory.storeUint32(at + DESC_LENGTH, span.length, this.#endian);
    this.#memory.storeUint16(at + PACKED_DESC_ID, id, this.#endian);
  }

  add(out: readonly BufferSpan[], into: readonly BufferSpan[], token: Token): boolean {
    const spans = [...out, ...into];
    const room = totalLength(into);
    checkBuffer(spans);
    const indirect = this.#tables.fit(spans.length);
    const slots = indirect ? 1 : spans.length;
    const id = this.#freeIds[0];
    if (slots > this.#free || spans.length > this.#maxParts || id === undefined) return false;
    this.#freeIds.shift();
    const isWritable = (i: number): number => (i >= out.length ? DESC_F_WRITE : 0);
    if (indirect) {
      const table = this.#tables.address(id);
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
    this.#posted[id] = { token, slots, room };
    if (this.#inOrder) this.#order.push(id);
    return true;
  }

  /** Writes the next descriptor of the ring, a head without its flags. */
  #place(span: BufferSpan, id: number, flags: number, head: boolean): void {
    const at = this.#ring + this.#nextAvailable.slot * DESCRIPTOR_SIZE;
    this.#describe(at, span, id);
    const all = flags | this.#nextAvailable.availableFlags;
    if (head) this.#pending.push({ slot: this.#nextAvailable.slot, flags: all });
    else this.#memory.storeUint16(at + PACKED_DESC_FLAGS, all, this.#endian);
    this.#nextAvailable.advance(1);
  }

  kickPrepare(): boolean {
    const moved = this.#published.distanceTo(this.#nextAvailable);
    if (moved === 0) return false;
    // The device looks at them in order: the first one last shows all at once.
    for (const { slot, flags } of this.#pending.reverse()) {
      this.#memory.storeUint16(this.#ring + slot * DESCRIPTOR_SIZE + PACKED_DESC_FLAGS, flags, this.#endian);
    }
    this.#pending = [];
    this.#published.value = this.#nextAvailable.value;
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
      // 2.8.4: without the flag the length means nothing.
      const counts = (flags & DESC_F_WRITE) !== 0 || this.#toleratesLengths;
      written = counts ? this.#memory.loadUint32(at + DESC_LENGTH, this.#endian) : 0;
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
      if (!this.#toleratesLengths) {
        throw new VirtqueueError("ERR_VIRTQUEUE_USED", `the device reports ${written} bytes in a buffer of ${posted.room}`);
      }
      written = posted.room;
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
