import type { Endian, GuestMemory } from "@zarch/guest-memory";
import { DESC_ADDRESS, DESC_F_INDIRECT, DESC_F_NEXT, DESC_F_WRITE, DESC_LENGTH, DESCRIPTOR_SIZE } from "./descriptor.ts";
import type { VirtqueueErrorCode } from "./errors.ts";
import { defaultMaxChainLength, type VirtqueueConfig } from "./layout.ts";
import { PACKED_DESC_FLAGS, PACKED_DESC_ID } from "./packed-layout.ts";
import {
  type BufferState,
  type ChainPart,
  type ChainSnapshot,
  type DescriptorSnapshot,
  MAX_PARTS,
  type SnapshotProblem,
} from "./snapshot.ts";
import { SPLIT_DESC_FLAGS, SPLIT_DESC_NEXT } from "./split-layout.ts";

/** Descriptors that are followed for one snapshot: a hostile ring names far more than anybody wants to see. */
export const MAX_WALK = 0x1_0000;

/** Reads one descriptor of either format: the caller knows that it is in memory. */
export function readDescriptor(memory: GuestMemory, endian: Endian, packed: boolean, at: number): DescriptorSnapshot {
  return {
    address: memory.loadUint64(at + DESC_ADDRESS, endian),
    length: memory.loadUint32(at + DESC_LENGTH, endian),
    flags: memory.loadUint16(at + (packed ? PACKED_DESC_FLAGS : SPLIT_DESC_FLAGS), endian),
    link: memory.loadUint16(at + (packed ? PACKED_DESC_ID : SPLIT_DESC_NEXT), endian),
  };
}

/** What a walk found, apart from whose the chain is. */
export interface Walked {
  readonly chain: Omit<ChainSnapshot, "id" | "state">;
  /** Places of the ring, in the order of the chain. */
  readonly slots: readonly number[];
  /** Packed: buffer id, of the last descriptor. */
  readonly id: number;
}

/**
 * Follows chains in memory as the device side would, but notes what is wrong instead of throwing, and goes on where it can. Every walk
 * ends: no table is followed longer than it is, and all walks together look at {@link MAX_WALK} descriptors.
 */
export class ChainWalker {
  readonly #memory: GuestMemory;
  readonly #endian: Endian;
  readonly #size: number;
  readonly #ring: number;
  readonly #indirect: boolean;
  readonly #packed: boolean;
  readonly #maxLength: number;
  #left = MAX_WALK;

  constructor(memory: GuestMemory, config: VirtqueueConfig) {
    this.#memory = memory;
    this.#endian = config.endian;
    this.#size = config.size;
    this.#ring = config.areas.descriptor;
    this.#indirect = config.indirect ?? false;
    this.#packed = config.format === "packed";
    this.#maxLength = config.maxChainLength ?? defaultMaxChainLength(config.size);
  }

  /** Whether there was more to follow than is followed. */
  get exhausted(): boolean {
    return this.#left <= 0;
  }

  #read(at: number): DescriptorSnapshot {
    this.#left--;
    return readDescriptor(this.#memory, this.#endian, this.#packed, at);
  }

  /** Follows the chain of a split ring from its head. */
  split(head: number): Walked {
    const found = new Found(this.#memory, this.#maxLength);
    if (head >= this.#size) {
      found.problem("ERR_VIRTQUEUE_HEAD", `head ${head} in a queue of ${this.#size}`);
      return found.done(head);
    }
    this.#followNext(found, this.#ring, this.#size, head, false);
    return found.done(head);
  }

  #followNext(found: Found, table: number, entries: number, first: number, inTable: boolean): void {
    let index = first;
    for (let visited = 1; ; visited++) {
      if (visited > entries) {
        found.problem("ERR_VIRTQUEUE_CHAIN_TOO_LONG", `the chain has more descriptors than its table of ${entries}: a loop`);
        return;
      }
      if (this.exhausted) return;
      const descriptor = this.#read(table + index * DESCRIPTOR_SIZE);
      if (!inTable) found.slots.push(index);
      if (descriptor.flags & DESC_F_INDIRECT) {
        if (inTable) found.problem("ERR_VIRTQUEUE_INDIRECT", `entry ${index} of an indirect table is itself indirect`);
        else if (descriptor.flags & DESC_F_NEXT) found.problem("ERR_VIRTQUEUE_INDIRECT", `indirect descriptor ${index} has a next one`);
        else this.#enterTable(found, descriptor, (entriesThere) => this.#followNext(found, descriptor.address, entriesThere, 0, true));
        return;
      }
      if (!found.add(index, inTable, descriptor)) return;
      if ((descriptor.flags & DESC_F_NEXT) === 0) return;
      if (descriptor.link >= entries) {
        found.problem("ERR_VIRTQUEUE_NEXT", `descriptor ${index} is followed by ${descriptor.link} in a table of ${entries}`);
        return;
      }
      index = descriptor.link;
    }
  }

  #enterTable(found: Found, { address, length }: DescriptorSnapshot, follow: (entries: number) => void): void {
    if (!this.#indirect) found.problem("ERR_VIRTQUEUE_INDIRECT", "an indirect descriptor without VIRTIO_F_INDIRECT_DESC");
    if (length === 0 || length % DESCRIPTOR_SIZE !== 0) {
      found.problem("ERR_VIRTQUEUE_INDIRECT", `an indirect table of ${length} bytes`);
      return;
    }
    if (!this.#memory.contains(address, length)) {
      found.problem("ERR_VIRTQUEUE_INDIRECT", `indirect table at ${hex(address)}, ${length} bytes, is outside memory`);
      return;
    }
    const entries = length / DESCRIPTOR_SIZE;
    found.indirectTable = { address, entries };
    follow(entries);
  }

  /**
   * Follows a list of a packed ring from one place, over at most `slots` places.
   * @param unwritten flags that the driver has not written yet, by slot
   */
  packed(first: number, slots: number, unwritten?: ReadonlyMap<number, number>): Walked {
    const found = new Found(this.#memory, this.#maxLength);
    let id = 0;
    for (let i = 0; ; i++) {
      if (i >= slots) {
        found.problem("ERR_VIRTQUEUE_CHAIN_TOO_LONG", `the list goes on after ${slots} descriptors, which is all that it can have`);
        break;
      }
      if (this.exhausted) break;
      const slot = (first + i) % this.#size;
      const there = this.#read(this.#ring + slot * DESCRIPTOR_SIZE);
      const descriptor = { ...there, flags: unwritten?.get(slot) ?? there.flags };
      found.slots.push(slot);
      id = descriptor.link;
      if (descriptor.flags & DESC_F_INDIRECT) {
        if (i > 0 || descriptor.flags & DESC_F_NEXT)
          found.problem("ERR_VIRTQUEUE_INDIRECT", `slot ${slot}: an indirect descriptor in a list`);
        this.#enterTable(found, descriptor, (entries) => {
          for (let entry = 0; entry < entries && !this.exhausted; entry++) {
            if (!found.add(entry, true, this.#read(descriptor.address + entry * DESCRIPTOR_SIZE))) return;
          }
        });
        break;
      }
      if (!found.add(slot, false, descriptor)) break;
      if ((descriptor.flags & DESC_F_NEXT) === 0) break;
    }
    return found.done(id);
  }
}

/** What was found on the way along one chain. */
class Found {
  readonly #memory: GuestMemory;
  readonly #maxLength: number;
  readonly slots: number[] = [];
  indirectTable: { address: number; entries: number } | undefined;
  readonly #parts: ChainPart[] = [];
  readonly #problems: SnapshotProblem[] = [];
  #count = 0;
  #readable = 0;
  #writable = 0;
  #sawWritable = false;

  constructor(memory: GuestMemory, maxLength: number) {
    this.#memory = memory;
    this.#maxLength = maxLength;
  }

  /** Notes one of a kind: the first says all. */
  problem(code: VirtqueueErrorCode, message: string): void {
    if (!this.#problems.some((known) => known.code === code)) this.#problems.push({ code, message });
  }

  /** Returns whether to go on. */
  add(index: number, indirect: boolean, { address, length, flags }: DescriptorSnapshot): boolean {
    if (++this.#count > this.#maxLength) {
      this.problem("ERR_VIRTQUEUE_CHAIN_TOO_LONG", `the chain has more than ${this.#maxLength} descriptors`);
      return false;
    }
    const writable = (flags & DESC_F_WRITE) !== 0;
    if (this.#parts.length < MAX_PARTS) this.#parts.push({ index, indirect, address, length, writable });
    if (writable) this.#writable += length;
    else this.#readable += length;
    if (!writable && this.#sawWritable) this.problem("ERR_VIRTQUEUE_ORDER", "a device-readable descriptor follows a device-writable one");
    this.#sawWritable ||= writable;
    if (length > 0 && !this.#memory.contains(address, length)) {
      this.problem("ERR_VIRTQUEUE_BUFFER", `buffer at ${hex(address)}, ${length} bytes, is outside memory`);
    }
    if (this.#readable + this.#writable > 0x1_0000_0000) this.problem("ERR_VIRTQUEUE_BUFFER", "the chain has more than 2^32 bytes");
    return true;
  }

  done(id: number): Walked {
    const { slots, indirectTable } = this;
    const chain = {
      parts: this.#parts,
      more: Math.min(this.#count, this.#maxLength) - this.#parts.length,
      readable: this.#readable,
      writable: this.#writable,
      problems: this.#problems,
      ...(indirectTable && { indirectTable }),
    };
    return { chain, slots, id };
  }
}

/** An address for people; one that is not exact says so. */
export function hex(address: number): string {
  return Number.isSafeInteger(address) ? `0x${address.toString(16)}` : "0x20000000000000 or more";
}

/** A walk as a chain in some state. */
export function chainOf(walked: Walked, id: number, state: BufferState, more: Partial<ChainSnapshot> = {}): ChainSnapshot {
  return { id, state, ...walked.chain, ...more };
}
