import type { Endian } from "@zarch/guest-memory";
import { blk } from "@zarch/virtio/device-types";
import { type ChainReader, type ChainWriter, type DescriptorChain, VirtqueueError } from "@zarch/vring";
import { MAX_RANGE_SECTORS, MAX_RANGES } from "./config.ts";

/** A span of the disk in bytes. */
export interface Range {
  readonly offset: number;
  readonly length: number;
  readonly unmap: boolean;
}

/** What a request asks for, checked: every span lies on the disk. */
export type Operation =
  | { readonly kind: "read"; readonly offset: number; readonly into: ChainWriter }
  | { readonly kind: "write"; readonly offset: number; readonly from: ChainReader }
  | { readonly kind: "flush" }
  | { readonly kind: "identify"; readonly into: ChainWriter }
  | { readonly kind: "discard" | "zero"; readonly ranges: readonly Range[] }
  /** To be answered with `status` at once. */
  | { readonly kind: "refused"; readonly status: number; readonly reason: string };

export interface Request {
  readonly chain: DescriptorChain;
  readonly operation: Operation;
  /** The device-writable bytes before the status. */
  readonly data: ChainWriter;
  /** The last device-writable byte. */
  readonly status: ChainWriter;
}

/** What a disk can do at the moment. */
export interface DiskLimits {
  /** Bytes. */
  readonly size: number;
  readonly readOnly: boolean;
  readonly discard: boolean;
  readonly writeZeroes: boolean;
}

function refused(status: number, reason: string): Operation {
  return { kind: "refused", status, reason };
}

function isOnDisk(disk: DiskLimits, sector: number, length: number): boolean {
  // sector may be anything below 2^64; only when it is small is its product with 512 exact.
  return sector <= disk.size / blk.SECTOR_SIZE && sector * blk.SECTOR_SIZE + length <= disk.size;
}

/**
 * Reads a request from its chain, however it is framed: a header of 16 bytes, data, and the status in the very last byte.
 *
 * @param endian byte order of header and ranges
 * @throws VirtqueueError ERR_VIRTQUEUE_MESSAGE_TOO_SHORT if there is no byte for the status, so that no answer is possible
 */
export function parseRequest(chain: DescriptorChain, disk: DiskLimits, endian: Endian): Request {
  const { readable, writable } = chain;
  if (writable.remaining === 0) throw new VirtqueueError("ERR_VIRTQUEUE_MESSAGE_TOO_SHORT", "a block request has no room for its status");
  const status = writable.splitAt(writable.remaining - 1);
  return { chain, operation: parseOperation(readable, writable, disk, endian), data: writable, status };
}

function parseOperation(readable: ChainReader, data: ChainWriter, disk: DiskLimits, endian: Endian): Operation {
  if (readable.remaining < blk.HEADER_SIZE) return refused(blk.S_IOERR, "header too short");
  const type = readable.readUint32(endian);
  readable.skip(4);
  const sector = readable.readUint64(endian);
  switch (type) {
    case blk.T_IN:
      return parseTransfer(data.remaining, sector, disk) ?? { kind: "read", offset: sector * blk.SECTOR_SIZE, into: data };
    case blk.T_OUT:
      if (disk.readOnly) return refused(blk.S_IOERR, "write to a read-only disk");
      return parseTransfer(readable.remaining, sector, disk) ?? { kind: "write", offset: sector * blk.SECTOR_SIZE, from: readable };
    case blk.T_FLUSH:
    case blk.T_FLUSH_OUT:
      return { kind: "flush" };
    case blk.T_GET_ID:
      return { kind: "identify", into: data };
    case blk.T_DISCARD:
      return disk.discard ? parseRanges("discard", readable, disk, endian) : refused(blk.S_UNSUPP, "discard");
    case blk.T_WRITE_ZEROES:
      return disk.writeZeroes ? parseRanges("zero", readable, disk, endian) : refused(blk.S_UNSUPP, "write zeroes");
    default:
      return refused(blk.S_UNSUPP, `request type ${type}`);
  }
}

function parseTransfer(length: number, sector: number, disk: DiskLimits): Operation | undefined {
  if (length % blk.SECTOR_SIZE !== 0) return refused(blk.S_IOERR, `${length} bytes are no whole sectors`);
  if (!isOnDisk(disk, sector, length)) return refused(blk.S_IOERR, `${length} bytes at sector ${sector} are beyond the end`);
  return undefined;
}

function parseRanges(kind: "discard" | "zero", readable: ChainReader, disk: DiskLimits, endian: Endian): Operation {
  if (disk.readOnly) return refused(blk.S_IOERR, `${kind} on a read-only disk`);
  const count = readable.remaining / blk.RANGE_SIZE;
  if (!Number.isInteger(count) || count < 1 || count > MAX_RANGES) return refused(blk.S_IOERR, `${readable.remaining} bytes of ranges`);
  const ranges: Range[] = [];
  for (let i = 0; i < count; i++) {
    const sector = readable.readUint64(endian);
    const sectors = readable.readUint32(endian);
    const flags = readable.readUint32(endian);
    const unmap = (flags & blk.RANGE_F_UNMAP) !== 0;
    if ((flags & ~blk.RANGE_F_UNMAP) !== 0 || (unmap && kind === "discard"))
      return refused(blk.S_UNSUPP, `flags ${flags} of a ${kind} range`);
    const length = sectors * blk.SECTOR_SIZE;
    if (sectors > MAX_RANGE_SECTORS || !isOnDisk(disk, sector, length)) {
      return refused(blk.S_IOERR, `a ${kind} range of ${sectors} sectors at ${sector}`);
    }
    ranges.push({ offset: sector * blk.SECTOR_SIZE, length, unmap });
  }
  return { kind, ranges };
}
