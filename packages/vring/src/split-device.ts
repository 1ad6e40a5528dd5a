import type { Endian, GuestMemory } from "@zarch/guest-memory";
import { BugError } from "@zarch/vmm-interface";
import { type DescriptorChain, openChain, recordOf } from "./chain.ts";
import { ChainList } from "./chain-list.ts";
import type { ChainRecord, QueueLife } from "./chain-record.ts";
import { DESC_F_INDIRECT, DESC_F_NEXT, DESC_F_WRITE, DESCRIPTOR_SIZE } from "./descriptor.ts";
import type { DeviceVirtqueue } from "./device-virtqueue.ts";
import { VirtqueueError } from "./errors.ts";
import { indirectTableEntries } from "./indirect-table.ts";
import { checkVirtqueueConfig, defaultMaxChainLength, type VirtqueueConfig } from "./layout.ts";
import { advanceIndex, indexDistance, needEvent } from "./ring-index.ts";
import {
  AVAIL_F_NO_INTERRUPT,
  AVAILABLE_FLAGS,
  AVAILABLE_INDEX,
  AVAILABLE_RING,
  availEventOffset,
  USED_ENTRY_LENGTH,
  USED_ENTRY_SIZE,
  USED_F_NO_NOTIFY,
  USED_FLAGS,
  USED_INDEX,
  USED_RING,
  usedEventOffset,
} from "./split-layout.ts";
import { StagedUses } from "./staged-uses.ts";
import { type DeviceVirtqueueState, readDeviceState, saveChain } from "./virtqueue-state.ts";

// V8 takes a constant of this module for what it is, and looks at an imported one at each use.
const NEXT = DESC_F_NEXT;
const WRITE = DESC_F_WRITE;
const INDIRECT = DESC_F_INDIRECT;
const DESC_BYTES = DESCRIPTOR_SIZE;
const ENTRY_BYTES = USED_ENTRY_SIZE;
const ENTRY_LENGTH = USED_ENTRY_LENGTH;

/** The device side of a split virtqueue (virtio 2.7). */
export class SplitDeviceVirtqueue implements DeviceVirtqueue {
  readonly size: number;
  readonly #memory: GuestMemory;
  readonly #endian: Endian;
  /** The descriptor that is looked at. */
  readonly #words = new Uint32Array(4);
  readonly #descriptors: number;
  readonly #available: number;
  /** Where the entries of both rings begin, and what makes an index a place in them: as in split-layout.ts, computed beforehand. */
  readonly #availableRing: number;
  readonly #usedRing: number;
  readonly #mask: number;
  readonly #used: number;
  readonly #usedEvent: number;
  readonly #availEvent: number;
  readonly #indirect: boolean;
  readonly #eventIndex: boolean;
  readonly #notifyOnEmpty: boolean;
  readonly #inOrder: boolean;
  readonly #batches: boolean;
  readonly #maxChainLength: number;
  #life: QueueLife = { closed: false };
  #ended = false;
  /** Chains that the device has; with IN_ORDER also those that it returned too early. */
  #chains: ChainList;
  /** For each head: 1 from the time that it is taken to the time that the driver sees it used. */
  readonly #heads: Uint8Array;
  /** Chains of before a restore, oldest first, that {@link pop} gives again. */
  #again: ChainRecord[] = [];
  #inFlight = 0;
  #error: VirtqueueError | undefined;

  /** The available index as last read from the driver, 16 bits. */
  #availableIndex = 0;
  /** The next available index to take, 16 bits. */
  #nextAvailable = 0;
  /** The avail_event field as it stands in memory. */
  #armedAt = 0;
  #notifications = true;
  /** The used index as the driver sees it, 16 bits. */
  #usedIndex = 0;
  /** What the next {@link flush} publishes. */
  readonly #staged: StagedUses;

  constructor(memory: GuestMemory, config: VirtqueueConfig, state?: DeviceVirtqueueState) {
    checkVirtqueueConfig(memory, config);
    const { size, areas } = config;
    this.size = size;
    this.#memory = memory;
    this.#endian = config.endian;
    this.#descriptors = areas.descriptor;
    this.#available = areas.driver;
    this.#availableRing = areas.driver + AVAILABLE_RING;
    this.#usedRing = areas.device + USED_RING;
    this.#mask = size - 1;
    this.#used = areas.device;
    this.#usedEvent = areas.driver + usedEventOffset(size);
    this.#availEvent = areas.device + availEventOffset(size);
    this.#indirect = config.indirect ?? false;
    this.#eventIndex = config.eventIndex ?? false;
    this.#notifyOnEmpty = config.notifyOnEmpty ?? false;
    this.#inOrder = config.inOrder ?? false;
    this.#batches = this.#inOrder && (config.inOrderBatches ?? false);
    this.#maxChainLength = config.maxChainLength ?? defaultMaxChainLength(size);
    this.#chains = new ChainList(memory, this.#life, this.#maxChainLength);
    this.#heads = new Uint8Array(size);
    this.#staged = new StagedUses(size);
    if (state !== undefined) this.#restore(state, config);
  }

  #restore(saved: DeviceVirtqueueState, config: VirtqueueConfig): void {
    const { state, error } = readDeviceState(saved, config, this.#chains);
    this.#nextAvailable = state.nextAvailable;
    this.#availableIndex = state.nextAvailable;
    this.#usedIndex = state.nextUsed;
    this.#armedAt = state.armedAt;
    this.#notifications = state.notifications;
    this.#error = error;
    this.#life.closed = state.closed;
    this.#ended = state.closed && error === undefined;
    for (const record of this.#chains) {
      this.#heads[record.id] = 1;
      if (record.written < 0) this.#again.push(record);
      else this.#inFlight++;
    }
    for (const { id, written, full } of state.staged) {
      this.#heads[id] = 1;
      this.#staged.add(id, 1, written, full);
    }
  }

  save(): DeviceVirtqueueState {
    const closed = this.#life.closed;
    return {
      version: 1,
      side: "device",
      format: "split",
      size: this.size,
      nextAvailable: this.#nextAvailable,
      nextUsed: this.#usedIndex,
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
    this.#heads.fill(0);
    this.#again = [];
    this.#inFlight = 0;
    this.#error = undefined;
    this.#availableIndex = 0;
    this.#nextAvailable = 0;
    this.#armedAt = 0;
    this.#notifications = true;
    this.#usedIndex = 0;
    this.#staged.count = 0;
  }

  get inFlight(): number {
    return this.#inFlight;
  }

  get error(): VirtqueueError | undefined {
    return this.#error;
  }

  #fail(error: VirtqueueError): never {
    this.#error = error;
    this.#life.closed = true;
    throw error;
  }

  /** Reads the driver's index. Returns whether there is anything to take. */
  #refresh(): boolean {
    const index = this.#memory.loadUint16(this.#available + AVAILABLE_INDEX, this.#endian);
    const added = indexDistance(this.#nextAvailable, index);
    if (added > this.size) {
      this.#fail(
        new VirtqueueError(
          "ERR_VIRTQUEUE_AVAILABLE_INDEX",
          `available index ${index} is ${added} ahead of ${this.#nextAvailable}, queue size ${this.size}`,
        ),
      );
    }
    this.#availableIndex = index;
    return added !== 0;
  }

  hasAvailable(): boolean {
    if (this.#life.closed) return false;
    return this.#again.length > 0 || this.#nextAvailable !== this.#availableIndex || this.#refresh();
  }

  pop(): DescriptorChain | undefined {
    if (this.#life.closed) return undefined;
    if (this.#again.length > 0) {
      this.#inFlight++;
      return openChain(this.#again.shift() as ChainRecord);
    }
    if (this.#nextAvailable === this.#availableIndex && !this.#refresh() && !this.#arm()) return undefined;
    const head = this.#memory.loadUint16(this.#availableRing + 2 * (this.#nextAvailable & this.#mask), this.#endian);
    let record: ChainRecord;
    try {
      record = this.#parse(head);
    } catch (error) {
      if (error instanceof VirtqueueError) this.#fail(error);
      throw error;
    }
    this.#nextAvailable = (this.#nextAvailable + 1) & 0xffff;
    this.#take(record);
    return openChain(record);
  }

  /** What was parsed is with the device now. */
  #take(record: ChainRecord): void {
    this.#chains.append();
    this.#heads[record.id] = 1;
    this.#inFlight++;
  }

  *[Symbol.iterator](): IterableIterator<DescriptorChain> {
    for (let chain = this.pop(); chain; chain = this.pop()) yield chain;
  }

  #parse(head: number): ChainRecord {
    const memory = this.#memory;
    const endian = this.#endian;
    const little = endian === "little";
    const words = this.#words;
    if (head >= this.size) throw new VirtqueueError("ERR_VIRTQUEUE_HEAD", `head ${head} in a queue of ${this.size}`);
    if (this.#heads[head] !== 0) throw new VirtqueueError("ERR_VIRTQUEUE_HEAD_IN_USE", `head ${head} is made available twice`);
    const record = this.#chains.next();
    let table = this.#descriptors;
    let entries = this.size;
    let index = head;
    let visited = 0;
    let inTable = false;
    for (;;) {
      if (++visited > entries) {
        throw new VirtqueueError("ERR_VIRTQUEUE_CHAIN_TOO_LONG", `a chain from head ${head} has more descriptors than its table`);
      }
      memory.loadUint32s(table + DESC_BYTES * index, endian, words);
      const low = words[little ? 0 : 1] as number;
      const high = words[little ? 1 : 0] as number;
      const address = high === 0 ? low : high * 0x1_0000_0000 + low;
      const length = words[2] as number;
      const last = words[3] as number;
      const flags = little ? last & 0xffff : last >>> 16;
      const next = little ? last >>> 16 : last & 0xffff;
      if (flags & INDIRECT) {
        if (!this.#indirect) throw new VirtqueueError("ERR_VIRTQUEUE_INDIRECT", "an indirect descriptor without VIRTIO_F_INDIRECT_DESC");
        if (inTable) throw new VirtqueueError("ERR_VIRTQUEUE_INDIRECT", "an indirect descriptor in an indirect table");
        if (flags & NEXT) throw new VirtqueueError("ERR_VIRTQUEUE_INDIRECT", "an indirect descriptor with a next one");
        entries = indirectTableEntries(memory, address, length);
        table = address;
        index = 0;
        visited = 0;
        inTable = true;
        continue;
      }
      record.add(address, length, (flags & WRITE) !== 0);
      if ((flags & NEXT) === 0) {
        record.finish(head, 1);
        return record;
      }
      if (next >= entries) throw new VirtqueueError("ERR_VIRTQUEUE_NEXT", `next descriptor ${next} in a table of ${entries}`);
      index = next;
    }
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
    this.#staged.add(record.id, 1, record.written, record.written === record.writableBytes);
    this.#chains.remove(record);
  }

  flush(): boolean {
    const staged = this.#staged;
    const { count } = staged;
    if (count === 0 || this.#life.closed) return false;
    const memory = this.#memory;
    const endian = this.#endian;
    const before = this.#usedIndex;
    this.#usedIndex = advanceIndex(before, count);
    const ring = this.#usedRing;
    const mask = this.#mask;
    let batch = 0;
    for (let i = 0; i < count; i++) {
      const head = staged.ids[i] as number;
      // Only now: a driver that offers a head again before it could see it used is refused, and the ring cannot overtake itself.
      this.#heads[head] = 0;
      if (this.#batches && staged.full[i] === 1 && i + 1 < count) continue;
      const entry = ring + ENTRY_BYTES * ((before + batch) & mask);
      memory.storeUint32(entry, head, endian);
      memory.storeUint32(entry + ENTRY_LENGTH, staged.written[i] as number, endian);
      batch = i + 1;
    }
    staged.count = 0;
    memory.storeUint16(this.#used + USED_INDEX, this.#usedIndex, endian);
    if (this.#notifyOnEmpty && this.#inFlight === 0 && !this.hasAvailable()) return true;
    if (!this.#eventIndex) return (memory.loadUint16(this.#available + AVAILABLE_FLAGS, endian) & AVAIL_F_NO_INTERRUPT) === 0;
    return needEvent(memory.loadUint16(this.#usedEvent, endian), this.#usedIndex, before);
  }

  /** With EVENT_IDX: asks for a notification of the next buffer. Returns whether one came before the driver could know. */
  #arm(): boolean {
    if (!this.#eventIndex || !this.#notifications || this.#armedAt === this.#nextAvailable) return false;
    this.#armedAt = this.#nextAvailable;
    this.#memory.storeUint16(this.#availEvent, this.#armedAt, this.#endian);
    return this.#refresh();
  }

  disableNotifications(): void {
    if (!this.#notifications || this.#life.closed) return;
    this.#notifications = false;
    // With EVENT_IDX, an avail_event that lies behind is enough.
    if (!this.#eventIndex) this.#memory.storeUint16(this.#used + USED_FLAGS, USED_F_NO_NOTIFY, this.#endian);
  }

  enableNotifications(): boolean {
    if (this.#life.closed) return false;
    if (!this.#notifications) {
      this.#notifications = true;
      if (!this.#eventIndex) this.#memory.storeUint16(this.#used + USED_FLAGS, 0, this.#endian);
    }
    return this.#again.length > 0 || this.#nextAvailable !== this.#availableIndex || this.#refresh() || this.#arm();
  }

  close(): void {
    this.#ended = true;
    this.#life.closed = true;
  }
}
