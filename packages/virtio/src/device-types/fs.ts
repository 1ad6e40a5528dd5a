import type { ConfigLayout } from "../config-space.ts";
import type { ReadonlyFeatureSet } from "../features.ts";

/** File system device (virtio 5.11). Its messages are those of FUSE. */
export const ID = 26;
export const NAME = "file system";

/** Feature bits (5.11.3). */
export const F_NOTIFICATION = 0;

/** Configuration (5.11.4). */
export const CONFIG = {
  /** Name of the file system: UTF-8, filled with zeroes, not terminated when full. */
  tag: { offset: 0, width: 1, count: 36 },
  num_request_queues: { offset: 36, width: 4 },
  /** Bytes of a buffer for a notification. */
  notify_buf_size: { offset: 40, width: 4 },
} as const satisfies ConfigLayout;

/** Queues (5.11.2). The notification queue is there with NOTIFICATION only. */
export const QUEUE_HIPRIO = 0;
export const QUEUE_NOTIFICATION = 1;

/** The first of the request queues, which take the place of the notification queue when there is none. */
export function firstRequestQueue(features: ReadonlyFeatureSet): number {
  return features.has(F_NOTIFICATION) ? 2 : 1;
}

/** Shared memory region with the DAX window (5.11.6.4). */
export const SHM_ID_DAX = 0;
