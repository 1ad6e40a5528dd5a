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

interface Staged {
  readonly chain: DescriptorChain;
  readonly written: number;
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
  readonly #life: QueueLife = { closed: false };
  readonly #builder: ChainBuilder;
  readonly #order: CompletionOrder | undefined;
  readonly #nextAvailable: RingPosition;
  readonly #nextUsed: RingPosition;
  /** Buffers that the device has, by buffer id: the value is true once a buffer is pushed. */
  readonly #buffers = new Map<number, boolean>();
  /** Slots of the ring that belong to those buffers. */
  #slots = 0;
  #inFlight = 0;
  readonly #staged: Staged[] = [];
  #error: VirtqueueError | undefined;
  #notifications = true;
  /** The position that the device event area names, -1 for none. */
  #armedAt = -1;

  constructor(memory: GuestMemory, config: VirtqueueConfig) {
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
    this.#builder = new ChainBuilder(memory, this.#life, config.maxChainLength ?? defaultMaxChainLength(size));
    this.#order = config.inOrder ? new CompletionOrder() : undefined;
    this.#nextAvailable = new RingPosition(size);
    this.#nextUsed = new RingPosition(size);
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
    return !this.#life.closed && this.#peek() >= 0;
  }

  pop(): DescriptorChain | undefined {
    if (this.#life.closed) return undefined;
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
    this.#buffers.set(chain.id, false);
    this.#slots += chain.slots;
    this.#inFlight++;
    this.#order?.popped(chain);
    return chain;
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
    if (this.#buffers.get(chain.id) !== false) throw new BugError(`chain ${chain.id} is returned to a queue that does not wait for it`);
    this.#buffers.set(chain.id, true);
    if (this.#order) this.#order.completed(chain, written, this.#stage);
    else this.#stage(chain, written);
  }

  readonly #stage = (chain: DescriptorChain, written: number): void => {
    this.#inFlight--;
    this.#staged.push({ chain, written });
  };

  flush(): boolean {
    const staged = this.#staged;
    if (staged.length === 0 || this.#life.closed) return false;
    const memory = this.#memory;
    const endian = this.#endian;
    let firstAt = 0;
    let firstFlags = 0;
    let moved = 0;
    for (const [i, { chain, written }] of staged.entries()) {
      const at = this.#ring + this.#nextUsed.slot * DESCRIPTOR_SIZE;
      const flags = this.#nextUsed.usedFlags | (written > 0 ? DESC_F_WRITE : 0);
      memory.storeUint32(at + DESC_LENGTH, written, endian);
      memory.storeUint16(at + PACKED_DESC_ID, chain.id, endian);
      // The driver looks at them in order: what shows the first one shows all.
      if (i === 0) {
        firstAt = at;
        firstFlags = flags;
      } else memory.storeUint16(at + PACKED_DESC_FLAGS, flags, endian);
      this.#nextUsed.advance(chain.slots);
      moved += chain.slots;
      this.#buffers.delete(chain.id);
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
    return this.#peek() >= 0;
  }

  close(): void {
    this.#life.closed = true;
  }
}
