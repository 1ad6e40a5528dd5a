import { type Endian, type GuestMemory, GuestMemoryError, type WriteObserver } from "./memory.ts";

/**
 * Memory that does not begin at address 0, for machines that have their RAM elsewhere (0x8000_0000 on many RISC-V boards): address `base` here
 * is address 0 of the memory below. Nothing is below `base`.
 */
export class OffsetMemory implements GuestMemory {
  readonly size: number;
  readonly base: number;
  readonly #memory: GuestMemory;

  constructor(memory: GuestMemory, base: number) {
    if (!Number.isSafeInteger(base) || base < 0 || !Number.isSafeInteger(base + memory.size)) throw new RangeError(`memory at ${base}`);
    this.#memory = memory;
    this.base = base;
    this.size = base + memory.size;
  }

  contains(address: number, length: number): boolean {
    return this.#memory.contains(address - this.base, length);
  }

  /** An address of the memory below, after the check, so that errors show the address that was asked for. */
  #below(address: number, length: number): number {
    const below = address - this.base;
    if (!this.#memory.contains(below, length)) throw new GuestMemoryError(address, length);
    return below;
  }

  read(address: number, target: Uint8Array): void {
    this.#memory.read(this.#below(address, target.length), target);
  }

  write(address: number, source: Uint8Array): void {
    this.#memory.write(this.#below(address, source.length), source);
  }

  fill(address: number, length: number, value: number): void {
    this.#memory.fill(this.#below(address, length), length, value);
  }

  loadUint8(address: number): number {
    return this.#memory.loadUint8(this.#below(address, 1));
  }

  loadUint16(address: number, endian: Endian): number {
    return this.#memory.loadUint16(this.#below(address, 2), endian);
  }

  loadUint32(address: number, endian: Endian): number {
    return this.#memory.loadUint32(this.#below(address, 4), endian);
  }

  loadUint32s(address: number, endian: Endian, target: Uint32Array): void {
    this.#memory.loadUint32s(this.#below(address, 4 * target.length), endian, target);
  }

  loadUint64(address: number, endian: Endian): number {
    return this.#memory.loadUint64(this.#below(address, 8), endian);
  }

  loadBigUint64(address: number, endian: Endian): bigint {
    return this.#memory.loadBigUint64(this.#below(address, 8), endian);
  }

  storeUint8(address: number, value: number): void {
    this.#memory.storeUint8(this.#below(address, 1), value);
  }

  storeUint16(address: number, value: number, endian: Endian): void {
    this.#memory.storeUint16(this.#below(address, 2), value, endian);
  }

  storeUint32(address: number, value: number, endian: Endian): void {
    this.#memory.storeUint32(this.#below(address, 4), value, endian);
  }

  storeUint64(address: number, value: number, endian: Endian): void {
    this.#memory.storeUint64(this.#below(address, 8), value, endian);
  }

  storeBigUint64(address: number, value: bigint, endian: Endian): void {
    this.#memory.storeBigUint64(this.#below(address, 8), value, endian);
  }

  view(address: number, length: number): Uint8Array | undefined {
    return this.#memory.view(this.#below(address, length), length);
  }

  observeWrites(observer: WriteObserver): () => void {
    return this.#memory.observeWrites((address, length) => observer(address + this.base, length));
  }
}
