import { ConfigSpace } from "@zarch/virtio";
import { blk } from "@zarch/virtio/device-types";

/** Most ranges in one discard or write-zeroes request. */
export const MAX_RANGES = 32;

/** Most sectors in one range: 2 GiB. */
export const MAX_RANGE_SECTORS = 0x40_0000;

export type BlkConfig = ConfigSpace<typeof blk.CONFIG>;

/** The configuration space of a block device (virtio 5.2.4). */
export function blkConfig(): BlkConfig {
  return new ConfigSpace(blk.CONFIG, blk.CONFIG_SIZE);
}
