import type { Endian } from "@zarch/guest-memory";
import { BugError } from "@zarch/vmm-interface";
import type { ChainRecord, ChainSpans } from "./chain-record.ts";
import { VirtqueueError } from "./errors.ts";

function tooShort(wanted: number, there: number): never {
  throw new VirtqueueError("ERR_VIRTQUEUE_MESSAGE_TOO_SHORT", `${wanted} bytes wanted, ${there} are left`);
}

function returned(): never {
  throw new BugError("a chain is used after it was returned to its queue");
}

/** For values that lie across buffers. Never holds anything between two calls. */
const scratch = /* @__PURE__ */ new DataView(/* @__PURE__ */ new ArrayBuffer(8));
const scratchBytes: readonly Uint8Array[] = /* @__PURE__ */ [0, 1, 2, 3, 4, 5, 6, 7, 8].map((n) => new Uint8Array(scratch.buffer, 0, n));

// The objects below are made for each chain, so that making them has to cost no more than the stores of their fields: fields are
// declared, not defined, and methods are private only by name (#methods are a field in each object).

/** A position in a sequence of guest buffers. Framing never shows: a value may lie across buffers (virtio 2.7.4.1). */
abstract class ChainCursor {
  declare protected readonly record: ChainRecord;
  declare protected readonly generation: number;
  /** Index into `record.spans` of the current buffer. */
  declare protected segment: number;
  /** Position in the current buffer, and where what belongs to this cursor ends in it. */
  declare protected offset: number;
  declare protected end: number;
  /** Bytes in the buffers that follow. */
  declare protected beyond: number;
  /** Bytes from the first to the last. */
  declare protected total: number;

  /** @param left bytes from `offset` on, of which `here` are in the buffer `segment` */
  constructor(record: ChainRecord, segment: number, offset: number, here: number, left: number) {
    this.record = record;
    this.generation = record.generation;
    this.segment = segment;
    this.offset = offset;
    this.end = offset + here;
    this.beyond = left - here;
    this.total = left;
  }

  /** Bytes between the current position and the end. */
  get remaining(): number {
    return this.end - this.offset + this.beyond;
  }

  /** Bytes passed so far. */
  protected get passed(): number {
    return this.total - this.remaining;
  }

  /** @throws BugError if the chain was returned */
  protected check(): void {
    if (this.record.generation !== this.generation) returned();
  }

  /** Passes over `length` bytes, if they are in one buffer, and gives the guest address of the first; else passes nothing and gives -1. */
  protected pass(length: number): number {
    this.check();
    const { offset } = this;
    if (offset + length > this.end) return this.passFromNext(length);
    this.offset = offset + length;
    return (this.record.spans[this.segment] as number) + offset;
  }

  private passFromNext(length: number): number {
    if (length > this.remaining) tooShort(length, this.remaining);
    return this.piece(length) === length ? this.pass(length) : -1;
  }

  /** Bytes that can be passed in one piece, at most `limit` and at least 1; skips exhausted buffers. `limit` <= remaining. */
  protected piece(limit: number): number {
    if (this.offset === this.end) {
      this.segment += 2;
      this.offset = 0;
      this.end = Math.min(this.record.spans[this.segment + 1] as number, this.beyond);
      this.beyond -= this.end;
    }
    return Math.min(limit, this.end - this.offset);
  }

  protected get address(): number {
    return (this.record.spans[this.segment] as number) + this.offset;
  }

  /**
   * Passes over `length` bytes.
   * @throws VirtqueueError ERR_VIRTQUEUE_MESSAGE_TOO_SHORT
   */
  skip(length: number): void {
    this.check();
    if (length > this.remaining) tooShort(length, this.remaining);
    for (let todo = length; todo > 0; ) {
      const count = this.piece(todo);
      this.offset += count;
      todo -= count;
    }
  }

  /** Views of what {@link remaining} counts, or undefined if memory has none. */
  protected viewRest(): Uint8Array[] | undefined {
    this.check();
    const { memory, spans } = this.record;
    const views: Uint8Array[] = [];
    let { segment, offset } = this;
    for (let todo = this.remaining; todo > 0; segment += 2, offset = 0) {
      const count = Math.min(todo, (spans[segment + 1] as number) - offset);
      if (count === 0) continue;
      const view = memory.view((spans[segment] as number) + offset, count);
      if (view === undefined) return undefined;
      views.push(view);
      todo -= count;
    }
    return views;
  }

  /** Cuts this cursor to `offset` bytes and gives the position of the cut and what is behind it. */
  protected cut(offset: number): { segment: number; offset: number; here: number; left: number } {
    this.check();
    const { remaining } = this;
    if (offset > remaining) tooShort(offset, remaining);
    let { segment } = this;
    let from = this.offset;
    let todo = offset;
    let { end, beyond } = this;
    while (todo > end - from) {
      todo -= end - from;
      segment += 2;
      from = 0;
      end = Math.min(this.record.spans[segment + 1] as number, beyond);
      beyond -= end;
    }
    const left = remaining - offset;
    if (segment === this.segment) {
      this.end = this.offset + offset;
      this.beyond = 0;
    } else this.beyond = offset - (this.end - this.offset);
    this.total -= left;
    return { segment, offset: from + todo, here: end - from - todo, left };
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
    this.check();
    const want = Math.min(target.length, this.remaining);
    for (let done = 0; done < want; ) {
      const count = this.piece(want - done);
      this.record.memory.read(this.address, count === target.length ? target : target.subarray(done, done + count));
      this.offset += count;
      done += count;
    }
    return want;
  }

  /**
   * Fills all of `target`.
   * @throws VirtqueueError ERR_VIRTQUEUE_MESSAGE_TOO_SHORT
   */
  readExact(target: Uint8Array): void {
    if (target.length > this.remaining) tooShort(target.length, this.remaining);
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

  private gather(length: number): DataView {
    this.readExact(scratchBytes[length] as Uint8Array);
    return scratch;
  }

  /** @throws VirtqueueError ERR_VIRTQUEUE_MESSAGE_TOO_SHORT, as all of the following do */
  readUint8(): number {
    return this.record.memory.loadUint8(this.pass(1));
  }

  readUint16(endian: Endian): number {
    const at = this.pass(2);
    return at < 0 ? this.gather(2).getUint16(0, endian === "little") : this.record.memory.loadUint16(at, endian);
  }

  readUint32(endian: Endian): number {
    const at = this.pass(4);
    return at < 0 ? this.gather(4).getUint32(0, endian === "little") : this.record.memory.loadUint32(at, endian);
  }

  /** A value of 2^53 or more is inexact but stays at or above 2^53, so that it fails every check of a range. */
  readUint64(endian: Endian): number {
    const at = this.pass(8);
    if (at >= 0) return this.record.memory.loadUint64(at, endian);
    const bytes = this.gather(8);
    const little = endian === "little";
    return bytes.getUint32(little ? 4 : 0, little) * 0x1_0000_0000 + bytes.getUint32(little ? 0 : 4, little);
  }

  /**
   * Shortens this reader to the next `offset` bytes and returns a reader of what follows.
   * @throws VirtqueueError ERR_VIRTQUEUE_MESSAGE_TOO_SHORT
   */
  splitAt(offset: number): ChainReader {
    const rest = this.cut(offset);
    return new ChainReader(this.record, rest.segment, rest.offset, rest.here, rest.left);
  }
}

/** Writes the device-writable part of a chain in order. Never reads it. */
export class ChainWriter extends ChainCursor {
  /** Whether the queue was closed or reset since the chain was taken, so that nothing is written any more. */
  get cutOff(): boolean {
    return this.record.life.closed;
  }

  /** Bytes written or skipped so far. */
  get written(): number {
    return this.passed;
  }

  /** Writes as much of `source` as there is room for and returns the number of bytes, which is less only at the end. */
  write(source: Uint8Array): number {
    this.check();
    const want = Math.min(source.length, this.remaining);
    for (let done = 0; done < want; ) {
      const count = this.piece(want - done);
      if (!this.cutOff) this.record.memory.write(this.address, count === source.length ? source : source.subarray(done, done + count));
      this.offset += count;
      done += count;
    }
    return want;
  }

  /**
   * Writes all of `source`.
   * @throws VirtqueueError ERR_VIRTQUEUE_MESSAGE_TOO_SHORT, with nothing written, as all of the following do
   */
  writeExact(source: Uint8Array): void {
    if (source.length > this.remaining) tooShort(source.length, this.remaining);
    this.write(source);
  }

  /** Writes `length` bytes of `value` (0 to 255). */
  fill(value: number, length: number): void {
    this.check();
    if (length > this.remaining) tooShort(length, this.remaining);
    for (let todo = length; todo > 0; ) {
      const count = this.piece(todo);
      if (!this.cutOff) this.record.memory.fill(this.address, count, value);
      this.offset += count;
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
    return this.cutOff ? undefined : this.viewRest();
  }

  private scatter(length: number): void {
    this.writeExact(scratchBytes[length] as Uint8Array);
  }

  writeUint8(value: number): void {
    const at = this.pass(1);
    if (!this.cutOff) this.record.memory.storeUint8(at, value);
  }

  writeUint16(value: number, endian: Endian): void {
    const at = this.pass(2);
    if (at < 0) {
      scratch.setUint16(0, value, endian === "little");
      this.scatter(2);
    } else if (!this.cutOff) this.record.memory.storeUint16(at, value, endian);
  }

  writeUint32(value: number, endian: Endian): void {
    const at = this.pass(4);
    if (at < 0) {
      scratch.setUint32(0, value, endian === "little");
      this.scatter(4);
    } else if (!this.cutOff) this.record.memory.storeUint32(at, value, endian);
  }

  /** `value`: a non-negative safe integer. */
  writeUint64(value: number, endian: Endian): void {
    const at = this.pass(8);
    if (at < 0) {
      const little = endian === "little";
      scratch.setUint32(little ? 0 : 4, value >>> 0, little);
      scratch.setUint32(little ? 4 : 0, Math.floor(value / 0x1_0000_0000), little);
      this.scatter(8);
    } else if (!this.cutOff) this.record.memory.storeUint64(at, value, endian);
  }

  /**
   * Shortens this writer to the next `offset` bytes and returns a writer of what follows.
   * @throws VirtqueueError ERR_VIRTQUEUE_MESSAGE_TOO_SHORT
   */
  splitAt(offset: number): ChainWriter {
    const rest = this.cut(offset);
    return new ChainWriter(this.record, rest.segment, rest.offset, rest.here, rest.left);
  }
}

function firstReader(record: ChainRecord): ChainReader {
  const { readableBytes } = record;
  return new ChainReader(record, 0, 0, readableBytes > 0 ? (record.spans[1] as number) : 0, readableBytes);
}

function firstWriter(record: ChainRecord): ChainWriter {
  const { writableBytes, firstWritable } = record;
  return new ChainWriter(record, firstWritable, 0, writableBytes > 0 ? (record.spans[firstWritable + 1] as number) : 0, writableBytes);
}

/** The record of a chain that was not returned, else undefined. */
export let recordOf: (chain: DescriptorChain) => ChainRecord | undefined;

/**
 * One buffer that the driver made available: everything the device may read, then everything it may write.
 * The descriptors were read once, all of them, before the chain came into being; the guest cannot change it any more.
 *
 * A chain belongs to the device until it is returned with `push`. After that its contents are the driver's again: reading or writing
 * them through this object, or through a reader or writer that came from it, is a bug of the device and throws BugError.
 */
export class DescriptorChain {
  static {
    recordOf = (chain) => (chain.#record.generation === chain.#generation ? chain.#record : undefined);
  }

  /** Split: index of the head descriptor. Packed: buffer id. */
  declare readonly id: number;
  /** Descriptors that hold data; the one that points to an indirect table does not count. */
  declare readonly descriptorCount: number;
  declare readonly readable: ChainReader;
  declare readonly writable: ChainWriter;
  /** Bytes of the device-writable part, however much is written by now. */
  declare readonly writableLength: number;
  /** Ring slots that the chain occupies (packed ring). */
  declare readonly slots: number;
  readonly #record: ChainRecord;
  readonly #generation: number;

  constructor(record: ChainRecord) {
    this.id = record.id;
    this.descriptorCount = record.descriptors;
    this.slots = record.slots;
    this.readable = firstReader(record);
    this.writable = firstWriter(record);
    this.writableLength = record.writableBytes;
    this.#record = record;
    this.#generation = record.generation;
  }

  /** Guest physical address and length in bytes of every buffer, read and written or not. Buffers of length 0 are left out. */
  spans(): ChainSpans {
    return (recordOf(this) ?? returned()).pairs();
  }
}

/** A function of its own, so that V8 makes the three objects in one place. */
export function openChain(record: ChainRecord): DescriptorChain {
  return new DescriptorChain(record);
}
