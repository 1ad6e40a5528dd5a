import type { ConfigLayout, ReadonlyFeatureSet } from "@zarch/virtio";
import { blk } from "@zarch/virtio/device-types";
import { DriverError } from "../errors.ts";
import type { VirtioDriver } from "../virtio-driver.ts";

/** What a block device told of itself in its configuration (virtio 5.2.4), with the defaults for what it did not tell. */
export interface BlockLimits {
  readonly blockSize: number;
  /** Most bytes, and whole sectors, of data in one request. */
  readonly requestBytes: number;
  /** Most bytes in one segment of data. */
  readonly segmentBytes: number;
  readonly discard: RangeLimits | undefined;
  readonly writeZeroes: RangeLimits | undefined;
}

/** Bounds of requests that carry ranges. */
export interface RangeLimits {
  readonly maxSectors: number;
  readonly maxRanges: number;
}

/** Most data in one request, whatever the device can take: other requests want memory, too. Also most of the driver's region. */
const MAX_REQUEST_BYTES = 256 * 1024;
const MAX_SHARE = 1 / 8;
const MAX_SECTORS = 0xffff_ffff;
const FRAMING_DESCRIPTORS = 2;

/** Which feature bit says that a field means something; the others are behind bits that this driver does not know. */
const GUARDS: Readonly<Partial<Record<keyof typeof blk.CONFIG, number>>> = {
  size_max: blk.F_SIZE_MAX,
  seg_max: blk.F_SEG_MAX,
  blk_size: blk.F_BLK_SIZE,
  max_discard_sectors: blk.F_DISCARD,
  max_discard_seg: blk.F_DISCARD,
  max_write_zeroes_sectors: blk.F_WRITE_ZEROES,
  max_write_zeroes_seg: blk.F_WRITE_ZEROES,
};

/** The fields that may be read with these features (2.5.1). */
function readableFields(features: ReadonlyFeatureSet): ConfigLayout {
  const layout: Record<string, ConfigLayout[string]> = {};
  for (const [name, guard] of Object.entries(GUARDS)) {
    if (features.has(guard)) layout[name] = blk.CONFIG[name as keyof typeof blk.CONFIG];
  }
  return layout;
}

/**
 * Reads the limits. Numbers that make no sense are refused.
 * @throws DriverError ERR_DRIVER_DEVICE
 */
export async function readLimits(driver: VirtioDriver, queueSize: number): Promise<BlockLimits> {
  const { features } = driver;
  const fields: Readonly<Record<string, number>> = await driver.readConfigFields(readableFields(features));
  const blockSize = fields.blk_size ?? blk.SECTOR_SIZE;
  if (blockSize < blk.SECTOR_SIZE || (blockSize & (blockSize - 1)) !== 0) {
    throw new DriverError("ERR_DRIVER_DEVICE", `the disk has blocks of ${blockSize} bytes`);
  }
  const segmentBytes = Math.min(fields.size_max ?? MAX_REQUEST_BYTES, MAX_REQUEST_BYTES);
  // Without a word of the device, and for one that says 0, one segment is what any device can take.
  const segments = Math.min(Math.max(1, fields.seg_max ?? 1), queueSize - FRAMING_DESCRIPTORS);
  const most = Math.floor(Math.min(segments * segmentBytes, MAX_REQUEST_BYTES, driver.transport.region.length * MAX_SHARE));
  const requestBytes = most - (most % blk.SECTOR_SIZE);
  if (requestBytes === 0) {
    throw new DriverError("ERR_DRIVER_DEVICE", `no sector fits into ${segments} segments of ${segmentBytes} bytes`);
  }
  return {
    blockSize,
    requestBytes,
    segmentBytes,
    discard: rangeLimits(features.has(blk.F_DISCARD), fields.max_discard_sectors, fields.max_discard_seg),
    writeZeroes: rangeLimits(features.has(blk.F_WRITE_ZEROES), fields.max_write_zeroes_sectors, fields.max_write_zeroes_seg),
  };
}

/** 0 stands for no limit. */
function rangeLimits(negotiated: boolean, sectors = 0, ranges = 0): RangeLimits | undefined {
  if (!negotiated) return undefined;
  return { maxSectors: sectors || MAX_SECTORS, maxRanges: ranges || 1 };
}
