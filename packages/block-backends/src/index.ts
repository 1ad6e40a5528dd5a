export * from "./fault-injection.ts";
export * from "./memory-backend.ts";
export { memoryOverlay } from "./overlay.ts";
export { createOverlay, type OverlayFile, openOverlay } from "./overlay-file.ts";
export * from "./read-only.ts";
