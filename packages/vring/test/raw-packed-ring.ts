import { type Endian, FlatMemory, type GuestMemory } from "@zarch/guest-memory";
import { createDeviceVirtqueue, type DeviceVirtqueue, type VirtqueueConfig } from "../src/index.ts";

export const AVAIL = 1 << 7;
export const USED = 1 << 15;
export const PACKED_AREAS = { descriptor: 0x1000, driver: 0x2000, device: 0x3000 };

export interface RawPacked {
  readonly address: number | bigint;
  readonly length: number;
  readonly id?: number;
  readonly flags?: number;
}

/** A packed ring written by hand, to be as wrong as a test wants. */
export class RawPackedRing {
  readonly memory: GuestMemory;
  readonly size: number;
  readonly endian: Endian;
  readonly queue: DeviceVirtqueue;

  constructor(config: Partial<VirtqueueConfig> & { memory?: GuestMemory } = {}) {
    const { memory = new FlatMemory(0x10_0000), size = 5, endian = "little", ...rest } = config;
    this.memory = memory;
    this.size = size;
    this.endian = endian;
    this.queue = createDeviceVirtqueue(memory, { ...rest, format: "packed", size, endian, areas: PACKED_AREAS });
  }

  describeAt(at: number, { address, length, id = 0, flags = 0 }: RawPacked): void {
    const { memory, endian } = this;
    memory.storeBigUint64(at, BigInt(address), endian);
    memory.storeUint32(at + 8, length, endian);
    memory.storeUint16(at + 12, id, endian);
    memory.storeUint16(at + 14, flags, endian);
  }

  /** Writes a descriptor that is available in the given round (wrap counter), true for the first. */
  offer(slot: number, descriptor: RawPacked, wrap = true): void {
    const flags = (descriptor.flags ?? 0) | (wrap ? AVAIL : USED);
    this.describeAt(PACKED_AREAS.descriptor + 16 * slot, { ...descriptor, flags });
  }

  slot(slot: number): { length: number; id: number; flags: number } {
    const at = PACKED_AREAS.descriptor + 16 * slot;
    return {
      length: this.memory.loadUint32(at + 8, this.endian),
      id: this.memory.loadUint16(at + 12, this.endian),
      flags: this.memory.loadUint16(at + 14, this.endian),
    };
  }

  /** The driver event suppression area. */
  driverEvent(flags: number, offset = 0, wrap = true): void {
    this.memory.storeUint16(PACKED_AREAS.driver, offset | (wrap ? 0x8000 : 0), this.endian);
    this.memory.storeUint16(PACKED_AREAS.driver + 2, flags, this.endian);
  }

  get deviceEvent(): { offset: number; wrap: boolean; flags: number } {
    const event = this.memory.loadUint16(PACKED_AREAS.device, this.endian);
    return { offset: event & 0x7fff, wrap: event >= 0x8000, flags: this.memory.loadUint16(PACKED_AREAS.device + 2, this.endian) };
  }
}
