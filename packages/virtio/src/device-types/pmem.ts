import type { ConfigLayout } from "../config-space.ts";

/** Persistent memory (virtio 5.19). */
export const ID = 27;
export const NAME = "persistent memory";

/** Feature bits (5.19.3). */
export const F_SHMEM_REGION = 0;

/** Configuration (5.19.4), without SHMEM_REGION. */
export const CONFIG = {
  /** Guest physical address. */
  start: { offset: 0, width: 8 },
  /** Bytes. */
  size: { offset: 8, width: 8 },
} as const satisfies ConfigLayout;

/** The shared memory region with SHMEM_REGION. */
export const SHM_ID = 0;

/** The one queue (5.19.2). */
export const QUEUE_REQUEST = 0;

/** A request has a type of 32 bits, its response a result of 32 bits: 0 or -1 (5.19.6). */
export const REQ_TYPE_FLUSH = 0;
