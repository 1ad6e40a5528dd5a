import type { GuestMemory } from "@zarch/guest-memory";
import { type DriverVirtqueue, VirtqueueError } from "@zarch/vring";
import type { BufferPool } from "./buffer-pool.ts";
import type { Answer, DriverQueue, PlacedBuffer, RequestOptions } from "./driver-queue.ts";
import { DriverError } from "./errors.ts";
import { CopiedJob, type Job, PlacedJob } from "./job.ts";

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

/** Requests in line, in the ring, and back. */
export class RequestQueue implements DriverQueue {
  readonly index: number;
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

  get size(): number {
    return this.#ring.size;
  }

  get inFlight(): number {
    return this.#inFlight.size;
  }

  get waiting(): number {
    return this.#waiting.length;
  }

  request(out: readonly Uint8Array[], into: readonly number[] = [], options: RequestOptions = {}): Promise<Answer> {
    return new Promise((resolve, reject) => {
      const job = new CopiedJob(this.#host, { out, into, fill: options.fill ?? 0 }, resolve, reject);
      const room = this.#host.pool.size;
      if (job.size <= room) this.#enqueue(job, options);
      else reject(new DriverError("ERR_DRIVER_MEMORY", `a request of ${job.size} bytes in a region of ${room}`));
    });
  }

  submit(buffer: PlacedBuffer, options: RequestOptions = {}): Promise<number> {
    return new Promise((resolve, reject) => this.#enqueue(new PlacedJob(buffer, resolve, reject), options));
  }

  #enqueue(job: Job, { signal }: RequestOptions): void {
    const objection = this.#objection(job, signal);
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
  #objection({ parts }: Job, signal: AbortSignal | undefined): unknown {
    if (parts >= 1 && parts <= this.size) return this.#host.obstacle ?? (signal?.aborted ? signal.reason : undefined);
    return new DriverError("ERR_DRIVER_REQUEST", `a buffer of ${parts} parts in a queue of ${this.size}`);
  }

  #abandon(job: Job, reason: unknown): void {
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
      const spans = job.place();
      if (!spans) {
        if (!this.#host.idle) break;
        this.#waiting.shift();
        this.#drop(job, new DriverError("ERR_DRIVER_MEMORY", "no room for a request, and nothing will make room"));
        continue;
      }
      if (!this.#ring.add(spans.out, spans.into, job)) break;
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
        job.complete(written);
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
