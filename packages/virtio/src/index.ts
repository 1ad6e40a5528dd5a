export { type ConfigField, type ConfigLayout, ConfigSpace, type ConfigWriteListener, emptyConfig } from "./config-space.ts";
export type { ActiveDevice, DeviceConfig, DeviceContext, DeviceQueue, TransportInterrupts, VirtioDevice } from "./device.ts";
export { deviceTypeName } from "./device-types.ts";
export { type DirectAnswer, DirectDriver, type DirectDriverOptions } from "./direct-driver.ts";
export * from "./features.ts";
export { type DriverInterface, type Personality, VirtioFrontend, type VirtioFrontendOptions } from "./frontend.ts";
export { HostileDriver } from "./hostile-driver.ts";
export type { QueueSetup } from "./queue-table.ts";
export * from "./status.ts";
