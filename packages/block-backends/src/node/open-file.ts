import { type BigIntStats, constants } from "node:fs";
import { type FileHandle, open, readFile } from "node:fs/promises";
import { basename } from "node:path";
import { HostError } from "@zarch/vmm-interface";
import { type FileLock, lockFile } from "./file-lock.ts";
import { PositionalFile, reasonOf } from "./positional-file.ts";

/** An open and locked file or block device. */
export interface OpenedFile {
  readonly file: PositionalFile;
  /** Bytes. */
  readonly size: number;
  close(): Promise<void>;
}

/**
 * Opens a regular file or block device and locks it.
 * @param create a file that must not exist yet
 * @throws HostError `ERR_ZARCH_BLOCK_OPEN`, `ERR_ZARCH_BLOCK_LOCKED`
 */
export async function openLocked(path: string, mode: "read" | "write", create = false): Promise<OpenedFile> {
  // O_NONBLOCK: opening a FIFO must not wait for its other end.
  const flags = (mode === "read" ? constants.O_RDONLY : constants.O_RDWR) | (constants.O_NONBLOCK ?? 0);
  let handle: FileHandle;
  try {
    handle = await open(path, create ? flags | constants.O_CREAT | constants.O_EXCL : flags, 0o644);
  } catch (cause) {
    throw cannotOpen(path, reasonOf(cause), cause);
  }
  let lock: FileLock | undefined;
  try {
    const stats = await handle.stat({ bigint: true });
    const size = await sizeOf(stats, path);
    const id = stats.isBlockDevice() ? `b${stats.rdev.toString(16)}` : `${stats.dev.toString(16)}-${stats.ino.toString(16)}`;
    lock = await lockFile(id, path, mode);
    const file = new PositionalFile(handle, path);
    const taken = lock;
    return {
      file,
      size,
      close: async () => {
        await file.close();
        await taken.release();
      },
    };
  } catch (error) {
    await lock?.release();
    await handle.close();
    throw error;
  }
}

async function sizeOf(stats: BigIntStats, path: string): Promise<number> {
  if (stats.isFile()) return Number(stats.size);
  if (stats.isDirectory()) throw cannotOpen(path, "it is a directory");
  if (!stats.isBlockDevice()) throw cannotOpen(path, "it is neither a file nor a block device");
  // stat(2) knows no size of a device; Linux tells it here, in units of 512 bytes.
  const device = Number(stats.rdev & 0xffffffffn);
  const major = (device >>> 8) & 0xfff;
  const minor = (device & 0xff) | ((device >>> 12) & 0xfff00);
  try {
    return Number(await readFile(`/sys/dev/block/${major}:${minor}/size`, "utf8")) * 512;
  } catch (cause) {
    throw cannotOpen(path, "the size of the device cannot be found", cause);
  }
}

function cannotOpen(path: string, reason: string, cause?: unknown): HostError {
  return new HostError("ERR_ZARCH_BLOCK_OPEN", `cannot open the disk ${path}: ${reason}`, { cause });
}

/** A name for a store that is a file: the last 20 bytes of its name, as many as a virtio disk shows. */
export function identityOf(path: string): string {
  return basename(path)
    .replace(/[^\x20-\x7e]/g, "_")
    .slice(-20);
}
