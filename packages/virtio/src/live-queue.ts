import { type DescriptorChain, type DeviceVirtqueue, type DeviceVirtqueueState, VirtqueueError } from "@zarch/vring";
import type { DeviceQueue } from "./device.ts";

/** Which buffers a device may take at the moment: every one, those only that a restored queue gives again, or none. */
export type Admission = "all" | "returning" | "none";

/** How a queue of an active device reports. */
export interface LiveQueueHost {
  readonly admission: Admission;
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
  #staged: boolean;
  #returning: number;

  /** @param state what `ring` was made from, if it was restored */
  constructor(index: number, ring: DeviceVirtqueue, host: LiveQueueHost, state?: DeviceVirtqueueState) {
    this.index = index;
    this.#ring = ring;
    this.#host = host;
    this.#staged = (state?.staged.length ?? 0) > 0;
    this.#returning = state?.chains.filter(({ written }) => written === undefined).length ?? 0;
  }

  save(): DeviceVirtqueueState {
    return this.#ring.save();
  }

  get size(): number {
    return this.#ring.size;
  }

  get inFlight(): number {
    return this.#ring.inFlight;
  }

  get returning(): number {
    return this.#returning;
  }

  /** Whether {@link pop} may give something. */
  get open(): boolean {
    const { admission } = this.#host;
    return admission === "all" || (admission === "returning" && this.#returning > 0);
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
    return this.#ring.inFlight === 0 && this.#returning === 0 && !this.#staged;
  }

  pop(): DescriptorChain | undefined {
    if (!this.open) return undefined;
    try {
      const chain = this.#ring.pop();
      if (this.#returning > 0) this.#returning--;
      return chain;
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
    return this.open && this.#guard(() => this.#ring.hasAvailable(), false);
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
    return this.#guard(() => this.#ring.enableNotifications(), false) && this.open;
  }

  close(): void {
    this.#ring.close();
  }
}
