import type { Endian, GuestMemory } from "@zarch/guest-memory";
import { BugError } from "@zarch/vmm-interface";
import { type DescriptorChain, openChain, recordOf } from "./chain.ts";
import { ChainList } from "./chain-list.ts";
import type { ChainRecord, QueueLife } from "./chain-record.ts";
import { DESC_F_INDIRECT, DESC_F_NEXT, DESC_F_WRITE, DESC_LENGTH, DESCRIPTOR_SIZE } from "./descriptor.ts";
import type { DeviceVirtqueue } from "./device-virtqueue.ts";
import { VirtqueueError } from "./errors.ts";
import { indirectTableEntries } from "./indirect-table.ts";
import { checkVirtqueueConfig, defaultMaxChainLength, type VirtqueueConfig } from "./layout.ts";
import {
  advancePosition,
  DESC_F_AVAIL,
  DESC_F_USED,
  EVENT_DESC,
  EVENT_DISABLE,
  EVENT_ENABLE,
  PACKED_DESC_FLAGS,
  PACKED_DESC_ID,
  packedEvent,
  positionSlot,
  storeEvent,
  wantsEvent,
} from "./packed-layout.ts";
import { StagedUses } from "./staged-uses.ts";
import { type DeviceVirtqueueState, readDeviceState, saveChain } from "./virtqueue-state.ts";

// V8 takes a constant of this module for what it is, and looks at an imported one at each use.
const NEXT = DESC_F_NEXT;
const WRITE = DESC_F_WRITE;
const INDIRECT = DESC_F_INDIRECT;
const AVAIL = DESC_F_AVAIL;
const USED = DESC_F_USED;
const DESC_BYTES = DESCRIPTOR_SIZE;
const LENGTH = DESC_LENGTH;
const ID = PACKED_DESC_ID;
const FLAGS = PACKED_DESC_FLAGS;

/** The device side of a packed virtqueue (virtio 2.8). */
export class PackedDeviceVirtqueue implements DeviceVirtqueue {
  readonly size: number;
  readonly #memory: GuestMemory;
  readonly #endian: Endian;
  /** The entry of an indirect table that is looked at. */
  readonly #words = new Uint32Array(4);
  /** Where buffer id and flags are in the last word of a descriptor: bits to shift it right. */
  readonly #idShift: number;
  readonly #flagsShift: number;
  readonly #ring: number;
  readonly #driverEvent: number;
  readonly #deviceEvent: number;
  readonly #indirect: boolean;
  readonly #eventIndex: boolean;
  readonly #inOrder: boolean;
  readonly #batches: boolean;
  readonly #maxChainLength: number;
  #life: QueueLife = { closed: false };
  #ended = false;
  /** Chains that the device has; with IN_ORDER also those that it returned too early. */
  #chains: ChainList;
  /** Positions in the ring, see {@link advancePosition}. */
  #nextAvailable = 0;
  #nextUsed = 0;
  /** For each buffer id: 1 from the time that it is taken to the time that the driver sees it used. Ids may be above the size of the ring. */
  #buffers: Uint8Array;
  /** Chains of before a restore, oldest first, that {@link pop} gives again. */
  #again: ChainRecord[] = [];
  /** Slots of the ring that belong to those buffers. */
  #slots = 0;
  #inFlight = 0;
  /** What the next {@link flush} publishes. */
  readonly #staged: StagedUses;
  #error: VirtqueueError | undefined;
  #notifications = true;
  /** The position that the device event area names, -1 for none. */
  #armedAt = -1;

  constructor(memory: GuestMemory, config: VirtqueueConfig, state?: DeviceVirtqueueState) {
    checkVirtqueueConfig(memory, { ...config, format: "packed" });
    const { size, areas } = config;
    this.size = size;
    this.#memory = memory;
    this.#endian = config.endian;
    this.#idShift = config.endian === "little" ? 0 : 16;
    this.#flagsShift = 16 - this.#idShift;
    this.#ring = areas.descriptor;
    this.#driverEvent = areas.driver;
    this.#deviceEvent = areas.device;
    this.#indirect = config.indirect ?? false;
    this.#eventIndex = config.eventIndex ?? false;
    this.#inOrder = config.inOrder ?? false;
    this.#batches = this.#inOrder && (config.inOrderBatches ?? false);
    this.#maxChainLength = config.maxChainLength ?? defaultMaxChainLength(size);
    this.#chains = new ChainList(memory, this.#life, this.#maxChainLength);
    this.#buffers = new Uint8Array(size);
    this.#staged = new StagedUses(size);
    if (state !== undefined) this.#restore(state, config);
  }

  #restore(saved: DeviceVirtqueueState, config: VirtqueueConfig): void {
    const { state, error } = readDeviceState(saved, { ...config, format: "packed" }, this.#chains);
    this.#nextAvailable = state.nextAvailable;
    this.#nextUsed = state.nextUsed;
    this.#armedAt = state.armedAt;
    this.#notifications = state.notifications;
    this.#error = error;
    this.#life.closed = state.closed;
    this.#ended = state.closed && error === undefined;
    for (const record of this.#chains) {
      this.#hold(record.id, record.slots);
      if (record.written < 0) this.#again.push(record);
      else this.#inFlight++;
    }
    for (const { id, slots, written, full } of state.staged) {
      this.#hold(id, slots);
      this.#staged.add(id, slots, written, full);
    }
  }

  save(): DeviceVirtqueueState {
    const closed = this.#life.closed;
    return {
      version: 1,
      side: "device",
      format: "packed",
      size: this.size,
      nextAvailable: this.#nextAvailable,
      nextUsed: this.#nextUsed,
      notifications: this.#notifications,
      armedAt: this.#armedAt,
      chains: closed ? [] : Array.from(this.#chains, saveChain),
      staged: closed ? [] : this.#staged.save(),
      closed,
      ...(this.#error && { error: { code: this.#error.code, message: this.#error.message } }),
    };
  }

  reset(): void {
    if (this.#ended) return;
    this.#life.closed = true;
    this.#life = { closed: false };
    this.#chains = new ChainList(this.#memory, this.#life, this.#maxChainLength);
    this.#buffers.fill(0);
    this.#again = [];
    this.#slots = 0;
    this.#inFlight = 0;
    this.#staged.count = 0;
    this.#error = undefined;
    this.#nextAvailable = 0;
    this.#nextUsed = 0;
    this.#notifications = true;
    this.#armedAt = -1;
  }

  get inFlight(): number {
    return this.#inFlight;
  }

  get error(): VirtqueueError | undefined {
    return this.#error;
  }

  /** The last word of the next descriptor, with its buffer id and flags, as a signed number; 0, which no available one has, if there is none. */
  #peek(): number {
    const { size } = this;
    // A ring that is wholly in the device's hands has nothing more to offer, whatever it looks like.
    if (this.#slots >= size) return 0;
    const position = this.#nextAvailable;
    const wrap = position < size;
    const last = this.#memory.loadUint32(this.#ring + (wrap ? position : position - size) * DESC_BYTES + ID, this.#endian) | 0;
    return ((last >>> this.#flagsShift) & (AVAIL | USED)) === (wrap ? AVAIL : USED) ? last : 0;
  }

  /** What {@link #peek} gives after the driver was asked for a notification, if that was necessary. */
  #peekArmed(): number {
    return this.#arm() ? this.#peek() : 0;
  }

  hasAvailable(): boolean {
    return !this.#life.closed && (this.#again.length > 0 || this.#peek() !== 0);
  }

  pop(): DescriptorChain | undefined {
    if (this.#life.closed) return undefined;
    if (this.#again.length > 0) {
      this.#inFlight++;
      return openChain(this.#again.shift() as ChainRecord);
    }
    let head = this.#peek();
    if (head === 0) head = this.#peekArmed();
    if (head === 0) return undefined;
    let record: ChainRecord;
    try {
      record = this.#parse(head);
    } catch (error) {
      if (error instanceof VirtqueueError) {
        this.#error = error;
        this.#life.closed = true;
      }
      throw error;
    }
    this.#nextAvailable = advancePosition(this.#nextAvailable, record.slots, this.size);
    // What was parsed is with the device now.
    this.#chains.append();
    this.#hold(record.id, record.slots);
    this.#inFlight++;
    return openChain(record);
  }

  #hold(id: number, slots: number): void {
    if (id >= this.#buffers.length) this.#makeRoomForAllIds();
    this.#buffers[id] = 1;
    this.#slots += slots;
  }

  #makeRoomForAllIds(): void {
    const buffers = new Uint8Array(0x1_0000);
    buffers.set(this.#buffers);
    this.#buffers = buffers;
  }

  *[Symbol.iterator](): IterableIterator<DescriptorChain> {
    for (let chain = this.pop(); chain; chain = this.pop()) yield chain;
  }

  /** @param head the last word of the first descriptor, which is not read again */
  #parse(head: number): ChainRecord {
    const memory = this.#memory;
    const endian = this.#endian;
    const record = this.#chains.next();
    const free = this.size - this.#slots;
    const end = this.#ring + this.size * DESC_BYTES;
    const flagsShift = this.#flagsShift;
    let at = this.#ring + positionSlot(this.#nextAvailable, this.size) * DESC_BYTES;
    let last = head;
    for (let slots = 1; ; slots++) {
      const flags = last >>> flagsShift;
      const address = memory.loadUint64(at, endian);
      const length = memory.loadUint32(at + LENGTH, endian);
      if (flags & INDIRECT) {
        if (!this.#indirect) throw new VirtqueueError("ERR_VIRTQUEUE_INDIRECT", "an indirect descriptor without VIRTIO_F_INDIRECT_DESC");
        if (slots > 1 || flags & NEXT) throw new VirtqueueError("ERR_VIRTQUEUE_INDIRECT", "an indirect descriptor in a chain");
        this.#addTable(record, address, length);
        return this.#finish(record, last, 1);
      }
      record.add(address, length, (flags & WRITE) !== 0);
      if ((flags & NEXT) === 0) return this.#finish(record, last, slots);
      if (slots >= free) throw new VirtqueueError("ERR_VIRTQUEUE_CHAIN_TOO_LONG", "a chain has more descriptors than the ring has free");
      at += DESC_BYTES;
      if (at === end) at = this.#ring;
      last = memory.loadUint32(at + ID, endian) | 0;
    }
  }

  /** In an indirect table only WRITE means anything; its entries follow each other (2.8.7). */
  #addTable(record: ChainRecord, address: number, length: number): void {
    const entries = indirectTableEntries(this.#memory, address, length);
    const little = this.#endian === "little";
    const words = this.#words;
    for (let i = 0; i < entries; i++) {
      this.#memory.loadUint32s(address + i * DESC_BYTES, this.#endian, words);
      const low = words[little ? 0 : 1] as number;
      const high = words[little ? 1 : 0] as number;
      const last = words[3] as number;
      const flags = little ? last >>> 16 : last & 0xffff;
      record.add(high === 0 ? low : high * 0x1_0000_0000 + low, words[2] as number, (flags & WRITE) !== 0);
    }
  }

  /** @param last the last word of the chain's last descriptor, whose buffer id counts */
  #finish(record: ChainRecord, last: number, slots: number): ChainRecord {
    const id = (last >>> this.#idShift) & 0xffff;
    if (this.#buffers[id] === 1) throw new VirtqueueError("ERR_VIRTQUEUE_HEAD_IN_USE", `buffer id ${id} is made available twice`);
    record.finish(id, slots);
    return record;
  }

  push(chain: DescriptorChain, written: number): void {
    if (this.#life.closed) return;
    if (written < 0 || written > chain.writableLength) {
      throw new BugError(`${written} bytes reported for a chain with room for ${chain.writableLength}`);
    }
    const record = recordOf(chain);
    if (record?.life !== this.#life) {
      if (chain.writable.cutOff) return;
      throw new BugError(`chain ${chain.id} is returned to a queue that does not wait for it`);
    }
    this.#complete(record, written);
  }

  /** The device is done with a chain. With IN_ORDER it leaves only when all earlier ones have left (2.7.9, 2.8.8). */
  #complete(record: ChainRecord, written: number): void {
    record.complete(written);
    if (!this.#inOrder) this.#stage(record);
    else for (let first = this.#chains.first; first && first.written >= 0; first = this.#chains.first) this.#stage(first);
  }

  #stage(record: ChainRecord): void {
    this.#inFlight--;
    this.#staged.add(record.id, record.slots, record.written, record.written === record.writableBytes);
    this.#chains.remove(record);
  }

  flush(): boolean {
    const staged = this.#staged;
    const { count, ids, slots, written, full } = staged;
    if (count === 0 || this.#life.closed) return false;
    const memory = this.#memory;
    const endian = this.#endian;
    const { size } = this;
    const batches = this.#batches;
    const ring = this.#ring;
    let position = this.#nextUsed;
    let firstAt = -1;
    let firstFlags = 0;
    let moved = 0;
    let batch = 0;
    for (let i = 0; i < count; i++) {
      const id = ids[i] as number;
      this.#buffers[id] = 0;
      batch += slots[i] as number;
      if (batches && full[i] === 1 && i + 1 < count) continue;
      const length = written[i] as number;
      const wrap = position < size;
      const at = ring + (wrap ? position : position - size) * DESC_BYTES;
      const flags = (wrap ? AVAIL | USED : 0) | (length > 0 ? WRITE : 0);
      memory.storeUint32(at + LENGTH, length, endian);
      memory.storeUint16(at + ID, id, endian);
      // The driver looks at them in order: what shows the first one shows all.
      if (firstAt < 0) {
        firstAt = at;
        firstFlags = flags;
      } else memory.storeUint16(at + FLAGS, flags, endian);
      position = advancePosition(position, batch, size);
      moved += batch;
      batch = 0;
    }
    this.#nextUsed = position;
    this.#slots -= moved;
    staged.count = 0;
    memory.storeUint16(firstAt + FLAGS, firstFlags, endian);
    return wantsEvent(memory, this.#driverEvent, endian, this.#eventIndex, size, position, moved);
  }

  /** With EVENT_IDX: asks for a notification of the next buffer. Returns whether the ring has to be looked at again. */
  #arm(): boolean {
    if (!this.#eventIndex || !this.#notifications || this.#armedAt === this.#nextAvailable) return false;
    this.#armedAt = this.#nextAvailable;
    const event = packedEvent(positionSlot(this.#armedAt, this.size), this.#armedAt < this.size);
    storeEvent(this.#memory, this.#deviceEvent, this.#endian, event, EVENT_DESC);
    return true;
  }

  disableNotifications(): void {
    if (!this.#notifications || this.#life.closed) return;
    this.#notifications = false;
    this.#armedAt = -1;
    storeEvent(this.#memory, this.#deviceEvent, this.#endian, 0, EVENT_DISABLE);
  }

  enableNotifications(): boolean {
    if (this.#life.closed) return false;
    if (!this.#notifications) {
      this.#notifications = true;
      if (!this.#eventIndex) storeEvent(this.#memory, this.#deviceEvent, this.#endian, 0, EVENT_ENABLE);
    }
    this.#arm();
    return this.#again.length > 0 || this.#peek() !== 0;
  }

  close(): void {
    this.#ended = true;
    this.#life.closed = true;
  }
}
