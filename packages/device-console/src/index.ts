export { type ConsoleConfig, ConsoleDevice, type ConsoleDeviceOptions, type ConsolePortOptions } from "./console-device.ts";
export type { ConsolePort } from "./port.ts";
