import type { Endian, GuestMemory } from "@zarch/guest-memory";
import { BugError } from "@zarch/vmm-interface";
import { DESC_F_INDIRECT, DESC_F_NEXT, DESC_F_WRITE, DESC_LENGTH, DESCRIPTOR_SIZE } from "./descriptor.ts";
import type { BufferSpan, DriverVirtqueue, DriverVirtqueueConfig, IndirectTables, UsedBuffer } from "./driver-virtqueue.ts";
import { VirtqueueError } from "./errors.ts";
import { checkVirtqueueConfig } from "./layout.ts";
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

/** The driver side of a split virtqueue (virtio 2.7). Zeroes the ring's memory when it is made. */
export class SplitDriverVirtqueue<Token> implements DriverVirtqueue<Token> {
  readonly size: number;
  readonly #memory: GuestMemory;
  readonly #endian: Endian;
  readonly #descriptors: number;
  readonly #available: number;
  readonly #used: number;
  readonly #eventIndex: boolean;
  readonly #inOrder: boolean;
  readonly #tables: IndirectTables | undefined;
  readonly #posted: (Posted<Token> | undefined)[];
  /** Free descriptors. A stack, or with IN_ORDER a queue: descriptors are then used in ring order (2.7.5). */
  readonly #freeList: number[];
  /** With IN_ORDER: heads in the order of availability. */
  readonly #order: number[] = [];
  /** With IN_ORDER: the last head of a batch that the device returned with one used entry, and its length. */
  #batch: { readonly last: number; readonly written: number } | undefined;
  #nextAvailable = 0;
  #published = 0;
  #nextUsed = 0;

  constructor(memory: GuestMemory, config: DriverVirtqueueConfig) {
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
    this.#tables = config.indirect ? config.indirectTables : undefined;
    if (this.#tables && !memory.contains(this.#tables.address, this.#tables.entries * DESCRIPTOR_SIZE * size)) {
      throw new VirtqueueError("ERR_VIRTQUEUE_INDIRECT", "the indirect tables are outside memory");
    }
    this.#posted = new Array<Posted<Token> | undefined>(size).fill(undefined);
    this.#freeList = Array.from({ length: size }, (_, i) => i);
    memory.fill(areas.descriptor, descriptorTableSize(size), 0);
    memory.fill(areas.driver, availableRingSize(size), 0);
    memory.fill(areas.device, usedRingSize(size), 0);
  }

  get free(): number {
    return this.#freeList.length;
  }

  get nextAvailable(): number {
    return this.#nextAvailable;
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
    if (spans.length === 0) throw new BugError("a buffer without any part");
    const indirect = this.#tables !== undefined && spans.length > 1 && spans.length <= this.#tables.entries;
    const needed = indirect ? 1 : spans.length;
    if (needed > this.#freeList.length) return false;
    const taken = this.#freeList.splice(0, needed);
    const head = taken[0] as number;
    const flagsOf = (i: number): number => (i >= out.length ? DESC_F_WRITE : 0) | (i + 1 < spans.length ? DESC_F_NEXT : 0);
    if (indirect) {
      const tables = this.#tables as IndirectTables;
      const length = spans.length * DESCRIPTOR_SIZE;
      const table = tables.address + head * tables.entries * DESCRIPTOR_SIZE;
      for (const [i, span] of spans.entries()) this.#describe(table, i, span, flagsOf(i), i + 1 < spans.length ? i + 1 : 0);
      this.#describe(this.#descriptors, head, { address: table, length }, DESC_F_INDIRECT, 0);
    } else {
      for (const [i, span] of spans.entries()) {
        this.#describe(this.#descriptors, taken[i] as number, span, flagsOf(i), taken[i + 1] ?? 0);
      }
    }
    const room = into.reduce((sum, { length }) => sum + length, 0);
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

  #hasUsed(): boolean {
    return this.#memory.loadUint16(this.#used + USED_INDEX, this.#endian) !== this.#nextUsed;
  }

  getBuf(): UsedBuffer<Token> | undefined {
    if (!this.#hasUsed()) return undefined;
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
    this.#freeList.push(...posted.descriptors);
    this.#nextUsed = advanceIndex(this.#nextUsed, 1);
    // As Linux does: while callbacks are wanted, the event follows every buffer taken.
    if (this.#eventIndex && this.#callbacks) this.#storeUsedEvent();
    return { token: posted.token, written };
  }

  #callbacks = true;

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
    return !this.#hasUsed();
  }
}
