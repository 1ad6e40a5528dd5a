import type { Endian, GuestMemory } from "@zarch/guest-memory";
import { BugError } from "@zarch/vmm-interface";
import type { DescriptorChain, QueueLife } from "./chain.ts";
import { ChainBuilder, defaultMaxChainLength, indirectTableEntries } from "./chain-builder.ts";
import { CompletionOrder } from "./completion-order.ts";
import { DESC_F_INDIRECT, DESC_F_NEXT, DESC_F_WRITE, DESC_LENGTH } from "./descriptor.ts";
import type { DeviceVirtqueue } from "./device-virtqueue.ts";
import { VirtqueueError } from "./errors.ts";
import { checkVirtqueueConfig, type VirtqueueConfig } from "./layout.ts";
import { advanceIndex, indexDistance, needEvent } from "./ring-index.ts";
import {
  AVAIL_F_NO_INTERRUPT,
  AVAILABLE_FLAGS,
  AVAILABLE_INDEX,
  availableEntryOffset,
  availEventOffset,
  descriptorOffset,
  SPLIT_DESC_FLAGS,
  SPLIT_DESC_NEXT,
  USED_ENTRY_ID,
  USED_ENTRY_LENGTH,
  USED_F_NO_NOTIFY,
  USED_FLAGS,
  USED_INDEX,
  usedEntryOffset,
  usedEventOffset,
} from "./split-layout.ts";

/** The device side of a split virtqueue (virtio 2.7). */
export class SplitDeviceVirtqueue implements DeviceVirtqueue {
  readonly size: number;
  readonly #memory: GuestMemory;
  readonly #endian: Endian;
  readonly #descriptors: number;
  readonly #available: number;
  readonly #used: number;
  readonly #usedEvent: number;
  readonly #availEvent: number;
  readonly #indirect: boolean;
  readonly #eventIndex: boolean;
  readonly #notifyOnEmpty: boolean;
  readonly #life: QueueLife = { closed: false };
  readonly #builder: ChainBuilder;
  readonly #order: CompletionOrder | undefined;
  /** For each head: 1 while the device works on it, 2 when it is pushed but not yet published. */
  readonly #heads: Uint8Array;
  readonly #stagedHeads: Uint16Array;
  #inFlight = 0;
  #error: VirtqueueError | undefined;

  /** The available index as last read from the driver, 16 bits. */
  #availableIndex = 0;
  /** The next available index to take, 16 bits. */
  #nextAvailable = 0;
  /** The avail_event field as it stands in memory. */
  #armedAt = 0;
  #notifications = true;
  /** The used index that the next staged entry gets, 16 bits. */
  #usedIndex = 0;
  /** Entries written to the used ring since the last {@link flush}. */
  #staged = 0;

  constructor(memory: GuestMemory, config: VirtqueueConfig) {
    checkVirtqueueConfig(memory, config);
    const { size, areas } = config;
    this.size = size;
    this.#memory = memory;
    this.#endian = config.endian;
    this.#descriptors = areas.descriptor;
    this.#available = areas.driver;
    this.#used = areas.device;
    this.#usedEvent = areas.driver + usedEventOffset(size);
    this.#availEvent = areas.device + availEventOffset(size);
    this.#indirect = config.indirect ?? false;
    this.#eventIndex = config.eventIndex ?? false;
    this.#notifyOnEmpty = config.notifyOnEmpty ?? false;
    this.#builder = new ChainBuilder(memory, this.#life, config.maxChainLength ?? defaultMaxChainLength(size));
    this.#order = config.inOrder ? new CompletionOrder() : undefined;
    this.#heads = new Uint8Array(size);
    this.#stagedHeads = new Uint16Array(size);
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
    return this.#nextAvailable !== this.#availableIndex || this.#refresh();
  }

  pop(): DescriptorChain | undefined {
    if (this.#life.closed) return undefined;
    if (this.#nextAvailable === this.#availableIndex && !this.#refresh() && !this.#arm()) return undefined;
    const head = this.#memory.loadUint16(this.#available + availableEntryOffset(this.#nextAvailable, this.size), this.#endian);
    let chain: DescriptorChain;
    try {
      chain = this.#parse(head);
    } catch (error) {
      if (error instanceof VirtqueueError) this.#fail(error);
      throw error;
    }
    this.#nextAvailable = advanceIndex(this.#nextAvailable, 1);
    this.#heads[head] = 1;
    this.#inFlight++;
    this.#order?.popped(chain);
    return chain;
  }

  *[Symbol.iterator](): IterableIterator<DescriptorChain> {
    for (let chain = this.pop(); chain; chain = this.pop()) yield chain;
  }

  #parse(head: number): DescriptorChain {
    const memory = this.#memory;
    const endian = this.#endian;
    const builder = this.#builder;
    if (head >= this.size) throw new VirtqueueError("ERR_VIRTQUEUE_HEAD", `head ${head} in a queue of ${this.size}`);
    if (this.#heads[head] !== 0) throw new VirtqueueError("ERR_VIRTQUEUE_HEAD_IN_USE", `head ${head} is made available twice`);
    builder.start();
    let table = this.#descriptors;
    let entries = this.size;
    let index = head;
    let visited = 0;
    let inTable = false;
    for (;;) {
      if (++visited > entries) {
        throw new VirtqueueError("ERR_VIRTQUEUE_CHAIN_TOO_LONG", `a chain from head ${head} has more descriptors than its table`);
      }
      const at = table + descriptorOffset(index);
      const address = memory.loadUint64(at, endian);
      const length = memory.loadUint32(at + DESC_LENGTH, endian);
      const flags = memory.loadUint16(at + SPLIT_DESC_FLAGS, endian);
      const next = memory.loadUint16(at + SPLIT_DESC_NEXT, endian);
      if (flags & DESC_F_INDIRECT) {
        if (!this.#indirect) throw new VirtqueueError("ERR_VIRTQUEUE_INDIRECT", "an indirect descriptor without VIRTIO_F_INDIRECT_DESC");
        if (inTable) throw new VirtqueueError("ERR_VIRTQUEUE_INDIRECT", "an indirect descriptor in an indirect table");
        if (flags & DESC_F_NEXT) throw new VirtqueueError("ERR_VIRTQUEUE_INDIRECT", "an indirect descriptor with a next one");
        entries = indirectTableEntries(memory, address, length);
        table = address;
        index = 0;
        visited = 0;
        inTable = true;
        continue;
      }
      builder.add(address, length, (flags & DESC_F_WRITE) !== 0);
      if ((flags & DESC_F_NEXT) === 0) return builder.finish(head, 1);
      if (next >= entries) throw new VirtqueueError("ERR_VIRTQUEUE_NEXT", `next descriptor ${next} in a table of ${entries}`);
      index = next;
    }
  }

  push(chain: DescriptorChain, written: number): void {
    if (this.#life.closed) return;
    if (written < 0 || written > chain.writableLength) {
      throw new BugError(`${written} bytes reported for a chain with room for ${chain.writableLength}`);
    }
    if (this.#heads[chain.id] !== 1) throw new BugError(`chain ${chain.id} is returned to a queue that does not wait for it`);
    this.#heads[chain.id] = 2;
    if (this.#order) this.#order.completed(chain, written, this.#stage);
    else this.#stage(chain, written);
  }

  readonly #stage = (chain: DescriptorChain, written: number): void => {
    const entry = this.#used + usedEntryOffset(this.#usedIndex, this.size);
    this.#memory.storeUint32(entry + USED_ENTRY_ID, chain.id, this.#endian);
    this.#memory.storeUint32(entry + USED_ENTRY_LENGTH, written, this.#endian);
    this.#usedIndex = advanceIndex(this.#usedIndex, 1);
    this.#inFlight--;
    this.#stagedHeads[this.#staged++] = chain.id;
  };

  flush(): boolean {
    const staged = this.#staged;
    if (staged === 0 || this.#life.closed) return false;
    // Only now: a driver that offers a head again before it could see it used is refused, and the ring cannot overtake itself.
    for (let i = 0; i < staged; i++) this.#heads[this.#stagedHeads[i] as number] = 0;
    this.#staged = 0;
    this.#memory.storeUint16(this.#used + USED_INDEX, this.#usedIndex, this.#endian);
    if (this.#notifyOnEmpty && this.#inFlight === 0 && !this.hasAvailable()) return true;
    if (!this.#eventIndex) return (this.#memory.loadUint16(this.#available + AVAILABLE_FLAGS, this.#endian) & AVAIL_F_NO_INTERRUPT) === 0;
    return needEvent(this.#memory.loadUint16(this.#usedEvent, this.#endian), this.#usedIndex, advanceIndex(this.#usedIndex, -staged));
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
    return this.#nextAvailable !== this.#availableIndex || this.#refresh() || this.#arm();
  }

  close(): void {
    this.#life.closed = true;
  }
}
