import type { Endian } from "@zarch/guest-memory";
import { createDriverVirtqueue, type DriverVirtqueue, type DriverVirtqueueConfig, type DriverVirtqueueOptions } from "../src/index.ts";
import { RecordingMemory } from "./raw-ring.ts";

export const AREAS = { descriptor: 0x1000, driver: 0x2000, device: 0x3000 };
export const TABLES = 0x4000;
export const DATA = 0x8000;

/** A driver's split ring whose device is played by hand. */
export class SplitDriverRing {
  readonly memory = new RecordingMemory(0x10000);
  readonly config: DriverVirtqueueConfig;
  readonly endian: Endian;
  readonly size: number;
  readonly queue: DriverVirtqueue<string>;

  constructor(config: Partial<DriverVirtqueueConfig> = {}) {
    this.memory.fill(0, 0x10000, 0xee);
    this.config = { size: 8, endian: "little", areas: AREAS, ...config };
    this.size = this.config.size;
    this.endian = this.config.endian;
    this.queue = createDriverVirtqueue<string>(this.memory, this.config);
    this.memory.stores.length = 0;
  }

  descriptor(index: number, table: number = this.config.areas.descriptor) {
    const at = table + 16 * index;
    return {
      address: this.memory.loadUint64(at, this.endian),
      length: this.memory.loadUint32(at + 8, this.endian),
      flags: this.memory.loadUint16(at + 12, this.endian),
      next: this.memory.loadUint16(at + 14, this.endian),
    };
  }

  head(slot: number): number {
    return this.memory.loadUint16(this.config.areas.driver + 4 + 2 * slot, this.endian);
  }

  get availableFlags(): number {
    return this.memory.loadUint16(this.config.areas.driver, this.endian);
  }

  get availableIndex(): number {
    return this.memory.loadUint16(this.config.areas.driver + 2, this.endian);
  }

  get usedEvent(): number {
    return this.memory.loadUint16(this.config.areas.driver + 4 + 2 * this.size, this.endian);
  }

  get usedIndex(): number {
    return this.memory.loadUint16(this.config.areas.device + 2, this.endian);
  }

  set usedFlags(value: number) {
    this.memory.storeUint16(this.config.areas.device, value, this.endian);
  }

  set availEvent(value: number) {
    this.memory.storeUint16(this.config.areas.device + 4 + 8 * this.size, value & 0xffff, this.endian);
  }

  /** Returns buffers as a device does; `count` buffers with one entry in a batch. */
  use(head: number, written = 0, count = 1): void {
    const index = this.usedIndex;
    const at = this.config.areas.device + 4 + 8 * (index % this.size);
    this.memory.storeUint32(at, head, this.endian);
    this.memory.storeUint32(at + 4, written, this.endian);
    this.memory.storeUint16(this.config.areas.device + 2, (index + count) & 0xffff, this.endian);
  }

  /** Adds a buffer with `out` parts to read and `into` parts to write, of `length` bytes each. */
  add(token: string, out = 1, into = 0, length = 16): boolean {
    const parts = (count: number, from: number) => Array.from({ length: count }, (_, i) => ({ address: from + 0x100 * i, length }));
    return this.queue.add(parts(out, DATA), parts(into, DATA + 0x4000), token);
  }

  /** Buffers through the ring, one by one, to get its indices to `count`. */
  turn(count: number): void {
    for (let i = 0; i < count; i++) {
      this.add("turn");
      this.queue.kickPrepare();
      this.use(this.head((this.availableIndex - 1) & (this.size - 1)));
      this.queue.getBuf();
    }
  }
}

/** A driver's packed ring whose device is played by hand. */
export class PackedDriverRing {
  readonly memory = new RecordingMemory(0x10000);
  readonly config: DriverVirtqueueConfig;
  readonly endian: Endian;
  readonly size: number;
  readonly queue: DriverVirtqueue<string>;

  constructor(config: Partial<DriverVirtqueueConfig> = {}, options: DriverVirtqueueOptions<string> = {}) {
    this.memory.fill(0, 0x10000, 0xee);
    this.config = { format: "packed", size: 5, endian: "little", areas: AREAS, ...config };
    this.size = this.config.size;
    this.endian = this.config.endian;
    this.queue = createDriverVirtqueue<string>(this.memory, this.config, options);
    this.memory.stores.length = 0;
  }

  descriptor(index: number, table: number = this.config.areas.descriptor) {
    const at = table + 16 * index;
    return {
      address: this.memory.loadUint64(at, this.endian),
      length: this.memory.loadUint32(at + 8, this.endian),
      id: this.memory.loadUint16(at + 12, this.endian),
      flags: this.memory.loadUint16(at + 14, this.endian),
    };
  }

  get driverEvent() {
    const event = this.memory.loadUint16(this.config.areas.driver, this.endian);
    return { slot: event & 0x7fff, wrap: event >= 0x8000, flags: this.memory.loadUint16(this.config.areas.driver + 2, this.endian) };
  }

  deviceEvent(flags: number, slot = 0, wrap = true): void {
    this.memory.storeUint16(this.config.areas.device, slot | (wrap ? 0x8000 : 0), this.endian);
    this.memory.storeUint16(this.config.areas.device + 2, flags, this.endian);
  }

  /** Writes a used descriptor as a device does. */
  use(slot: number, id: number, wrap: boolean, written = 0, moreFlags = 0): void {
    const at = this.config.areas.descriptor + 16 * slot;
    this.memory.storeUint32(at + 8, written, this.endian);
    this.memory.storeUint16(at + 12, id, this.endian);
    this.memory.storeUint16(at + 14, (wrap ? 0x8080 : 0) | (written > 0 ? 2 : 0) | moreFlags, this.endian);
  }

  /** Adds a buffer with `out` parts to read and `into` parts to write, of `length` bytes each. */
  add(token: string, out = 1, into = 0, length = 16): boolean {
    const parts = (count: number, from: number) => Array.from({ length: count }, (_, i) => ({ address: from + 0x100 * i, length }));
    return this.queue.add(parts(out, DATA), parts(into, DATA + 0x4000), token);
  }
}
