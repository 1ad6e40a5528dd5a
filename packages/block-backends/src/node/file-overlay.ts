import type { BlockBackend } from "@zarch/vmm-interface";
import { createOverlay, openOverlay } from "../overlay-file.ts";
import type { ClosableBackend } from "./file-backend.ts";
import { type OpenedFile, openLocked } from "./open-file.ts";

/**
 * Opens a copy-on-write overlay in a sparse file, or makes one if there is no such file or an empty one. The backing store is
 * only read; it must not change, and stays open when the overlay is closed.
 *
 * What the guest flushed is in the file when the flush settles, and survives a power failure. What was written and not
 * flushed may be lost when the process is killed: {@link ClosableBackend.close} flushes.
 *
 * @throws HostError `ERR_ZARCH_OVERLAY_FORMAT` for a file that is not an overlay of this store,
 *   `ERR_ZARCH_BLOCK_OPEN`, `ERR_ZARCH_BLOCK_LOCKED`
 */
export async function openFileOverlay(path: string, backing: BlockBackend): Promise<ClosableBackend> {
  const opened = await openOrCreate(path);
  try {
    const overlay = await (opened.size === 0 ? createOverlay : openOverlay)(opened.file, backing);
    return closable(overlay, opened);
  } catch (error) {
    await opened.close();
    throw error;
  }
}

async function openOrCreate(path: string): Promise<OpenedFile> {
  try {
    return await openLocked(path, "write", true);
  } catch (error) {
    const cause = (error as Error).cause as NodeJS.ErrnoException | undefined;
    if (cause?.code !== "EEXIST") throw error;
    return openLocked(path, "write");
  }
}

function closable(overlay: BlockBackend, opened: OpenedFile): ClosableBackend {
  let closing: Promise<void> | undefined;
  const close = (): Promise<void> => {
    closing ??= overlay.flush().finally(() => opened.close());
    return closing;
  };
  return Object.assign(overlay, { close, [Symbol.asyncDispose]: close });
}
