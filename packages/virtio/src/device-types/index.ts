/**
 * Constants and configuration layouts of the device types of virtio 1.4, chapter 5: one namespace for each, named as in the specification's
 * identifiers without their prefix. Bundlers keep what is used.
 *
 * In each namespace: `ID` and `NAME` of the type; feature bits `F_`; `FEATURE_DEPENDENCIES`; `CONFIG`, for a ConfigSpace; `QUEUE_` numbers, or
 * functions where they depend on something; and the numbers of its messages, named as in the specification.
 */
export * as balloon from "./balloon.ts";
export * as blk from "./blk.ts";
export * as can from "./can.ts";
export * as console from "./console.ts";
export * as crypto from "./crypto.ts";
export * as entropy from "./entropy.ts";
export * as fs from "./fs.ts";
export * as gpio from "./gpio.ts";
export * as gpu from "./gpu.ts";
export * as i2c from "./i2c.ts";
export * as input from "./input.ts";
export * as iommu from "./iommu.ts";
export * as media from "./media.ts";
export * as mem from "./mem.ts";
export * as net from "./net.ts";
export * as pmem from "./pmem.ts";
export * as rpmb from "./rpmb.ts";
export * as rtc from "./rtc.ts";
export * as scmi from "./scmi.ts";
export * as scsi from "./scsi.ts";
export * as sound from "./sound.ts";
export * as spi from "./spi.ts";
export * as vsock from "./vsock.ts";
