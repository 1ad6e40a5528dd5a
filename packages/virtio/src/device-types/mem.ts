import type { ConfigLayout } from "../config-space.ts";

/** Memory device (virtio 5.15). */
export const ID = 24;
export const NAME = "memory";

/** Feature bits (5.15.3). */
export const F_ACPI_PXM = 0;
export const F_UNPLUGGED_INACCESSIBLE = 1;
export const F_PERSISTENT_SUSPEND = 2;

/** Configuration (5.15.4). Sizes in bytes, multiples of block_size. */
export const CONFIG = {
  /** A power of two; also the alignment of blocks. */
  block_size: { offset: 0, width: 8 },
  /** With ACPI_PXM. */
  node_id: { offset: 8, width: 2 },
  /** Guest physical address of the region. */
  addr: { offset: 16, width: 8 },
  region_size: { offset: 24, width: 8 },
  usable_region_size: { offset: 32, width: 8 },
  plugged_size: { offset: 40, width: 8 },
  requested_size: { offset: 48, width: 8 },
} as const satisfies ConfigLayout;

/** The one queue (5.15.2). */
export const QUEUE_GUEST_REQUEST = 0;

/** Bytes of a request: type (16 bits), padding, address (64), number of blocks (16), padding; and of a response (5.15.6). */
export const REQ_SIZE = 24;
export const RESP_SIZE = 10;

export const REQ_PLUG = 0;
export const REQ_UNPLUG = 1;
export const REQ_UNPLUG_ALL = 2;
export const REQ_STATE = 3;
export const RESP_ACK = 0;
export const RESP_NACK = 1;
export const RESP_BUSY = 2;
export const RESP_ERROR = 3;

/** Answers to STATE. */
export const STATE_PLUGGED = 0;
export const STATE_UNPLUGGED = 1;
export const STATE_MIXED = 2;
