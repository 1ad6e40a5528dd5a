import type { ConfigLayout } from "../config-space.ts";
import type { FeatureDependency } from "../features.ts";

/** Crypto device (virtio 5.9). */
export const ID = 20;
export const NAME = "crypto";

/** Feature bits (5.9.3). */
export const F_REVISION_1 = 0;
export const F_CIPHER_STATELESS_MODE = 1;
export const F_HASH_STATELESS_MODE = 2;
export const F_MAC_STATELESS_MODE = 3;
export const F_AEAD_STATELESS_MODE = 4;
export const F_AKCIPHER_STATELESS_MODE = 5;

/** 5.9.3.1. */
export const FEATURE_DEPENDENCIES: readonly FeatureDependency[] = [
  { feature: F_CIPHER_STATELESS_MODE, anyOf: [F_REVISION_1] },
  { feature: F_HASH_STATELESS_MODE, anyOf: [F_REVISION_1] },
  { feature: F_MAC_STATELESS_MODE, anyOf: [F_REVISION_1] },
  { feature: F_AEAD_STATELESS_MODE, anyOf: [F_REVISION_1] },
  { feature: F_AKCIPHER_STATELESS_MODE, anyOf: [F_REVISION_1] },
];

/** Configuration (5.9.5). Masks have the bit of each algorithm's number. Lengths in bytes. */
export const CONFIG = {
  status: { offset: 0, width: 4 },
  max_dataqueues: { offset: 4, width: 4 },
  /** Mask of SERVICE_. */
  crypto_services: { offset: 8, width: 4 },
  cipher_algo_l: { offset: 12, width: 4 },
  cipher_algo_h: { offset: 16, width: 4 },
  hash_algo: { offset: 20, width: 4 },
  mac_algo_l: { offset: 24, width: 4 },
  mac_algo_h: { offset: 28, width: 4 },
  aead_algo: { offset: 32, width: 4 },
  max_cipher_key_len: { offset: 36, width: 4 },
  max_auth_key_len: { offset: 40, width: 4 },
  akcipher_algo: { offset: 44, width: 4 },
  /** Of the variable-length parts of a request. */
  max_size: { offset: 48, width: 8 },
} as const satisfies ConfigLayout;

/** Bit of status. */
export const S_HW_READY = 1;

/** Data queues are 0 to max_dataqueues - 1; the control queue comes after them (5.9.2). */
export function controlQueue(maxDataQueues: number): number {
  return maxDataQueues;
}

/** Services (5.9.4). */
export const SERVICE_CIPHER = 0;
export const SERVICE_HASH = 1;
export const SERVICE_MAC = 2;
export const SERVICE_AEAD = 3;
export const SERVICE_AKCIPHER = 4;
export const SERVICE_IPSEC = 5;

/** Algorithms of the services. */
export const NO_CIPHER = 0;
export const CIPHER_ARC4 = 1;
export const CIPHER_AES_ECB = 2;
export const CIPHER_AES_CBC = 3;
export const CIPHER_AES_CTR = 4;
export const CIPHER_DES_ECB = 5;
export const CIPHER_DES_CBC = 6;
export const CIPHER_3DES_ECB = 7;
export const CIPHER_3DES_CBC = 8;
export const CIPHER_3DES_CTR = 9;
export const CIPHER_KASUMI_F8 = 10;
export const CIPHER_SNOW3G_UEA2 = 11;
export const CIPHER_AES_F8 = 12;
export const CIPHER_AES_XTS = 13;
export const CIPHER_ZUC_EEA3 = 14;

export const NO_HASH = 0;
export const HASH_MD5 = 1;
export const HASH_SHA1 = 2;
export const HASH_SHA_224 = 3;
export const HASH_SHA_256 = 4;
export const HASH_SHA_384 = 5;
export const HASH_SHA_512 = 6;
export const HASH_SHA3_224 = 7;
export const HASH_SHA3_256 = 8;
export const HASH_SHA3_384 = 9;
export const HASH_SHA3_512 = 10;
export const HASH_SHA3_SHAKE128 = 11;
export const HASH_SHA3_SHAKE256 = 12;

export const NO_MAC = 0;
export const MAC_HMAC_MD5 = 1;
export const MAC_HMAC_SHA1 = 2;
export const MAC_HMAC_SHA_224 = 3;
export const MAC_HMAC_SHA_256 = 4;
export const MAC_HMAC_SHA_384 = 5;
export const MAC_HMAC_SHA_512 = 6;
export const MAC_CMAC_3DES = 25;
export const MAC_CMAC_AES = 26;
export const MAC_KASUMI_F9 = 27;
export const MAC_SNOW3G_UIA2 = 28;
export const MAC_GMAC_AES = 41;
export const MAC_GMAC_TWOFISH = 42;
export const MAC_CBCMAC_AES = 49;
export const MAC_CBCMAC_KASUMI_F9 = 50;
export const MAC_XCBC_AES = 53;
export const MAC_ZUC_EIA3 = 54;

export const NO_AEAD = 0;
export const AEAD_GCM = 1;
export const AEAD_CCM = 2;
export const AEAD_CHACHA20_POLY1305 = 3;

export const NO_AKCIPHER = 0;
export const AKCIPHER_RSA = 1;
/** Linux has 3 here. */
export const AKCIPHER_ECDSA = 2;

/** Status of a finished request (5.9.9.1). */
export const OK = 0;
export const ERR = 1;
export const BADMSG = 2;
export const NOTSUPP = 3;
export const INVSESS = 4;
export const NOSPC = 5;
export const KEY_REJECTED = 6;
export const IPSEC_SA_SOFT_EXPIRY = 7;

/** Opcodes of the control queue (5.9.9.2): the service in bits 8 and up, the operation below. */
export const CIPHER_CREATE_SESSION = 0x2;
export const CIPHER_DESTROY_SESSION = 0x3;
export const HASH_CREATE_SESSION = 0x102;
export const HASH_DESTROY_SESSION = 0x103;
export const MAC_CREATE_SESSION = 0x202;
export const MAC_DESTROY_SESSION = 0x203;
export const AEAD_CREATE_SESSION = 0x302;
export const AEAD_DESTROY_SESSION = 0x303;
export const AKCIPHER_CREATE_SESSION = 0x404;
export const AKCIPHER_DESTROY_SESSION = 0x405;

/** Opcodes of the data queues (5.9.9.3). */
export const CIPHER_ENCRYPT = 0x0;
export const CIPHER_DECRYPT = 0x1;
export const HASH = 0x100;
export const MAC = 0x200;
export const AEAD_ENCRYPT = 0x300;
export const AEAD_DECRYPT = 0x301;
export const AKCIPHER_ENCRYPT = 0x400;
export const AKCIPHER_DECRYPT = 0x401;
export const AKCIPHER_SIGN = 0x402;
export const AKCIPHER_VERIFY = 0x403;
export const IPSEC_OUTBOUND = 0x500;
export const IPSEC_INBOUND = 0x501;

/** Bytes of the header of control and of data requests. */
export const CTRL_HEADER_SIZE = 16;
export const OP_HEADER_SIZE = 24;

/** Sizes in bytes of the parts of fixed size, without REVISION_1 for the first two. */
export const CTRLQ_OP_SPEC_HDR_LEGACY = 56;
export const DATAQ_OP_SPEC_HDR_LEGACY = 48;
export const ALG_CHAIN_SESS_OP_SPEC_HDR_SIZE = 16;
export const SYM_SESS_OP_SPEC_HDR_SIZE = 48;
export const AKCIPHER_SESS_ALGO_SPEC_HDR_SIZE = 44;
export const SYM_DATA_REQ_HDR_SIZE = 40;
export const SYM_DATA_REQ_HDR_STATELESS_SIZE = 72;

/** The flag of a data request that belongs to a session. */
export const FLAG_SESSION_MODE = 1;

/** Directions. */
export const OP_ENCRYPT = 1;
export const OP_DECRYPT = 2;

/** Symmetric requests: what is done, in which order, and with what kind of hash. */
export const SYM_OP_NONE = 0;
export const SYM_OP_CIPHER = 1;
export const SYM_OP_ALGORITHM_CHAINING = 2;
export const SYM_ALG_CHAIN_ORDER_HASH_THEN_CIPHER = 1;
export const SYM_ALG_CHAIN_ORDER_CIPHER_THEN_HASH = 2;
export const SYM_HASH_MODE_PLAIN = 1;
export const SYM_HASH_MODE_AUTH = 2;
export const SYM_HASH_MODE_NESTED = 3;

/** Parameters of asymmetric sessions. */
export const AKCIPHER_KEY_TYPE_PUBLIC = 1;
export const AKCIPHER_KEY_TYPE_PRIVATE = 2;
export const RSA_RAW_PADDING = 0;
export const RSA_PKCS1_PADDING = 1;
export const RSA_NO_HASH = 0;
export const RSA_MD2 = 1;
export const RSA_MD3 = 2;
export const RSA_MD4 = 3;
export const RSA_MD5 = 4;
export const RSA_SHA1 = 5;
export const RSA_SHA256 = 6;
export const RSA_SHA384 = 7;
export const RSA_SHA512 = 8;
export const RSA_SHA224 = 9;
export const CURVE_UNKNOWN = 0;
export const CURVE_NIST_P192 = 1;
export const CURVE_NIST_P224 = 2;
export const CURVE_NIST_P256 = 3;
export const CURVE_NIST_P384 = 4;
export const CURVE_NIST_P521 = 5;

/** IPsec (5.9.9.9): capabilities, resource objects, modes, directions; options are bit positions. */
export const IPSEC_RESOURCE_CAP = 0x800;
export const IPSEC_SA_CAP = 0x801;
export const RESOURCE_OBJ_IPSEC_OUTBOUND_SA = 0x200;
export const RESOURCE_OBJ_IPSEC_INBOUND_SA = 0x201;
export const IPSEC_MODE_ESP_TUNNEL = 1;
export const IPSEC_MODE_ESP_TRANSPORT = 2;
export const IPSEC_MODE_AH_TUNNEL = 3;
export const IPSEC_MODE_AH_TRANSPORT = 4;
export const IPSEC_DIR_OUTBOUND = 1;
export const IPSEC_DIR_INBOUND = 2;
export const IPSEC_ESN = 0;
export const IPSEC_UDP_ENCAP = 1;
export const IPSEC_COPY_DSCP = 2;
export const IPSEC_DEC_TTL = 3;
export const IPSEC_COPY_DF = 4;
export const IPSEC_ECN = 5;
export const IPSEC_SA_LIFETIME = 6;
