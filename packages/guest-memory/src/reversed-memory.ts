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

/** Copies bytes between a host array and reversed memory faster than a JavaScript loop can. */
export interface ReversedCopier {
  /** Copies guest bytes [address, address + target.length) into `target`. The span is known to be inside memory. */
  copyOut(address: number, target: Uint8Array): void;
  /** Copies `source` to guest address `address`. The span is known to be inside memory. */
  copyIn(address: number, source: Uint8Array): void;
}

/**
 * Guest memory in reversed byte order: guest byte A is buffer byte `top - A`. An aligned or unaligned n-byte big-endian
 * guest value is then one little-endian value at `top - A - n + 1`, which is what a WebAssembly load wants.
 */
export class ReversedMemory implements GuestMemory {
  readonly size: number;
  /** Buffer offset of guest byte 0. */
  readonly top: number;
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  readonly #observers = new WriteObservers();
  #copier: ReversedCopier | undefined;

  /** @param top offset in `buffer` of guest byte 0; at least `size - 1` */
  constructor(buffer: ArrayBufferLike, top: number, size: number) {
    if (top < size - 1 || top >= buffer.byteLength) throw new RangeError("reversed memory does not fit its buffer");
    this.#bytes = new Uint8Array(buffer);
    this.#view = new DataView(buffer);
    this.top = top;
    this.size = size;
  }

  /** Sets the fast path for bulk copies. */
  useCopier(copier: ReversedCopier): void {
    this.#copier = copier;
  }

  contains(address: number, length: number): boolean {
    if (address >>> 0 === address && length >>> 0 === length) return address <= this.size - length;
    return isSpanInside(this.size, address, length);
  }

  /** Buffer offset of the last (lowest) byte of a checked span. */
  #low(address: number, length: number): number {
    if (!this.contains(address, length)) throw new GuestMemoryError(address, length);
    return this.top - address - length + 1;
  }

  read(address: number, target: Uint8Array): void {
    const length = target.length;
    this.#low(address, length);
    if (length >= 64 && this.#copier) {
      this.#copier.copyOut(address, target);
      return;
    }
    const top = this.top - address;
    for (let i = 0; i < length; i++) target[i] = this.#bytes[top - i] as number;
  }

  write(address: number, source: Uint8Array): void {
    const length = source.length;
    this.#low(address, length);
    if (length >= 64 && this.#copier) {
      this.#copier.copyIn(address, source);
    } else {
      const top = this.top - address;
      for (let i = 0; i < length; i++) this.#bytes[top - i] = source[i] as number;
    }
    this.#observers.notify(address, length);
  }

  fill(address: number, length: number, value: number): void {
    const low = this.#low(address, length);
    this.#bytes.fill(value, low, low + length);
    this.#observers.notify(address, length);
  }

  loadUint8(address: number): number {
    return this.#view.getUint8(this.#low(address, 1));
  }

  loadUint16(address: number, endian: Endian): number {
    return this.#view.getUint16(this.#low(address, 2), endian === "big");
  }

  loadUint32(address: number, endian: Endian): number {
    return this.#view.getUint32(this.#low(address, 4), endian === "big");
  }

  loadUint32s(address: number, endian: Endian, target: Uint32Array): void {
    // Where the first value lies, which is highest.
    const first = this.#low(address, 4 * target.length) + 4 * (target.length - 1);
    const big = endian === "big";
    for (let i = 0; i < target.length; i++) target[i] = this.#view.getUint32(first - 4 * i, big);
  }

  loadUint64(address: number, endian: Endian): number {
    return getUint64(this.#view, this.#low(address, 8), endian === "big");
  }

  loadBigUint64(address: number, endian: Endian): bigint {
    return this.#view.getBigUint64(this.#low(address, 8), endian === "big");
  }

  storeUint8(address: number, value: number): void {
    this.#view.setUint8(this.#low(address, 1), value);
    this.#observers.notify(address, 1);
  }

  storeUint16(address: number, value: number, endian: Endian): void {
    this.#view.setUint16(this.#low(address, 2), value, endian === "big");
    this.#observers.notify(address, 2);
  }

  storeUint32(address: number, value: number, endian: Endian): void {
    this.#view.setUint32(this.#low(address, 4), value, endian === "big");
    this.#observers.notify(address, 4);
  }

  storeUint64(address: number, value: number, endian: Endian): void {
    setUint64(this.#view, this.#low(address, 8), value, endian === "big");
    this.#observers.notify(address, 8);
  }

  storeBigUint64(address: number, value: bigint, endian: Endian): void {
    this.#view.setBigUint64(this.#low(address, 8), value, endian === "big");
    this.#observers.notify(address, 8);
  }

  view(_address: number, _length: number): undefined {
    return undefined;
  }

  observeWrites(observer: WriteObserver): () => void {
    return this.#observers.add(observer);
  }
}
