/** Control-unit type of virtio devices (virtio 4.3.1). */
export const VIRTIO_CONTROL_UNIT_TYPE = 0x3832;
/** Type of the virtual channel path that leads to them. */
export const VIRTIO_CHANNEL_PATH_TYPE = 0x32;
/** Channel-subsystem image of virtual devices. The guest sees it as its own, number 0. */
export const VIRTUAL_CSSID = 0xfe;

/** Channel commands for virtio (virtio 4.3.1.1). */
export const VirtioCcwCommand = {
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

/** The highest virtio-ccw revision that there is (virtio 4.3.2.1). */
export const MAX_REVISION = 2;
