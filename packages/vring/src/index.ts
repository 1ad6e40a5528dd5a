export { ChainReader, ChainWriter, DescriptorChain } from "./chain.ts";
export type { ChainSpan, ChainSpans } from "./chain-record.ts";
export { createDeviceVirtqueue, createDriverVirtqueue, type DeviceVirtqueueOptions } from "./create.ts";
export { DeferredWriter, type PendingWrite } from "./deferred-writer.ts";
export * from "./descriptor.ts";
export type { DeviceVirtqueue } from "./device-virtqueue.ts";
export type { DriverVirtqueueState, SavedBuffer } from "./driver-state.ts";
export type {
  BufferSpan,
  DriverVirtqueue,
  DriverVirtqueueConfig,
  DriverVirtqueueOptions,
  IndirectTables,
  UsedBuffer,
} from "./driver-virtqueue.ts";
export { VirtqueueError, type VirtqueueErrorCode, VirtqueueStateError, type VirtqueueStateErrorCode } from "./errors.ts";
export { type InspectionSources, inspectVirtqueue } from "./inspect.ts";
export {
  checkVirtqueueConfig,
  isQueueSize,
  MAX_QUEUE_SIZE,
  type VirtqueueAreas,
  type VirtqueueConfig,
  type VirtqueueFormat,
} from "./layout.ts";
export { type LegacyRingPart, legacyAreas, legacyRingParts, legacyRingSize } from "./legacy-layout.ts";
export {
  advancePosition,
  DESC_F_AVAIL,
  DESC_F_USED,
  EVENT_DESC,
  EVENT_DISABLE,
  EVENT_ENABLE,
  EVENT_FLAGS,
  EVENT_POSITION,
  EVENT_SUPPRESSION_SIZE,
  PACKED_DESC_FLAGS,
  PACKED_DESC_ID,
  packedAvailableFlags,
  packedEvent,
  packedNeedEvent,
  packedUsedFlags,
  parsePackedEvent,
} from "./packed-layout.ts";
export { type RenderOptions, renderVirtqueue } from "./render.ts";
export { renderLegacyRing } from "./render-legacy.ts";
export * from "./ring-index.ts";
export type {
  BufferState,
  ChainPart,
  ChainSnapshot,
  DescriptorSnapshot,
  EventSnapshot,
  PackedSnapshot,
  SlotAndWrap,
  SlotSnapshot,
  SnapshotProblem,
  SplitSnapshot,
  UnreadableSnapshot,
  VirtqueueSnapshot,
} from "./snapshot.ts";
export * from "./split-layout.ts";
export type { DeviceTraceEvent, DriverTraceEvent, VirtqueueTrace, VirtqueueTraceEvent } from "./trace.ts";
export type { DeviceVirtqueueState, SavedChain, SavedUse } from "./virtqueue-state.ts";
