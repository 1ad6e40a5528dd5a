import { type DescriptorChain, type DeviceVirtqueue, VirtqueueError } from "@zarch/vring";
import type { DeviceQueue } from "./device.ts";

/** How a queue of an active device reports. */
export interface LiveQueueHost {
  queueInterrupt(index: number): void;
  fail(reason: unknown): void;
}

/** A virtqueue in service: turns ring errors into DEVICE_NEEDS_RESET and a wanted notification into an interrupt. */
export class LiveQueue implements DeviceQueue {
  readonly index: number;
  readonly #ring: DeviceVirtqueue;
  readonly #host: LiveQueueHost;

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

  pop(): DescriptorChain | undefined {
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
    return this.#guard(() => this.#ring.hasAvailable(), false);
  }

  push(chain: DescriptorChain, written: number): void {
    this.#ring.push(chain, written);
  }

  flush(): void {
    if (this.#guard(() => this.#ring.flush(), false)) this.#host.queueInterrupt(this.index);
  }

  disableNotifications(): void {
    this.#ring.disableNotifications();
  }

  enableNotifications(): boolean {
    return this.#guard(() => this.#ring.enableNotifications(), false);
  }

  close(): void {
    this.#ring.close();
  }
}
