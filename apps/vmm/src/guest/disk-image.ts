import { randomBytes } from "node:crypto";
import { link, open, rm } from "node:fs/promises";
import { HostError } from "@zarch/vmm-interface";
import { ext4Image } from "./ext4/image.ts";

/**
 * Makes a sparse raw image with an empty ext4 file system. The file appears under its name only when complete; an existing
 * file is left alone.
 *
 * @param size bytes, a multiple of 512
 * @throws HostError `ERR_ZARCH_DISK_IMAGE`, and those of {@link ext4Image}
 */
export async function makeExt4Disk(path: string, size: number, label?: string): Promise<void> {
  if (!Number.isSafeInteger(size) || size % 512 !== 0) {
    throw new HostError("ERR_ZARCH_DISK_IMAGE", `a disk cannot have ${size} bytes: its size must be a multiple of 512`);
  }
  const uuid = randomBytes(16);
  uuid[6] = (uuid[6]! & 0x0f) | 0x40;
  uuid[8] = (uuid[8]! & 0x3f) | 0x80;
  const time = Math.floor(Date.now() / 1000);
  const parts = ext4Image({ size, uuid, hashSeed: randomBytes(16), time, ...(label !== undefined && { label }) });
  const partial = `${path}.${process.pid}-${randomBytes(4).toString("hex")}.part`;
  try {
    const file = await open(partial, "wx", 0o644);
    try {
      for (const { offset, bytes } of parts) await file.write(bytes, 0, bytes.length, offset);
      await file.truncate(size);
      await file.sync();
    } finally {
      await file.close();
    }
    // link(2) fails where rename(2) would replace a file that another process made meanwhile.
    await link(partial, path);
  } catch (cause) {
    if (cause instanceof HostError) throw cause;
    const reason = (cause as NodeJS.ErrnoException).code === "EEXIST" ? "the file exists already" : (cause as Error).message;
    throw new HostError("ERR_ZARCH_DISK_IMAGE", `cannot make the disk ${path}: ${reason}`, { cause });
  } finally {
    await rm(partial, { force: true });
  }
}
