import { openSync, readSync } from "node:fs";
import { readFile, stat } from "node:fs/promises";
import type { ImageFile } from "@zarch/machine";
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
 * A file for the guest that is read now and at each reboot, so that its bytes need not be kept. A regular file stays open: it may be
 * replaced or removed meanwhile. Anything else, a pipe for instance, is read once.
 * @param what how the user knows it, for instance "initrd"
 * @throws {HostError} ERR_ZARCH_FILE; reading the pieces throws it, too
 */
export async function openImageFile(path: string, what: string): Promise<Uint8Array | ImageFile> {
  try {
    const found = await stat(path);
    if (!found.isFile()) return await readWholeFile(path, what);
    checkSize(found.size, path, what);
    const file = openSync(path, "r");
    return {
      size: found.size,
      *pieces() {
        try {
          yield* piecesOf(file);
        } catch (error) {
          throw cannotRead(error, path, what);
        }
      },
    };
  } catch (error) {
    throw cannotRead(error, path, what);
  }
}

/**
 * Small, as glibc's allocator keeps for itself, in each of its arenas, twice as much as the largest block that it ever gave back to the operating
 * system: with a whole initrd in one piece the arenas of V8's threads stayed some 50 MiB larger.
 */
const pieceSize = 64 * 1024;

function* piecesOf(file: number): Iterable<Uint8Array> {
  const buffer = new Uint8Array(pieceSize);
  for (let position = 0; ; ) {
    const count = readSync(file, buffer, 0, pieceSize, position);
    if (count === 0) return;
    yield buffer.subarray(0, count);
    position += count;
  }
}

function checkSize(size: number, path: string, what: string): void {
  if (size > largestFile) throw new HostError("ERR_ZARCH_FILE", `cannot use ${what} ${path}: it is larger than 4 GiB`);
}

function cannotRead(error: unknown, path: string, what: string): HostError {
  if (error instanceof HostError) return error;
  return new HostError("ERR_ZARCH_FILE", `cannot read ${what} ${path}: ${reasonOf(error)}`, { cause: error });
}
