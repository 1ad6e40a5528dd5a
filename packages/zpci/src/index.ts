export { ClpCommand, ClpResponse, GROUP } from "./clp.ts";
export { DmaMemory, END_DMA, START_DMA } from "./dma-memory.ts";
export { AvailabilityEvent } from "./events.ts";
export { INFORMATION_BLOCK_SIZE, ModifyOperation, ModifyStatus } from "./function-controls.ts";
export type { InterruptionIndicators } from "./indicators.ts";
export { InterruptionMode } from "./interruption-suppression.ts";
export { DmaError } from "./translation.ts";
export { ConfigureResponse, type ZpciAttachment, ZpciBus, type ZpciBusOptions } from "./zpci-bus.ts";
export { HANDLE_ENABLED, ZpciFunction, type ZpciState } from "./zpci-function.ts";
