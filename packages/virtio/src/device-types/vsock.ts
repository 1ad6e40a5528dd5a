import type { ConfigLayout } from "../config-space.ts";

/** Socket device (virtio 5.10). */
export const ID = 19;
export const NAME = "socket";

/** Feature bits (5.10.3). */
export const F_STREAM = 0;
export const F_SEQPACKET = 1;
export const F_NO_IMPLIED_STREAM = 2;

/** Configuration (5.10.4). */
export const CONFIG = {
  /** The guest's context id; its upper 32 bits are 0. */
  guest_cid: { offset: 0, width: 8 },
} as const satisfies ConfigLayout;

/** Context id of the host. 0, 1, 0xffffffff and all 64 bits are reserved. */
export const CID_HOST = 2;

/** Queues (5.10.2), from the driver's point of view. */
export const QUEUE_RX = 0;
export const QUEUE_TX = 1;
export const QUEUE_EVENT = 2;

/** Bytes and offsets of the packet header (5.10.6). */
export const HDR_SIZE = 44;
export const HDR = {
  src_cid: 0,
  dst_cid: 8,
  src_port: 16,
  dst_port: 20,
  len: 24,
  type: 28,
  op: 30,
  flags: 32,
  buf_alloc: 36,
  fwd_cnt: 40,
} as const;

/** Operations. */
export const OP_INVALID = 0;
export const OP_REQUEST = 1;
export const OP_RESPONSE = 2;
export const OP_RST = 3;
export const OP_SHUTDOWN = 4;
export const OP_RW = 5;
export const OP_CREDIT_UPDATE = 6;
export const OP_CREDIT_REQUEST = 7;

/** Types of sockets. */
export const TYPE_STREAM = 1;
export const TYPE_SEQPACKET = 2;

/** Flags of SHUTDOWN as bits: the sender will not receive, will not send any more. */
export const SHUTDOWN_RECEIVE = 1 << 0;
export const SHUTDOWN_SEND = 1 << 1;

/** Flags of RW on a seqpacket socket: end of message, end of record. */
export const SEQ_EOM = 1;
export const SEQ_EOR = 2;

/** Events on the event queue, 32 bits each. */
export const EVENT_TRANSPORT_RESET = 0;
