export { ChainReader, ChainWriter, DescriptorChain } from "./chain.ts";
export { createDeviceVirtqueue, createDriverVirtqueue } from "./create.ts";
export type { DeviceVirtqueue } from "./device-virtqueue.ts";
export type { BufferSpan, DriverVirtqueue, DriverVirtqueueConfig, IndirectTables, UsedBuffer } from "./driver-virtqueue.ts";
export { VirtqueueError, type VirtqueueErrorCode } from "./errors.ts";
export {
  availableRingSize,
  checkVirtqueueConfig,
  DESCRIPTOR_SIZE,
  descriptorTableSize,
  EVENT_SUPPRESSION_SIZE,
  isQueueSize,
  legacyAreas,
  legacyRingSize,
  MAX_QUEUE_SIZE,
  usedRingSize,
  type VirtqueueAreas,
  type VirtqueueConfig,
  type VirtqueueFormat,
} from "./layout.ts";
