import { closeSync, fstatSync, openSync, readSync } from "node:fs";
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
    checkSize(size, path, what);
    return await readFile(path);
  } catch (error) {
    throw cannotRead(error, path, what);
  }
}

/**
 * What reads a file for the guest, now and at each reboot, so that its bytes need not be kept. A regular file stays open: it may be
 * replaced or removed meanwhile. Of anything else, a pipe for instance, there is only one reading.
 * @param what how the user knows it, for instance "initrd"
 * @throws {HostError} ERR_ZARCH_FILE; the function that is returned throws it, too
 */
export async function openWholeFile(path: string, what: string): Promise<() => Uint8Array> {
  try {
    if (!(await stat(path)).isFile()) {
      const bytes = await readWholeFile(path, what);
      return () => bytes;
    }
    const file = openSync(path, "r");
    try {
      checkSize(fstatSync(file).size, path, what);
    } catch (error) {
      closeSync(file);
      throw error;
    }
    return () => {
      try {
        return readFromStart(file);
      } catch (error) {
        throw cannotRead(error, path, what);
      }
    };
  } catch (error) {
    throw cannotRead(error, path, what);
  }
}

/** As much of an open file as there is. */
function readFromStart(file: number): Uint8Array {
  const bytes = new Uint8Array(fstatSync(file).size);
  let length = 0;
  while (length < bytes.length) {
    const count = readSync(file, bytes, length, bytes.length - length, length);
    if (count === 0) break;
    length += count;
  }
  return bytes.subarray(0, length);
}

function checkSize(size: number, path: string, what: string): void {
  if (size > largestFile) throw new HostError("ERR_ZARCH_FILE", `cannot use ${what} ${path}: it is larger than 4 GiB`);
}

function cannotRead(error: unknown, path: string, what: string): HostError {
  if (error instanceof HostError) return error;
  return new HostError("ERR_ZARCH_FILE", `cannot read ${what} ${path}: ${reasonOf(error)}`, { cause: error });
}
