import type { Endian, GuestMemory } from "@zarch/guest-memory";
import { HostError } from "@zarch/vmm-interface";
import { checkVirtqueueConfig, createDeviceVirtqueue, type DeviceVirtqueueState, isQueueSize, VirtqueueError } from "@zarch/vring";
import { F_EVENT_IDX, F_IN_ORDER, F_INDIRECT_DESC, F_NOTIFY_ON_EMPTY, F_RING_PACKED, type ReadonlyFeatureSet } from "./features.ts";
import { LiveQueue, type LiveQueueHost } from "./live-queue.ts";
import { MAX_QUEUES, type QueueSetup } from "./queue-setup.ts";
import type { QueueState } from "./state/virtio-state.ts";

interface Slot {
  setup: QueueSetup | undefined;
  live: LiveQueue | undefined;
}

/** The queues of a device: how the driver set them up, and those in service (virtio 2.6). */
export class QueueTable {
  readonly #memory: GuestMemory;
  readonly #maxSizes: readonly number[];
  readonly #slots: readonly Slot[];

  /** @throws HostError if there are too many queues, or a size is none that a queue can have */
  constructor(memory: GuestMemory, maxSizes: readonly number[]) {
    if (maxSizes.length > MAX_QUEUES) throw new HostError("ERR_VIRTIO_OPTIONS", `${maxSizes.length} queues`);
    for (const size of maxSizes) {
      if (size !== 0 && !isQueueSize(size, "split")) throw new HostError("ERR_VIRTIO_OPTIONS", `queue size ${size} is not a power of two`);
    }
    this.#memory = memory;
    this.#maxSizes = maxSizes;
    this.#slots = maxSizes.map(() => ({ setup: undefined, live: undefined }));
  }

  get count(): number {
    return this.#slots.length;
  }

  /** 0 if there is no such queue. */
  maxSize(index: number): number {
    return this.#maxSizes[index] ?? 0;
  }

  setup(index: number): QueueSetup | undefined {
    return this.#slots[index]?.setup;
  }

  live(index: number): LiveQueue | undefined {
    return this.#slots[index]?.live;
  }

  /** Indexes of the queues in service. */
  *inService(): IterableIterator<number> {
    for (const [index, { live }] of this.#slots.entries()) if (live) yield index;
  }

  get allIdle(): boolean {
    return this.#slots.every(({ live }) => live === undefined || live.idle);
  }

  /** Why a queue cannot be set up so, if so. */
  objection(index: number, { size, areas }: QueueSetup, features: ReadonlyFeatureSet): string | undefined {
    if (this.maxSize(index) === 0) return "there is no such queue";
    if (size > this.maxSize(index)) return `queue size ${size} is above its maximum`;
    try {
      checkVirtqueueConfig(this.#memory, { size, areas, format: formatOf(features) });
    } catch (error) {
      if (!(error instanceof VirtqueueError)) throw error;
      return error.message;
    }
    return undefined;
  }

  setUp(index: number, setup: QueueSetup): void {
    const slot = this.#slots[index];
    if (slot) slot.setup = { size: setup.size, areas: { ...setup.areas } };
  }

  forget(index: number): void {
    const slot = this.#slots[index];
    if (slot) slot.setup = undefined;
  }

  /**
   * Puts a queue into service if it is set up.
   * @param state to go on with
   * @throws VirtqueueStateError
   */
  open(
    index: number,
    features: ReadonlyFeatureSet,
    endian: Endian,
    legacy: boolean,
    host: LiveQueueHost,
    state?: DeviceVirtqueueState,
  ): void {
    const slot = this.#slots[index];
    if (!slot?.setup) return;
    const config = {
      ...slot.setup,
      format: formatOf(features),
      endian,
      indirect: features.has(F_INDIRECT_DESC),
      eventIndex: features.has(F_EVENT_IDX),
      inOrder: features.has(F_IN_ORDER),
      notifyOnEmpty: legacy && features.has(F_NOTIFY_ON_EMPTY),
    };
    const ring = createDeviceVirtqueue(this.#memory, config, state === undefined ? {} : { state });
    slot.live = new LiveQueue(index, ring, host, state);
  }

  /** By index: how each queue that is set up stands, and with `inService` its ring. */
  save(inService: boolean): (QueueState | null)[] {
    return this.#slots.map(({ setup, live }) => (setup ? { ...setup, ring: (inService && live?.save()) || null } : null));
  }

  /** Cuts a queue off from guest memory and takes it out of service. */
  close(index: number): void {
    const slot = this.#slots[index];
    slot?.live?.close();
    if (slot) slot.live = undefined;
  }

  /** Cuts all queues off from guest memory, without taking them out of service. */
  cutOff(): void {
    for (const { live } of this.#slots) live?.close();
  }
}

function formatOf(features: ReadonlyFeatureSet): "split" | "packed" {
  return features.has(F_RING_PACKED) ? "packed" : "split";
}
