import { HostError } from "@zarch/vmm-interface";

/**
 * Memory that a device shares with its driver for as long as the device exists (virtio 2.10), apart from buffers in queues. Only for
 * data that both sides keep there: never for control registers or streams (2.10.2).
 */
export interface SharedMemoryRegion {
  /** shmid, 0 to 255; what it means depends on the device type. */
  readonly id: number;
  /** Where the driver sees the region: a guest physical address. */
  readonly address: number;
  /** Bytes, at least 1. */
  readonly length: number;
}

/**
 * @throws HostError ERR_VIRTIO_OPTIONS if an id is used twice or out of range, a region is empty or not addressable, or two overlap
 */
export function checkSharedMemory(regions: readonly SharedMemoryRegion[]): void {
  const refuse = (why: string): never => {
    throw new HostError("ERR_VIRTIO_OPTIONS", `shared memory: ${why}`);
  };
  const ids = new Set<number>();
  for (const { id, address, length } of regions) {
    if (!Number.isInteger(id) || id < 0 || id > 255) refuse(`region id ${id}`);
    if (ids.has(id)) refuse(`two regions with id ${id}`);
    ids.add(id);
    const span = Number.isSafeInteger(address) && address >= 0 && Number.isSafeInteger(length) && length > 0;
    if (!span || !Number.isSafeInteger(address + length)) refuse(`region ${id} of ${length} bytes at ${address}`);
  }
  const sorted = [...regions].sort((a, b) => a.address - b.address);
  for (const [index, region] of sorted.entries()) {
    const next = sorted[index + 1];
    if (next && region.address + region.length > next.address) refuse(`regions ${region.id} and ${next.id} overlap`);
  }
}
