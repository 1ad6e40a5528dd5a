import { readFile, stat } from "node:fs/promises";
import { HostError } from "@zarch/vmm-interface";

const reasons: Readonly<Record<string, string>> = {
  ENOENT: "there is no such file",
  ENOTDIR: "there is no such file",
  EISDIR: "it is a directory",
  EACCES: "permission denied",
  EPERM: "permission denied",
  EMFILE: "too many files are open",
  ENAMETOOLONG: "the name is too long",
  ELOOP: "too many symbolic links",
  ENOSPC: "no space is left on the device",
  EROFS: "the file system is read-only",
  EADDRINUSE: "it is in use",
};

/** Why the operating system refused, in words. */
export function reasonOf(error: unknown): string {
  const { code, message } = error as NodeJS.ErrnoException;
  return (code === undefined ? undefined : reasons[code]) ?? message;
}

/** Larger than any kernel or initrd that a machine of ours could hold; also keeps us from reading an endless device. */
const largestFile = 2 ** 32 - 1;

/**
 * Reads a whole file for the guest.
 * @param what how the user knows it, for instance "kernel"
 * @throws {HostError} ERR_ZARCH_FILE
 */
export async function readWholeFile(path: string, what: string): Promise<Uint8Array> {
  try {
    const { size } = await stat(path);
    if (size > largestFile) throw new HostError("ERR_ZARCH_FILE", `cannot use ${what} ${path}: it is larger than 4 GiB`);
    return await readFile(path);
  } catch (error) {
    if (error instanceof HostError) throw error;
    throw new HostError("ERR_ZARCH_FILE", `cannot read ${what} ${path}: ${reasonOf(error)}`, { cause: error });
  }
}
