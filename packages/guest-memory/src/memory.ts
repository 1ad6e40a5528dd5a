import { GuestError } from "@zarch/vmm-interface";

/** Byte order of a multi-byte field in guest memory. Always named by the caller, never assumed. */
export type Endian = "big" | "little";

/** Called after bytes of guest memory changed through a {@link GuestMemory}: absolute address and length in bytes. */
export type WriteObserver = (address: number, length: number) => void;

/** A span that is not wholly inside guest memory. Nothing was read or written. */
export class GuestMemoryError extends GuestError {
  /** First byte of the refused span (may be any number that the guest produced). */
  readonly address: number;
  /** Length of the refused span in bytes. */
  readonly length: number;

  constructor(address: number, length: number) {
    super("ERR_GUEST_MEMORY_RANGE", `guest memory span at 0x${address.toString(16)}, length ${length}, is outside memory`);
    this.address = address;
    this.length = length;
  }
}

/**
 * Guest physical (absolute) memory as devices and loaders see it.
 *
 * Addresses are numbers. {@link loadUint64} gives a value of 2^53 or more inexactly but never below 2^53, so that such a
 * value, used as an address, fails {@link contains} like every other address outside memory.
 * Every access outside memory throws {@link GuestMemoryError} and has no partial effect.
 */
export interface GuestMemory {
  /** Valid addresses are below it: with memory from address 0, as usual, the bytes of memory. */
  readonly size: number;
  /** Whether the span lies in memory. False for negative, fractional or unsafe numbers; true for length 0 up to `size`. */
  contains(address: number, length: number): boolean;
  /** Copies `target.length` bytes from guest memory into `target`. */
  read(address: number, target: Uint8Array): void;
  /** Copies all of `source` into guest memory. */
  write(address: number, source: Uint8Array): void;
  /** Sets `length` bytes to `value` (0 to 255). */
  fill(address: number, length: number, value: number): void;
  loadUint8(address: number): number;
  loadUint16(address: number, endian: Endian): number;
  loadUint32(address: number, endian: Endian): number;
  /** Loads `target.length` consecutive 32-bit values: a descriptor or a header at once, at the price of one check. */
  loadUint32s(address: number, endian: Endian, target: Uint32Array): void;
  /** See the interface's note for values of 2^53 and more. */
  loadUint64(address: number, endian: Endian): number;
  loadBigUint64(address: number, endian: Endian): bigint;
  storeUint8(address: number, value: number): void;
  storeUint16(address: number, value: number, endian: Endian): void;
  storeUint32(address: number, value: number, endian: Endian): void;
  /** `value`: a non-negative safe integer. */
  storeUint64(address: number, value: number, endian: Endian): void;
  storeBigUint64(address: number, value: bigint, endian: Endian): void;
  /** A live view of the span when the layout allows one (flat memory), else undefined. Writes to it are not observed. */
  view(address: number, length: number): Uint8Array | undefined;
  /** Calls `observer` after each write through this object. Returns a function that stops it. */
  observeWrites(observer: WriteObserver): () => void;
}

export function isSpanInside(size: number, address: number, length: number): boolean {
  return Number.isSafeInteger(address) && Number.isSafeInteger(length) && address >= 0 && length >= 0 && address <= size - length;
}

/** 64 bits of a view as a number, see {@link GuestMemory}. */
export function getUint64(view: DataView, offset: number, little: boolean): number {
  // V8 inlines calls to views only if nothing is decided between the look at the view and the call.
  const lowAt = little ? offset : offset + 4;
  const highAt = little ? offset + 4 : offset;
  const low = view.getUint32(lowAt, little);
  const high = view.getUint32(highAt, little);
  // Most values are small, and stay integers for the compiler of the host then.
  return high === 0 ? low : high * 0x1_0000_0000 + low;
}

/** Stores a non-negative safe integer as 64 bits. */
export function setUint64(view: DataView, offset: number, value: number, little: boolean): void {
  const lowAt = little ? offset : offset + 4;
  const highAt = little ? offset + 4 : offset;
  const high = Math.floor(value / 0x1_0000_0000);
  view.setUint32(lowAt, value >>> 0, little);
  view.setUint32(highAt, high, little);
}

/** The observers of one memory; no cost beyond a length test when there are none. */
export class WriteObservers {
  #observers: readonly WriteObserver[] = [];

  add(observer: WriteObserver): () => void {
    this.#observers = [...this.#observers, observer];
    return () => {
      this.#observers = this.#observers.filter((other) => other !== observer);
    };
  }

  notify(address: number, length: number): void {
    if (this.#observers.length > 0) this.#tell(address, length);
  }

  #tell(address: number, length: number): void {
    for (const observer of this.#observers) observer(address, length);
  }
}
