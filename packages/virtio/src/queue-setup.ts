import type { VirtqueueAreas } from "@zarch/vring";

/** Most queues of a device (virtio 2.6). */
export const MAX_QUEUES = 65536;

/** A queue as the driver sets it up. */
export interface QueueSetup {
  /** Number of entries. */
  readonly size: number;
  readonly areas: VirtqueueAreas;
}
