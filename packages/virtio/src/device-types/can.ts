import type { ConfigLayout } from "../config-space.ts";
import type { FeatureDependency } from "../features.ts";

/** CAN controller (virtio 5.20). */
export const ID = 36;
export const NAME = "CAN";

/** Feature bits (5.20.3). A driver takes at least one of the first two. */
export const F_CAN_CLASSIC = 0;
export const F_CAN_FD = 1;
export const F_RTR_FRAMES = 2;
export const F_LATE_TX_ACK = 3;

/** 5.20.3.1. */
export const FEATURE_DEPENDENCIES: readonly FeatureDependency[] = [{ feature: F_RTR_FRAMES, anyOf: [F_CAN_CLASSIC] }];

/** Configuration (5.20.4). */
export const CONFIG = {
  status: { offset: 0, width: 2 },
} as const satisfies ConfigLayout;

/** Bit of status. */
export const S_CTRL_BUSOFF = 1;

/** Queues (5.20.2). */
export const QUEUE_TX = 0;
export const QUEUE_RX = 1;
export const QUEUE_CONTROL = 2;

/** Types of messages, 16 bits. */
export const TX = 0x0001;
export const RX = 0x0101;
export const SET_CTRL_MODE_START = 0x0201;
export const SET_CTRL_MODE_STOP = 0x0202;

/** Bytes of a frame before its data: type (16 bits), length (16), reserved (32), flags (32), identifier (32). */
export const FRAME_HEADER_SIZE = 16;

/** Flags of a frame. */
export const FLAGS_FD = 0x4000;
export const FLAGS_EXTENDED = 0x8000;
export const FLAGS_RTR = 0x2000;

/** Results, 8 bits. */
export const RESULT_OK = 0;
export const RESULT_NOT_OK = 1;
