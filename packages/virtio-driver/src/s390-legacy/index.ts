export { DescriptorPageDriver, type DescriptorPageDriverOptions, type PageInterruption } from "./descriptor-page.ts";
export type { PageEntry } from "./page-entry.ts";
export { S390LegacyTransport, type S390LegacyTransportOptions } from "./s390-legacy-transport.ts";
