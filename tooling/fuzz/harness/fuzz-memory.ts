import { type Endian, type GuestMemory, GuestMemoryError } from "../../../packages/guest-memory/src/index.ts";
import { Finding } from "../engine/target.ts";

/** Who may touch what at the moment. Each returns whether the access is right. */
export interface MemoryGuard {
  mayRead(address: number, length: number): boolean;
  mayWrite(address: number, length: number): boolean;
}

/** Bytes that the guest stores behind the device's back. */
interface Patch {
  readonly afterReads: number;
  readonly address: number;
  readonly bytes: Uint8Array;
}

/**
 * Guest memory that watches who uses it: counts accesses, so that a call that does not end is noticed; lets the guest change bytes between
 * two reads of the device; remembers what the device saw; and asks a guard about each access.
 *
 * It is itself what the device under test sees. The driver's side goes through {@link guest}, which is not watched.
 */
export class FuzzMemory implements GuestMemory {
  readonly size: number;
  /** The content, for the driver's side. */
  readonly guest: Uint8Array;
  readonly #view: DataView;
  guard: MemoryGuard | undefined;
  /** Accesses that are left to the call in progress. */
  #steps = Number.POSITIVE_INFINITY;
  #limit = 0;
  #patches: Patch[] = [];
  /** Reads until the next patch. */
  #untilPatch = 0;
  /** Number of patches that took effect. */
  patched = 0;
  /** By byte: the window in which it was last read for the first time, and its value then. */
  readonly #seenIn: Uint32Array;
  readonly #seen: Uint8Array;
  #window = 0;
  /** The first thing that was wrong. It is also thrown, but a device may catch that. */
  finding: Finding | undefined;

  constructor(size: number) {
    this.size = size;
    this.guest = new Uint8Array(size);
    this.#view = new DataView(this.guest.buffer);
    this.#seenIn = new Uint32Array(size);
    this.#seen = new Uint8Array(size);
  }

  /** Makes it as good as new. */
  reset(): void {
    this.guest.fill(0);
    this.guard = undefined;
    this.finding = undefined;
    this.patched = 0;
    this.dropPatches();
    this.limit(Number.POSITIVE_INFINITY);
    this.startWindow();
  }

  /** A call into the device begins: it may make so many accesses. */
  limit(steps: number): void {
    this.#limit = steps;
    this.#steps = steps;
  }

  /** From now on {@link seen} tells of reads after this moment. */
  startWindow(): void {
    this.#window++;
  }

  /** What the device read first at an address since {@link startWindow}: `length` bytes, or undefined if it did not read all of them. */
  seen(address: number, length: number): DataView | undefined {
    if (!this.contains(address, length)) return undefined;
    for (let i = address; i < address + length; i++) if (this.#seenIn[i] !== this.#window) return undefined;
    return new DataView(this.#seen.buffer, address, length);
  }

  /** The guest stores `bytes` after the device's next `afterReads` reads. */
  patchLater(afterReads: number, address: number, bytes: Uint8Array): void {
    this.#patches.push({ afterReads, address, bytes });
    if (this.#untilPatch === 0) this.#untilPatch = afterReads;
  }

  #applyPatch(): void {
    const patch = this.#patches.shift();
    if (!patch) return;
    this.guest.set(patch.bytes.subarray(0, Math.max(0, this.size - patch.address)), Math.min(patch.address, this.size));
    this.patched++;
    this.#untilPatch = this.#patches[0]?.afterReads ?? 0;
  }

  /** Ends what the guest still wanted to do. */
  dropPatches(): void {
    this.#patches = [];
    this.#untilPatch = 0;
  }

  report(finding: Finding): never {
    this.finding ??= finding;
    throw finding;
  }

  /** Does something that may find a bug where a device could swallow the exception. */
  noting(action: () => unknown): void {
    try {
      action();
    } catch (error) {
      if (error instanceof Finding) this.finding ??= error;
      throw error;
    }
  }

  #access(address: number, length: number): void {
    if (--this.#steps < 0) {
      this.#steps = Number.POSITIVE_INFINITY;
      this.report(new Finding("steps", `one call made more than ${this.#limit} accesses to guest memory`));
    }
    if (!this.contains(address, length)) throw new GuestMemoryError(address, length);
  }

  #reads(address: number, length: number): void {
    this.#access(address, length);
    if (this.guard && !this.guard.mayRead(address, length)) {
      this.report(new Finding("read", `the device read ${length} bytes at 0x${address.toString(16)}, which it was not given`));
    }
    for (let i = address; i < address + length; i++) {
      if (this.#seenIn[i] === this.#window) continue;
      this.#seenIn[i] = this.#window;
      this.#seen[i] = this.guest[i] as number;
    }
  }

  /** The guest is next. */
  #hasRead(): void {
    if (this.#untilPatch !== 0 && --this.#untilPatch === 0) this.#applyPatch();
  }

  #writes(address: number, length: number): void {
    this.#access(address, length);
    if (this.guard && !this.guard.mayWrite(address, length)) {
      this.report(new Finding("write", `the device wrote ${length} bytes at 0x${address.toString(16)}, which it was not given`));
    }
  }

  contains(address: number, length: number): boolean {
    return Number.isSafeInteger(address) && Number.isSafeInteger(length) && address >= 0 && length >= 0 && address <= this.size - length;
  }

  read(address: number, target: Uint8Array): void {
    this.#reads(address, target.length);
    target.set(this.guest.subarray(address, address + target.length));
    this.#hasRead();
  }

  write(address: number, source: Uint8Array): void {
    this.#writes(address, source.length);
    this.guest.set(source, address);
  }

  fill(address: number, length: number, value: number): void {
    this.#writes(address, length);
    this.guest.fill(value, address, address + length);
  }

  loadUint8(address: number): number {
    this.#reads(address, 1);
    const value = this.#view.getUint8(address);
    this.#hasRead();
    return value;
  }

  loadUint16(address: number, endian: Endian): number {
    this.#reads(address, 2);
    const value = this.#view.getUint16(address, endian === "little");
    this.#hasRead();
    return value;
  }

  loadUint32(address: number, endian: Endian): number {
    this.#reads(address, 4);
    const value = this.#view.getUint32(address, endian === "little");
    this.#hasRead();
    return value;
  }

  loadUint32s(address: number, endian: Endian, target: Uint32Array): void {
    this.#reads(address, 4 * target.length);
    for (let i = 0; i < target.length; i++) target[i] = this.#view.getUint32(address + 4 * i, endian === "little");
    this.#hasRead();
  }

  loadUint64(address: number, endian: Endian): number {
    this.#reads(address, 8);
    const value = uint64(this.#view, address, endian);
    this.#hasRead();
    return value;
  }

  loadBigUint64(address: number, endian: Endian): bigint {
    this.#reads(address, 8);
    const value = this.#view.getBigUint64(address, endian === "little");
    this.#hasRead();
    return value;
  }

  storeUint8(address: number, value: number): void {
    this.#writes(address, 1);
    this.#view.setUint8(address, value);
  }

  storeUint16(address: number, value: number, endian: Endian): void {
    this.#writes(address, 2);
    this.#view.setUint16(address, value, endian === "little");
  }

  storeUint32(address: number, value: number, endian: Endian): void {
    this.#writes(address, 4);
    this.#view.setUint32(address, value, endian === "little");
  }

  storeUint64(address: number, value: number, endian: Endian): void {
    this.storeBigUint64(address, BigInt(value), endian);
  }

  storeBigUint64(address: number, value: bigint, endian: Endian): void {
    this.#writes(address, 8);
    this.#view.setBigUint64(address, value, endian === "little");
  }

  /** None: what goes through a view cannot be watched. */
  view(): undefined {
    return undefined;
  }

  observeWrites(): () => void {
    return () => {};
  }
}

/** 64 bits; inexact from 2^53 on, but never below it then. */
export function uint64(view: DataView, offset: number, endian: Endian): number {
  const little = endian === "little";
  const first = view.getUint32(offset, little);
  const second = view.getUint32(offset + 4, little);
  return little ? second * 0x1_0000_0000 + first : first * 0x1_0000_0000 + second;
}
