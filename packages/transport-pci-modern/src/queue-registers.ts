import type { VirtioFrontend } from "@zarch/virtio";
import { F_RING_PACKED } from "@zarch/virtio";
import { isQueueSize } from "@zarch/vring";

/** The three addresses of a queue, in 32-bit halves: descriptor area, driver area, device area, each low half first. */
const ADDRESS_WORDS = 6;

interface QueueState {
  /** What the driver made of the size, or 0 while it is the maximum. */
  size: number;
  readonly addresses: Uint32Array;
  resetting: boolean;
}

/** What a driver writes about its queues before it enables them (virtio 4.1.4.3). */
export class QueueRegisters {
  readonly #frontend: VirtioFrontend;
  readonly #queues: readonly QueueState[];

  constructor(frontend: VirtioFrontend) {
    this.#frontend = frontend;
    this.#queues = Array.from({ length: frontend.queueCount }, () => ({
      size: 0,
      addresses: new Uint32Array(ADDRESS_WORDS),
      resetting: false,
    }));
  }

  /** Everything as after a reset of the device. */
  reset(): void {
    for (const queue of this.#queues) clear(queue);
  }

  size(queue: number): number {
    return this.#frontend.queueSize(queue) || this.#queues[queue]?.size || this.#frontend.queueMaxSize(queue);
  }

  /** The driver may reduce a size. One that the queue cannot have is not taken, and the driver sees that. */
  setSize(queue: number, size: number): void {
    const state = this.#queues[queue];
    const format = this.#frontend.features.has(F_RING_PACKED) ? "packed" : "split";
    if (state && isQueueSize(size, format) && size <= this.#frontend.queueMaxSize(queue)) state.size = size;
  }

  address(queue: number, word: number): number {
    return this.#queues[queue]?.addresses[word] ?? 0;
  }

  setAddress(queue: number, word: number, value: number): void {
    const state = this.#queues[queue];
    if (state) state.addresses[word] = value;
  }

  enabled(queue: number): boolean {
    return this.#frontend.queueEnabled(queue) && !this.resetting(queue);
  }

  /** Drivers write 1 only (4.1.4.3.2). */
  enable(queue: number, value: number): void {
    const state = this.#queues[queue];
    if (!state || value !== 1 || state.resetting) return;
    const address = (word: number): number => (state.addresses[word + 1] as number) * 0x1_0000_0000 + (state.addresses[word] as number);
    this.#frontend.setUpQueue(queue, {
      size: this.size(queue),
      areas: { descriptor: address(0), driver: address(2), device: address(4) },
    });
  }

  /** Whether a queue reset is under way. */
  resetting(queue: number): boolean {
    return this.#queues[queue]?.resetting ?? false;
  }

  /** Starts a queue reset (VIRTIO_F_RING_RESET). */
  resetQueue(queue: number, value: number): void {
    const state = this.#queues[queue];
    if (!state || value !== 1 || state.resetting) return;
    const pending = this.#frontend.resetQueue(queue);
    if (pending === false) return;
    clear(state);
    if (pending === undefined) return;
    state.resetting = true;
    void pending.then(() => {
      state.resetting = false;
    });
  }
}

function clear(queue: QueueState): void {
  queue.size = 0;
  queue.addresses.fill(0);
}
