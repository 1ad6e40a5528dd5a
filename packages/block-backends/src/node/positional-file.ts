import type { FileHandle } from "node:fs/promises";
import { HostError } from "@zarch/vmm-interface";

/** Complete reads and writes at positions of an open file, with host errors in one line. Offsets in bytes. */
export class PositionalFile {
  readonly path: string;
  readonly #handle: FileHandle;
  readonly #inFlight = new Set<Promise<unknown>>();
  #closed = false;

  constructor(handle: FileHandle, path: string) {
    this.#handle = handle;
    this.path = path;
  }

  async length(): Promise<number> {
    return this.#track("examining", async () => (await this.#handle.stat()).size);
  }

  read(offset: number, target: Uint8Array): Promise<void> {
    return this.#track("reading", async () => {
      for (let done = 0; done < target.length; ) {
        const { bytesRead } = await this.#handle.read(target, done, target.length - done, offset + done);
        if (bytesRead === 0) throw new Error(`it ends at byte ${offset + done}`);
        done += bytesRead;
      }
    });
  }

  write(offset: number, data: Uint8Array): Promise<void> {
    return this.#track("writing", async () => {
      for (let done = 0; done < data.length; ) {
        const { bytesWritten } = await this.#handle.write(data, done, data.length - done, offset + done);
        if (bytesWritten === 0) throw new Error("nothing could be written");
        done += bytesWritten;
      }
    });
  }

  /** fdatasync(2): the data, and as much of the metadata as is needed to read it back. */
  flush(): Promise<void> {
    return this.#track("flushing", () => this.#handle.datasync());
  }

  /** Waits for calls in flight and closes the file. Later calls are rejected. */
  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    await Promise.allSettled(this.#inFlight);
    await this.#handle.close();
  }

  async #track<T>(doing: string, task: () => Promise<T>): Promise<T> {
    if (this.#closed) throw new HostError("ERR_ZARCH_BLOCK_CLOSED", `${this.path} is closed`);
    const running = task();
    this.#inFlight.add(running);
    try {
      return await running;
    } catch (cause) {
      throw new HostError("ERR_ZARCH_BLOCK_IO", `${doing} ${this.path} failed: ${reasonOf(cause)}`, { cause });
    } finally {
      this.#inFlight.delete(running);
    }
  }
}

/** A system error in plain words, without the call and the path that Node adds. */
export function reasonOf(cause: unknown): string {
  const message = cause instanceof Error ? cause.message : String(cause);
  const known: Readonly<Record<string, string>> = {
    ENOENT: "there is no such file",
    EACCES: "permission denied",
    EPERM: "operation not permitted",
    EROFS: "the file system is read-only",
    ENOSPC: "no space left on the disk",
    EDQUOT: "the disk quota is used up",
    EFBIG: "the file would be too large",
    EISDIR: "it is a directory",
    EEXIST: "it exists already",
    EIO: "the disk reports an error",
  };
  return known[(cause as NodeJS.ErrnoException).code ?? ""] ?? message.split("\n")[0] ?? "";
}
