/** Vendor and device IDs (virtio 4.1.2): non-transitional devices have 0x1040 and their type. */
export const VENDOR_ID = 0x1af4;
export const FIRST_DEVICE_ID = 0x1000;
export const LAST_DEVICE_ID = 0x107f;
export const MODERN_DEVICE_ID = 0x1040;

/** Offsets in configuration space. */
export const Config = {
  vendorId: 0x00,
  deviceId: 0x02,
  command: 0x04,
  status: 0x06,
  bar0: 0x10,
  subsystemId: 0x2e,
  capabilities: 0x34,
} as const;

/** I/O, memory, bus master. */
export const COMMAND_ENABLE = 0x7;
export const STATUS_CAPABILITIES = 0x10;

export const CAPABILITY_VENDOR = 0x09;
export const CAPABILITY_MSIX = 0x11;

/** Kinds of virtio capability (4.1.4). */
export const Structure = { common: 1, notify: 2, isr: 3, device: 4 } as const;
export type StructureKind = (typeof Structure)[keyof typeof Structure];

/** Offsets in the common configuration (4.1.4.3). */
export const Common = {
  deviceFeatureSelect: 0,
  deviceFeature: 4,
  driverFeatureSelect: 8,
  driverFeature: 12,
  configVector: 16,
  status: 20,
  generation: 21,
  queueSelect: 22,
  queueSize: 24,
  queueVector: 26,
  queueEnable: 28,
  queueNotifyOffset: 30,
  queueDescriptor: 32,
  queueDriver: 40,
  queueDevice: 48,
  queueReset: 58,
} as const;

/** Offsets in the legacy register block (4.1.4.10). */
export const Legacy = {
  deviceFeatures: 0,
  driverFeatures: 4,
  queueAddress: 8,
  queueSize: 12,
  queueSelect: 14,
  queueNotify: 16,
  status: 18,
  isr: 19,
  configVector: 20,
  queueVector: 22,
} as const;

/** Where the configuration of a legacy device begins, without MSI-X and with it. */
export const LEGACY_CONFIG = 20;
export const LEGACY_CONFIG_MSIX = 24;

export const NO_VECTOR = 0xffff;

/** Bits of the ISR status. */
export const Isr = { queue: 1, configuration: 2 } as const;
