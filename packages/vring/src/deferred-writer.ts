import { BugError } from "@zarch/vmm-interface";
import type { ChainWriter } from "./chain.ts";

/** A place in a chain for the result of a write that ends later: bytes of the host's until they are committed. */
export interface PendingWrite {
  /** Bytes of room in the chain. */
  readonly length: number;
  /** Private memory of {@link length} bytes for the result, zero at first. The guest does not see it. */
  readonly bytes: Uint8Array;
  /**
   * Copies the first `count` bytes to the guest, once; fewer than {@link length} mean that there are no more.
   * @returns whether they count. False if this write was committed or aborted before, or its chain is finished: nothing is written then
   */
  commit(count?: number): boolean;
  /** Gives up: nothing of it is written or counted. */
  abort(): void;
}

class Reservation implements PendingWrite {
  readonly #writer: ChainWriter;
  readonly length: number;
  #bytes: Uint8Array | undefined;
  settled = false;

  constructor(writer: ChainWriter) {
    this.#writer = writer;
    this.length = writer.remaining;
  }

  get bytes(): Uint8Array {
    this.#bytes ??= new Uint8Array(this.length);
    return this.#bytes;
  }

  /** Bytes that were committed. */
  get committed(): number {
    return this.#writer.written;
  }

  commit(count: number = this.length): boolean {
    if (count < 0 || count > this.length) throw new BugError(`${count} bytes committed of a write of ${this.length}`);
    if (this.settled) return false;
    this.settled = true;
    this.#writer.write(this.bytes.subarray(0, count));
    this.#bytes = undefined;
    return true;
  }

  abort(): void {
    this.settled = true;
    this.#bytes = undefined;
  }
}

/**
 * Writes into a chain that end later, in any order, or never: bytes reach guest memory and count only when they are committed.
 *
 * The device takes a place in the chain for each, fills its private bytes, and commits. {@link finish} ends it all and says what to
 * report: the bytes from the first device-writable one on without a gap, so that a write which is late, aborted or short ends the
 * count (virtio 2.7.8.2). A commit after that comes too late and does nothing, neither to the chain nor to whatever the driver has
 * made of its memory since.
 *
 * ```ts
 * const writer = new DeferredWriter(chain.writable);
 * const part = writer.reserve(512);
 * part.commit(await file.read(part.bytes, signal));
 * queue.push(chain, writer.finish());
 * ```
 */
export class DeferredWriter {
  #rest: ChainWriter;
  readonly #before: number;
  readonly #reservations: Reservation[] = [];
  #finished = false;

  /** @param writer is taken over: it has no room any more; what it wrote before counts */
  constructor(writer: ChainWriter) {
    this.#before = writer.written;
    this.#rest = writer.splitAt(0);
  }

  /** Bytes that are not reserved. */
  get remaining(): number {
    return this.#rest.remaining;
  }

  /**
   * Takes the next `length` bytes.
   * @throws VirtqueueError ERR_VIRTQUEUE_MESSAGE_TOO_SHORT
   */
  reserve(length: number): PendingWrite {
    if (this.#finished) throw new BugError("a place is reserved in a chain that is finished");
    const own = this.#rest;
    this.#rest = own.splitAt(length);
    const reservation = new Reservation(own);
    this.#reservations.push(reservation);
    return reservation;
  }

  /** Ends all writes: what is not committed never will be. Returns the bytes to report with `push`; the same when called again. */
  finish(): number {
    this.#finished = true;
    for (const reservation of this.#reservations) reservation.abort();
    let count = this.#before;
    for (const { committed, length } of this.#reservations) {
      count += committed;
      if (committed < length) break;
    }
    return count;
  }
}
