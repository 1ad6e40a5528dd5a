import type { ConfigLayout } from "../config-space.ts";

/** Replay protected memory block (virtio 5.12): no features. */
export const ID = 28;
export const NAME = "RPMB";

/** Configuration (5.12.4). */
export const CONFIG = {
  /** In units of 128 KiB. */
  capacity: { offset: 0, width: 1 },
  /** Blocks of 256 bytes in one request. */
  max_wr_cnt: { offset: 1, width: 1 },
  max_rd_cnt: { offset: 2, width: 1 },
} as const satisfies ConfigLayout;

/** The one queue (5.12.2). */
export const QUEUE_REQUEST = 0;

/** Types of requests (5.12.6). */
export const REQ_PROGRAM_KEY = 0x0001;
export const REQ_GET_WRITE_COUNTER = 0x0002;
export const REQ_DATA_WRITE = 0x0003;
export const REQ_DATA_READ = 0x0004;
export const REQ_RESULT_READ = 0x0005;

/** Types of responses. */
export const RESP_PROGRAM_KEY = 0x0100;
export const RESP_GET_COUNTER = 0x0200;
export const RESP_DATA_WRITE = 0x0300;
export const RESP_DATA_READ = 0x0400;

/** Bytes and offsets of a frame. The numbers at its end, from write_counter on, are big-endian. */
export const FRAME_SIZE = 512;
export const FRAME = {
  stuff: 0,
  key_mac: 196,
  data: 228,
  nonce: 484,
  write_counter: 500,
  address: 504,
  block_count: 506,
  result: 508,
  req_resp: 510,
} as const;

/** Results. WRITE_COUNTER_EXPIRED is a bit beside any of them. */
export const RES_OK = 0x0000;
export const RES_GENERAL_FAILURE = 0x0001;
export const RES_AUTH_FAILURE = 0x0002;
export const RES_COUNT_FAILURE = 0x0003;
export const RES_ADDR_FAILURE = 0x0004;
export const RES_WRITE_FAILURE = 0x0005;
export const RES_READ_FAILURE = 0x0006;
export const RES_NO_AUTH_KEY = 0x0007;
export const RES_WRITE_COUNTER_EXPIRED = 0x0080;
