import type { Endian, GuestMemory } from "@zarch/guest-memory";
import { BugError } from "@zarch/vmm-interface";
import type { DescriptorChain, QueueLife } from "./chain.ts";
import { ChainBuilder, defaultMaxChainLength, indirectTableEntries } from "./chain-builder.ts";
import { CompletionOrder } from "./completion-order.ts";
import { DESC_F_INDIRECT, DESC_F_NEXT, DESC_F_WRITE, DESC_LENGTH, DESCRIPTOR_SIZE } from "./descriptor.ts";
import type { DeviceVirtqueue } from "./device-virtqueue.ts";
import { VirtqueueError } from "./errors.ts";
import { checkVirtqueueConfig, type VirtqueueConfig } from "./layout.ts";
import {
  DESC_F_AVAIL,
  DESC_F_USED,
  EVENT_DESC,
  EVENT_DISABLE,
  EVENT_ENABLE,
  PACKED_DESC_FLAGS,
  PACKED_DESC_ID,
  RingPosition,
  storeEvent,
  wantsEvent,
} from "./packed-layout.ts";
import { type DeviceVirtqueueState, readDeviceState, saveChain } from "./virtqueue-state.ts";

/** A buffer that the next flush publishes. */
interface Staged {
  readonly id: number;
  readonly slots: number;
  readonly written: number;
  /** The device wrote all that there was room for. */
  readonly full: boolean;
}

/** The device side of a packed virtqueue (virtio 2.8). */
export class PackedDeviceVirtqueue implements DeviceVirtqueue {
  readonly size: number;
  readonly #memory: GuestMemory;
  readonly #endian: Endian;
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
  #builder: ChainBuilder;
  #order: CompletionOrder | undefined;
  readonly #nextAvailable: RingPosition;
  readonly #nextUsed: RingPosition;
  /** Buffers that the device has, by buffer id, in the order of availability: null once a buffer is pushed. */
  readonly #buffers = new Map<number, DescriptorChain | null>();
  /** Chains of before a restore, oldest first, that {@link pop} gives again. */
  #again: DescriptorChain[] = [];
  /** Slots of the ring that belong to those buffers. */
  #slots = 0;
  #inFlight = 0;
  readonly #staged: Staged[] = [];
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
    this.#ring = areas.descriptor;
    this.#driverEvent = areas.driver;
    this.#deviceEvent = areas.device;
    this.#indirect = config.indirect ?? false;
    this.#eventIndex = config.eventIndex ?? false;
    this.#inOrder = config.inOrder ?? false;
    this.#batches = this.#inOrder && (config.inOrderBatches ?? false);
    this.#maxChainLength = config.maxChainLength ?? defaultMaxChainLength(size);
    this.#builder = new ChainBuilder(memory, this.#life, this.#maxChainLength);
    this.#order = this.#inOrder ? new CompletionOrder() : undefined;
    this.#nextAvailable = new RingPosition(size);
    this.#nextUsed = new RingPosition(size);
    if (state !== undefined) this.#restore(state, config);
  }

  #restore(saved: DeviceVirtqueueState, config: VirtqueueConfig): void {
    const { state, chains, error } = readDeviceState(saved, this.#memory, { ...config, format: "packed" }, this.#life);
    this.#nextAvailable.value = state.nextAvailable;
    this.#nextUsed.value = state.nextUsed;
    this.#armedAt = state.armedAt;
    this.#notifications = state.notifications;
    this.#error = error;
    this.#life.closed = state.closed;
    this.#ended = state.closed && error === undefined;
    for (const [i, { id, written }] of state.chains.entries()) {
      const chain = chains[i] as DescriptorChain;
      this.#take(chain);
      if (written === undefined) {
        this.#again.push(chain);
        continue;
      }
      this.#buffers.set(id, null);
      this.#order?.completed(chain, written, this.#stage);
    }
    this.#inFlight -= this.#again.length;
    for (const { id, slots, written, full } of state.staged) {
      this.#buffers.set(id, null);
      this.#slots += slots;
      this.#staged.push({ id, slots, written, full });
    }
  }

  save(): DeviceVirtqueueState {
    const closed = this.#life.closed;
    const chains = this.#order
      ? Array.from(this.#order, ({ chain, written }) => saveChain(chain, written))
      : [...this.#buffers.values()].filter((chain) => chain !== null).map((chain) => saveChain(chain));
    return {
      version: 1,
      side: "device",
      format: "packed",
      size: this.size,
      nextAvailable: this.#nextAvailable.value,
      nextUsed: this.#nextUsed.value,
      notifications: this.#notifications,
      armedAt: this.#armedAt,
      chains: closed ? [] : chains,
      staged: closed ? [] : this.#staged.map((use) => ({ ...use })),
      closed,
      ...(this.#error && { error: { code: this.#error.code, message: this.#error.message } }),
    };
  }

  reset(): void {
    if (this.#ended) return;
    this.#life.closed = true;
    this.#life = { closed: false };
    this.#builder = new ChainBuilder(this.#memory, this.#life, this.#maxChainLength);
    this.#order = this.#inOrder ? new CompletionOrder() : undefined;
    this.#buffers.clear();
    this.#again = [];
    this.#slots = 0;
    this.#inFlight = 0;
    this.#staged.length = 0;
    this.#error = undefined;
    this.#nextAvailable.value = 0;
    this.#nextUsed.value = 0;
    this.#notifications = true;
    this.#armedAt = -1;
  }

  get inFlight(): number {
    return this.#inFlight;
  }

  get error(): VirtqueueError | undefined {
    return this.#error;
  }

  /** Flags of the next descriptor if it is available, else -1. */
  #peek(): number {
    // A ring that is wholly in the device's hands has nothing more to offer, whatever it looks like.
    if (this.#slots >= this.size) return -1;
    const at = this.#ring + this.#nextAvailable.slot * DESCRIPTOR_SIZE;
    const flags = this.#memory.loadUint16(at + PACKED_DESC_FLAGS, this.#endian);
    return (flags & (DESC_F_AVAIL | DESC_F_USED)) === this.#nextAvailable.availableFlags ? flags : -1;
  }

  hasAvailable(): boolean {
    return !this.#life.closed && (this.#again.length > 0 || this.#peek() >= 0);
  }

  pop(): DescriptorChain | undefined {
    if (this.#life.closed) return undefined;
    if (this.#again.length > 0) {
      this.#inFlight++;
      return this.#again.shift();
    }
    let flags = this.#peek();
    if (flags < 0) {
      if (!this.#arm()) return undefined;
      flags = this.#peek();
      if (flags < 0) return undefined;
    }
    let chain: DescriptorChain;
    try {
      chain = this.#parse(flags);
    } catch (error) {
      if (error instanceof VirtqueueError) {
        this.#error = error;
        this.#life.closed = true;
      }
      throw error;
    }
    this.#nextAvailable.advance(chain.slots);
    this.#take(chain);
    return chain;
  }

  #take(chain: DescriptorChain): void {
    this.#buffers.set(chain.id, chain);
    this.#slots += chain.slots;
    this.#inFlight++;
    this.#order?.popped(chain);
  }

  *[Symbol.iterator](): IterableIterator<DescriptorChain> {
    for (let chain = this.pop(); chain; chain = this.pop()) yield chain;
  }

  /** @param headFlags flags of the first descriptor, which are not read again */
  #parse(headFlags: number): DescriptorChain {
    const memory = this.#memory;
    const endian = this.#endian;
    const builder = this.#builder;
    const free = this.size - this.#slots;
    builder.start();
    let slot = this.#nextAvailable.slot;
    let flags = headFlags;
    for (let slots = 1; ; slots++) {
      const at = this.#ring + slot * DESCRIPTOR_SIZE;
      if (slots > 1) flags = memory.loadUint16(at + PACKED_DESC_FLAGS, endian);
      const address = memory.loadUint64(at, endian);
      const length = memory.loadUint32(at + DESC_LENGTH, endian);
      const id = memory.loadUint16(at + PACKED_DESC_ID, endian);
      if (flags & DESC_F_INDIRECT) {
        if (!this.#indirect) throw new VirtqueueError("ERR_VIRTQUEUE_INDIRECT", "an indirect descriptor without VIRTIO_F_INDIRECT_DESC");
        if (slots > 1 || flags & DESC_F_NEXT) throw new VirtqueueError("ERR_VIRTQUEUE_INDIRECT", "an indirect descriptor in a chain");
        this.#addTable(address, length);
        return this.#finish(id, 1);
      }
      builder.add(address, length, (flags & DESC_F_WRITE) !== 0);
      if ((flags & DESC_F_NEXT) === 0) return this.#finish(id, slots);
      if (slots >= free) throw new VirtqueueError("ERR_VIRTQUEUE_CHAIN_TOO_LONG", "a chain has more descriptors than the ring has free");
      slot = slot + 1 === this.size ? 0 : slot + 1;
    }
  }

  /** In an indirect table only WRITE means anything; its entries follow each other (2.8.7). */
  #addTable(address: number, length: number): void {
    const entries = indirectTableEntries(this.#memory, address, length);
    for (let i = 0; i < entries; i++) {
      const at = address + i * DESCRIPTOR_SIZE;
      const flags = this.#memory.loadUint16(at + PACKED_DESC_FLAGS, this.#endian);
      const start = this.#memory.loadUint64(at, this.#endian);
      this.#builder.add(start, this.#memory.loadUint32(at + DESC_LENGTH, this.#endian), (flags & DESC_F_WRITE) !== 0);
    }
  }

  #finish(id: number, slots: number): DescriptorChain {
    if (this.#buffers.has(id)) throw new VirtqueueError("ERR_VIRTQUEUE_HEAD_IN_USE", `buffer id ${id} is made available twice`);
    return this.#builder.finish(id, slots);
  }

  push(chain: DescriptorChain, written: number): void {
    if (this.#life.closed) return;
    if (written < 0 || written > chain.writableLength) {
      throw new BugError(`${written} bytes reported for a chain with room for ${chain.writableLength}`);
    }
    if (this.#buffers.get(chain.id) !== chain) {
      if (chain.writable.cutOff) return;
      throw new BugError(`chain ${chain.id} is returned to a queue that does not wait for it`);
    }
    this.#buffers.set(chain.id, null);
    if (this.#order) this.#order.completed(chain, written, this.#stage);
    else this.#stage(chain, written);
  }

  readonly #stage = (chain: DescriptorChain, written: number): void => {
    this.#inFlight--;
    // A buffer of 2^32 bytes is possible, a length of 2^32 is not: less may be reported than was written.
    const reported = Math.min(written, 0xffff_ffff);
    this.#staged.push({ id: chain.id, slots: chain.slots, written: reported, full: written === chain.writableLength });
  };

  flush(): boolean {
    const staged = this.#staged;
    if (staged.length === 0 || this.#life.closed) return false;
    const memory = this.#memory;
    const endian = this.#endian;
    let firstAt = -1;
    let firstFlags = 0;
    let moved = 0;
    let batch = 0;
    for (const [i, { id, slots, written, full }] of staged.entries()) {
      this.#buffers.delete(id);
      batch += slots;
      if (this.#batches && full && i + 1 < staged.length) continue;
      const at = this.#ring + this.#nextUsed.slot * DESCRIPTOR_SIZE;
      const flags = this.#nextUsed.usedFlags | (written > 0 ? DESC_F_WRITE : 0);
      memory.storeUint32(at + DESC_LENGTH, written, endian);
      memory.storeUint16(at + PACKED_DESC_ID, id, endian);
      // The driver looks at them in order: what shows the first one shows all.
      if (firstAt < 0) {
        firstAt = at;
        firstFlags = flags;
      } else memory.storeUint16(at + PACKED_DESC_FLAGS, flags, endian);
      this.#nextUsed.advance(batch);
      moved += batch;
      batch = 0;
    }
    this.#slots -= moved;
    staged.length = 0;
    memory.storeUint16(firstAt + PACKED_DESC_FLAGS, firstFlags, endian);
    return wantsEvent(memory, this.#driverEvent, endian, this.#eventIndex, this.size, this.#nextUsed.value, moved);
  }

  /** With EVENT_IDX: asks for a notification of the next buffer. Returns whether the ring has to be looked at again. */
  #arm(): boolean {
    if (!this.#eventIndex || !this.#notifications || this.#armedAt === this.#nextAvailable.value) return false;
    this.#armedAt = this.#nextAvailable.value;
    storeEvent(this.#memory, this.#deviceEvent, this.#endian, this.#nextAvailable.event, EVENT_DESC);
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
    return this.#again.length > 0 || this.#peek() >= 0;
  }

  close(): void {
    this.#ended = true;
    this.#life.closed = true;
  }
}
