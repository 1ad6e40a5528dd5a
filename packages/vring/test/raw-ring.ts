import { type Endian, FlatMemory, type GuestMemory, ReversedMemory } from "@zarch/guest-memory";
import { createDeviceVirtqueue, type DeviceVirtqueue, legacyAreas, type VirtqueueAreas, type VirtqueueConfig } from "../src/index.ts";

export const NEXT = 1;
export const WRITE = 2;
export const INDIRECT = 4;

export interface RawDescriptor {
  readonly address: number | bigint;
  readonly length: number;
  readonly flags?: number;
  readonly next?: number;
}

/** Flat memory that remembers every access. */
export class RecordingMemory extends FlatMemory {
  readonly loads: { address: number; length: number }[] = [];
  readonly stores: { address: number; length: number }[] = [];

  constructor(size: number) {
    super(size);
    this.observeWrites((address, length) => this.stores.push({ address, length }));
  }

  override read(address: number, target: Uint8Array): void {
    this.loads.push({ address, length: target.length });
    super.read(address, target);
  }

  override loadUint8(address: number): number {
    this.loads.push({ address, length: 1 });
    return super.loadUint8(address);
  }

  override loadUint16(address: number, endian: Endian): number {
    this.loads.push({ address, length: 2 });
    return super.loadUint16(address, endian);
  }

  override loadUint32(address: number, endian: Endian): number {
    this.loads.push({ address, length: 4 });
    return super.loadUint32(address, endian);
  }

  override loadUint32s(address: number, endian: Endian, target: Uint32Array): void {
    this.loads.push({ address, length: 4 * target.length });
    super.loadUint32s(address, endian, target);
  }

  override loadUint64(address: number, endian: Endian): number {
    this.loads.push({ address, length: 8 });
    return super.loadUint64(address, endian);
  }

  /** Loads that touch [from, to). */
  loadsIn(from: number, to: number): { address: number; length: number }[] {
    return this.loads.filter(({ address, length }) => address < to && address + length > from);
  }

  storesIn(from: number, to: number): { address: number; length: number }[] {
    return this.stores.filter(({ address, length }) => address < to && address + length > from);
  }
}

export function reversedMemory(size: number): ReversedMemory {
  return new ReversedMemory(new ArrayBuffer(size + 64), size + 31, size);
}

/** A split ring written by hand, to be as wrong as a test wants. */
export class RawRing {
  readonly memory: GuestMemory;
  readonly size: number;
  readonly areas: VirtqueueAreas;
  readonly endian: Endian;
  readonly queue: DeviceVirtqueue;

  constructor(config: Partial<VirtqueueConfig> & { memory?: GuestMemory; legacyAlign?: number } = {}) {
    const { memory = new FlatMemory(0x10_0000), legacyAlign, size = 8, endian = "little", ...rest } = config;
    this.memory = memory;
    this.size = size;
    this.endian = endian;
    this.areas =
      config.areas ?? (legacyAlign ? legacyAreas(0x4000, size, legacyAlign) : { descriptor: 0x1000, driver: 0x2000, device: 0x3000 });
    this.queue = createDeviceVirtqueue(memory, { ...rest, size, endian, areas: this.areas });
  }

  describeAt(address: number, descriptor: RawDescriptor): void {
    const { memory, endian } = this;
    if (typeof descriptor.address === "bigint") memory.storeBigUint64(address, descriptor.address, endian);
    else memory.storeUint64(address, descriptor.address, endian);
    memory.storeUint32(address + 8, descriptor.length, endian);
    memory.storeUint16(address + 12, descriptor.flags ?? 0, endian);
    memory.storeUint16(address + 14, descriptor.next ?? 0, endian);
  }

  describe(index: number, descriptor: RawDescriptor): void {
    this.describeAt(this.areas.descriptor + 16 * index, descriptor);
  }

  get availableIndex(): number {
    return this.memory.loadUint16(this.areas.driver + 2, this.endian);
  }

  set availableIndex(value: number) {
    this.memory.storeUint16(this.areas.driver + 2, value & 0xffff, this.endian);
  }

  set availableFlags(value: number) {
    this.memory.storeUint16(this.areas.driver, value, this.endian);
  }

  set usedEvent(value: number) {
    this.memory.storeUint16(this.areas.driver + 4 + 2 * this.size, value & 0xffff, this.endian);
  }

  get usedFlags(): number {
    return this.memory.loadUint16(this.areas.device, this.endian);
  }

  get usedIndex(): number {
    return this.memory.loadUint16(this.areas.device + 2, this.endian);
  }

  get availEvent(): number {
    return this.memory.loadUint16(this.areas.device + 4 + 8 * this.size, this.endian);
  }

  used(slot: number): { id: number; length: number } {
    const at = this.areas.device + 4 + 8 * slot;
    return { id: this.memory.loadUint32(at, this.endian), length: this.memory.loadUint32(at + 4, this.endian) };
  }

  /** Puts heads into the ring and moves the index over them. */
  offer(...heads: number[]): void {
    let index = this.availableIndex;
    for (const head of heads) {
      this.memory.storeUint16(this.areas.driver + 4 + 2 * (index % this.size), head, this.endian);
      index = (index + 1) & 0xffff;
    }
    this.availableIndex = index;
  }
}

/** The code of the VirtqueueError that `action` throws. */
export function codeOf(action: () => unknown): string {
  try {
    action();
  } catch (error) {
    return (error as { code?: string }).code ?? String(error);
  }
  return "no error";
}
