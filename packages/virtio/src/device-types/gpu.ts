import type { ConfigLayout } from "../config-space.ts";
import type { FeatureDependency } from "../features.ts";

/** GPU (virtio 5.7). */
export const ID = 16;
export const NAME = "GPU";

/** Feature bits (5.7.3). */
export const F_VIRGL = 0;
export const F_EDID = 1;
export const F_RESOURCE_UUID = 2;
export const F_RESOURCE_BLOB = 3;
export const F_CONTEXT_INIT = 4;
export const F_BLOB_ALIGNMENT = 5;

export const FEATURE_DEPENDENCIES: readonly FeatureDependency[] = [
  { feature: F_CONTEXT_INIT, anyOf: [F_VIRGL] },
  { feature: F_BLOB_ALIGNMENT, anyOf: [F_RESOURCE_BLOB] },
];

/** Configuration (5.7.4). */
export const CONFIG = {
  /** Pending events, bits EVENT_. */
  events_read: { offset: 0, width: 4 },
  /** A bit written as 1 clears the pending event. */
  events_clear: { offset: 4, width: 4, writable: true },
  /** 1 to {@link MAX_SCANOUTS}. */
  num_scanouts: { offset: 8, width: 4 },
  num_capsets: { offset: 12, width: 4 },
  /** Bytes. */
  blob_alignment: { offset: 16, width: 4 },
} as const satisfies ConfigLayout;

export const EVENT_DISPLAY = 1;
export const MAX_SCANOUTS = 16;

/** Queues (5.7.2). */
export const QUEUE_CONTROL = 0;
export const QUEUE_CURSOR = 1;

/** Shared memory regions (5.7.4.2). */
export const SHM_ID_UNDEFINED = 0;
export const SHM_ID_HOST_VISIBLE = 1;

/** Bytes of the header of requests and responses: type (32 bits), flags (32), fence (64), context (32), ring (8), padding (5.7.6.7). */
export const CTRL_HDR_SIZE = 24;
export const FLAG_FENCE = 1;
export const FLAG_INFO_RING_IDX = 2;

/** Commands of 2D mode. */
export const CMD_GET_DISPLAY_INFO = 0x100;
export const CMD_RESOURCE_CREATE_2D = 0x101;
export const CMD_RESOURCE_UNREF = 0x102;
export const CMD_SET_SCANOUT = 0x103;
export const CMD_RESOURCE_FLUSH = 0x104;
export const CMD_TRANSFER_TO_HOST_2D = 0x105;
export const CMD_RESOURCE_ATTACH_BACKING = 0x106;
export const CMD_RESOURCE_DETACH_BACKING = 0x107;
export const CMD_GET_CAPSET_INFO = 0x108;
export const CMD_GET_CAPSET = 0x109;
export const CMD_GET_EDID = 0x10a;
export const CMD_RESOURCE_ASSIGN_UUID = 0x10b;
export const CMD_RESOURCE_CREATE_BLOB = 0x10c;
export const CMD_SET_SCANOUT_BLOB = 0x10d;

/** Commands of 3D mode. */
export const CMD_CTX_CREATE = 0x200;
export const CMD_CTX_DESTROY = 0x201;
export const CMD_CTX_ATTACH_RESOURCE = 0x202;
export const CMD_CTX_DETACH_RESOURCE = 0x203;
export const CMD_RESOURCE_CREATE_3D = 0x204;
export const CMD_TRANSFER_TO_HOST_3D = 0x205;
export const CMD_TRANSFER_FROM_HOST_3D = 0x206;
export const CMD_SUBMIT_3D = 0x207;
export const CMD_RESOURCE_MAP_BLOB = 0x208;
export const CMD_RESOURCE_UNMAP_BLOB = 0x209;

/** Commands of the cursor queue. */
export const CMD_UPDATE_CURSOR = 0x300;
export const CMD_MOVE_CURSOR = 0x301;

/** Responses of success and of failure. */
export const RESP_OK_NODATA = 0x1100;
export const RESP_OK_DISPLAY_INFO = 0x1101;
export const RESP_OK_CAPSET_INFO = 0x1102;
export const RESP_OK_CAPSET = 0x1103;
export const RESP_OK_EDID = 0x1104;
export const RESP_OK_RESOURCE_UUID = 0x1105;
export const RESP_OK_MAP_INFO = 0x1106;
export const RESP_ERR_UNSPEC = 0x1200;
export const RESP_ERR_OUT_OF_MEMORY = 0x1201;
export const RESP_ERR_INVALID_SCANOUT_ID = 0x1202;
export const RESP_ERR_INVALID_RESOURCE_ID = 0x1203;
export const RESP_ERR_INVALID_CONTEXT_ID = 0x1204;
export const RESP_ERR_INVALID_PARAMETER = 0x1205;

/** Formats of pixels, 8 bits per component, first component at the lowest address. */
export const FORMAT_B8G8R8A8_UNORM = 1;
export const FORMAT_B8G8R8X8_UNORM = 2;
export const FORMAT_A8R8G8B8_UNORM = 3;
export const FORMAT_X8R8G8B8_UNORM = 4;
export const FORMAT_R8G8B8A8_UNORM = 67;
export const FORMAT_X8B8G8R8_UNORM = 68;
export const FORMAT_A8B8G8R8_UNORM = 121;
export const FORMAT_R8G8B8X8_UNORM = 134;

/** Bytes of EDID data in an answer. */
export const EDID_SIZE = 1024;

/** Bytes of an entry of RESOURCE_ATTACH_BACKING: address (64 bits), length (32), padding (32). */
export const MEM_ENTRY_SIZE = 16;

/** Capability sets. */
export const CAPSET_VIRGL = 1;
export const CAPSET_VIRGL2 = 2;
export const CAPSET_GFXSTREAM = 3;
export const CAPSET_VENUS = 4;
export const CAPSET_CROSS_DOMAIN = 5;

/** Blob resources: where their memory is, and what it is for (bits). */
export const BLOB_MEM_GUEST = 0x0001;
export const BLOB_MEM_HOST3D = 0x0002;
export const BLOB_MEM_HOST3D_GUEST = 0x0003;
export const BLOB_FLAG_USE_MAPPABLE = 0x0001;
export const BLOB_FLAG_USE_SHAREABLE = 0x0002;
export const BLOB_FLAG_USE_CROSS_DEVICE = 0x0004;

/** CTX_CREATE: the bits of context_init that name a capability set. */
export const CONTEXT_INIT_CAPSET_ID_MASK = 0x0000_00ff;

/** RESOURCE_MAP_BLOB: how the mapping is cached. */
export const MAP_CACHE_MASK = 0x0f;
export const MAP_CACHE_NONE = 0x00;
export const MAP_CACHE_CACHED = 0x01;
export const MAP_CACHE_UNCACHED = 0x02;
export const MAP_CACHE_WC = 0x03;
