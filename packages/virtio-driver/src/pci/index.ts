export type { MessageTarget } from "./msix.ts";
export type { PciAccess } from "./pci-access.ts";
export { PciTransport, type PciTransportOptions } from "./pci-transport.ts";
