import type { GuestMemory } from "@zarch/guest-memory";

const HEADER_SIZE = 5;
const QUEUE_BLOCK_SIZE = 24;

/** Fields of the header, and of a queue's block. */
const DEVICE_TYPE = 0;
const QUEUE_COUNT = 1;
const FEATURE_LENGTH = 2;
const CONFIG_LENGTH = 3;
const STATUS = 4;
const RING = 8;
const RING_SIZE = 16;

/** An entry of the descriptor page: addresses of its parts. Nothing is aligned, all is big-endian. */
export class PageEntry {
  readonly address: number;
  readonly deviceId: number;
  readonly queueCount: number;
  /** Bytes of one half of the features. */
  readonly featureLength: number;
  readonly configLength: number;
  readonly #memory: GuestMemory;

  constructor(memory: GuestMemory, address: number) {
    this.#memory = memory;
    this.address = address;
    this.deviceId = memory.loadUint8(address + DEVICE_TYPE);
    this.queueCount = memory.loadUint8(address + QUEUE_COUNT);
    this.featureLength = memory.loadUint8(address + FEATURE_LENGTH);
    this.configLength = memory.loadUint8(address + CONFIG_LENGTH);
  }

  /** Bytes; the next entry follows at once. */
  get size(): number {
    return this.configAddress - this.address + this.configLength;
  }

  get statusAddress(): number {
    return this.address + STATUS;
  }

  get offeredAddress(): number {
    return this.address + HEADER_SIZE + QUEUE_BLOCK_SIZE * this.queueCount;
  }

  get acceptedAddress(): number {
    return this.offeredAddress + this.featureLength;
  }

  get configAddress(): number {
    return this.offeredAddress + 2 * this.featureLength;
  }

  /** Where the driver writes the token of a queue. */
  tokenAddress(queue: number): number {
    return this.address + HEADER_SIZE + QUEUE_BLOCK_SIZE * queue;
  }

  ringAddress(queue: number): number {
    return this.#memory.loadUint64(this.tokenAddress(queue) + RING, "big");
  }

  /** Number of entries of a queue; 0 if there is no such queue. */
  ringSize(queue: number): number {
    return queue < this.queueCount ? this.#memory.loadUint16(this.tokenAddress(queue) + RING_SIZE, "big") : 0;
  }
}

/** The entry at an offset of a page, or undefined at the end of the list. */
export function entryAt(memory: GuestMemory, page: number, offset: number, pageSize: number): PageEntry | undefined {
  if (offset + HEADER_SIZE > pageSize) return undefined;
  const entry = new PageEntry(memory, page + offset);
  return entry.deviceId === 0 || offset + entry.size > pageSize ? undefined : entry;
}
