/** Offsets of the registers (virtio 4.2.2, 4.2.4). Each has 32 bits. */
export const Register = {
  magicValue: 0x000,
  version: 0x004,
  deviceId: 0x008,
  deviceFeatures: 0x010,
  deviceFeaturesSel: 0x014,
  driverFeatures: 0x020,
  driverFeaturesSel: 0x024,
  /** Version 1 only, as {@link Register.queueAlign} and {@link Register.queuePfn}. */
  guestPageSize: 0x028,
  queueSel: 0x030,
  queueSizeMax: 0x034,
  queueSize: 0x038,
  queueAlign: 0x03c,
  queuePfn: 0x040,
  queueReady: 0x044,
  queueNotify: 0x050,
  interruptStatus: 0x060,
  interruptAck: 0x064,
  status: 0x070,
  queueDescLow: 0x080,
  queueDriverLow: 0x090,
  queueDeviceLow: 0x0a0,
  queueReset: 0x0c0,
  configGeneration: 0x0fc,
  config: 0x100,
} as const;

/** "virt", in little-endian order. */
export const MAGIC = 0x7472_6976;

/** Bits of InterruptStatus and InterruptACK. */
export const Interrupt = { usedBuffer: 1, configChange: 2, all: 3 } as const;
