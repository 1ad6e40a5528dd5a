export { RngDevice, type RngDeviceOptions } from "./rng-device.ts";
