import { ConfigSpace } from "@zarch/virtio";

/** Unit of every sector number in the protocol, whatever the block size (virtio 5.2.5). */
export const SECTOR_SIZE = 512;

/** Feature bits of a block device (virtio 5.2.3). Those that are not here have no implementation and are never offered. */
export const BLK_F_SEG_MAX = 2;
export const BLK_F_GEOMETRY = 4;
export const BLK_F_RO = 5;
export const BLK_F_BLK_SIZE = 6;
export const BLK_F_FLUSH = 9;
export const BLK_F_TOPOLOGY = 10;
export const BLK_F_CONFIG_WCE = 11;
export const BLK_F_MQ = 12;
export const BLK_F_DISCARD = 13;
export const BLK_F_WRITE_ZEROES = 14;

/** Most ranges in one discard or write-zeroes request. */
export const MAX_RANGES = 32;

/** Most sectors in one range: 2 GiB. */
export const MAX_RANGE_SECTORS = 0x40_0000;

/** The configuration space of a block device (virtio 5.2.4) up to and including unused1. */
export function blkConfig() {
  return new ConfigSpace(
    {
      /** In sectors. */
      capacity: { offset: 0, width: 8 },
      size_max: { offset: 8, width: 4 },
      seg_max: { offset: 12, width: 4 },
      cylinders: { offset: 16, width: 2 },
      heads: { offset: 18, width: 1 },
      sectors: { offset: 19, width: 1 },
      /** In bytes. */
      blk_size: { offset: 20, width: 4 },
      physical_block_exp: { offset: 24, width: 1 },
      alignment_offset: { offset: 25, width: 1 },
      /** In logical blocks, as the next. */
      min_io_size: { offset: 26, width: 2 },
      opt_io_size: { offset: 28, width: 4 },
      writeback: { offset: 32, width: 1, writable: true },
      num_queues: { offset: 34, width: 2 },
      max_discard_sectors: { offset: 36, width: 4 },
      max_discard_seg: { offset: 40, width: 4 },
      discard_sector_alignment: { offset: 44, width: 4 },
      max_write_zeroes_sectors: { offset: 48, width: 4 },
      max_write_zeroes_seg: { offset: 52, width: 4 },
      write_zeroes_may_unmap: { offset: 56, width: 1 },
    },
    60,
  );
}

export type BlkConfig = ReturnType<typeof blkConfig>;
