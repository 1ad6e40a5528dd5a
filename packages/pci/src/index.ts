export { Bar, type BarKind, type BarOptions } from "./bar.ts";
export type { PciCapability } from "./capability.ts";
export { type ConfigWatcher, PciConfigSpace } from "./config-space.ts";
export { MAX_VECTORS, type MsiPort, MsixVectors } from "./msix.ts";
export { type MsixOptions, PciFunction, type PciFunctionHost, type PciFunctionOptions, type PciIdentity } from "./pci-function.ts";
export { formatPciAddress, type PciAddress, PciSegment, type PciSegmentOptions, routingId } from "./pci-segment.ts";
export { type AccessWidth, allOnes, emptyRegion, type PciRegion, RamRegion, RegionMap, type RegionPart } from "./region.ts";
export * from "./registers.ts";
