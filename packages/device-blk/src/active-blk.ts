import type { ActiveDevice, DeviceContext, DeviceQueue } from "@zarch/virtio";
import { blk } from "@zarch/virtio/device-types";
import type { Executor } from "./executor.ts";
import { type DiskLimits, parseRequest, type Request } from "./request.ts";

/** A block device in service: takes requests, keeps a number of them in work, and returns each when it is done. */
export class ActiveBlk implements ActiveDevice {
  readonly #context: DeviceContext;
  readonly #executor: Executor;
  readonly #limits: DiskLimits;
  readonly #maxInFlight: number;
  #inFlight = 0;
  /** Queues with requests that have to wait for others to finish. */
  readonly #starved = new Set<number>();
  /** Queues with used buffers that are not published yet. */
  readonly #dirty = new Set<DeviceQueue>();
  #stopped = false;
  #idle: (() => void) | undefined;
  /** By queue, for the reset of one queue: requests in work, and who waits for them. */
  readonly #perQueue = new Map<number, { inFlight: number; idle: (() => void) | undefined }>();

  constructor(context: DeviceContext, executor: Executor, limits: DiskLimits, maxInFlight: number) {
    this.#context = context;
    this.#executor = executor;
    this.#limits = limits;
    this.#maxInFlight = maxInFlight;
  }

  notify(index: number): void {
    const queue = this.#context.queue(index);
    if (!queue || this.#stopped) return;
    while (this.#inFlight < this.#maxInFlight) {
      const chain = queue.pop();
      if (!chain) {
        this.#starved.delete(index);
        return;
      }
      this.#start(queue, parseRequest(chain, this.#limits, this.#context.endian));
    }
    this.#starved.add(index);
  }

  #start(queue: DeviceQueue, request: Request): void {
    this.#inFlight++;
    const perQueue = this.#countFor(queue.index);
    perQueue.inFlight++;
    const { operation } = request;
    if (operation.kind === "refused") this.#context.logger.log("debug", `virtio-blk refuses a request: ${operation.reason}`);
    void this.#executor
      .execute(operation)
      .catch((error: unknown) => {
        if (!this.#stopped) this.#context.logger.log("warn", `virtio-blk: ${operation.kind} failed`, { error });
        return blk.S_IOERR;
      })
      .then((status) => {
        request.status.writeUint8(status);
        // Reported is what was written without a gap; after an error in the middle of a read the status lies beyond one.
        queue.push(request.chain, request.data.remaining === 0 ? request.chain.writableLength : request.data.written);
        this.#publishSoon(queue);
        this.#inFlight--;
        if (--perQueue.inFlight === 0) perQueue.idle?.();
        if (this.#inFlight === 0) this.#idle?.();
        for (const index of this.#starved) this.notify(index);
      })
      .catch((error: unknown) => this.#context.fail(error));
  }

  #countFor(index: number): { inFlight: number; idle: (() => void) | undefined } {
    let count = this.#perQueue.get(index);
    if (!count) {
      count = { inFlight: 0, idle: undefined };
      this.#perQueue.set(index, count);
    }
    return count;
  }

  /** Requests that finish together are published together: one interrupt for all of them. */
  #publishSoon(queue: DeviceQueue): void {
    if (this.#dirty.size === 0) void Promise.resolve().then(() => this.#publish());
    this.#dirty.add(queue);
  }

  #publish(): void {
    const queues = [...this.#dirty];
    this.#dirty.clear();
    for (const queue of queues) queue.flush();
  }

  // There is no state to save: requests in work come again after a restore, and to do one twice is the same as to do it once.

  get quiet(): boolean {
    return this.#inFlight === 0 && this.#dirty.size === 0;
  }

  reset(): void | Promise<void> {
    this.#stopped = true;
    this.#executor.abandoned = true;
    this.#starved.clear();
    if (this.#inFlight === 0) return;
    return new Promise((resolve) => {
      this.#idle = resolve;
    });
  }

  resetQueue(index: number): void | Promise<void> {
    this.#starved.delete(index);
    const count = this.#countFor(index);
    if (count.inFlight === 0) return;
    return new Promise((resolve) => {
      count.idle = resolve;
    });
  }
}
