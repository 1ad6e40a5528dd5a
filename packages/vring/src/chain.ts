import type { Endian, GuestMemory } from "@zarch/guest-memory";
import { VirtqueueError } from "./errors.ts";

/** The buffers of a chain as pairs of guest physical address and length in bytes; every span is known to be in memory. */
export type Segments = readonly number[];

/** Shared by a queue and its chains: once closed, no chain writes to guest memory any more. */
export interface QueueLife {
  closed: boolean;
}

function tooShort(wanted: number, there: number): never {
  throw new VirtqueueError("ERR_VIRTQUEUE_MESSAGE_TOO_SHORT", `${wanted} bytes wanted, ${there} are left`);
}

/** For values that lie across buffers. Never holds anything between two calls. */
const scratch = /* @__PURE__ */ new DataView(/* @__PURE__ */ new ArrayBuffer(8));
const scratchBytes: readonly Uint8Array[] = /* @__PURE__ */ [0, 1, 2, 3, 4, 5, 6, 7, 8].map((n) => new Uint8Array(scratch.buffer, 0, n));

/** A position in a sequence of guest buffers. Framing never shows: a value may lie across buffers (virtio 2.7.4.1). */
abstract class ChainCursor {
  protected readonly memory: GuestMemory;
  protected readonly segments: Segments;
  /** Index into {@link segments} of the current pair. */
  protected segment: number;
  /** Bytes of the current segment already passed. */
  protected offset: number;
  protected left: number;
  protected passed = 0;

  constructor(memory: GuestMemory, segments: Segments, segment: number, offset: number, left: number) {
    this.memory = memory;
    this.segments = segments;
    this.segment = segment;
    this.offset = offset;
    this.left = left;
  }

  /** Bytes between the current position and the end. */
  get remaining(): number {
    return this.left;
  }

  /** Guest address of the current position when the next `length` bytes are in one buffer, else -1. */
  protected contiguous(length: number): number {
    if (length > this.left) tooShort(length, this.left);
    return this.piece(length) === length ? this.address : -1;
  }

  /** Bytes that can be passed in one piece, at most `limit` and at least 1; skips exhausted buffers. `limit` <= remaining. */
  protected piece(limit: number): number {
    let size = this.segments[this.segment + 1] as number;
    while (this.offset >= size) {
      this.segment += 2;
      this.offset = 0;
      size = this.segments[this.segment + 1] as number;
    }
    return Math.min(limit, size - this.offset);
  }

  protected get address(): number {
    return (this.segments[this.segment] as number) + this.offset;
  }

  protected advance(length: number): void {
    this.offset += length;
    this.left -= length;
    this.passed += length;
  }

  /**
   * Passes over `length` bytes.
   * @throws VirtqueueError ERR_VIRTQUEUE_MESSAGE_TOO_SHORT
   */
  skip(length: number): void {
    if (length > this.left) tooShort(length, this.left);
    for (let todo = length; todo > 0; ) {
      const count = this.piece(todo);
      this.advance(count);
      todo -= count;
    }
  }

  /** Views of what {@link remaining} counts, or undefined if memory has none. */
  protected viewRest(): Uint8Array[] | undefined {
    const views: Uint8Array[] = [];
    let { segment, offset } = this;
    for (let todo = this.left; todo > 0; segment += 2, offset = 0) {
      const count = Math.min(todo, (this.segments[segment + 1] as number) - offset);
      if (count === 0) continue;
      const view = this.memory.view((this.segments[segment] as number) + offset, count);
      if (view === undefined) return undefined;
      views.push(view);
      todo -= count;
    }
    return views;
  }

  /** Cuts this cursor to `offset` bytes and gives segment and offset of the cut. */
  protected cut(offset: number): { segment: number; offset: number; left: number } {
    if (offset > this.left) tooShort(offset, this.left);
    let { segment } = this;
    let within = this.offset;
    let todo = offset;
    while (todo > 0) {
      const size = (this.segments[segment + 1] as number) - within;
      if (todo < size) {
        within += todo;
        break;
      }
      todo -= size;
      segment += 2;
      within = 0;
    }
    const left = this.left - offset;
    this.left = offset;
    return { segment, offset: within, left };
  }
}

/** Reads the device-readable part of a chain in order, each byte at most once. */
export class ChainReader extends ChainCursor {
  /** Bytes read or skipped so far. */
  get consumed(): number {
    return this.passed;
  }

  /** Copies up to `target.length` bytes into `target` and returns their number, which is less only at the end. */
  read(target: Uint8Array): number {
    const want = Math.min(target.length, this.left);
    for (let done = 0; done < want; ) {
      const count = this.piece(want - done);
      this.memory.read(this.address, count === target.length ? target : target.subarray(done, done + count));
      this.advance(count);
      done += count;
    }
    return want;
  }

  /**
   * Fills all of `target`.
   * @throws VirtqueueError ERR_VIRTQUEUE_MESSAGE_TOO_SHORT
   */
  readExact(target: Uint8Array): void {
    if (target.length > this.left) tooShort(target.length, this.left);
    this.read(target);
  }

  /**
   * What is left to read, in place: one live view of guest memory for each buffer, in order, together {@link remaining} bytes. The
   * guest can change the bytes while they are looked at, so nothing may be read twice. This reader does not move: see {@link skip}.
   * @returns undefined over memory that cannot be viewed (reversed memory): {@link read} then
   */
  views(): Uint8Array[] | undefined {
    return this.viewRest();
  }

  #gather(length: number): DataView {
    this.readExact(scratchBytes[length] as Uint8Array);
    return scratch;
  }

  /** @throws VirtqueueError ERR_VIRTQUEUE_MESSAGE_TOO_SHORT, as all of the following do */
  readUint8(): number {
    return this.#gather(1).getUint8(0);
  }

  readUint16(endian: Endian): number {
    const at = this.contiguous(2);
    if (at < 0) return this.#gather(2).getUint16(0, endian === "little");
    this.advance(2);
    return this.memory.loadUint16(at, endian);
  }

  readUint32(endian: Endian): number {
    const at = this.contiguous(4);
    if (at < 0) return this.#gather(4).getUint32(0, endian === "little");
    this.advance(4);
    return this.memory.loadUint32(at, endian);
  }

  /** A value of 2^53 or more is inexact but stays at or above 2^53, so that it fails every check of a range. */
  readUint64(endian: Endian): number {
    const first = this.readUint32(endian);
    const second = this.readUint32(endian);
    return endian === "little" ? second * 0x1_0000_0000 + first : first * 0x1_0000_0000 + second;
  }

  /**
   * Shortens this reader to the next `offset` bytes and returns a reader of what follows.
   * @throws VirtqueueError ERR_VIRTQUEUE_MESSAGE_TOO_SHORT
   */
  splitAt(offset: number): ChainReader {
    const rest = this.cut(offset);
    return new ChainReader(this.memory, this.segments, rest.segment, rest.offset, rest.left);
  }
}

/** Writes the device-writable part of a chain in order. Never reads it. */
export class ChainWriter extends ChainCursor {
  readonly #life: QueueLife;

  constructor(memory: GuestMemory, segments: Segments, segment: number, offset: number, left: number, life: QueueLife) {
    super(memory, segments, segment, offset, left);
    this.#life = life;
  }

  /** Whether the queue was closed or reset since the chain was taken, so that nothing is written any more. */
  get cutOff(): boolean {
    return this.#life.closed;
  }

  /** Bytes written or skipped so far. */
  get written(): number {
    return this.passed;
  }

  /** Writes as much of `source` as there is room for and returns the number of bytes, which is less only at the end. */
  write(source: Uint8Array): number {
    const want = Math.min(source.length, this.left);
    for (let done = 0; done < want; ) {
      const count = this.piece(want - done);
      if (!this.#life.closed) this.memory.write(this.address, count === source.length ? source : source.subarray(done, done + count));
      this.advance(count);
      done += count;
    }
    return want;
  }

  /**
   * Writes all of `source`.
   * @throws VirtqueueError ERR_VIRTQUEUE_MESSAGE_TOO_SHORT, with nothing written, as all of the following do
   */
  writeExact(source: Uint8Array): void {
    if (source.length > this.left) tooShort(source.length, this.left);
    this.write(source);
  }

  /** Writes `length` bytes of `value` (0 to 255). */
  fill(value: number, length: number): void {
    if (length > this.left) tooShort(length, this.left);
    for (let todo = length; todo > 0; ) {
      const count = this.piece(todo);
      if (!this.#life.closed) this.memory.fill(this.address, count, value);
      this.advance(count);
      todo -= count;
    }
  }

  /**
   * The room that is left, in place: one live view of guest memory for each buffer, in order, together {@link remaining} bytes. This
   * writer does not move: {@link skip} counts what was written. Writes through a view are not observed by `observeWrites`, and
   * nothing stops them once the chain is returned or the queue closed: for writes that end later there is {@link DeferredWriter}.
   * @returns undefined over memory that cannot be viewed (reversed memory), and once the queue is closed: {@link write} then
   */
  views(): Uint8Array[] | undefined {
    return this.#life.closed ? undefined : this.viewRest();
  }

  #scatter(length: number): void {
    this.writeExact(scratchBytes[length] as Uint8Array);
  }

  writeUint8(value: number): void {
    scratch.setUint8(0, value);
    this.#scatter(1);
  }

  writeUint16(value: number, endian: Endian): void {
    scratch.setUint16(0, value, endian === "little");
    this.#scatter(2);
  }

  writeUint32(value: number, endian: Endian): void {
    scratch.setUint32(0, value, endian === "little");
    this.#scatter(4);
  }

  /** `value`: a non-negative safe integer. */
  writeUint64(value: number, endian: Endian): void {
    const little = endian === "little";
    const high = Math.floor(value / 0x1_0000_0000);
    scratch.setUint32(0, little ? value >>> 0 : high, little);
    scratch.setUint32(4, little ? high : value >>> 0, little);
    this.#scatter(8);
  }

  /**
   * Shortens this writer to the next `offset` bytes and returns a writer of what follows.
   * @throws VirtqueueError ERR_VIRTQUEUE_MESSAGE_TOO_SHORT
   */
  splitAt(offset: number): ChainWriter {
    const rest = this.cut(offset);
    return new ChainWriter(this.memory, this.segments, rest.segment, rest.offset, rest.left, this.#life);
  }
}

/**
 * One buffer that the driver made available: everything the device may read, then everything it may write.
 * The descriptors were read once, all of them, before the chain came into being; the guest cannot change it any more.
 */
export class DescriptorChain {
  /** Split: index of the head descriptor. Packed: buffer id. */
  readonly id: number;
  /** Descriptors that hold data; the one that points to an indirect table does not count. */
  readonly descriptorCount: number;
  readonly readable: ChainReader;
  readonly writable: ChainWriter;
  /** Bytes of the device-writable part, however much is written by now. */
  readonly writableLength: number;
  /** Ring slots that the chain occupies (packed ring). */
  readonly slots: number;
  readonly #segments: Segments;
  readonly #firstWritable: number;

  /** @param firstWritable index into `segments` of the first pair of the device-writable part */
  constructor(
    id: number,
    descriptorCount: number,
    slots: number,
    segments: Segments,
    firstWritable: number,
    readable: ChainReader,
    writable: ChainWriter,
  ) {
    this.#segments = segments;
    this.#firstWritable = firstWritable;
    this.id = id;
    this.descriptorCount = descriptorCount;
    this.slots = slots;
    this.readable = readable;
    this.writable = writable;
    this.writableLength = writable.remaining;
  }

  /** Guest physical address and length in bytes of every buffer, read and written or not. Buffers of length 0 are left out. */
  spans(): { readonly readable: readonly (readonly [number, number])[]; readonly writable: readonly (readonly [number, number])[] } {
    const pairs = (from: number, to: number): [number, number][] =>
      Array.from({ length: (to - from) / 2 }, (_, i) => [
        this.#segments[from + 2 * i] as number,
        this.#segments[from + 2 * i + 1] as number,
      ]);
    return { readable: pairs(0, this.#firstWritable), writable: pairs(this.#firstWritable, this.#segments.length) };
  }
}
