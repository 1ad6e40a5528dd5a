export { BlkDevice, type BlkDeviceOptions } from "./blk-device.ts";
export * from "./config.ts";
