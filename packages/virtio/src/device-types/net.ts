import type { ConfigLayout } from "../config-space.ts";
import type { FeatureDependency, ReadonlyFeatureSet } from "../features.ts";

/** Network device (virtio 5.1). */
export const ID = 1;
export const NAME = "network";

/** Feature bits (5.1.3). HOST is what the device takes, GUEST what the driver takes. */
export const F_GUEST_CSUM = 1;
export const F_GUEST_TSO4 = 7;
export const F_GUEST_TSO6 = 8;
export const F_GUEST_ECN = 9;
export const F_GUEST_UFO = 10;
export const F_GUEST_UDP_TUNNEL_GSO = 65;
export const F_GUEST_UDP_TUNNEL_GSO_CSUM = 66;
export const F_GUEST_USO4 = 54;
export const F_GUEST_USO6 = 55;
export const F_CSUM = 0;
export const F_CTRL_GUEST_OFFLOADS = 2;
export const F_MTU = 3;
export const F_MAC = 5;
export const F_HOST_TSO4 = 11;
export const F_HOST_TSO6 = 12;
export const F_HOST_ECN = 13;
export const F_HOST_UFO = 14;
export const F_MRG_RXBUF = 15;
export const F_STATUS = 16;
export const F_CTRL_VQ = 17;
export const F_CTRL_RX = 18;
export const F_CTRL_VLAN = 19;
export const F_CTRL_RX_EXTRA = 20;
export const F_GUEST_ANNOUNCE = 21;
export const F_MQ = 22;
export const F_CTRL_MAC_ADDR = 23;
export const F_DEVICE_STATS = 50;
export const F_HASH_TUNNEL = 51;
export const F_VQ_NOTF_COAL = 52;
export const F_NOTF_COAL = 53;
export const F_HOST_USO = 56;
export const F_HASH_REPORT = 57;
export const F_GUEST_HDRLEN = 59;
export const F_RSS = 60;
export const F_RSC_EXT = 61;
export const F_STANDBY = 62;
export const F_SPEED_DUPLEX = 63;
export const F_RSS_CONTEXT = 64;
export const F_HOST_UDP_TUNNEL_GSO = 67;
export const F_HOST_UDP_TUNNEL_GSO_CSUM = 68;
export const F_OUT_NET_HEADER = 69;
export const F_IPSEC = 70;

/** Feature bits of legacy devices (5.1.3.2). No one should offer the last two: drivers took them for something else. */
export const F_GSO = 6;
export const F_GUEST_RSC4 = 41;
export const F_GUEST_RSC6 = 42;

/** 5.1.3.1. RSC_EXT as the specification has it; what is coalesced are received segments, so GUEST_TSO may be meant. */
export const FEATURE_DEPENDENCIES: readonly FeatureDependency[] = [
  { feature: F_GUEST_TSO4, anyOf: [F_GUEST_CSUM] },
  { feature: F_GUEST_TSO6, anyOf: [F_GUEST_CSUM] },
  { feature: F_GUEST_ECN, anyOf: [F_GUEST_TSO4, F_GUEST_TSO6] },
  { feature: F_GUEST_UFO, anyOf: [F_GUEST_CSUM] },
  { feature: F_GUEST_USO4, anyOf: [F_GUEST_CSUM] },
  { feature: F_GUEST_USO6, anyOf: [F_GUEST_CSUM] },
  { feature: F_GUEST_UDP_TUNNEL_GSO, anyOf: [F_GUEST_TSO4] },
  { feature: F_GUEST_UDP_TUNNEL_GSO, anyOf: [F_GUEST_TSO6] },
  { feature: F_GUEST_UDP_TUNNEL_GSO, anyOf: [F_GUEST_USO4] },
  { feature: F_GUEST_UDP_TUNNEL_GSO, anyOf: [F_GUEST_USO6] },
  { feature: F_GUEST_UDP_TUNNEL_GSO_CSUM, anyOf: [F_GUEST_UDP_TUNNEL_GSO] },
  { feature: F_HOST_TSO4, anyOf: [F_CSUM] },
  { feature: F_HOST_TSO6, anyOf: [F_CSUM] },
  { feature: F_HOST_ECN, anyOf: [F_HOST_TSO4, F_HOST_TSO6] },
  { feature: F_HOST_UFO, anyOf: [F_CSUM] },
  { feature: F_HOST_USO, anyOf: [F_CSUM] },
  { feature: F_HOST_UDP_TUNNEL_GSO, anyOf: [F_HOST_TSO4] },
  { feature: F_HOST_UDP_TUNNEL_GSO, anyOf: [F_HOST_TSO6] },
  { feature: F_HOST_UDP_TUNNEL_GSO, anyOf: [F_HOST_USO] },
  { feature: F_HOST_UDP_TUNNEL_GSO_CSUM, anyOf: [F_HOST_UDP_TUNNEL_GSO] },
  { feature: F_CTRL_RX, anyOf: [F_CTRL_VQ] },
  { feature: F_CTRL_VLAN, anyOf: [F_CTRL_VQ] },
  { feature: F_GUEST_ANNOUNCE, anyOf: [F_CTRL_VQ] },
  { feature: F_MQ, anyOf: [F_CTRL_VQ] },
  { feature: F_CTRL_MAC_ADDR, anyOf: [F_CTRL_VQ] },
  { feature: F_NOTF_COAL, anyOf: [F_CTRL_VQ] },
  { feature: F_VQ_NOTF_COAL, anyOf: [F_CTRL_VQ] },
  { feature: F_RSC_EXT, anyOf: [F_HOST_TSO4, F_HOST_TSO6] },
  { feature: F_RSS, anyOf: [F_CTRL_VQ] },
  { feature: F_HASH_TUNNEL, anyOf: [F_CTRL_VQ] },
  { feature: F_HASH_TUNNEL, anyOf: [F_RSS, F_HASH_REPORT] },
  { feature: F_RSS_CONTEXT, anyOf: [F_CTRL_VQ] },
  { feature: F_RSS_CONTEXT, anyOf: [F_RSS] },
];

/** Configuration (5.1.4). */
export const CONFIG = {
  /** Valid with MAC only, but always there. */
  mac: { offset: 0, width: 1, count: 6 },
  /** Bits S_. */
  status: { offset: 6, width: 2 },
  /** 1 to 0x8000. */
  max_virtqueue_pairs: { offset: 8, width: 2 },
  /** In bytes, 68 to 65535. */
  mtu: { offset: 10, width: 2 },
  /** In units of 1 Mbit/s; {@link SPEED_UNKNOWN}. */
  speed: { offset: 12, width: 4 },
  duplex: { offset: 16, width: 1 },
  /** In bytes, at least 40. */
  rss_max_key_size: { offset: 17, width: 1 },
  /** In entries, at least 128. */
  rss_max_indirection_table_length: { offset: 18, width: 2 },
  /** Bits HASH_TYPE_. */
  supported_hash_types: { offset: 20, width: 4 },
  /** Bits HASH_TUNNEL_TYPE_. */
  supported_tunnel_types: { offset: 24, width: 4 },
} as const satisfies ConfigLayout;

export const S_LINK_UP = 1;
export const S_ANNOUNCE = 2;

export const SPEED_UNKNOWN = 0xffff_ffff;
/** The normative text (5.1.4.1) has half and full the other way round; these are the values of the field's description and of practice. */
export const DUPLEX_HALF = 0;
export const DUPLEX_FULL = 1;
export const DUPLEX_UNKNOWN = 0xff;

/** Queues of pair 0, 1, ... (5.1.2), which the specification counts from 1. */
export function receiveQueue(pair: number): number {
  return 2 * pair;
}

export function transmitQueue(pair: number): number {
  return 2 * pair + 1;
}

/**
 * Pairs of queues that there are, in use or not (5.1.2).
 * @param maxPairs max_virtqueue_pairs of the configuration
 */
export function queuePairs(features: ReadonlyFeatureSet, maxPairs: number): number {
  return features.has(F_MQ) || features.has(F_RSS) ? maxPairs : 1;
}

/** The control queue, which comes after all pairs; undefined without CTRL_VQ. */
export function controlQueue(features: ReadonlyFeatureSet, maxPairs: number): number | undefined {
  return features.has(F_CTRL_VQ) ? 2 * queuePairs(features, maxPairs) : undefined;
}

/** Offsets in the header of each packet (5.1.9). All fields but the first two and the hash have 16 bits. */
export const HDR = {
  flags: 0,
  gso_type: 1,
  hdr_len: 2,
  gso_size: 4,
  csum_start: 6,
  csum_offset: 8,
  num_buffers: 10,
  hash_value: 12,
  hash_report: 16,
  outer_th_offset: 20,
  inner_nh_offset: 22,
  outer_nh_offset: 24,
  /** With IPSEC: resource id, 32 bits, at the next multiple of 2. */
  ipsec_resource_id: 26,
  ipsec_resource_type: 30,
} as const;

/** Bytes of that header with the negotiated features (5.1.9, 5.1.9.3.1; legacy 5.1.9.1). */
export function headerSize(features: ReadonlyFeatureSet, legacy = false): number {
  if (legacy) return features.has(F_MRG_RXBUF) ? 12 : 10;
  if (features.has(F_OUT_NET_HEADER) || features.has(F_IPSEC)) return 32;
  if (features.has(F_HOST_UDP_TUNNEL_GSO) || features.has(F_GUEST_UDP_TUNNEL_GSO)) return 24;
  return features.has(F_HASH_REPORT) ? 20 : 12;
}

/** Bits of the header's flags. */
export const HDR_F_NEEDS_CSUM = 1;
export const HDR_F_DATA_VALID = 2;
export const HDR_F_RSC_INFO = 4;
export const HDR_F_UDP_TUNNEL_CSUM = 8;
export const HDR_F_SECURITY = 16;
export const HDR_F_SECURITY_ERR = 32;
export const HDR_F_SECURITY_SA_SOFT_EXPIRY_WARN = 64;

/** The header's gso_type: one of these, ... */
export const HDR_GSO_NONE = 0;
export const HDR_GSO_TCPV4 = 1;
export const HDR_GSO_UDP = 3;
export const HDR_GSO_TCPV6 = 4;
export const HDR_GSO_UDP_L4 = 5;
/** ... with any of these bits. */
export const HDR_GSO_UDP_TUNNEL_IPV4 = 0x20;
export const HDR_GSO_UDP_TUNNEL_IPV6 = 0x40;
export const HDR_GSO_ECN = 0x80;

/** What a hash can be made of (5.1.9.4.3), bits. */
export const HASH_TYPE_IPv4 = 1;
export const HASH_TYPE_TCPv4 = 2;
export const HASH_TYPE_UDPv4 = 4;
export const HASH_TYPE_IPv6 = 8;
export const HASH_TYPE_TCPv6 = 0x10;
export const HASH_TYPE_UDPv6 = 0x20;
export const HASH_TYPE_IP_EX = 0x40;
export const HASH_TYPE_TCP_EX = 0x80;
export const HASH_TYPE_UDP_EX = 0x100;

/** Encapsulations whose inner header can be hashed, bits. */
export const HASH_TUNNEL_TYPE_GRE_2784 = 1;
export const HASH_TUNNEL_TYPE_GRE_2890 = 2;
export const HASH_TUNNEL_TYPE_GRE_7676 = 4;
export const HASH_TUNNEL_TYPE_GRE_UDP = 8;
export const HASH_TUNNEL_TYPE_VXLAN = 0x10;
export const HASH_TUNNEL_TYPE_VXLAN_GPE = 0x20;
export const HASH_TUNNEL_TYPE_GENEVE = 0x40;
export const HASH_TUNNEL_TYPE_IPIP = 0x80;
export const HASH_TUNNEL_TYPE_NVGRE = 0x100;

/** The header's hash_report. */
export const HASH_REPORT_NONE = 0;
export const HASH_REPORT_IPv4 = 1;
export const HASH_REPORT_TCPv4 = 2;
export const HASH_REPORT_UDPv4 = 3;
export const HASH_REPORT_IPv6 = 4;
export const HASH_REPORT_TCPv6 = 5;
export const HASH_REPORT_UDPv6 = 6;
export const HASH_REPORT_IPv6_EX = 7;
export const HASH_REPORT_TCPv6_EX = 8;
export const HASH_REPORT_UDPv6_EX = 9;

/** Answers on the control queue (5.1.9.5). */
export const OK = 0;
export const ERR = 1;

/** Classes of control commands, each followed by its commands. */
export const CTRL_RX = 0;
export const CTRL_RX_PROMISC = 0;
export const CTRL_RX_ALLMULTI = 1;
export const CTRL_RX_ALLUNI = 2;
export const CTRL_RX_NOMULTI = 3;
export const CTRL_RX_NOUNI = 4;
export const CTRL_RX_NOBCAST = 5;

export const CTRL_MAC = 1;
export const CTRL_MAC_TABLE_SET = 0;
export const CTRL_MAC_ADDR_SET = 1;

export const CTRL_VLAN = 2;
export const CTRL_VLAN_ADD = 0;
export const CTRL_VLAN_DEL = 1;

export const CTRL_ANNOUNCE = 3;
export const CTRL_ANNOUNCE_ACK = 0;

export const CTRL_MQ = 4;
export const CTRL_MQ_VQ_PAIRS_SET = 0;
export const CTRL_MQ_RSS_CONFIG = 1;
export const CTRL_MQ_HASH_CONFIG = 2;
export const CTRL_MQ_VQ_PAIRS_MIN = 1;
export const CTRL_MQ_VQ_PAIRS_MAX = 0x8000;

export const CTRL_GUEST_OFFLOADS = 5;
export const CTRL_GUEST_OFFLOADS_SET = 0;
/** In the set of offloads these two are not at the place of their feature bits; all others are. */
export const OFFLOAD_GUEST_UDP_TUNNEL_GSO = 46;
export const OFFLOAD_GUEST_UDP_TUNNEL_GSO_CSUM = 47;

export const CTRL_NOTF_COAL = 6;
export const CTRL_NOTF_COAL_TX_SET = 0;
export const CTRL_NOTF_COAL_RX_SET = 1;
export const CTRL_NOTF_COAL_VQ_SET = 2;
export const CTRL_NOTF_COAL_VQ_GET = 3;

export const CTRL_HASH_TUNNEL = 7;
export const CTRL_HASH_TUNNEL_SET = 0;

export const CTRL_STATS = 8;
export const CTRL_STATS_QUERY = 0;
export const CTRL_STATS_GET = 1;

export const CTRL_RSS_CTX = 9;
export const CTRL_RSS_CTX_CAP_GET = 0;
export const CTRL_RSS_CTX_ADD = 1;
export const CTRL_RSS_CTX_MOD = 2;
export const CTRL_RSS_CTX_DEL = 3;

/** Kinds of statistics: bit positions in a 64-bit set, and values of the type field of a reply. */
export const STATS_RX_BASIC = 0;
export const STATS_RX_CSUM = 1;
export const STATS_RX_GSO = 2;
export const STATS_RX_SPEED = 3;
export const STATS_TX_BASIC = 16;
export const STATS_TX_CSUM = 17;
export const STATS_TX_GSO = 18;
export const STATS_TX_SPEED = 19;
export const STATS_CVQ = 32;

/** Capabilities and resource objects for the administration queue (5.1.6, 5.1.7). */
export const FF_RESOURCE_CAP = 0x800;
export const FF_SELECTOR_CAP = 0x801;
export const FF_ACTION_CAP = 0x802;
export const IPSEC_RESOURCE_CAP = 0x803;
export const IPSEC_SA_CAP = 0x804;
export const RESOURCE_OBJ_FF_GROUP = 0x200;
export const RESOURCE_OBJ_FF_CLASSIFIER = 0x201;
export const RESOURCE_OBJ_FF_RULE = 0x202;
export const RESOURCE_OBJ_IPSEC_OUTB_SA = 0x203;
export const RESOURCE_OBJ_IPSEC_INB_SA = 0x204;

/** Flow filter (5.1.9.6): kinds of headers that a selector masks, and actions. */
export const FF_MASK_TYPE_ETH = 1;
export const FF_MASK_TYPE_IPV4 = 2;
export const FF_MASK_TYPE_IPV6 = 3;
export const FF_MASK_TYPE_TCP = 4;
export const FF_MASK_TYPE_UDP = 5;
export const FF_MASK_TYPE_ESP = 6;
export const FF_MASK_F_PARTIAL_MASK = 1;
export const FF_ACTION_DROP = 1;
export const FF_ACTION_DIRECT_RX_VQ = 2;
export const FF_ACTION_IPSEC = 3;
export const FF_ACTION_IPSEC_RECIRCULATE = 4;
