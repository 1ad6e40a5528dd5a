import type { GuestMemory } from "@zarch/guest-memory";
import { VirtqueueError } from "./errors.ts";

/** Most bytes in one chain (2.7.5.2: not more than 2^32). */
const MAX_CHAIN_BYTES = 0x1_0000_0000;

// Thrown in functions of their own, so that V8 inlines the rest.

function tooLong(maxLength: number): never {
  throw new VirtqueueError("ERR_VIRTQUEUE_CHAIN_TOO_LONG", `a chain has more than ${maxLength} descriptors`);
}

function wrongOrder(): never {
  throw new VirtqueueError("ERR_VIRTQUEUE_ORDER", "a device-readable descriptor follows a device-writable one");
}

function outside(address: number, length: number): never {
  throw new VirtqueueError("ERR_VIRTQUEUE_BUFFER", `buffer at 0x${address.toString(16)}, ${length} bytes, is outside memory`);
}

/** Most buffers that a record may have had when it is to be used again. */
const KEPT_BUFFERS = 64;

/** Shared by a queue and its chains: once closed, no chain writes to guest memory any more. */
export interface QueueLife {
  closed: boolean;
}

/** Guest physical address and length in bytes. */
export type ChainSpan = readonly [address: number, length: number];

export interface ChainSpans {
  readonly readable: readonly ChainSpan[];
  readonly writable: readonly ChainSpan[];
}

/**
 * What a queue knows of a chain: its checked buffers, and how far the device is with it. A record is used for one chain after the other,
 * so that taking a chain allocates nothing that stays; what a device holds of the chain are small objects that name
 * the record and the generation of their chain.
 */
export class ChainRecord {
  readonly memory: GuestMemory;
  readonly life: QueueLife;
  readonly #maxLength: number;
  /** Grows with each chain that the record has served, 30 bits: who has an older one is of a chain that was returned. */
  generation = 0;
  /** Split: index of the head descriptor. Packed: buffer id. */
  id = 0;
  /** Ring slots that the chain occupies (packed); 1 when split. */
  slots = 0;
  /** Descriptors that hold data, those of length 0 included. */
  descriptors = 0;
  /** Pairs of guest physical address and length in bytes, without those of length 0; every span is known to be in memory. */
  readonly spans: number[] = [];
  /** How much of {@link spans} is in use. */
  spansEnd = 0;
  /** Where the device-writable part begins in {@link spans}; -1 while there is none. */
  firstWritable = -1;
  readableBytes = 0;
  writableBytes = 0;
  /** Bytes that the device reports, or -1 while it has the chain. */
  written = -1;
  /** Neighbours in the order of availability, see ChainList. */
  earlier: ChainRecord | undefined;
  later: ChainRecord | undefined;

  /** @param maxLength most descriptors in a chain */
  constructor(memory: GuestMemory, life: QueueLife, maxLength: number) {
    this.memory = memory;
    this.life = life;
    this.#maxLength = maxLength;
  }

  /** Forgets the buffers of the chain before. */
  start(): void {
    this.descriptors = 0;
    this.spansEnd = 0;
    this.firstWritable = -1;
    this.readableBytes = 0;
    this.writableBytes = 0;
    this.written = -1;
  }

  /**
   * Adds the buffer of one descriptor. A buffer of length 0 holds nothing, so that its address does not matter.
   * @throws VirtqueueError ERR_VIRTQUEUE_CHAIN_TOO_LONG, ERR_VIRTQUEUE_ORDER or ERR_VIRTQUEUE_BUFFER
   */
  add(address: number, length: number, writable: boolean): void {
    if (++this.descriptors > this.#maxLength) tooLong(this.#maxLength);
    const end = this.spansEnd;
    if (writable) {
      if (this.firstWritable < 0) this.firstWritable = end;
      this.writableBytes += length;
    } else {
      if (this.firstWritable >= 0) wrongOrder();
      this.readableBytes += length;
    }
    if (length === 0) return;
    if (!this.memory.contains(address, length)) outside(address, length);
    this.spans[end] = address;
    this.spans[end + 1] = length;
    this.spansEnd = end + 2;
  }

  /**
   * The chain is complete.
   * @throws VirtqueueError ERR_VIRTQUEUE_BUFFER
   */
  finish(id: number, slots: number): void {
    if (this.readableBytes + this.writableBytes > MAX_CHAIN_BYTES) {
      throw new VirtqueueError("ERR_VIRTQUEUE_BUFFER", "a chain has more than 2^32 bytes");
    }
    this.id = id;
    this.slots = slots;
  }

  /** The buffers as a list. */
  pairs(): ChainSpans {
    const pairs = (from: number, to: number): ChainSpan[] =>
      Array.from({ length: (to - from) / 2 }, (_, i) => [this.spans[from + 2 * i] as number, this.spans[from + 2 * i + 1] as number]);
    const middle = this.firstWritable < 0 ? this.spansEnd : this.firstWritable;
    return { readable: pairs(0, middle), writable: pairs(middle, this.spansEnd) };
  }

  /** The device returns the chain: its objects that the device may still have are worth nothing from now on. */
  complete(written: number): void {
    this.written = written;
    this.generation = (this.generation + 1) & 0x3fff_ffff;
  }

  /** False if the chain was so long that the room for it is rather not kept: a guest could make all records so large. */
  get isReusable(): boolean {
    return this.spans.length <= 2 * KEPT_BUFFERS;
  }
}
