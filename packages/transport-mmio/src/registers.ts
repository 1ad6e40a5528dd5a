/** Offsets in bytes from the start of a device's region (virtio 4.2.2). All are 32 bits wide and little-endian. */
export const VirtioMmioRegister = {
  magicValue: 0x000,
  version: 0x004,
  deviceId: 0x008,
  vendorId: 0x00c,
  deviceFeatures: 0x010,
  deviceFeaturesSel: 0x014,
  driverFeatures: 0x020,
  driverFeaturesSel: 0x024,
  queueSel: 0x030,
  /** Called QueueNumMax before virtio 1.3. */
  queueSizeMax: 0x034,
  /** Called QueueNum before virtio 1.3. */
  queueSize: 0x038,
  queueReady: 0x044,
  queueNotify: 0x050,
  interruptStatus: 0x060,
  interruptAck: 0x064,
  status: 0x070,
  queueDescLow: 0x080,
  queueDescHigh: 0x084,
  queueDriverLow: 0x090,
  queueDriverHigh: 0x094,
  queueDeviceLow: 0x0a0,
  queueDeviceHigh: 0x0a4,
  shmSel: 0x0ac,
  shmLenLow: 0x0b0,
  shmLenHigh: 0x0b4,
  shmBaseLow: 0x0b8,
  shmBaseHigh: 0x0bc,
  queueReset: 0x0c0,
  configGeneration: 0x0fc,
  /** The device-specific configuration space starts here, and is as long as the device has it. */
  config: 0x100,
} as const;

/** The registers that only the legacy layout has (virtio 4.2.4), beside those up to Status. */
export const VirtioMmioLegacyRegister = {
  guestPageSize: 0x028,
  queueAlign: 0x03c,
  queuePfn: 0x040,
} as const;

/** What MagicValue reads: "virt" in little-endian order. */
export const VIRTIO_MMIO_MAGIC = 0x7472_6976;

/** Bits of InterruptStatus and InterruptACK. */
export const VirtioMmioInterrupt = {
  /** The device used a buffer in at least one queue. */
  usedBuffer: 1,
  /** The configuration changed, or the device needs a reset. */
  configChange: 2,
} as const;
