export { type ConfigField, type ConfigLayout, ConfigSpace, type ConfigWriteListener, emptyConfig } from "./config-space.ts";
export type { ActiveDevice, DeviceConfig, DeviceContext, DeviceQueue, TransportInterrupts, VirtioDevice } from "./device.ts";
export { type DirectAnswer, DirectDriver, type DirectDriverOptions } from "./direct-driver.ts";
export * from "./features.ts";
export { type DriverInterface, type Personality, type QueueSetup, VirtioFrontend, type VirtioFrontendOptions } from "./frontend.ts";
export * from "./status.ts";
