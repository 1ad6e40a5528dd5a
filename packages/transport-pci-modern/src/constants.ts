/** PCI vendor ID of virtio devices (virtio 4.1.2). */
export const VIRTIO_PCI_VENDOR_ID = 0x1af4;

/** PCI device ID of a non-transitional device: this and its virtio device ID. */
export const MODERN_DEVICE_ID_BASE = 0x1040;

/** Highest virtio device ID that fits into PCI device IDs up to 0x107f. */
export const MAX_DEVICE_TYPE = 63;

/** PCI device IDs of transitional and legacy devices, by virtio device ID. Other types have none. */
export const TRANSITIONAL_DEVICE_IDS: ReadonlyMap<number, number> = /* @__PURE__ */ new Map([
  [1, 0x1000],
  [2, 0x1001],
  [5, 0x1002],
  [3, 0x1003],
  [8, 0x1004],
  [4, 0x1005],
  [9, 0x1009],
]);

/** Kinds of virtio capability (4.1.4). */
export const VirtioPciCapability = {
  common: 1,
  notify: 2,
  isr: 3,
  device: 4,
  configAccess: 5,
  sharedMemory: 8,
  vendor: 9,
} as const;

/** Offsets in the common configuration structure (4.1.4.3), in bytes. */
export const CommonConfig = {
  deviceFeatureSelect: 0,
  deviceFeature: 4,
  driverFeatureSelect: 8,
  driverFeature: 12,
  configMsixVector: 16,
  queueCount: 18,
  deviceStatus: 20,
  configGeneration: 21,
  queueSelect: 22,
  queueSize: 24,
  queueMsixVector: 26,
  queueEnable: 28,
  queueNotifyOffset: 30,
  queueDescriptorLow: 32,
  queueDescriptorHigh: 36,
  queueDriverLow: 40,
  queueDriverHigh: 44,
  queueDeviceLow: 48,
  queueDeviceHigh: 52,
  queueNotifyConfigData: 56,
  queueReset: 58,
  adminQueueIndex: 60,
  adminQueueCount: 62,
} as const;

/** Bytes of the common configuration structure. */
export const COMMON_CONFIG_SIZE = 64;

/** Offsets in the legacy register block (4.1.4.10), in bytes. The two vectors are there only while MSI-X is on. */
export const LegacyRegister = {
  deviceFeatures: 0,
  driverFeatures: 4,
  queueAddress: 8,
  queueSize: 12,
  queueSelect: 14,
  queueNotify: 16,
  deviceStatus: 18,
  isrStatus: 19,
  configMsixVector: 20,
  queueMsixVector: 22,
} as const;

/** Where the device configuration of a legacy device begins, without and with MSI-X. */
export const LEGACY_CONFIG = 20;
export const LEGACY_CONFIG_MSIX = 24;

/** Unit of a legacy queue address, and alignment of a legacy ring, in bytes. */
export const LEGACY_PAGE = 4096;

/** No vector: the event is not signalled. */
export const NO_VECTOR = 0xffff;

/** Bits of the ISR status. */
export const IsrStatus = { queue: 1, configuration: 2 } as const;
