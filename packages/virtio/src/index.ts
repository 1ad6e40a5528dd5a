export {
  type ConfigField,
  type ConfigLayout,
  ConfigSpace,
  type ConfigValues,
  type ConfigWriteListener,
  configLayoutSize,
  emptyConfig,
} from "./config-space.ts";
export type { ActiveDevice, DeviceConfig, DeviceContext, DeviceQueue, TransportInterrupts, VirtioDevice } from "./device.ts";
export { deviceTypeName } from "./device-type-name.ts";
export * from "./features.ts";
export { VirtioFrontend, type VirtioFrontendOptions } from "./frontend.ts";
export * from "./notification.ts";
export type { DriverInterface, Personality } from "./personality.ts";
export type { QueueSetup } from "./queue-setup.ts";
export type { RingOptions } from "./ring-options.ts";
export type { SharedMemoryRegion } from "./shared-memory.ts";
export { VirtioStateError, type VirtioStateErrorCode } from "./state/errors.ts";
export { fromHex, toHex } from "./state/hex.ts";
export { StateReader } from "./state/state-reader.ts";
export type { QueueState, VirtioState } from "./state/virtio-state.ts";
export * from "./status.ts";
