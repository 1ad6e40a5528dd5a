/** Offsets in the configuration space of a function with a type 0 header, in bytes. */
export const PciRegister = {
  vendorId: 0x00,
  deviceId: 0x02,
  command: 0x04,
  status: 0x06,
  revisionId: 0x08,
  classCode: 0x09,
  cacheLineSize: 0x0c,
  latencyTimer: 0x0d,
  headerType: 0x0e,
  bar0: 0x10,
  subsystemVendorId: 0x2c,
  subsystemId: 0x2e,
  expansionRom: 0x30,
  capabilities: 0x34,
  interruptLine: 0x3c,
  interruptPin: 0x3d,
} as const;

/** Bits of the command register. */
export const PciCommand = {
  io: 0x0001,
  memory: 0x0002,
  busMaster: 0x0004,
  parityErrorResponse: 0x0040,
  systemError: 0x0100,
  interruptDisable: 0x0400,
} as const;

/** Bits of the status register. */
export const PciStatus = {
  interrupt: 0x0008,
  capabilities: 0x0010,
} as const;

/** Capability IDs. */
export const PciCapabilityId = {
  powerManagement: 0x01,
  msi: 0x05,
  vendor: 0x09,
  express: 0x10,
  msix: 0x11,
} as const;

/** Where the first capability may lie. */
export const FIRST_CAPABILITY = 0x40;

/** Bytes of configuration space of a conventional function, and of a PCI Express one. */
export const CONFIG_SIZE = 256;
export const EXTENDED_CONFIG_SIZE = 4096;

/** Number of base address registers. */
export const BAR_COUNT = 6;
