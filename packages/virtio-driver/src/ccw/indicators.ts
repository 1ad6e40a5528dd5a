import type { GuestMemory } from "@zarch/guest-memory";
import type { DriverInterrupts } from "../transport.ts";

/** Queues that classic indicators have bits for. */
export const CLASSIC_QUEUES = 64;
/** Queues that adapter indicators have bits for, as this driver sets them up. */
export const ADAPTER_QUEUES = 1024;

/** Bytes of {@link Indicators} in memory. */
export const INDICATORS_LENGTH = 32 + ADAPTER_QUEUES / 8;

/** The places in memory where a device leaves what its interruption is about (virtio 4.3.2.6). */
export class Indicators {
  /** A doubleword: bit n, counted from the lowest, is queue n. */
  readonly queues: number;
  /** A doubleword: the lowest bit is a configuration change. */
  readonly config: number;
  /** A byte that is not 0 if a bit of {@link adapter} is set. */
  readonly summary: number;
  /** A bit for each queue, the leftmost of the first byte for queue 0. */
  readonly adapter: number;
  readonly #memory: GuestMemory;

  constructor(memory: GuestMemory, address: number) {
    this.#memory = memory;
    this.queues = address;
    this.config = address + 8;
    this.summary = address + 16;
    this.adapter = address + 32;
  }

  clear(): void {
    this.#memory.fill(this.queues, INDICATORS_LENGTH, 0);
  }

  /** Takes what the classic indicators say. */
  takeClassic(listener: DriverInterrupts): void {
    for (let byte = 0; byte < CLASSIC_QUEUES / 8; byte++) {
      const bits = this.#take(this.queues + 7 - byte);
      for (let bit = 0; bit < 8; bit++) if ((bits & (1 << bit)) !== 0) listener.queueInterrupt(8 * byte + bit);
    }
    if ((this.#take(this.config + 7) & 1) !== 0) listener.configInterrupt();
  }

  /** Takes what the adapter indicators say: the summary first, so that what is set from now on interrupts again (4.3.3.1.2.2). */
  takeAdapter(listener: DriverInterrupts): void {
    if (this.#take(this.summary) === 0) return;
    for (let byte = 0; byte < ADAPTER_QUEUES / 8; byte++) {
      const bits = this.#take(this.adapter + byte);
      for (let bit = 0; bit < 8; bit++) if ((bits & (0x80 >> bit)) !== 0) listener.queueInterrupt(8 * byte + bit);
    }
  }

  #take(address: number): number {
    const bits = this.#memory.loadUint8(address);
    if (bits !== 0) this.#memory.storeUint8(address, 0);
    return bits;
  }
}
