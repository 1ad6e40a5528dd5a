import type { Endian, GuestMemory } from "@zarch/guest-memory";
import { HostError } from "@zarch/vmm-interface";
import type { BufferSpan } from "@zarch/vring";

/** Bytes between two allocations, at least: a canary. */
const GAP = 32;

/** Bytes of a region that the suite uses. */
export const ARENA_SIZE = 256 * 1024;

/** What a part of memory has to hold. */
interface Guarded {
  readonly address: number;
  readonly expected: Uint8Array;
}

interface Allocation extends BufferSpan {
  readonly what: string;
}

/** Bytes that no device writes by chance. The same for every arena, so that a device that writes what was there shows elsewhere. */
let pattern: Uint8Array | undefined;

function patternBytes(): Uint8Array {
  if (!pattern) {
    pattern = new Uint8Array(ARENA_SIZE);
    let state = 0x1234_5678;
    for (let i = 0; i < ARENA_SIZE; i++) {
      state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
      pattern[i] = state >>> 24;
    }
  }
  return pattern;
}

/**
 * The driver's memory: allocations with canaries between them, and a record of what every byte has to be. Whatever the device writes
 * outside the spans that were opened to it shows in {@link damage}.
 */
export class Arena {
  readonly memory: GuestMemory;
  readonly endian: Endian;
  readonly start: number;
  readonly size: number;
  readonly #own: Guarded;
  /** Spans outside of the region that the host has given the driver. */
  readonly #adopted: (Guarded & { readonly what: string })[] = [];
  readonly #allocations: Allocation[] = [];
  readonly #open: BufferSpan[] = [];
  #next: number;

  /**
   * @param memory what the driver sees, unwatched
   * @param region its part of it
   */
  constructor(memory: GuestMemory, region: BufferSpan, endian: Endian) {
    if (region.length < ARENA_SIZE) {
      throw new HostError("ERR_CONFORMANCE_TARGET", `the driver's region has ${region.length} bytes; the suite needs ${ARENA_SIZE}`);
    }
    this.memory = memory;
    this.endian = endian;
    this.start = region.address;
    this.size = ARENA_SIZE;
    this.#own = { address: this.start, expected: patternBytes().slice() };
    this.#next = region.address;
    memory.write(this.start, this.#own.expected);
  }

  /** The first address behind the arena. */
  get end(): number {
    return this.start + this.size;
  }

  contains(address: number, length: number): boolean {
    return address >= this.start && address + length <= this.end;
  }

  /** Whether any byte of a span is the driver's, adopted ones included. */
  touches(address: number, length: number): boolean {
    return [this.#own, ...this.#adopted].some(
      (record) => address + length > record.address && address < record.address + record.expected.length,
    );
  }

  /** Takes a span outside of the region, a multiple of 4 bytes, under guard as well: a ring where the host has placed it. */
  adopt(address: number, length: number, what: string): void {
    this.#adopted.push({ address, expected: this.read(address, length), what });
  }

  /** Gives back what was adopted: the host may do with it what it likes. Returns the spans. */
  disown(): { readonly address: number; readonly length: number; readonly what: string }[] {
    const spans = this.#adopted.splice(0).map(({ address, expected, what }) => ({ address, length: expected.length, what }));
    for (const { address, length } of spans) {
      const kept = this.#open.filter((open) => open.address + open.length <= address || open.address >= address + length);
      this.#open.splice(0, this.#open.length, ...kept);
    }
    return spans;
  }

  /** @returns the address of `length` bytes at a multiple of `align`, filled with the pattern */
  take(length: number, what: string, align = 16): number {
    const address = Math.ceil((this.#next + GAP) / align) * align;
    if (address + length + GAP > this.end) throw new HostError("ERR_CONFORMANCE_MEMORY", `no room for ${length} bytes: ${what}`);
    this.#next = address + length;
    // What was given back keeps its name for as long as nothing else is there.
    while ((this.#allocations.at(-1)?.address ?? -1) >= Math.max(0, address - GAP)) this.#allocations.pop();
    this.#allocations.push({ address, length, what });
    return address;
  }

  /** A point to go back to with {@link rollback}. */
  mark(): number {
    return this.#next;
  }

  /** Gives back what was taken since a {@link mark}. Nothing of it may be in the device's hands. */
  rollback(mark: number): void {
    this.#next = mark;
  }

  /** Puts bytes into a span that the device is to overwrite: none that it could take for its own. */
  scramble(address: number, length: number): void {
    const from = (address - this.start + 7919) % (this.size - length);
    this.write(address, patternBytes().subarray(from, from + length));
  }

  /** Gives everything back but the pattern: for a driver that starts anew after a reset. Old spans are closed to the device. */
  restart(): void {
    this.#allocations.length = 0;
    this.#open.length = 0;
    this.#next = this.start;
    this.#own.expected.set(patternBytes());
    this.memory.write(this.start, this.#own.expected);
  }

  /** Lets the device write to a span. */
  open(address: number, length: number): void {
    if (length > 0) this.#open.push({ address, length });
  }

  /** Ends {@link open}: from now on the bytes are to stay as they are. */
  close(address: number, length: number): void {
    const at = this.#open.findIndex((span) => span.address === address && span.length === length);
    if (at < 0) return;
    this.#open.splice(at, 1);
    this.#keep(address, length);
  }

  isOpen(address: number, length: number): boolean {
    return this.#open.some((span) => address >= span.address && address + length <= span.address + span.length);
  }

  write(address: number, bytes: Uint8Array): void {
    this.memory.write(address, bytes);
    this.#keep(address, bytes.length);
  }

  /** From now on the bytes have to be as they are. */
  #keep(address: number, length: number): void {
    const record = this.contains(address, length)
      ? this.#own
      : this.#adopted.find((each) => address >= each.address && address + length <= each.address + each.expected.length);
    if (!record) return;
    const at = address - record.address;
    this.memory.read(address, record.expected.subarray(at, at + length));
  }

  fill(address: number, length: number, value: number): void {
    this.memory.fill(address, length, value);
    this.#keep(address, length);
  }

  store16(address: number, value: number): void {
    this.memory.storeUint16(address, value & 0xffff, this.endian);
    this.#keep(address, 2);
  }

  store32(address: number, value: number): void {
    this.memory.storeUint32(address, value >>> 0, this.endian);
    this.#keep(address, 4);
  }

  /** Any 64-bit value. */
  store64(address: number, value: number | bigint): void {
    this.memory.storeBigUint64(address, BigInt.asUintN(64, BigInt(value)), this.endian);
    this.#keep(address, 8);
  }

  load16(address: number): number {
    return this.memory.loadUint16(address, this.endian);
  }

  load32(address: number): number {
    return this.memory.loadUint32(address, this.endian);
  }

  read(address: number, length: number): Uint8Array {
    const bytes = new Uint8Array(length);
    this.memory.read(address, bytes);
    return bytes;
  }

  /** What lies at an address, for messages. */
  describe(address: number): string {
    const adopted = this.#adopted.find((span) => address >= span.address && address < span.address + span.expected.length);
    if (adopted) return `${adopted.what}, byte ${address - adopted.address}`;
    const at = this.#allocations.findLast((allocation) => address >= allocation.address);
    if (!at) return "unused memory";
    const offset = address - at.address;
    return offset < at.length ? `${at.what}, byte ${offset}` : `${offset - at.length + 1} bytes behind ${at.what}`;
  }

  /** Says which byte the device changed that it must not, if any. */
  damage(): string | undefined {
    for (const record of [this.#own, ...this.#adopted]) {
      const address = this.#damaged(record);
      if (address !== undefined) return `the device wrote to 0x${address.toString(16)} (${this.describe(address)})`;
    }
    return undefined;
  }

  /** The first byte that is not as it has to be. */
  #damaged(record: Guarded): number | undefined {
    const now = this.read(record.address, record.expected.length);
    const words = new Int32Array(now.buffer);
    const expected = new Int32Array(record.expected.buffer);
    for (let word = 0; word < words.length; word++) {
      if (words[word] === expected[word]) continue;
      for (let at = 4 * word; at < 4 * word + 4; at++) {
        if (now[at] !== record.expected[at] && !this.isOpen(record.address + at, 1)) return record.address + at;
      }
    }
    return undefined;
  }
}
