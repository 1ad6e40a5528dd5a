import { VirtioMmioRegister as Register, VIRTIO_MMIO_MAGIC } from "./registers.ts";
import { NOTHING } from "./version-registers.ts";

/** A range of addresses behind which there is something else than memory, as a bus sees it. */
export interface MmioRegion {
  /** Bytes. */
  readonly size: number;
  /**
   * @param offset bytes from the start of the region
   * @param width bytes: 1, 2 or 4
   * @returns an unsigned number, as a little-endian processor loads it
   */
  read(offset: number, width: number): number;
  write(offset: number, width: number, value: number): void;
}

/**
 * A place without a device: DeviceID reads 0, and drivers pass by without complaint (virtio 4.2.2). For machines that have their devices
 * at fixed addresses and do not use them all.
 */
export const emptyVirtioMmioSlot: MmioRegion = {
  size: 0x200,
  read(offset, width) {
    if (width !== 4) return NOTHING;
    if (offset === Register.magicValue) return VIRTIO_MMIO_MAGIC;
    return offset === Register.version ? 2 : NOTHING;
  },
  write() {},
};
