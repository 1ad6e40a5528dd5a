import type { GuestMemory } from "@zarch/guest-memory";
import { ChainReader, ChainWriter, DescriptorChain, type QueueLife } from "./chain.ts";
import { DESCRIPTOR_SIZE } from "./descriptor.ts";
import { VirtqueueError } from "./errors.ts";

/** Most bytes in one chain (2.7.5.2: not more than 2^32). */
const MAX_CHAIN_BYTES = 0x1_0000_0000;

/** Collects the checked buffers of one chain. Used for one chain after the other. */
export class ChainBuilder {
  readonly #memory: GuestMemory;
  readonly #life: QueueLife;
  readonly #maxLength: number;
  #segments: number[] = [];
  #firstWritable = -1;
  #readableBytes = 0;
  #writableBytes = 0;
  /** Descriptors of data so far. */
  count = 0;

  constructor(memory: GuestMemory, life: QueueLife, maxLength: number) {
    this.#memory = memory;
    this.#life = life;
    this.#maxLength = maxLength;
  }

  start(): void {
    this.#segments = [];
    this.#firstWritable = -1;
    this.#readableBytes = 0;
    this.#writableBytes = 0;
    this.count = 0;
  }

  /** Adds the buffer of one descriptor. A buffer of length 0 holds nothing, so that its address does not matter. */
  add(address: number, length: number, writable: boolean): void {
    if (++this.count > this.#maxLength) {
      throw new VirtqueueError("ERR_VIRTQUEUE_CHAIN_TOO_LONG", `a chain has more than ${this.#maxLength} descriptors`);
    }
    const segments = this.#segments;
    if (writable) {
      if (this.#firstWritable < 0) this.#firstWritable = segments.length;
      this.#writableBytes += length;
    } else {
      if (this.#firstWritable >= 0) {
        throw new VirtqueueError("ERR_VIRTQUEUE_ORDER", "a device-readable descriptor follows a device-writable one");
      }
      this.#readableBytes += length;
    }
    if (length === 0) return;
    if (!this.#memory.contains(address, length)) {
      throw new VirtqueueError("ERR_VIRTQUEUE_BUFFER", `buffer at 0x${address.toString(16)}, ${length} bytes, is outside memory`);
    }
    if (this.#readableBytes + this.#writableBytes > MAX_CHAIN_BYTES) {
      throw new VirtqueueError("ERR_VIRTQUEUE_BUFFER", "a chain has more than 2^32 bytes");
    }
    segments.push(address, length);
  }

  finish(id: number, slots: number): DescriptorChain {
    const segments = this.#segments;
    const firstWritable = this.#firstWritable < 0 ? segments.length : this.#firstWritable;
    const reader = new ChainReader(this.#memory, segments, 0, 0, this.#readableBytes);
    const writer = new ChainWriter(this.#memory, segments, firstWritable, 0, this.#writableBytes, this.#life);
    return new DescriptorChain(id, this.count, slots, segments, firstWritable, reader, writer);
  }
}

/**
 * Checks the position of an indirect table and returns its number of entries (2.7.5.3, 2.8.7). Its alignment is free.
 * @throws VirtqueueError ERR_VIRTQUEUE_INDIRECT
 */
export function indirectTableEntries(memory: GuestMemory, address: number, length: number): number {
  if (length === 0 || length % DESCRIPTOR_SIZE !== 0) {
    throw new VirtqueueError("ERR_VIRTQUEUE_INDIRECT", `an indirect table has ${length} bytes, which is no multiple of 16 above 0`);
  }
  if (!memory.contains(address, length)) {
    throw new VirtqueueError("ERR_VIRTQUEUE_INDIRECT", `indirect table at 0x${address.toString(16)}, ${length} bytes, is outside memory`);
  }
  return length / DESCRIPTOR_SIZE;
}

/** The default of `VirtqueueConfig.maxChainLength`. */
export function defaultMaxChainLength(queueSize: number): number {
  return Math.max(queueSize, 1024);
}
