import type { ConfigLayout } from "../config-space.ts";

/** Media device (virtio 5.22), a transport of Video4Linux: no features. */
export const ID = 48;
export const NAME = "media";

/** Configuration (5.22.4). Values of the first two are those of Video4Linux. */
export const CONFIG = {
  device_caps: { offset: 0, width: 4 },
  device_type: { offset: 4, width: 4 },
  /** Name in UTF-8, terminated by a zero. */
  card: { offset: 8, width: 1, count: 32 },
} as const satisfies ConfigLayout;

/** Queues (5.22.2). */
export const QUEUE_COMMAND = 0;
export const QUEUE_EVENT = 1;

/** The shared memory region in which buffers are mapped. */
export const SHM_ID_MMAP = 0;

/** Bytes of the header of commands (command, 32 bits, reserved) and of responses (status, 32 bits, reserved) (5.22.6.1). */
export const HEADER_SIZE = 8;

export const CMD_OPEN = 1;
export const CMD_CLOSE = 2;
export const CMD_IOCTL = 3;
export const CMD_MMAP = 4;
export const CMD_MUNMAP = 5;

/** Flag of CMD_MMAP: the mapping can be written. */
export const MMAP_FLAG_RW = 1;

/** Kinds of buffer memory. */
export const MMAP = 1;
export const SHARED_PAGES = 2;
export const OBJECT = 4;

/** Bytes of an entry of a scatter-gather list: address (64 bits), length (32), reserved (32). */
export const SG_ENTRY_SIZE = 16;

/** Events, with the session (32 bits) that they are for (5.22.6.2). */
export const EVT_ERROR = 0;
export const EVT_DQBUF = 1;
export const EVT_EVENT = 2;

export const MAX_PLANES = 8;
