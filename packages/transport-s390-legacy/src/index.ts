export { DescriptorPage, type DescriptorPageOptions } from "./descriptor-page.ts";
export {
  acceptedOffset,
  configOffset,
  type EntryShape,
  entrySize,
  HEADER,
  HEADER_SIZE,
  offeredOffset,
  PAGE_SIZE,
  type PageEntry,
  QUEUE_BLOCK,
  QUEUE_BLOCK_SIZE,
  queueBlockOffset,
  RING_ALIGN,
  scanPage,
} from "./entry-layout.ts";
export { INTERRUPTION_CODE, InterruptionParameter, S390LegacyHypercall, SUBCODE } from "./hypercalls.ts";
export type { PageDevice, PageDeviceOptions } from "./page-device.ts";
