import type { BlockBackend } from "@zarch/vmm-interface";
import { checkSize, checkSpan } from "../span.ts";
import { identityOf, type OpenedFile, openLocked } from "./open-file.ts";

export interface FileBackendOptions {
  /** Opens the file for reading alone. Several processes may then have it open, as long as none writes. */
  readonly readOnly?: boolean;
  /** What the guest sees as the serial number of the disk; the end of the file name when absent. */
  readonly identity?: string;
}

/** A backend that holds resources of the host until it is closed. */
export interface ClosableBackend extends BlockBackend, AsyncDisposable {
  /** Waits for calls in flight, flushes, and gives file and lock back. Later calls are rejected. */
  close(): Promise<void>;
}

/**
 * Opens a raw image: byte n of the disk is byte n of the file. A block device of the host (Linux) may be used as well.
 *
 * A settled write is in the host's page cache, so it survives the end of this process by any signal; after a settled flush
 * it also survives a power failure (fdatasync).
 *
 * @throws HostError `ERR_ZARCH_BLOCK_OPEN` if it cannot be opened or is something else, `ERR_ZARCH_BLOCK_SIZE` if its size is
 *   not a multiple of 512, `ERR_ZARCH_BLOCK_LOCKED` if another process uses it
 */
export async function openFileBackend(path: string, options: FileBackendOptions = {}): Promise<ClosableBackend> {
  const readOnly = options.readOnly ?? false;
  const opened = await openLocked(path, readOnly ? "read" : "write");
  try {
    checkSize(opened.size, path);
  } catch (error) {
    await opened.close();
    throw error;
  }
  return new FileBackend(opened, readOnly, options.identity ?? identityOf(path));
}

class FileBackend implements ClosableBackend {
  readonly size: number;
  readonly readOnly: boolean;
  readonly identity: string;
  readonly #opened: OpenedFile;
  #closing?: Promise<void>;

  constructor(opened: OpenedFile, readOnly: boolean, identity: string) {
    this.#opened = opened;
    this.size = opened.size;
    this.readOnly = readOnly;
    this.identity = identity;
  }

  async read(offset: number, target: Uint8Array): Promise<void> {
    checkSpan(this, offset, target.length, false);
    await this.#opened.file.read(offset, target);
  }

  async write(offset: number, data: Uint8Array): Promise<void> {
    checkSpan(this, offset, data.length, true);
    await this.#opened.file.write(offset, data);
  }

  async flush(): Promise<void> {
    if (!this.readOnly) await this.#opened.file.flush();
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    try {
      await this.flush();
    } finally {
      await this.#opened.close();
    }
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}
