import { type Endian, FlatMemory, type GuestMemory, type WriteObserver } from "@zarch/guest-memory";

/** One access of the device side to memory. */
export interface Access {
  readonly kind: "read" | "write";
  readonly address: number;
  readonly length: number;
}

export type AccessListener = (access: Access) => void;

/** The device made more memory accesses in one step than any request needs: a loop without end, ended by force. */
export class StepLimitError extends Error {
  constructor(limit: number) {
    super(`more than ${limit} accesses to memory in one step`);
    this.name = "StepLimitError";
  }
}

/** Most accesses between two actions of the driver. */
const STEP_LIMIT = 400_000;

/**
 * Memory that the suite puts a device on, to see and bound what the device does: every access goes through here, because there are no
 * views. The suite itself uses {@link inner}.
 */
export class WatchedMemory implements GuestMemory {
  /** The same bytes, unwatched. */
  readonly inner: FlatMemory;
  readonly size: number;
  /** Called after each access. It may change memory, as a guest on another processor could. */
  listener: AccessListener | undefined;
  #steps = 0;
  #exhausted = false;

  /** @param size bytes */
  constructor(size: number) {
    this.size = size;
    this.inner = new FlatMemory(size);
  }

  /** Whether the device had to be stopped. */
  get exhausted(): boolean {
    return this.#exhausted;
  }

  /** The driver does something: the device may take as many steps again. */
  newStep(): void {
    this.#steps = 0;
  }

  #step(): void {
    if (++this.#steps <= STEP_LIMIT) return;
    this.#exhausted = true;
    throw new StepLimitError(STEP_LIMIT);
  }

  #saw(kind: Access["kind"], address: number, length: number): void {
    this.#step();
    this.listener?.({ kind, address, length });
  }

  contains(address: number, length: number): boolean {
    return this.inner.contains(address, length);
  }

  read(address: number, target: Uint8Array): void {
    this.inner.read(address, target);
    this.#saw("read", address, target.length);
  }

  write(address: number, source: Uint8Array): void {
    this.inner.write(address, source);
    this.#saw("write", address, source.length);
  }

  fill(address: number, length: number, value: number): void {
    this.inner.fill(address, length, value);
    this.#saw("write", address, length);
  }

  loadUint8(address: number): number {
    const value = this.inner.loadUint8(address);
    this.#saw("read", address, 1);
    return value;
  }

  loadUint16(address: number, endian: Endian): number {
    const value = this.inner.loadUint16(address, endian);
    this.#saw("read", address, 2);
    return value;
  }

  loadUint32(address: number, endian: Endian): number {
    const value = this.inner.loadUint32(address, endian);
    this.#saw("read", address, 4);
    return value;
  }

  loadUint32s(address: number, endian: Endian, target: Uint32Array): void {
    this.inner.loadUint32s(address, endian, target);
    this.#saw("read", address, 4 * target.length);
  }

  loadUint64(address: number, endian: Endian): number {
    const value = this.inner.loadUint64(address, endian);
    this.#saw("read", address, 8);
    return value;
  }

  loadBigUint64(address: number, endian: Endian): bigint {
    const value = this.inner.loadBigUint64(address, endian);
    this.#saw("read", address, 8);
    return value;
  }

  storeUint8(address: number, value: number): void {
    this.inner.storeUint8(address, value);
    this.#saw("write", address, 1);
  }

  storeUint16(address: number, value: number, endian: Endian): void {
    this.inner.storeUint16(address, value, endian);
    this.#saw("write", address, 2);
  }

  storeUint32(address: number, value: number, endian: Endian): void {
    this.inner.storeUint32(address, value, endian);
    this.#saw("write", address, 4);
  }

  storeUint64(address: number, value: number, endian: Endian): void {
    this.inner.storeUint64(address, value, endian);
    this.#saw("write", address, 8);
  }

  storeBigUint64(address: number, value: bigint, endian: Endian): void {
    this.inner.storeBigUint64(address, value, endian);
    this.#saw("write", address, 8);
  }

  /** None: what goes through a view is not seen. */
  view(): undefined {
    this.#step();
    return undefined;
  }

  observeWrites(observer: WriteObserver): () => void {
    return this.inner.observeWrites(observer);
  }
}
