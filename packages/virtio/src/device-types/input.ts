import type { ConfigLayout } from "../config-space.ts";

/** Input device (virtio 5.8): no features. Types and codes of events are those of evdev. */
export const ID = 18;
export const NAME = "input";

/** Configuration (5.8.4): the driver selects what `data` shows. */
export const CONFIG = {
  select: { offset: 0, width: 1, writable: true },
  subsel: { offset: 1, width: 1, writable: true },
  /** Bytes of `data` with a meaning; 0: nothing known of what is selected. */
  size: { offset: 2, width: 1 },
  /** A string, a bitmap, or one of the two structures below, whose fields are in the driver's byte order. */
  data: { offset: 8, width: 1, count: 128 },
} as const satisfies ConfigLayout;

/** CFG_ABS_INFO: 32-bit fields in `data`. */
export const ABS_INFO = { min: 0, max: 4, fuzz: 8, flat: 12, res: 16 } as const;

/** CFG_ID_DEVIDS: 16-bit fields in `data`. */
export const DEVIDS = { bustype: 0, vendor: 2, product: 4, version: 6 } as const;

/** Values of select. */
export const CFG_UNSET = 0x0;
export const CFG_ID_NAME = 0x1;
export const CFG_ID_SERIAL = 0x2;
export const CFG_ID_DEVIDS = 0x3;
export const CFG_PROP_BITS = 0x10;
export const CFG_EV_BITS = 0x11;
export const CFG_ABS_INFO = 0x12;

/** Queues (5.8.2). */
export const QUEUE_EVENT = 0;
export const QUEUE_STATUS = 1;

/** Bytes of an event, on either queue: type (16 bits), code (16), value (32) (5.8.6). */
export const EVENT_SIZE = 8;
