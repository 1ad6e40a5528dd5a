import type { ConfigLayout } from "../config-space.ts";
import type { FeatureDependency, ReadonlyFeatureSet } from "../features.ts";

/** Block device (virtio 5.2). */
export const ID = 2;
export const NAME = "block";

/** Unit of every sector number, whatever the block size (5.2.5): bytes. */
export const SECTOR_SIZE = 512;

/** Feature bits (5.2.3). */
export const F_SIZE_MAX = 1;
export const F_SEG_MAX = 2;
export const F_GEOMETRY = 4;
export const F_RO = 5;
export const F_BLK_SIZE = 6;
export const F_FLUSH = 9;
export const F_TOPOLOGY = 10;
export const F_CONFIG_WCE = 11;
export const F_MQ = 12;
export const F_DISCARD = 13;
export const F_WRITE_ZEROES = 14;
export const F_LIFETIME = 15;
export const F_SECURE_ERASE = 16;
export const F_ZONED = 17;

/** Feature bits of legacy devices (5.2.3.1). */
export const F_BARRIER = 0;
export const F_SCSI = 7;

/** 5.2.5.2: a device that lets its cache be switched can also flush it. A driver may take the one without the other. */
export const FEATURE_DEPENDENCIES: readonly FeatureDependency[] = [{ feature: F_CONFIG_WCE, anyOf: [F_FLUSH], offerOnly: true }];

/** Configuration (5.2.4). What is called sectors has {@link SECTOR_SIZE} bytes. */
export const CONFIG = {
  /** In sectors. Always there; the others depend on features. */
  capacity: { offset: 0, width: 8 },
  /** Bytes. */
  size_max: { offset: 8, width: 4 },
  seg_max: { offset: 12, width: 4 },
  /** GEOMETRY: three fields. */
  cylinders: { offset: 16, width: 2 },
  heads: { offset: 18, width: 1 },
  sectors: { offset: 19, width: 1 },
  /** Bytes. */
  blk_size: { offset: 20, width: 4 },
  /** TOPOLOGY: log2 of logical blocks per physical block, then three fields in logical blocks. */
  physical_block_exp: { offset: 24, width: 1 },
  alignment_offset: { offset: 25, width: 1 },
  min_io_size: { offset: 26, width: 2 },
  opt_io_size: { offset: 28, width: 4 },
  /** CONFIG_WCE: 0 write-through, 1 write-back. */
  writeback: { offset: 32, width: 1, writable: true },
  num_queues: { offset: 34, width: 2 },
  /** In sectors, like the other fields named so; the seg fields are numbers of ranges. */
  max_discard_sectors: { offset: 36, width: 4 },
  max_discard_seg: { offset: 40, width: 4 },
  discard_sector_alignment: { offset: 44, width: 4 },
  max_write_zeroes_sectors: { offset: 48, width: 4 },
  max_write_zeroes_seg: { offset: 52, width: 4 },
  write_zeroes_may_unmap: { offset: 56, width: 1 },
  max_secure_erase_sectors: { offset: 60, width: 4 },
  max_secure_erase_seg: { offset: 64, width: 4 },
  secure_erase_sector_alignment: { offset: 68, width: 4 },
  /** ZONED: the remaining fields. In sectors. */
  zone_sectors: { offset: 72, width: 4 },
  max_open_zones: { offset: 76, width: 4 },
  max_active_zones: { offset: 80, width: 4 },
  /** In sectors. */
  max_append_sectors: { offset: 84, width: 4 },
  /** Bytes. */
  write_granularity: { offset: 88, width: 4 },
  /** One of Z_. */
  model: { offset: 92, width: 1 },
} as const satisfies ConfigLayout;

/** Bytes of the configuration with the padding at its end. */
export const CONFIG_SIZE = 96;

/** Zone models. */
export const Z_NONE = 0;
export const Z_HM = 1;
export const Z_HA = 2;

/**
 * Number of request queues, 0 to N - 1 (5.2.2).
 * @param numQueues num_queues of the configuration
 */
export function queueCount(features: ReadonlyFeatureSet, numQueues: number): number {
  return features.has(F_MQ) ? numQueues : 1;
}

/** Bytes before the data of a request: type (32 bits), reserved (32), sector (64) (5.2.6). */
export const HEADER_SIZE = 16;

/** Types of requests. */
export const T_IN = 0;
export const T_OUT = 1;
export const T_FLUSH = 4;
export const T_GET_ID = 8;
export const T_GET_LIFETIME = 10;
export const T_DISCARD = 11;
export const T_WRITE_ZEROES = 13;
export const T_SECURE_ERASE = 14;
export const T_ZONE_APPEND = 15;
export const T_ZONE_REPORT = 16;
export const T_ZONE_OPEN = 18;
export const T_ZONE_CLOSE = 20;
export const T_ZONE_FINISH = 22;
export const T_ZONE_RESET = 24;
export const T_ZONE_RESET_ALL = 26;

/** Types of requests of legacy drivers (5.2.6.3); the last is a bit beside any type. */
export const T_SCSI_CMD = 2;
export const T_SCSI_CMD_OUT = 3;
export const T_FLUSH_OUT = 5;
export const T_BARRIER = 0x8000_0000;

/** The status byte at the end of a request. */
export const S_OK = 0;
export const S_IOERR = 1;
export const S_UNSUPP = 2;
export const S_ZONE_INVALID_CMD = 3;
export const S_ZONE_UNALIGNED_WP = 4;
export const S_ZONE_OPEN_RESOURCE = 5;
export const S_ZONE_ACTIVE_RESOURCE = 6;

/** Bytes of an answer to GET_ID: ASCII, filled with zeroes, not terminated when full. */
export const ID_BYTES = 20;

/** Bytes of one range of DISCARD, WRITE_ZEROES and SECURE_ERASE: sector (64 bits), number of sectors (32), flags (32). */
export const RANGE_SIZE = 16;
export const RANGE_F_UNMAP = 1;

/** GET_LIFETIME: pre_eol_info. */
export const PRE_EOL_INFO_UNDEFINED = 0;
export const PRE_EOL_INFO_NORMAL = 1;
export const PRE_EOL_INFO_WARNING = 2;
export const PRE_EOL_INFO_URGENT = 3;

/** ZONE_REPORT: bytes of the header, of each descriptor; z_type; z_state. */
export const ZONE_REPORT_HEADER_SIZE = 64;
export const ZONE_DESCRIPTOR_SIZE = 64;
export const ZT_CONV = 1;
export const ZT_SWR = 2;
export const ZT_SWP = 3;
export const ZS_NOT_WP = 0;
export const ZS_EMPTY = 1;
export const ZS_IOPEN = 2;
export const ZS_EOPEN = 3;
export const ZS_CLOSED = 4;
export const ZS_RDONLY = 13;
export const ZS_FULL = 14;
export const ZS_OFFLINE = 15;
