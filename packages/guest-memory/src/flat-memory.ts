import {
  type Endian,
  type GuestMemory,
  GuestMemoryError,
  getUint64,
  isSpanInside,
  setUint64,
  type WriteObserver,
  WriteObservers,
} from "./memory.ts";

/** Guest memory in a plain buffer: guest byte A is buffer byte A. For everyone who has no CPU of ours. */
export class FlatMemory implements GuestMemory {
  readonly size: number;
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  readonly #observers = new WriteObservers();

  /** @param memory bytes of new, zeroed memory; or a buffer to use as memory */
  constructor(memory: number | ArrayBufferLike | Uint8Array) {
    const bytes = memory instanceof Uint8Array ? memory : new Uint8Array(typeof memory === "number" ? new ArrayBuffer(memory) : memory);
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.size = bytes.byteLength;
  }

  contains(address: number, length: number): boolean {
    if (address >>> 0 === address && length >>> 0 === length) return address <= this.size - length;
    return isSpanInside(this.size, address, length);
  }

  #check(address: number, length: number): void {
    if (!this.contains(address, length)) throw new GuestMemoryError(address, length);
  }

  read(address: number, target: Uint8Array): void {
    this.#check(address, target.length);
    target.set(this.#bytes.subarray(address, address + target.length));
  }

  write(address: number, source: Uint8Array): void {
    this.#check(address, source.length);
    this.#bytes.set(source, address);
    this.#observers.notify(address, source.length);
  }

  fill(address: number, length: number, value: number): void {
    this.#check(address, length);
    this.#bytes.fill(value, address, address + length);
    this.#observers.notify(address, length);
  }

  loadUint8(address: number): number {
    this.#check(address, 1);
    return this.#view.getUint8(address);
  }

  loadUint16(address: number, endian: Endian): number {
    this.#check(address, 2);
    return this.#view.getUint16(address, endian === "little");
  }

  loadUint32(address: number, endian: Endian): number {
    this.#check(address, 4);
    return this.#view.getUint32(address, endian === "little");
  }

  loadUint32s(address: number, endian: Endian, target: Uint32Array): void {
    this.#check(address, 4 * target.length);
    const little = endian === "little";
    for (let i = 0; i < target.length; i++) target[i] = this.#view.getUint32(address + 4 * i, little);
  }

  loadUint64(address: number, endian: Endian): number {
    this.#check(address, 8);
    return getUint64(this.#view, address, endian === "little");
  }

  loadBigUint64(address: number, endian: Endian): bigint {
    this.#check(address, 8);
    return this.#view.getBigUint64(address, endian === "little");
  }

  storeUint8(address: number, value: number): void {
    this.#check(address, 1);
    this.#view.setUint8(address, value);
    this.#observers.notify(address, 1);
  }

  storeUint16(address: number, value: number, endian: Endian): void {
    this.#check(address, 2);
    this.#view.setUint16(address, value, endian === "little");
    this.#observers.notify(address, 2);
  }

  storeUint32(address: number, value: number, endian: Endian): void {
    this.#check(address, 4);
    this.#view.setUint32(address, value, endian === "little");
    this.#observers.notify(address, 4);
  }

  storeUint64(address: number, value: number, endian: Endian): void {
    this.#check(address, 8);
    setUint64(this.#view, address, value, endian === "little");
    this.#observers.notify(address, 8);
  }

  storeBigUint64(address: number, value: bigint, endian: Endian): void {
    this.#check(address, 8);
    this.#view.setBigUint64(address, value, endian === "little");
    this.#observers.notify(address, 8);
  }

  view(address: number, length: number): Uint8Array {
    this.#check(address, length);
    return this.#bytes.subarray(address, address + length);
  }

  observeWrites(observer: WriteObserver): () => void {
    return this.#observers.add(observer);
  }
}
