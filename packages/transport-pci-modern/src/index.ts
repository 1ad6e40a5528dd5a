export { vendorCapability } from "./capabilities.ts";
export * from "./constants.ts";
export { type SharedMemoryBar, VirtioPciDevice, type VirtioPciOptions } from "./virtio-pci-device.ts";
