import type { GuestMemory } from "../../packages/guest-memory/src/index.ts";
import {
  AVAILABLE_INDEX,
  AVAILABLE_RING,
  advancePosition,
  DESC_F_NEXT,
  DESC_F_WRITE,
  DESC_LENGTH,
  DESCRIPTOR_SIZE,
  PACKED_DESC_FLAGS,
  PACKED_DESC_ID,
  packedAvailableFlags,
  packedUsedFlags,
  SPLIT_DESC_FLAGS,
  SPLIT_DESC_NEXT,
  USED_ENTRY_SIZE,
  USED_INDEX,
  USED_RING,
  type VirtqueueAreas,
} from "../../packages/vring/src/index.ts";

/** Entries of the ring, chains offered at a time, and descriptors of each. native/ring.c has the same. */
export const queueSize = 256;
export const batchSize = 32;
export const parts = 3;
/** Different chains that are offered in turn; all their descriptors fit into the table of a split ring. */
const chains = 64;

export const areas: VirtqueueAreas = { descriptor: 0x1000, driver: 0x2000, device: 0x3000 };
export const memorySize = 0x10_0000;

/** Request `i` of the 64: a header to read, data that is left alone, a status byte to write. */
const headerAt = (chain: number): number => 0x1_0000 + 64 * chain;
const dataAt = (chain: number): number => 0x2_0000 + 512 * chain;
const statusAt = (chain: number): number => headerAt(chain) + 32;
const lengths = [16, 512, 1] as const;

/** What a driver leaves in a status byte for the device to write over. */
const untouched = 0xff;

/**
 * The least that a driver has to do so that a device always finds chains of three descriptors: it writes the ring as such, keeps no account
 * of free descriptors, and allocates nothing, so that what is measured of the device is the device's.
 */
export interface BareDriver {
  /** Makes the next {@link batchSize} chains available. */
  offer(): void;
  /** Looks at what came back for them. Throws if the device did not do its work. */
  take(): void;
}

function writeHeader(memory: GuestMemory, chain: number, count: number): void {
  const at = headerAt(chain);
  memory.storeUint32(at, 1, "little");
  memory.storeUint32(at + 4, chain, "little");
  memory.storeUint64(at + 8, count, "little");
  memory.storeUint8(statusAt(chain), untouched);
}

function checkStatus(memory: GuestMemory, chain: number): void {
  if (memory.loadUint8(statusAt(chain)) !== 0) throw new Error(`the status of chain ${chain} was not written`);
}

export class BareSplitDriver implements BareDriver {
  readonly #memory: GuestMemory;
  #count = 0;
  #taken = 0;

  constructor(memory: GuestMemory) {
    this.#memory = memory;
    for (let chain = 0; chain < chains; chain++)
      for (let part = 0; part < parts; part++) {
        const index = chain * parts + part;
        const at = areas.descriptor + DESCRIPTOR_SIZE * index;
        const last = part === parts - 1;
        memory.storeUint64(at, [headerAt(chain), dataAt(chain), statusAt(chain)][part]!, "little");
        memory.storeUint32(at + DESC_LENGTH, lengths[part]!, "little");
        memory.storeUint16(at + SPLIT_DESC_FLAGS, last ? DESC_F_WRITE : DESC_F_NEXT, "little");
        memory.storeUint16(at + SPLIT_DESC_NEXT, last ? 0 : index + 1, "little");
      }
  }

  offer(): void {
    const memory = this.#memory;
    for (let i = 0; i < batchSize; i++) {
      const chain = this.#count % chains;
      writeHeader(memory, chain, this.#count);
      memory.storeUint16(areas.driver + AVAILABLE_RING + 2 * (this.#count % queueSize), chain * parts, "little");
      this.#count++;
    }
    memory.storeUint16(areas.driver + AVAILABLE_INDEX, this.#count & 0xffff, "little");
  }

  take(): void {
    const memory = this.#memory;
    if (memory.loadUint16(areas.device + USED_INDEX, "little") !== (this.#count & 0xffff)) throw new Error("not all chains came back");
    for (; this.#taken < this.#count; this.#taken++) {
      const entry = areas.device + USED_RING + USED_ENTRY_SIZE * (this.#taken % queueSize);
      const chain = this.#taken % chains;
      if (memory.loadUint32(entry, "little") !== chain * parts) throw new Error(`chain ${chain} did not come back`);
      if (memory.loadUint32(entry + 4, "little") !== 1) throw new Error(`chain ${chain} came back with a wrong length`);
      checkStatus(memory, chain);
    }
  }
}

export class BarePackedDriver implements BareDriver {
  readonly #memory: GuestMemory;
  #count = 0;
  #taken = 0;
  #nextAvailable = 0;
  #nextUsed = 0;

  constructor(memory: GuestMemory) {
    this.#memory = memory;
  }

  #place(address: number, length: number, id: number, flags: number): void {
    const memory = this.#memory;
    const at = areas.descriptor + DESCRIPTOR_SIZE * (this.#nextAvailable % queueSize);
    memory.storeUint64(at, address, "little");
    memory.storeUint32(at + DESC_LENGTH, length, "little");
    memory.storeUint16(at + PACKED_DESC_ID, id, "little");
    memory.storeUint16(at + PACKED_DESC_FLAGS, flags | packedAvailableFlags(this.#nextAvailable < queueSize), "little");
    this.#nextAvailable = advancePosition(this.#nextAvailable, 1, queueSize);
  }

  offer(): void {
    for (let i = 0; i < batchSize; i++) {
      const chain = this.#count % chains;
      writeHeader(this.#memory, chain, this.#count);
      this.#place(headerAt(chain), lengths[0], chain, DESC_F_NEXT);
      this.#place(dataAt(chain), lengths[1], chain, DESC_F_NEXT);
      this.#place(statusAt(chain), lengths[2], chain, DESC_F_WRITE);
      this.#count++;
    }
  }

  take(): void {
    const memory = this.#memory;
    for (; this.#taken < this.#count; this.#taken++) {
      const at = areas.descriptor + DESCRIPTOR_SIZE * (this.#nextUsed % queueSize);
      const chain = this.#taken % chains;
      const flags = memory.loadUint16(at + PACKED_DESC_FLAGS, "little");
      if (flags !== (packedUsedFlags(this.#nextUsed < queueSize) | DESC_F_WRITE)) throw new Error("not all chains came back");
      if (memory.loadUint16(at + PACKED_DESC_ID, "little") !== chain) throw new Error(`chain ${chain} did not come back`);
      if (memory.loadUint32(at + DESC_LENGTH, "little") !== 1) throw new Error(`chain ${chain} came back with a wrong length`);
      checkStatus(memory, chain);
      this.#nextUsed = advancePosition(this.#nextUsed, parts, queueSize);
    }
  }
}
