export { ConsoleDevice, type ConsoleDeviceOptions, type ConsolePortOptions } from "./console-device.ts";
export type { ConsolePort } from "./port.ts";
export { CONSOLE_F_EMERG_WRITE, CONSOLE_F_MULTIPORT, CONSOLE_F_SIZE } from "./protocol.ts";
