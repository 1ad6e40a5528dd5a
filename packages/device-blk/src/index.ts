export { BLK_QUEUE_SIZES, BlkDevice, type BlkDeviceOptions } from "./blk-device.ts";
export { type BlkConfig, MAX_RANGE_SECTORS, MAX_RANGES } from "./config.ts";
