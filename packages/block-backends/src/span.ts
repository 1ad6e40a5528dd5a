import { type BlockBackend, HostError } from "@zarch/vmm-interface";

/**
 * Checks a span of a backend before it is used.
 * @throws HostError `ERR_ZARCH_BLOCK_RANGE` if it is not inside the store, `ERR_ZARCH_BLOCK_READ_ONLY` for a change of a
 *   read-only store
 */
export function checkSpan(backend: Pick<BlockBackend, "size" | "readOnly">, offset: number, length: number, change: boolean): void {
  if (!Number.isSafeInteger(offset) || !Number.isSafeInteger(length) || offset < 0 || length < 0 || length > backend.size - offset) {
    throw new HostError("ERR_ZARCH_BLOCK_RANGE", `bytes ${offset} to ${offset + length} are outside of a store of ${backend.size} bytes`);
  }
  if (change && backend.readOnly) throw new HostError("ERR_ZARCH_BLOCK_READ_ONLY", "the store is read-only");
}

/** @throws HostError `ERR_ZARCH_BLOCK_SIZE` unless `size` is a multiple of 512, the sector of virtio-blk */
export function checkSize(size: number, what: string): void {
  if (!Number.isSafeInteger(size) || size < 0 || size % 512 !== 0) {
    throw new HostError("ERR_ZARCH_BLOCK_SIZE", `${what}: the size of ${size} bytes is not a multiple of 512`);
  }
}
