export { decodeEbcdic, type EbcdicCodePage, encodeEbcdic } from "./ebcdic.ts";
export { EventFacility, type EventSource, EventType, eventHeaderLength, eventMask, storeEventHeader } from "./event-facility.ts";
export { LineModeConsole, type LineModeConsoleOptions } from "./line-mode-console.ts";
export { ResponseCode, Sccb, sccbHeaderLength } from "./sccb.ts";
export { type ScpConfiguration, storageIncrement } from "./scp-info.ts";
export {
  CommandWord,
  type SclpCommandHandler,
  ServiceCallProcessor,
  type ServiceCallProcessorOptions,
} from "./service-call-processor.ts";
export { SignalQuiesce } from "./signal-quiesce.ts";
export { type ConsoleHost, Vt220Console, type Vt220ConsoleOptions } from "./vt220-console.ts";
