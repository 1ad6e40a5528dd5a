export type { RingOptions } from "@zarch/virtio";
export {
  type DeviceTreeNode,
  type DeviceTreeOptions,
  deviceTreeNode,
  deviceTreeSource,
  linuxCommandLine,
  type VirtioMmioPlace,
} from "./discovery.ts";
export { emptyVirtioMmioSlot, type MmioRegion } from "./mmio-region.ts";
export * from "./registers.ts";
export { VirtioMmioDevice, type VirtioMmioOptions, type VirtioMmioState } from "./virtio-mmio-device.ts";
