import type { Endian, GuestMemory } from "@zarch/guest-memory";
import { F_EVENT_IDX, F_IN_ORDER, F_INDIRECT_DESC, F_RING_PACKED, type ReadonlyFeatureSet } from "@zarch/virtio";
import {
  availableRingSize,
  createDriverVirtqueue,
  type DriverVirtqueue,
  descriptorTableSize,
  EVENT_SUPPRESSION_SIZE,
  legacyAreas,
  legacyRingSize,
  usedRingSize,
  type VirtqueueAreas,
} from "@zarch/vring";
import type { BufferPool } from "./buffer-pool.ts";
import { DriverError } from "./errors.ts";

/** Alignment of the used ring, and of the whole ring, in the legacy layout. */
export const LEGACY_ALIGN = 4096;

/** Descriptors in each indirect table. */
const INDIRECT_ENTRIES = 16;

/** What decides the shape of the rings. */
export interface RingShape {
  readonly legacy: boolean;
  readonly endian: Endian;
  readonly features: ReadonlyFeatureSet;
  /** See `DriverVirtqueueConfig`. */
  readonly toleratesLengths: boolean;
}

/** The memory of one queue, taken once and used again when the queue is set up anew. */
export class QueueMemory {
  readonly size: number;
  readonly areas: VirtqueueAreas;
  readonly #shape: RingShape;
  readonly #tables: number | undefined;

  /**
   * @param areas where the host has placed the ring, if it has
   * @throws DriverError ERR_DRIVER_MEMORY
   */
  constructor(pool: BufferPool, size: number, shape: RingShape, areas?: VirtqueueAreas) {
    this.size = size;
    this.#shape = shape;
    if (areas) {
      this.areas = areas;
    } else if (shape.legacy) {
      this.areas = legacyAreas(take(pool, legacyRingSize(size, LEGACY_ALIGN), LEGACY_ALIGN), size, LEGACY_ALIGN);
    } else {
      const packed = shape.features.has(F_RING_PACKED);
      this.areas = {
        descriptor: take(pool, descriptorTableSize(size), 16),
        driver: take(pool, packed ? EVENT_SUPPRESSION_SIZE : availableRingSize(size), 4),
        device: take(pool, packed ? EVENT_SUPPRESSION_SIZE : usedRingSize(size), 4),
      };
    }
    // A list of buffers may not be longer than the queue, in a table neither (2.7.5.3.1, 2.8.17).
    this.#tables = shape.features.has(F_INDIRECT_DESC) ? take(pool, 16 * this.#entries * size, 16) : undefined;
  }

  get #entries(): number {
    return Math.min(INDIRECT_ENTRIES, this.size);
  }

  /** A ring at its beginning, its memory zeroed. */
  createRing<Token>(memory: GuestMemory): DriverVirtqueue<Token> {
    const { features, endian, toleratesLengths } = this.#shape;
    return createDriverVirtqueue<Token>(memory, {
      format: features.has(F_RING_PACKED) ? "packed" : "split",
      size: this.size,
      areas: this.areas,
      endian,
      indirect: features.has(F_INDIRECT_DESC),
      eventIndex: features.has(F_EVENT_IDX),
      inOrder: features.has(F_IN_ORDER),
      toleratesLengths,
      ...(this.#tables === undefined ? {} : { indirectTables: { address: this.#tables, entries: this.#entries } }),
    });
  }
}

function take(pool: BufferPool, length: number, align: number): number {
  const address = pool.take(length, align);
  if (address === undefined) throw new DriverError("ERR_DRIVER_MEMORY", "too little memory for the rings");
  return address;
}
