import type { GuestMemory } from "@zarch/guest-memory";
import { type BufferSpan, type DriverVirtqueue, VirtqueueError } from "@zarch/vring";
import type { BufferPool } from "./buffer-pool.ts";
import { DriverError } from "./errors.ts";

/** What the device answered. */
export interface Answer {
  /** Bytes that the device reports to have written, from the first device-writable one on. What lies beyond says nothing (2.7.8.3). */
  readonly written: number;
  /** A copy of the device-writable part: as many bytes as were asked for. Bytes that the device did not write are 0, or {@link RequestOptions.fill}. */
  readonly data: Uint8Array;
}

export interface RequestOptions {
  /**
   * Ends the wait. A buffer that the device has already cannot be taken back from it: it stays there until the device returns it, or is
   * reset.
   */
  readonly signal?: AbortSignal | undefined;
  /** What the device-writable part is filled with beforehand. Default 0. */
  readonly fill?: number;
}

/** A buffer in memory that the caller provides. */
export interface PlacedBuffer {
  /** What the device reads. */
  readonly out?: readonly BufferSpan[];
  /** What the device may write. */
  readonly into?: readonly BufferSpan[];
}

/** One buffer on its way, from the call to its return. */
export class Job {
  /** The buffer's place in memory; undefined while it waits for memory. */
  spans: { readonly out: readonly BufferSpan[]; readonly into: readonly BufferSpan[] } | undefined;
  /** Takes memory and fills it. Returns false if there is none now. */
  readonly place: () => boolean;
  /** The device has used the buffer. */
  readonly complete: (written: number) => void;
  /** The buffer is the driver's again: gives memory back. */
  readonly release: () => void;
  readonly reject: (reason: unknown) => void;
  /** The caller does not wait any more. */
  abandoned = false;
  /** Stops listening to the caller's signal. */
  stopListening = (): void => {};

  constructor(parts: Pick<Job, "spans" | "place" | "complete" | "release" | "reject">) {
    this.spans = parts.spans;
    this.place = parts.place;
    this.complete = parts.complete;
    this.release = parts.release;
    this.reject = parts.reject;
  }
}

/** What a queue needs of its driver. */
export interface QueueHost {
  readonly memory: GuestMemory;
  readonly pool: BufferPool;
  /** Why nothing can be requested now, if so. */
  readonly obstacle: DriverError | undefined;
  /** Whether buffers may be made available now. */
  readonly running: boolean;
  /** Whether the device has no buffer at all, so that no memory will come back. */
  readonly idle: boolean;
  /** Available buffer notification. */
  notify(queue: number, nextAvailable: number): void;
  /** The device breaks the rules. */
  fail(error: DriverError): void;
  /** Memory came back that buffers of any queue may wait for. */
  released(): void;
}

const ALIGN = 16;

function roundUp(length: number): number {
  return Math.ceil(length / ALIGN) * ALIGN;
}

function total(lengths: readonly number[]): number {
  return lengths.reduce((sum, length) => sum + length, 0);
}

/** A queue of a {@link VirtioDriver}: takes requests, in any number, and returns them as the device uses them. */
export class DriverQueue {
  readonly index: number;
  /** Number of used buffer notifications so far. */
  interrupts = 0;
  readonly #host: QueueHost;
  #ring: DriverVirtqueue<Job>;
  readonly #waiting: Job[] = [];
  #inFlight = new Set<Job>();
  #collecting = false;
  #collectAgain = false;
  /** The queue is being reset. */
  #stopped = false;

  constructor(index: number, ring: DriverVirtqueue<Job>, host: QueueHost) {
    this.index = index;
    this.#ring = ring;
    this.#host = host;
  }

  /** Number of entries. */
  get size(): number {
    return this.#ring.size;
  }

  /** Buffers that the device has. */
  get inFlight(): number {
    return this.#inFlight.size;
  }

  /** Requests that wait for room in the ring or in memory. */
  get waiting(): number {
    return this.#waiting.length;
  }

  /**
   * Sends one buffer and waits for its return.
   * @param out what the device reads, each element in a descriptor of its own
   * @param into sizes in bytes of what the device writes, each in a descriptor of its own
   * @throws DriverError (as a rejection) when a reset, a failure of the device or the end of the driver ends the wait
   */
  request(out: readonly Uint8Array[], into: readonly number[] = [], options: RequestOptions = {}): Promise<Answer> {
    const { memory, pool } = this.#host;
    const lengths = [...out.map((bytes) => bytes.length), ...into];
    const size = total(lengths.map(roundUp));
    return new Promise((resolve, reject) => {
      if (size > pool.size) {
        reject(new DriverError("ERR_DRIVER_MEMORY", `a request of ${size} bytes in a region of ${pool.size}`));
        return;
      }
      let block: number | undefined;
      const job: Job = new Job({
        spans: undefined,
        place: () => {
          block = pool.take(size, ALIGN);
          if (block === undefined) return false;
          const spans = spansAt(block, lengths);
          const writable = spans.slice(out.length);
          for (const [i, bytes] of out.entries()) memory.write((spans[i] as BufferSpan).address, bytes);
          for (const { address, length } of writable) memory.fill(address, length, options.fill ?? 0);
          job.spans = { out: spans.slice(0, out.length), into: writable };
          return true;
        },
        complete: (written) => resolve({ written, data: readSpans(memory, job.spans?.into ?? []) }),
        release: () => {
          if (block !== undefined) pool.give(block, size);
          block = undefined;
        },
        reject,
      });
      this.#enqueue(job, lengths.length, options);
    });
  }

  /**
   * As {@link request}, with a buffer that is in memory already; nothing is copied. The memory is the device's until the promise settles,
   * and, if it was a signal that settled it, until the device is reset.
   * @returns the bytes that the device reports to have written
   */
  submit(buffer: PlacedBuffer, options: RequestOptions = {}): Promise<number> {
    const { out = [], into = [] } = buffer;
    return new Promise((resolve, reject) => {
      const job = new Job({ spans: { out, into }, place: () => true, complete: resolve, release: () => {}, reject });
      this.#enqueue(job, out.length + into.length, options);
    });
  }

  #enqueue(job: Job, parts: number, { signal }: RequestOptions): void {
    const objection = this.#objection(parts, signal);
    if (objection !== undefined) {
      job.reject(objection);
      return;
    }
    if (signal) {
      const abandon = (): void => this.#abandon(job, signal.reason);
      signal.addEventListener("abort", abandon, { once: true });
      job.stopListening = () => signal.removeEventListener("abort", abandon);
    }
    this.#waiting.push(job);
    this.pump();
  }

  /** Why a request cannot be taken, if so. */
  #objection(parts: number, signal: AbortSignal | undefined): unknown {
    if (parts >= 1 && parts <= this.size) return this.#host.obstacle ?? (signal?.aborted ? signal.reason : undefined);
    return new DriverError("ERR_DRIVER_REQUEST", `a buffer of ${parts} parts in a queue of ${this.size}`);
  }

  #abandon(job: Job, reason: unknown): void {
    job.abandoned = true;
    job.reject(reason);
    const place = this.#waiting.indexOf(job);
    if (place < 0) return;
    this.#waiting.splice(place, 1);
    job.release();
    this.pump();
  }

  /** Makes available what waits and has room, in the order of the calls. */
  pump(): void {
    if (!this.#host.running || this.#stopped) return;
    for (let job = this.#waiting[0]; job; job = this.#waiting[0]) {
      if (!job.spans && !job.place()) {
        if (!this.#host.idle) break;
        this.#waiting.shift();
        this.#drop(job, new DriverError("ERR_DRIVER_MEMORY", "no room for a request, and nothing will make room"));
        continue;
      }
      const { out, into } = job.spans as NonNullable<Job["spans"]>;
      if (!this.#ring.add(out, into, job)) break;
      this.#inFlight.add(job);
      this.#waiting.shift();
    }
    if (this.#ring.kickPrepare()) this.#host.notify(this.index, this.#ring.nextAvailable);
  }

  /** Used buffer notification, or the suspicion that there was one. */
  collect(): void {
    this.#collectAgain = true;
    if (this.#collecting) return;
    this.#collecting = true;
    try {
      while (this.#collectAgain) {
        this.#collectAgain = false;
        if (this.#takeUsed()) this.#host.released();
      }
    } catch (error) {
      if (!(error instanceof VirtqueueError)) throw error;
      this.#host.fail(new DriverError("ERR_DRIVER_DEVICE", `queue ${this.index}: ${error.message}`, { cause: error }));
    } finally {
      this.#collecting = false;
    }
  }

  /** @returns whether there was any used buffer */
  #takeUsed(): boolean {
    const ring = this.#ring;
    let any = false;
    do {
      for (let used = ring.getBuf(); used; used = ring.getBuf()) {
        any = true;
        const { token: job, written } = used;
        this.#inFlight.delete(job);
        job.stopListening();
        if (!job.abandoned) job.complete(written);
        job.release();
      }
    } while (!ring.enableCallbacks());
    return any;
  }

  /** The queue is not live any more: everything that the device had is the driver's again. */
  dropInFlight(reason: DriverError): void {
    const jobs = this.#inFlight;
    this.#inFlight = new Set();
    for (const job of jobs) this.#drop(job, reason);
  }

  /** Ends the waits of those that the device has, and of those that it has not got. */
  rejectAll(reason: DriverError): void {
    for (const job of this.#inFlight) {
      job.stopListening();
      job.reject(reason);
    }
    for (const job of this.#waiting.splice(0)) this.#drop(job, reason);
  }

  #drop(job: Job, reason: DriverError): void {
    job.stopListening();
    job.reject(reason);
    job.release();
  }

  /** Holds buffers back until {@link restart}. */
  stop(): void {
    this.#stopped = true;
  }

  /** Goes on with a new ring. */
  restart(ring: DriverVirtqueue<Job>): void {
    this.#ring = ring;
    this.#stopped = false;
    this.pump();
  }
}

function spansAt(address: number, lengths: readonly number[]): BufferSpan[] {
  const spans: BufferSpan[] = [];
  let at = address;
  for (const length of lengths) {
    spans.push({ address: at, length });
    at += roundUp(length);
  }
  return spans;
}

function readSpans(memory: GuestMemory, spans: readonly BufferSpan[]): Uint8Array {
  const data = new Uint8Array(total(spans.map(({ length }) => length)));
  let at = 0;
  for (const { address, length } of spans) {
    memory.read(address, data.subarray(at, at + length));
    at += length;
  }
  return data;
}
