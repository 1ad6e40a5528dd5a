import type { ConfigLayout } from "../config-space.ts";

/** SCSI host (virtio 5.6). */
export const ID = 8;
export const NAME = "SCSI host";

/** Feature bits (5.6.3). */
export const F_INOUT = 0;
export const F_HOTPLUG = 1;
export const F_CHANGE = 2;
export const F_T10_PI = 3;

/** Configuration (5.6.4). */
export const CONFIG = {
  /** Request queues. */
  num_queues: { offset: 0, width: 4 },
  /** Segments in a command. */
  seg_max: { offset: 4, width: 4 },
  /** Of 512 bytes, in one transfer: a hint. */
  max_sectors: { offset: 8, width: 4 },
  cmd_per_lun: { offset: 12, width: 4 },
  /** Bytes, as the next two. */
  event_info_size: { offset: 16, width: 4 },
  sense_size: { offset: 20, width: 4, writable: true },
  cdb_size: { offset: 24, width: 4, writable: true },
  max_channel: { offset: 28, width: 2 },
  max_target: { offset: 30, width: 2 },
  max_lun: { offset: 32, width: 4 },
} as const satisfies ConfigLayout;

/** sense_size and cdb_size after a reset, in bytes. */
export const DEFAULT_SENSE_SIZE = 96;
export const DEFAULT_CDB_SIZE = 32;

/** Queues (5.6.2); requests have all from the last one on. */
export const QUEUE_CONTROL = 0;
export const QUEUE_EVENT = 1;
export const QUEUE_REQUEST = 2;

export function queueCount(numQueues: number): number {
  return QUEUE_REQUEST + numQueues;
}

/** Bytes of a command before its CDB, and of its answer before the sense data, without T10_PI (5.6.6.1). */
export const CMD_HEADER_SIZE = 19;
export const CMD_ANSWER_HEADER_SIZE = 12;

/** Responses. FUNCTION_COMPLETE is what 0 means for task management. */
export const S_OK = 0;
export const S_OVERRUN = 1;
export const S_ABORTED = 2;
export const S_BAD_TARGET = 3;
export const S_RESET = 4;
export const S_BUSY = 5;
export const S_TRANSPORT_FAILURE = 6;
export const S_TARGET_FAILURE = 7;
export const S_NEXUS_FAILURE = 8;
export const S_FAILURE = 9;
export const S_INCORRECT_LUN = 12;
export const S_FUNCTION_COMPLETE = 0;
export const S_FUNCTION_SUCCEEDED = 10;
export const S_FUNCTION_REJECTED = 11;

/** Task attributes. */
export const S_SIMPLE = 0;
export const S_ORDERED = 1;
export const S_HEAD = 2;
export const S_ACA = 3;

/** Types of control requests (5.6.6.2). */
export const T_TMF = 0;
export const T_AN_QUERY = 1;
export const T_AN_SUBSCRIBE = 2;

/** Subtypes of task management. */
export const T_TMF_ABORT_TASK = 0;
export const T_TMF_ABORT_TASK_SET = 1;
export const T_TMF_CLEAR_ACA = 2;
export const T_TMF_CLEAR_TASK_SET = 3;
export const T_TMF_I_T_NEXUS_RESET = 4;
export const T_TMF_LOGICAL_UNIT_RESET = 5;
export const T_TMF_QUERY_TASK = 6;
export const T_TMF_QUERY_TASK_SET = 7;

/** Bits of asynchronous notifications to ask for. */
export const EVT_ASYNC_OPERATIONAL_CHANGE = 2;
export const EVT_ASYNC_POWER_MGMT = 4;
export const EVT_ASYNC_EXTERNAL_REQUEST = 8;
export const EVT_ASYNC_MEDIA_CHANGE = 16;
export const EVT_ASYNC_MULTI_HOST = 32;
export const EVT_ASYNC_DEVICE_BUSY = 64;

/** Bytes of an event: event (32 bits), LUN (64), reason (32) (5.6.6.3). */
export const EVENT_SIZE = 16;

/** Events; EVENTS_MISSED is a bit beside any of them. */
export const T_NO_EVENT = 0;
export const T_TRANSPORT_RESET = 1;
export const T_ASYNC_NOTIFY = 2;
export const T_PARAM_CHANGE = 3;
export const T_EVENTS_MISSED = 0x8000_0000;

/** Reasons of TRANSPORT_RESET. */
export const EVT_RESET_HARD = 0;
export const EVT_RESET_RESCAN = 1;
export const EVT_RESET_REMOVED = 2;
