export { BLK_QUEUE_SIZES, BlkDevice, type BlkDeviceOptions } from "./blk-device.ts";
export * from "./config.ts";
