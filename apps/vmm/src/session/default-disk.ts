import { access, mkdir } from "node:fs/promises";
import { join } from "node:path";
import { openFileBackend } from "@zarch/block-backends/node";
import { HostError } from "@zarch/vmm-interface";
import type { DiskOption } from "../command-line/disk-option.ts";
import { cacheDirectory } from "../guest/default-guest.ts";
import { makeExt4Disk } from "../guest/disk-image.ts";
import { reasonOf } from "../host/files.ts";

/** Bytes. The file is sparse: it takes what the guest has written. */
const defaultDiskSize = 2 ** 30;
const mostDisks = 16;

/**
 * The disk of `zarch start`: an image with an ext4 file system that is made when it is first needed and then kept. A second
 * session at the same time has a second disk, and so on.
 * @param directory default: that of everything zarch keeps
 */
export async function defaultDisk(directory = cacheDirectory()): Promise<DiskOption> {
  try {
    await mkdir(directory, { recursive: true });
  } catch (error) {
    throw new HostError("ERR_ZARCH_DEFAULT_DISK", `cannot make the folder ${directory}: ${reasonOf(error)}`, { cause: error });
  }
  for (let number = 1; number <= mostDisks; number++) {
    const path = join(directory, number === 1 ? "disk.img" : `disk-${number}.img`);
    if (!(await exists(path))) await makeExt4Disk(path, defaultDiskSize, "zarch");
    if (await isFree(path)) return { path, readOnly: false };
  }
  throw new HostError("ERR_ZARCH_DEFAULT_DISK", `all ${mostDisks} disks in ${directory} are in use; --no-disk starts without one`);
}

async function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}

async function isFree(path: string): Promise<boolean> {
  try {
    await (await openFileBackend(path)).close();
    return true;
  } catch (error) {
    if (error instanceof HostError && error.code === "ERR_ZARCH_BLOCK_LOCKED") return false;
    throw error;
  }
}
