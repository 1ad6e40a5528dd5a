import type { GuestMemory } from "@zarch/guest-memory";
import { BugError } from "@zarch/vmm-interface";
import { DESCRIPTOR_SIZE } from "./descriptor.ts";
import type { BufferSpan, DriverVirtqueueConfig, IndirectTables } from "./driver-virtqueue.ts";
import { VirtqueueError } from "./errors.ts";

/** Most bytes in one buffer (virtio 2.7.5.2). */
const MAX_BUFFER_BYTES = 0x1_0000_0000;

export function totalLength(spans: readonly BufferSpan[]): number {
  return spans.reduce((sum, { length }) => sum + length, 0);
}

/** @throws BugError for a buffer that no driver may offer (2.7.5.2): nothing in it, or more than 2^32 bytes */
export function checkBuffer(spans: readonly BufferSpan[]): void {
  if (spans.length === 0) throw new BugError("a buffer without any part");
  if (totalLength(spans) > MAX_BUFFER_BYTES) throw new BugError("a buffer of more than 2^32 bytes");
}

/** Most parts of one buffer, in an indirect table or not (2.7.5.3.1, 2.8.17, 2.8.19). */
export function maxParts({ size, maxChainLength = size }: DriverVirtqueueConfig): number {
  return Math.min(size, maxChainLength);
}

/** The indirect tables of a driver, if it has any and may use them: one for each descriptor (split) or buffer id (packed). */
export class DriverTables {
  readonly #tables: IndirectTables | undefined;

  /** @throws VirtqueueError ERR_VIRTQUEUE_INDIRECT if they are outside memory */
  constructor(memory: GuestMemory, { indirect, indirectTables, size }: DriverVirtqueueConfig) {
    this.#tables = indirect ? indirectTables : undefined;
    if (this.#tables && !memory.contains(this.#tables.address, this.#tables.entries * DESCRIPTOR_SIZE * size)) {
      throw new VirtqueueError("ERR_VIRTQUEUE_INDIRECT", "the indirect tables are outside memory");
    }
  }

  /** Whether a buffer of so many parts is to go into a table. */
  fit(parts: number): boolean {
    return this.#tables !== undefined && parts > 1 && parts <= this.#tables.entries;
  }

  /** Where table `n` is; only if something fits. */
  address(n: number): number {
    return this.#tables ? this.#tables.address + n * this.#tables.entries * DESCRIPTOR_SIZE : 0;
  }
}
