/** Names of the feature bits that belong to no device type (virtio section 6). */
const names: Readonly<Record<number, string>> = {
  24: "NOTIFY_ON_EMPTY",
  27: "ANY_LAYOUT",
  28: "INDIRECT_DESC",
  29: "EVENT_IDX",
  32: "VERSION_1",
  33: "ACCESS_PLATFORM",
  34: "RING_PACKED",
  35: "IN_ORDER",
  36: "ORDER_PLATFORM",
  37: "SR_IOV",
  38: "NOTIFICATION_DATA",
  39: "NOTIF_CONFIG_DATA",
  40: "RING_RESET",
  41: "ADMIN_VQ",
  43: "SUSPEND",
};

export function featureName(bit: number): string {
  return names[bit] ?? `feature ${bit}`;
}
