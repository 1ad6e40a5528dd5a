/** Real-time clocks (virtio 5.23): no configuration. */
export const ID = 17;
export const NAME = "RTC";

/** Feature bits (5.23.3). */
export const F_ALARM = 0;

/** Queues (5.23.2); the second with ALARM. */
export const QUEUE_REQUEST = 0;
export const QUEUE_ALARM = 1;

/** Bytes of the header of requests and notifications (type, 16 bits, reserved) and of responses (status, 8 bits, reserved) (5.23.6). */
export const HEAD_SIZE = 8;

/** Status. */
export const S_OK = 0;
export const S_EOPNOTSUPP = 2;
export const S_ENODEV = 3;
export const S_EINVAL = 4;
export const S_EIO = 5;

/** Types of requests to read clocks, of control requests, and of notifications. */
export const REQ_READ = 0x0001;
export const REQ_READ_CROSS = 0x0002;
export const REQ_CFG = 0x1000;
export const REQ_CLOCK_CAP = 0x1001;
export const REQ_CROSS_CAP = 0x1002;
export const REQ_READ_ALARM = 0x1003;
export const REQ_SET_ALARM = 0x1004;
export const REQ_SET_ALARM_ENABLED = 0x1005;
export const NOTIF_ALARM = 0x2000;

/** Types of clocks. Readings are nanoseconds. */
export const CLOCK_UTC = 0;
export const CLOCK_TAI = 1;
export const CLOCK_MONOTONIC = 2;
export const CLOCK_UTC_SMEARED = 3;
export const CLOCK_UTC_MAYBE_SMEARED = 4;

/** How leap seconds are smeared. */
export const SMEAR_UNSPECIFIED = 0;
export const SMEAR_NOON_LINEAR = 1;
export const SMEAR_UTC_SLS = 2;

/** Hardware counters that readings can be paired with. */
export const COUNTER_ARM_VCT = 0;
export const COUNTER_X86_TSC = 1;
export const COUNTER_INVALID = 0xff;

/** Flags: of a clock, of the answer to CROSS_CAP, of an alarm. */
export const FLAG_ALARM_CAP = 1;
export const FLAG_CROSS_CAP = 1;
export const FLAG_ALARM_ENABLED = 1;
