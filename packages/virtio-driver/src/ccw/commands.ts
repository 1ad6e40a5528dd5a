/** Commands of every device that the driver needs. */
export const SENSE_ID = 0xe4;

/** Channel commands for virtio (virtio 4.3.1.1). */
export const Command = {
  writeFeatures: 0x11,
  readFeatures: 0x12,
  setVirtqueue: 0x13,
  writeConfig: 0x21,
  readConfig: 0x22,
  writeStatus: 0x31,
  readVirtqueueConfig: 0x32,
  reset: 0x33,
  setIndicators: 0x43,
  setConfigIndicators: 0x53,
  readStatus: 0x72,
  setAdapterIndicators: 0x73,
  setRevision: 0x83,
} as const;

/** Control unit type of virtio devices (4.3.1). */
export const CONTROL_UNIT_TYPE = 0x3832;

/** The highest virtio-ccw revision that this driver knows (4.3.2.1). */
export const MAX_REVISION = 2;

/** Bytes of a payload from big-endian fields: pairs of a width in bytes and a value below 2^53. */
export function payload(...fields: readonly (readonly [width: number, value: number])[]): Uint8Array {
  return Uint8Array.from(fields.flatMap(([width, value]) => bytesOf(width, value)));
}

function bytesOf(width: number, value: number): number[] {
  return Array.from({ length: width }, (_, i) => Math.floor(value / 256 ** (width - 1 - i)) % 256);
}
