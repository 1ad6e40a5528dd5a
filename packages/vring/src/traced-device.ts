import type { DescriptorChain } from "./chain.ts";
import type { DeviceVirtqueue } from "./device-virtqueue.ts";
import { VirtqueueError } from "./errors.ts";
import type { DeviceTraceEvent, VirtqueueTrace } from "./trace.ts";
import type { DeviceVirtqueueState } from "./virtqueue-state.ts";

/** A device's virtqueue that tells what it does. A queue without a trace is never wrapped, so that tracing costs it nothing. */
export class TracedDeviceVirtqueue implements DeviceVirtqueue {
  readonly #queue: DeviceVirtqueue;
  readonly #trace: VirtqueueTrace;
  #staged: number;

  /** @param staged buffers that were pushed before, and not published */
  constructor(queue: DeviceVirtqueue, trace: VirtqueueTrace, staged: number) {
    this.#queue = queue;
    this.#trace = trace;
    this.#staged = staged;
  }

  get size(): number {
    return this.#queue.size;
  }

  get inFlight(): number {
    return this.#queue.inFlight;
  }

  get error(): VirtqueueError | undefined {
    return this.#queue.error;
  }

  #attempt<T>(action: () => T): T {
    try {
      return action();
    } catch (error) {
      if (error instanceof VirtqueueError) this.#trace({ side: "device", event: "error", code: error.code, message: error.message });
      throw error;
    }
  }

  pop(): DescriptorChain | undefined {
    const chain = this.#attempt(() => this.#queue.pop());
    this.#trace(chain ? popped(chain) : { side: "device", event: "empty" });
    return chain;
  }

  *[Symbol.iterator](): IterableIterator<DescriptorChain> {
    for (let chain = this.pop(); chain; chain = this.pop()) yield chain;
  }

  push(chain: DescriptorChain, written: number): void {
    // The difference counts what is staged now: nothing, or more than one, with IN_ORDER.
    const before = this.#queue.inFlight;
    this.#queue.push(chain, written);
    this.#staged += before - this.#queue.inFlight;
    this.#trace({ side: "device", event: "push", id: chain.id, written });
  }

  flush(): boolean {
    const notify = this.#attempt(() => this.#queue.flush());
    // A queue that met a malformed ring publishes nothing any more.
    this.#trace({ side: "device", event: "flush", published: this.#queue.error ? 0 : this.#staged, notify });
    this.#staged = 0;
    return notify;
  }

  hasAvailable(): boolean {
    return this.#attempt(() => this.#queue.hasAvailable());
  }

  disableNotifications(): void {
    this.#queue.disableNotifications();
    this.#trace({ side: "device", event: "notifications", wanted: false, available: false });
  }

  enableNotifications(): boolean {
    const available = this.#attempt(() => this.#queue.enableNotifications());
    this.#trace({ side: "device", event: "notifications", wanted: true, available });
    return available;
  }

  reset(): void {
    this.#queue.reset();
    this.#staged = 0;
    this.#trace({ side: "device", event: "reset" });
  }

  save(): DeviceVirtqueueState {
    return this.#queue.save();
  }

  close(): void {
    this.#queue.close();
    this.#staged = 0;
    this.#trace({ side: "device", event: "close" });
  }
}

function popped(chain: DescriptorChain): DeviceTraceEvent {
  const { id, slots, descriptorCount: descriptors, readable, writableLength: writable } = chain;
  return { side: "device", event: "pop", id, slots, descriptors, readable: readable.remaining, writable };
}
