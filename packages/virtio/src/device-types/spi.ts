import type { ConfigLayout } from "../config-space.ts";

/** SPI controller (virtio 5.21): no features. */
export const ID = 45;
export const NAME = "SPI controller";

/** Configuration (5.21.4). Times in nanoseconds, 0 for unsupported. */
export const CONFIG = {
  cs_max_number: { offset: 0, width: 1 },
  cs_change_supported: { offset: 1, width: 1 },
  /** Bits NBITS_. */
  tx_nbits_supported: { offset: 2, width: 1 },
  rx_nbits_supported: { offset: 3, width: 1 },
  /** Bit n: words of n + 1 bits; 0: any. */
  bits_per_word_mask: { offset: 4, width: 4 },
  /** Bits FUNC_. */
  mode_func_supported: { offset: 8, width: 4 },
  /** 0: no limit. */
  max_freq_hz: { offset: 12, width: 4 },
  max_word_delay_ns: { offset: 16, width: 4 },
  max_cs_setup_ns: { offset: 20, width: 4 },
  max_cs_hold_ns: { offset: 24, width: 4 },
  max_cs_inactive_ns: { offset: 28, width: 4 },
} as const satisfies ConfigLayout;

/** Transfers of several bits at a time; one at a time is always possible. */
export const NBITS_DUAL = 1 << 0;
export const NBITS_QUAD = 1 << 1;
export const NBITS_OCTAL = 1 << 2;

/** What mode bits a driver may set; of each of the first two pairs at least one. */
export const FUNC_CPHA_0 = 1 << 0;
export const FUNC_CPHA_1 = 1 << 1;
export const FUNC_CPOL_0 = 1 << 2;
export const FUNC_CPOL_1 = 1 << 3;
export const FUNC_CS_HIGH = 1 << 4;
export const FUNC_LSB_FIRST = 1 << 5;
export const FUNC_LOOP = 1 << 6;

/** The one queue (5.21.2). */
export const QUEUE_REQUEST = 0;

/** Bytes and offsets of what precedes the data of a request; one byte of result follows it (5.21.6.1). */
export const TRANSFER_HEAD_SIZE = 32;
export const TRANSFER_HEAD = {
  chip_select_id: 0,
  bits_per_word: 1,
  cs_change: 2,
  tx_nbits: 3,
  rx_nbits: 4,
  mode: 8,
  freq: 12,
  word_delay_ns: 16,
  cs_setup_ns: 20,
  cs_delay_hold_ns: 24,
  cs_change_delay_inactive_ns: 28,
} as const;

/** Bits of mode. */
export const MODE_CPHA = 1 << 0;
export const MODE_CPOL = 1 << 1;
export const MODE_CS_HIGH = 1 << 2;
export const MODE_LSB_FIRST = 1 << 3;
export const MODE_LOOP = 1 << 4;

/** Results. */
export const TRANS_OK = 0;
export const PARAM_ERR = 1;
export const TRANS_ERR = 2;
