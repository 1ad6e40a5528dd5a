import type { ConfigLayout } from "../config-space.ts";
import type { ReadonlyFeatureSet } from "../features.ts";

/** Traditional memory balloon (virtio 5.5). */
export const ID = 5;
export const NAME = "traditional memory balloon";

/** Feature bits (5.5.3). */
export const F_MUST_TELL_HOST = 0;
export const F_STATS_VQ = 1;
export const F_DEFLATE_ON_OOM = 2;
export const F_FREE_PAGE_HINT = 3;
export const F_PAGE_POISON = 4;
export const F_PAGE_REPORTING = 5;

/** Configuration (5.5.4), little-endian also for legacy drivers. */
export const CONFIG = {
  /** Pages that the balloon should have, of {@link PAGE_SIZE} bytes. */
  num_pages: { offset: 0, width: 4, endian: "little" },
  /** Pages that it has. */
  actual: { offset: 4, width: 4, writable: true, endian: "little" },
  free_page_hint_cmd_id: { offset: 8, width: 4, endian: "little" },
  poison_val: { offset: 12, width: 4, writable: true, endian: "little" },
} as const satisfies ConfigLayout;

/** Bytes of a balloon page, whatever the guest's own pages are. A page has the number address / 4096, in 32 bits. */
export const PAGE_SIZE = 4096;

export const QUEUE_INFLATE = 0;
export const QUEUE_DEFLATE = 1;

/** Queues that depend on features. */
export interface OptionalQueues {
  readonly stats: number | undefined;
  readonly freePage: number | undefined;
  readonly reporting: number | undefined;
}

/**
 * Where they are (5.5.2). Those that do not exist take no number, as drivers and other devices have it: the numbers 2, 3 and 4 of the
 * specification are for a device with all of them.
 */
export function optionalQueues(features: ReadonlyFeatureSet): OptionalQueues {
  let next = 2;
  const place = (feature: number): number | undefined => (features.has(feature) ? next++ : undefined);
  return { stats: place(F_STATS_VQ), freePage: place(F_FREE_PAGE_HINT), reporting: place(F_PAGE_REPORTING) };
}

/** Bytes of one statistic: tag (16 bits), value (64), without padding (5.5.6.3). */
export const STAT_SIZE = 10;

/** Tags of statistics (5.5.6.4). Memory in bytes, the others are counts. */
export const S_SWAP_IN = 0;
export const S_SWAP_OUT = 1;
export const S_MAJFLT = 2;
export const S_MINFLT = 3;
export const S_MEMFREE = 4;
export const S_MEMTOT = 5;
export const S_AVAIL = 6;
export const S_CACHES = 7;
export const S_HTLB_PGALLOC = 8;
export const S_HTLB_PGFAIL = 9;

/** Command ids of free page hinting (5.5.6.5). Others, from 2 on, start a round. */
export const CMD_ID_STOP = 0;
export const CMD_ID_DONE = 1;
