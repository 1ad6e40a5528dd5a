import type { ConfigLayout } from "../config-space.ts";

/** GPIO controller (virtio 5.18). */
export const ID = 41;
export const NAME = "GPIO";

/** Feature bits (5.18.3). */
export const F_IRQ = 0;

/** Configuration (5.18.4). */
export const CONFIG = {
  /** Lines. */
  ngpio: { offset: 0, width: 2 },
  /** Bytes of all names, each terminated by a zero; 0: no names. */
  gpio_names_size: { offset: 4, width: 4 },
} as const satisfies ConfigLayout;

/** Queues (5.18.2); the second with IRQ. */
export const QUEUE_REQUEST = 0;
export const QUEUE_EVENT = 1;

/** Bytes of a request: type (16 bits), line (16), value (32); and of a response: status (8), value (8 or more) (5.18.6). */
export const REQUEST_SIZE = 8;
export const RESPONSE_SIZE = 2;

export const STATUS_OK = 0x0;
export const STATUS_ERR = 0x1;

/** Types of requests. */
export const MSG_GET_LINE_NAMES = 0x0001;
export const MSG_GET_DIRECTION = 0x0002;
export const MSG_SET_DIRECTION = 0x0003;
export const MSG_GET_VALUE = 0x0004;
export const MSG_SET_VALUE = 0x0005;
export const MSG_SET_IRQ_TYPE = 0x0006;

/** Directions of a line. */
export const DIRECTION_NONE = 0x00;
export const DIRECTION_OUT = 0x01;
export const DIRECTION_IN = 0x02;

/** When a line interrupts. */
export const IRQ_TYPE_NONE = 0x00;
export const IRQ_TYPE_EDGE_RISING = 0x01;
export const IRQ_TYPE_EDGE_FALLING = 0x02;
export const IRQ_TYPE_EDGE_BOTH = 0x03;
export const IRQ_TYPE_LEVEL_HIGH = 0x04;
export const IRQ_TYPE_LEVEL_LOW = 0x08;

/** Status in the event queue. */
export const IRQ_STATUS_INVALID = 0x0;
export const IRQ_STATUS_VALID = 0x1;
