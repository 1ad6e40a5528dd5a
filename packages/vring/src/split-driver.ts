import type { Endian, GuestMemory } from "@zarch/guest-memory";
import { DESC_F_INDIRECT, DESC_F_NEXT, DESC_F_WRITE, DESC_LENGTH, DESCRIPTOR_SIZE } from "./descriptor.ts";
import { checkBuffer, DriverTables, maxParts, totalLength } from "./driver-buffers.ts";
import { type DriverVirtqueueState, freeFrom, readDriverState, restoreToken } from "./driver-state.ts";
import type { BufferSpan, DriverVirtqueue, DriverVirtqueueConfig, DriverVirtqueueOptions, UsedBuffer } from "./driver-virtqueue.ts";
import { VirtqueueError } from "./errors.ts";
import { checkVirtqueueConfig, type VirtqueueAreas } from "./layout.ts";
import { advanceIndex, indexDistance, needEvent } from "./ring-index.ts";
import {
  AVAIL_F_NO_INTERRUPT,
  AVAILABLE_FLAGS,
  AVAILABLE_INDEX,
  availableEntryOffset,
  availableRingSize,
  availEventOffset,
  descriptorTableSize,
  SPLIT_DESC_FLAGS,
  SPLIT_DESC_NEXT,
  USED_ENTRY_ID,
  USED_ENTRY_LENGTH,
  USED_F_NO_NOTIFY,
  USED_FLAGS,
  USED_INDEX,
  usedEntryOffset,
  usedEventOffset,
  usedRingSize,
} from "./split-layout.ts";

interface Posted<Token> {
  readonly token: Token;
  /** Descriptors of the ring that the buffer takes. */
  readonly descriptors: readonly number[];
  /** Bytes that the device may write. */
  readonly room: number;
}

/** The driver side of a split virtqueue (virtio 2.7). */
export class SplitDriverVirtqueue<Token> implements DriverVirtqueue<Token> {
  readonly size: number;
  readonly #memory: GuestMemory;
  readonly #endian: Endian;
  readonly #descriptors: number;
  readonly #available: number;
  readonly #used: number;
  readonly #eventIndex: boolean;
  readonly #inOrder: boolean;
  readonly #maxParts: number;
  readonly #toleratesLengths: boolean;
  readonly #areas: VirtqueueAreas;
  readonly #tables: DriverTables;
  readonly #posted: (Posted<Token> | undefined)[];
  /** Free descriptors: a queue, which keeps them in ring order as long as they come back in order, as with IN_ORDER (2.7.5). */
  #freeList: number[];
  /** With IN_ORDER: heads in the order of availability. */
  #order: number[] = [];
  /** With IN_ORDER: the last head of a batch that the device returned with one used entry, and its length. */
  #batch: { readonly last: number; readonly written: number } | undefined;
  #nextAvailable = 0;
  #published = 0;
  #nextUsed = 0;
  #callbacks = true;

  constructor(memory: GuestMemory, config: DriverVirtqueueConfig, { state, restoreToken }: DriverVirtqueueOptions<Token>) {
    checkVirtqueueConfig(memory, config);
    const { size, areas } = config;
    this.size = size;
    this.#memory = memory;
    this.#endian = config.endian;
    this.#descriptors = areas.descriptor;
    this.#available = areas.driver;
    this.#used = areas.device;
    this.#eventIndex = config.eventIndex ?? false;
    this.#inOrder = config.inOrder ?? false;
    this.#areas = areas;
    this.#maxParts = maxParts(config);
    this.#toleratesLengths = config.toleratesLengths ?? false;
    this.#tables = new DriverTables(memory, config);
    this.#posted = new Array<Posted<Token> | undefined>(size).fill(undefined);
    this.#freeList = freeFrom(0, size, []);
    if (state === undefined) this.#zero();
    else this.#restore(readDriverState(state, config), restoreToken);
  }

  #zero(): void {
    const { descriptor, driver, device } = this.#areas;
    this.#memory.fill(descriptor, descriptorTableSize(this.size), 0);
    this.#memory.fill(driver, availableRingSize(this.size), 0);
    this.#memory.fill(device, usedRingSize(this.size), 0);
  }

  #restore(state: DriverVirtqueueState, makeToken: ((saved: unknown) => Token) | undefined): void {
    this.#nextAvailable = state.nextAvailable;
    this.#published = state.published;
    this.#nextUsed = state.nextUsed;
    this.#callbacks = state.callbacks;
    this.#batch = state.batch;
    for (const { id, descriptors, room, token } of state.buffers) {
      this.#posted[id] = { token: restoreToken(token, makeToken), descriptors, room };
      if (this.#inOrder) this.#order.push(id);
    }
    this.#freeList = freeFrom(
      state.firstFree,
      this.size,
      state.buffers.flatMap(({ descriptors }) => descriptors),
    );
  }

  /** Heads of all buffers that are not back. */
  #heads(): readonly number[] {
    return this.#inOrder ? this.#order : [...this.#posted.keys()].filter((head) => this.#posted[head] !== undefined);
  }

  save(saveToken: (token: Token) => unknown): DriverVirtqueueState {
    return {
      version: 1,
      side: "driver",
      format: "split",
      size: this.size,
      nextAvailable: this.#nextAvailable,
      published: this.#published,
      nextUsed: this.#nextUsed,
      callbacks: this.#callbacks,
      firstFree: this.#freeList[0] ?? this.#inOrderFirst(),
      buffers: this.#heads().map((id) => {
        const { token, descriptors, room } = this.#posted[id] as Posted<Token>;
        return { id, descriptors: [...descriptors], slots: 1, room, token: saveToken(token) };
      }),
      pending: [],
      ...(this.#batch && { batch: this.#batch }),
    };
  }

  /** With nothing free: the descriptor that comes back first, if they come back in order. */
  #inOrderFirst(): number {
    return this.#order[0] ?? 0;
  }

  reset(): Token[] {
    const tokens = this.#heads().map((head) => (this.#posted[head] as Posted<Token>).token);
    this.#posted.fill(undefined);
    this.#freeList = freeFrom(0, this.size, []);
    this.#order = [];
    this.#batch = undefined;
    this.#nextAvailable = 0;
    this.#published = 0;
    this.#nextUsed = 0;
    this.#callbacks = true;
    this.#zero();
    return tokens;
  }

  get free(): number {
    return this.#freeList.length;
  }

  get nextAvailable(): number {
    return this.#published;
  }

  #describe(table: number, index: number, span: BufferSpan, flags: number, next: number): void {
    const at = table + index * DESCRIPTOR_SIZE;
    this.#memory.storeUint64(at, span.address, this.#endian);
    this.#memory.storeUint32(at + DESC_LENGTH, span.length, this.#endian);
    this.#memory.storeUint16(at + SPLIT_DESC_FLAGS, flags, this.#endian);
    this.#memory.storeUint16(at + SPLIT_DESC_NEXT, next, this.#endian);
  }

  add(out: readonly BufferSpan[], into: readonly BufferSpan[], token: Token): boolean {
    const spans = [...out, ...into];
    const room = totalLength(into);
    checkBuffer(spans);
    const indirect = this.#tables.fit(spans.length);
    const needed = indirect ? 1 : spans.length;
    if (needed > this.#freeList.length || spans.length > this.#maxParts) return false;
    const taken = this.#freeList.splice(0, needed);
    const head = taken[0] as number;
    const flagsOf = (i: number): number => (i >= out.length ? DESC_F_WRITE : 0) | (i + 1 < spans.length ? DESC_F_NEXT : 0);
    if (indirect) {
      const length = spans.length * DESCRIPTOR_SIZE;
      const table = this.#tables.address(head);
      for (const [i, span] of spans.entries()) this.#describe(table, i, span, flagsOf(i), i + 1 < spans.length ? i + 1 : 0);
      this.#describe(this.#descriptors, head, { address: table, length }, DESC_F_INDIRECT, 0);
    } else {
      for (const [i, span] of spans.entries()) {
        this.#describe(this.#descriptors, taken[i] as number, span, flagsOf(i), taken[i + 1] ?? 0);
      }
    }
    this.#posted[head] = { token, descriptors: taken, room };
    if (this.#inOrder) this.#order.push(head);
    this.#memory.storeUint16(this.#available + availableEntryOffset(this.#nextAvailable, this.size), head, this.#endian);
    this.#nextAvailable = advanceIndex(this.#nextAvailable, 1);
    return true;
  }

  kickPrepare(): boolean {
    const before = this.#published;
    if (indexDistance(before, this.#nextAvailable) === 0) return false;
    this.#published = this.#nextAvailable;
    this.#memory.storeUint16(this.#available + AVAILABLE_INDEX, this.#nextAvailable, this.#endian);
    if (!this.#eventIndex) return (this.#memory.loadUint16(this.#used + USED_FLAGS, this.#endian) & USED_F_NO_NOTIFY) === 0;
    const event = this.#memory.loadUint16(this.#used + availEventOffset(this.size), this.#endian);
    return needEvent(event, this.#nextAvailable, before);
  }

  /** Buffers that the device has returned and that were not fetched. */
  #usedCount(): number {
    return indexDistance(this.#nextUsed, this.#memory.loadUint16(this.#used + USED_INDEX, this.#endian));
  }

  getBuf(): UsedBuffer<Token> | undefined {
    const used = this.#usedCount();
    if (used === 0) return undefined;
    let id: number;
    let written: number;
    if (this.#batch) {
      id = this.#batch.last;
      written = this.#batch.written;
    } else {
      const entry = this.#used + usedEntryOffset(this.#nextUsed, this.size);
      id = this.#memory.loadUint32(entry + USED_ENTRY_ID, this.#endian);
      written = this.#memory.loadUint32(entry + USED_ENTRY_LENGTH, this.#endian);
    }
    if (!this.#posted[id]) throw new VirtqueueError("ERR_VIRTQUEUE_USED", `the device returns buffer ${id}, which it does not have`);
    if (this.#inOrder) {
      // A batch is not longer than the index says.
      if (this.#order.indexOf(id) >= used) throw new VirtqueueError("ERR_VIRTQUEUE_USED", `the device returns buffer ${id} out of order`);
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
    this.#freeList.push(...posted.descriptors);
    this.#nextUsed = advanceIndex(this.#nextUsed, 1);
    // As Linux does: while callbacks are wanted, the event follows every buffer taken.
    if (this.#eventIndex && this.#callbacks) this.#storeUsedEvent();
    return { token: posted.token, written };
  }

  #storeUsedEvent(): void {
    this.#memory.storeUint16(this.#available + usedEventOffset(this.size), this.#nextUsed, this.#endian);
  }

  disableCallbacks(): void {
    this.#callbacks = false;
    // With EVENT_IDX the flag has to stay 0; a used_event that lies behind is enough.
    if (!this.#eventIndex) this.#memory.storeUint16(this.#available + AVAILABLE_FLAGS, AVAIL_F_NO_INTERRUPT, this.#endian);
  }

  enableCallbacks(): boolean {
    this.#callbacks = true;
    if (this.#eventIndex) this.#storeUsedEvent();
    else this.#memory.storeUint16(this.#available + AVAILABLE_FLAGS, 0, this.#endian);
    return this.#usedCount() === 0;
  }
}
