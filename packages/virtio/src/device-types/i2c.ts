/** I2C adapter (virtio 5.16): no configuration. */
export const ID = 34;
export const NAME = "I2C adapter";

/** Feature bits (5.16.3). Must be accepted. */
export const F_ZERO_LENGTH_REQUEST = 0;

/** The one queue (5.16.2). */
export const QUEUE_REQUEST = 0;

/** Bytes before the data of a request: address (16 bits), padding (16), flags (32); one byte of status follows the data (5.16.6.1). */
export const OUT_HDR_SIZE = 8;

/** Flags, bits. */
export const FLAGS_FAIL_NEXT = 1 << 0;
export const FLAGS_M_RD = 1 << 1;

/** Status. */
export const MSG_OK = 0;
export const MSG_ERR = 1;
