/** SCMI device (virtio 5.17), a transport of Arm's System Control and Management Interface: no configuration. */
export const ID = 32;
export const NAME = "SCMI";

/** Feature bits (5.17.3). */
export const F_P2A_CHANNELS = 0;
export const F_SHARED_MEMORY = 1;

/** Queues (5.17.2). */
export const QUEUE_CMD = 0;
export const QUEUE_EVENT = 1;

/** Bytes of the message header. */
export const HDR_SIZE = 4;

/** Shared memory regions with statistics (5.17.6.4); those from the last on are the vendor's, up to 255. */
export const SHM_ID_POWER = 1;
export const SHM_ID_PERFORMANCE = 2;
export const SHM_ID_SENSOR = 3;
export const SHM_ID_VENDOR = 0x80;
