import { type DescriptorChain, type DeviceVirtqueue, VirtqueueError } from "@zarch/vring";
import type { DeviceQueue } from "./device.ts";

/** How a queue of an active device reports. */
export interface LiveQueueHost {
  /** Whether no buffer may be taken for now. */
  readonly paused: boolean;
  /** Used buffers were published. */
  flushed(): void;
  queueInterrupt(index: number): void;
  fail(reason: unknown): void;
}

/** A virtqueue in service: turns ring errors into DEVICE_NEEDS_RESET and a wanted notification into an interrupt. */
export class LiveQueue implements DeviceQueue {
  readonly index: number;
  readonly #ring: DeviceVirtqueue;
  readonly #host: LiveQueueHost;
  /** Buffers were pushed and not published. */
  #staged = false;

  constructor(index: number, ring: DeviceVirtqueue, host: LiveQueueHost) {
    this.index = index;
    this.#ring = ring;
    this.#host = host;
  }

  get size(): number {
    return this.#ring.size;
  }

  get inFlight(): number {
    return this.#ring.inFlight;
  }

  #guard<T>(action: () => T, otherwise: T): T {
    try {
      return action();
    } catch (error) {
      if (!(error instanceof VirtqueueError)) throw error;
      this.#host.fail(error);
      return otherwise;
    }
  }

  /** Whether the device has no buffer of this queue, and has told the driver so. */
  get idle(): boolean {
    return this.#ring.inFlight === 0 && !this.#staged;
  }

  pop(): DescriptorChain | undefined {
    if (this.#host.paused) return undefined;
    try {
      return this.#ring.pop();
    } catch (error) {
      if (!(error instanceof VirtqueueError)) throw error;
      this.#host.fail(error);
      return undefined;
    }
  }

  *[Symbol.iterator](): IterableIterator<DescriptorChain> {
    for (let chain = this.pop(); chain; chain = this.pop()) yield chain;
  }

  hasAvailable(): boolean {
    return !this.#host.paused && this.#guard(() => this.#ring.hasAvailable(), false);
  }

  push(chain: DescriptorChain, written: number): void {
    this.#ring.push(chain, written);
    this.#staged = true;
  }

  flush(): void {
    if (this.#guard(() => this.#ring.flush(), false)) this.#host.queueInterrupt(this.index);
    if (!this.#staged) return;
    this.#staged = false;
    this.#host.flushed();
  }

  disableNotifications(): void {
    this.#ring.disableNotifications();
  }

  enableNotifications(): boolean {
    return this.#guard(() => this.#ring.enableNotifications(), false) && !this.#host.paused;
  }

  close(): void {
    this.#ring.close();
  }
}
