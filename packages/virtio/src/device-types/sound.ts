import type { ConfigLayout } from "../config-space.ts";

/** Sound device (virtio 5.14). */
export const ID = 25;
export const NAME = "sound";

/** Feature bits (5.14.3). */
export const F_CTLS = 0;

/** Configuration (5.14.4): how many there are of each. */
export const CONFIG = {
  jacks: { offset: 0, width: 4 },
  streams: { offset: 4, width: 4 },
  chmaps: { offset: 8, width: 4 },
  /** With CTLS. */
  controls: { offset: 12, width: 4 },
} as const satisfies ConfigLayout;

/** Queues (5.14.2). */
export const QUEUE_CONTROL = 0;
export const QUEUE_EVENT = 1;
export const QUEUE_TX = 2;
export const QUEUE_RX = 3;

/** Requests, the first 32 bits of each (5.14.6). */
export const R_JACK_INFO = 1;
export const R_JACK_REMAP = 2;
export const R_PCM_INFO = 0x100;
export const R_PCM_SET_PARAMS = 0x101;
export const R_PCM_PREPARE = 0x102;
export const R_PCM_RELEASE = 0x103;
export const R_PCM_START = 0x104;
export const R_PCM_STOP = 0x105;
export const R_CHMAP_INFO = 0x200;
export const R_CTL_INFO = 0x300;
export const R_CTL_ENUM_ITEMS = 0x301;
export const R_CTL_READ = 0x302;
export const R_CTL_WRITE = 0x303;
export const R_CTL_TLV_READ = 0x304;
export const R_CTL_TLV_WRITE = 0x305;
export const R_CTL_TLV_COMMAND = 0x306;

/** Events, with 32 bits of data. */
export const EVT_JACK_CONNECTED = 0x1000;
export const EVT_JACK_DISCONNECTED = 0x1001;
export const EVT_PCM_PERIOD_ELAPSED = 0x1100;
export const EVT_PCM_XRUN = 0x1101;
export const EVT_CTL_NOTIFY = 0x1200;

/** Status. */
export const S_OK = 0x8000;
export const S_BAD_MSG = 0x8001;
export const S_NOT_SUPP = 0x8002;
export const S_IO_ERR = 0x8003;

/** Directions of streams and channel maps. */
export const D_OUTPUT = 0;
export const D_INPUT = 1;

/** Bit positions of features of jacks and streams. */
export const JACK_F_REMAP = 0;
export const PCM_F_SHMEM_HOST = 0;
export const PCM_F_SHMEM_GUEST = 1;
export const PCM_F_MSG_POLLING = 2;
export const PCM_F_EVT_SHMEM_PERIODS = 3;
export const PCM_F_EVT_XRUNS = 4;

/** Sample formats, bit positions in masks. A number is the width of a sample in bits; _3: stored in 3 bytes. */
export const PCM_FMT_IMA_ADPCM = 0;
export const PCM_FMT_MU_LAW = 1;
export const PCM_FMT_A_LAW = 2;
export const PCM_FMT_S8 = 3;
export const PCM_FMT_U8 = 4;
export const PCM_FMT_S16 = 5;
export const PCM_FMT_U16 = 6;
export const PCM_FMT_S18_3 = 7;
export const PCM_FMT_U18_3 = 8;
export const PCM_FMT_S20_3 = 9;
export const PCM_FMT_U20_3 = 10;
export const PCM_FMT_S24_3 = 11;
export const PCM_FMT_U24_3 = 12;
export const PCM_FMT_S20 = 13;
export const PCM_FMT_U20 = 14;
export const PCM_FMT_S24 = 15;
export const PCM_FMT_U24 = 16;
export const PCM_FMT_S32 = 17;
export const PCM_FMT_U32 = 18;
export const PCM_FMT_FLOAT = 19;
export const PCM_FMT_FLOAT64 = 20;
export const PCM_FMT_DSD_U8 = 21;
export const PCM_FMT_DSD_U16 = 22;
export const PCM_FMT_DSD_U32 = 23;
export const PCM_FMT_IEC958_SUBFRAME = 24;

/** Frame rates in Hz, bit positions in masks; the last two came later. */
export const PCM_RATE_5512 = 0;
export const PCM_RATE_8000 = 1;
export const PCM_RATE_11025 = 2;
export const PCM_RATE_16000 = 3;
export const PCM_RATE_22050 = 4;
export const PCM_RATE_32000 = 5;
export const PCM_RATE_44100 = 6;
export const PCM_RATE_48000 = 7;
export const PCM_RATE_64000 = 8;
export const PCM_RATE_88200 = 9;
export const PCM_RATE_96000 = 10;
export const PCM_RATE_176400 = 11;
export const PCM_RATE_192000 = 12;
export const PCM_RATE_384000 = 13;
export const PCM_RATE_12000 = 14;
export const PCM_RATE_24000 = 15;

/** Positions of channels (5.14.6.9). */
export const CHMAP_NONE = 0;
export const CHMAP_NA = 1;
export const CHMAP_MONO = 2;
export const CHMAP_FL = 3;
export const CHMAP_FR = 4;
export const CHMAP_RL = 5;
export const CHMAP_RR = 6;
export const CHMAP_FC = 7;
export const CHMAP_LFE = 8;
export const CHMAP_SL = 9;
export const CHMAP_SR = 10;
export const CHMAP_RC = 11;
export const CHMAP_FLC = 12;
export const CHMAP_FRC = 13;
export const CHMAP_RLC = 14;
export const CHMAP_RRC = 15;
export const CHMAP_FLW = 16;
export const CHMAP_FRW = 17;
export const CHMAP_FLH = 18;
export const CHMAP_FCH = 19;
export const CHMAP_FRH = 20;
export const CHMAP_TC = 21;
export const CHMAP_TFL = 22;
export const CHMAP_TFR = 23;
export const CHMAP_TFC = 24;
export const CHMAP_TRL = 25;
export const CHMAP_TRR = 26;
export const CHMAP_TRC = 27;
export const CHMAP_TFLC = 28;
export const CHMAP_TFRC = 29;
export const CHMAP_TSL = 30;
export const CHMAP_TSR = 31;
export const CHMAP_LLFE = 32;
export const CHMAP_RLFE = 33;
export const CHMAP_BC = 34;
export const CHMAP_BLC = 35;
export const CHMAP_BRC = 36;
export const CHMAP_MAX_SIZE = 18;

/** Control elements (5.14.6.10): roles, types, rights (bit positions). */
export const CTL_ROLE_UNDEFINED = 0;
export const CTL_ROLE_VOLUME = 1;
export const CTL_ROLE_MUTE = 2;
export const CTL_ROLE_GAIN = 3;
export const CTL_TYPE_BOOLEAN = 0;
export const CTL_TYPE_INTEGER = 1;
export const CTL_TYPE_INTEGER64 = 2;
export const CTL_TYPE_ENUMERATED = 3;
export const CTL_TYPE_BYTES = 4;
export const CTL_TYPE_IEC958 = 5;
export const CTL_ACCESS_READ = 0;
export const CTL_ACCESS_WRITE = 1;
export const CTL_ACCESS_VOLATILE = 2;
export const CTL_ACCESS_INACTIVE = 3;
export const CTL_ACCESS_TLV_READ = 4;
export const CTL_ACCESS_TLV_WRITE = 5;
export const CTL_ACCESS_TLV_COMMAND = 6;

/** What a notification of a control element is about, bit positions. */
export const CTL_EVT_MASK_VALUE = 0;
export const CTL_EVT_MASK_INFO = 1;
export const CTL_EVT_MASK_TLV = 2;
