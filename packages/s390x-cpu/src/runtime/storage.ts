import type { ReversedMemory } from "@zarch/guest-memory";
import { preparedInterruption } from "./program-interruption.ts";

/** Functions of the engine module that the runtime calls. */
export interface EngineExports {
  /** Handlers that are functions, and behind them regions. */
  readonly table: WebAssembly.Table;
  run(): number;
  clearBank(bank: number): void;
  clearAllBanks(): void;
  clearFetchEntries(): void;
  clearWriteEntries(): void;
  forgetCode(): void;
  resolveParts(high: number, low: number, accessAndSpace: number, asceHigh: number, asceLow: number): number;
  resolveOperandParts(high: number, low: number, access: number, base: number): number;
  translateParts(high: number, low: number, asceHigh: number, asceLow: number): number;
  /** For regions: a store that must not touch instructions; 0 when it is the interpreter's. */
  storeBesideCode(address: bigint, length: number, value: bigint, base: number): number;
  invalidateParts(absolute: number, length: number): void;
  copyReversed(target: number, source: number, length: number): void;
  pendingTimers(): number;
  nanosecondsToClockComparator(): number;
  nanosecondsToCpuTimer(): number;
  setTod(high: number, low: number): void;
  setCpuTimerParts(high: number, low: number): void;
  forgetFrame(frame: number): void;
  forgetPageIndex(address: number): void;
  /** Current values of the TOD clock and the CPU timer. For rare uses: BigInt is slow. */
  tod(): bigint;
  cpuTimer(): bigint;
}

export const READ = 0;
export const WRITE = 1;

/**
 * Access to operands in storage for the runtime's half of instructions. Addresses are unsigned 32-bit halves, already
 * wrapped by the addressing mode; `base` is the number of the base register (for access-register mode; 0 else). A refused
 * access throws the signal of program-interruption.ts. All data is big-endian.
 */
export class OperandStorage {
  readonly bytes: Uint8Array;
  /** The same memory for wider accesses: a big-endian value at guest address A is little-endian at its last byte's index. */
  readonly view: DataView;
  readonly #engine: EngineExports;
  readonly #top: number;
  /** Masks that wrap the halves of an address in the current addressing mode. */
  maskHigh = 0;
  maskLow = 0x00ff_ffff;

  constructor(buffer: ArrayBufferLike, engine: EngineExports, memory: ReversedMemory) {
    this.bytes = new Uint8Array(buffer);
    this.view = new DataView(buffer);
    this.#engine = engine;
    this.#top = memory.top;
  }

  /** Absolute address of a byte that may be accessed. Valid up to the end of its 4 KiB page. */
  resolve(high: number, low: number, access: typeof READ | typeof WRITE, base: number): number {
    const absolute = this.#engine.resolveOperandParts(high, low, access, base);
    if (absolute === -1) preparedInterruption();
    return absolute >>> 0;
  }

  /** The same in an explicit space: the ASCE in halves, and its identification (0 primary, 2 secondary, 3 home). */
  resolveIn(high: number, low: number, access: typeof READ | typeof WRITE, space: number, asceHigh: number, asceLow: number): number {
    const absolute = this.#engine.resolveParts(high, low, access | (space << 4), asceHigh, asceLow);
    if (absolute === -1) preparedInterruption();
    return absolute >>> 0;
  }

  byteAt(absolute: number): number {
    return this.bytes[this.#top - absolute] as number;
  }

  /** Stores a byte at an absolute address, beside whatever instructions were predecoded there. */
  setByteAt(absolute: number, value: number): void {
    this.bytes[this.#top - absolute] = value;
    this.#engine.invalidateParts(absolute, 1);
  }

  /** Tells that bytes within one page were changed directly. */
  changed(absolute: number, length: number): void {
    this.#engine.invalidateParts(absolute, length);
  }

  /** Index in {@link bytes} of a byte of storage. Later guest bytes have lower indices. */
  indexOf(absolute: number): number {
    return this.#top - absolute;
  }

  /** Reads `target.length` bytes, over at most two pages, wrapping at the end of the address space. */
  read(high: number, low: number, target: Uint8Array, base: number): void {
    const length = target.length;
    const room = 4096 - (low & 0xfff);
    const first = this.resolve(high, low, READ, base);
    const firstLength = Math.min(room, length);
    const second = length > room ? this.resolve(this.#nextHigh(high, low), this.#nextLow(low), READ, base) : 0;
    for (let i = 0; i < firstLength; i++) target[i] = this.byteAt(first + i);
    for (let i = firstLength; i < length; i++) target[i] = this.byteAt(second + i - firstLength);
  }

  /** Writes all of `source` (at most a page) or, when a part is refused, nothing. */
  write(high: number, low: number, source: Uint8Array, base: number): void {
    const length = source.length;
    if (length === 0) return;
    const room = 4096 - (low & 0xfff);
    const first = this.resolve(high, low, WRITE, base);
    const firstLength = Math.min(room, length);
    const second = length > room ? this.resolve(this.#nextHigh(high, low), this.#nextLow(low), WRITE, base) : 0;
    for (let i = 0; i < firstLength; i++) this.bytes[this.#top - first - i] = source[i] as number;
    this.changed(first, firstLength);
    if (length > room) {
      for (let i = firstLength; i < length; i++) this.bytes[this.#top - second - i + firstLength] = source[i] as number;
      this.changed(second, length - firstLength);
    }
  }

  /** Halves of the address of the next page. */
  #nextLow(low: number): number {
    return ((((low & 0xffff_f000) >>> 0) + 4096) & this.maskLow) >>> 0;
  }

  #nextHigh(high: number, low: number): number {
    const carry = (low & 0xffff_f000) >>> 0 === 0xffff_f000 ? 1 : 0;
    return ((high + carry) & this.maskHigh) >>> 0;
  }
}
