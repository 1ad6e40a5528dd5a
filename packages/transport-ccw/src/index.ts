export type { RingOptions } from "@zarch/virtio";
export { type AttachedCcwDevice, type CcwDevice, type CcwHost, type CcwOptions, ccw } from "./ccw.ts";
export { CcwNotifications } from "./ccw-notifications.ts";
export * from "./commands.ts";
export { type CcwAddress, formatCcwAddress, parseCcwAddress } from "./device-address.ts";
export { VirtioCcwDevice, type VirtioCcwHost, type VirtioCcwOptions } from "./virtio-ccw-device.ts";
