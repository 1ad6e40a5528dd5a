import type { ConfigLayout } from "../config-space.ts";

/** IOMMU (virtio 5.13). */
export const ID = 23;
export const NAME = "IOMMU";

/** Feature bits (5.13.3). */
export const F_INPUT_RANGE = 0;
export const F_DOMAIN_RANGE = 1;
export const F_MAP_UNMAP = 2;
export const F_BYPASS = 3;
export const F_PROBE = 4;
export const F_MMIO = 5;
export const F_BYPASS_CONFIG = 6;

/** Configuration (5.13.4). Ranges include both ends. */
export const CONFIG = {
  /** Bit n: pages of 2^n bytes can be mapped. */
  page_size_mask: { offset: 0, width: 8 },
  input_range_start: { offset: 8, width: 8 },
  input_range_end: { offset: 16, width: 8 },
  domain_range_start: { offset: 24, width: 4 },
  domain_range_end: { offset: 28, width: 4 },
  /** Bytes of properties in a PROBE request. */
  probe_size: { offset: 32, width: 4 },
  /** 0 or 1; to be written with BYPASS_CONFIG only. */
  bypass: { offset: 36, width: 1, writable: true },
} as const satisfies ConfigLayout;

/** Bytes of the configuration with the padding at its end. */
export const CONFIG_SIZE = 40;

/** Queues (5.13.2). */
export const QUEUE_REQUEST = 0;
export const QUEUE_EVENT = 1;

/** Bytes of what each request begins with (type, 8 bits, padding) and ends with (status, 8 bits, padding) (5.13.6). */
export const REQ_HEAD_SIZE = 4;
export const REQ_TAIL_SIZE = 4;

/** Types of requests. */
export const T_ATTACH = 1;
export const T_DETACH = 2;
export const T_MAP = 3;
export const T_UNMAP = 4;
export const T_PROBE = 5;

/** Status of a request. */
export const S_OK = 0;
export const S_IOERR = 1;
export const S_UNSUPP = 2;
export const S_DEVERR = 3;
export const S_INVAL = 4;
export const S_RANGE = 5;
export const S_NOENT = 6;
export const S_FAULT = 7;
export const S_NOMEM = 8;

/** Flags of ATTACH and of MAP. */
export const ATTACH_F_BYPASS = 1;
export const MAP_F_READ = 1;
export const MAP_F_WRITE = 2;
export const MAP_F_MMIO = 4;

/** Properties of an endpoint, and kinds of reserved memory. */
export const PROBE_T_RESV_MEM = 1;
export const RESV_MEM_T_RESERVED = 0;
export const RESV_MEM_T_MSI = 1;

/** Bytes, reasons and flags of a fault report (5.13.6.9). */
export const FAULT_SIZE = 24;
export const FAULT_R_UNKNOWN = 0;
export const FAULT_R_DOMAIN = 1;
export const FAULT_R_MAPPING = 2;
export const FAULT_F_READ = 1;
export const FAULT_F_WRITE = 2;
export const FAULT_F_ADDRESS = 0x100;
