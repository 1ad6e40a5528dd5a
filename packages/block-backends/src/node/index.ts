export * from "./file-backend.ts";
export { type FileLock, lockFile } from "./file-lock.ts";
export { openFileOverlay } from "./file-overlay.ts";
