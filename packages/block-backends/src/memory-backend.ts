import type { BlockBackend } from "@zarch/vmm-interface";
import { checkSize, checkSpan } from "./span.ts";

export interface MemoryBackendOptions {
  readonly readOnly?: boolean;
  readonly identity?: string;
}

/** A store in an array of bytes. Nothing survives the process; {@link flush} has nothing to do. */
export class MemoryBackend implements BlockBackend {
  readonly size: number;
  readonly readOnly: boolean;
  readonly identity?: string;
  /** The content. Changing it changes what the guest reads. */
  readonly bytes: Uint8Array;

  /**
   * @param content the bytes to use (kept, not copied), or a size in bytes for a store of zeroes
   * @throws HostError `ERR_ZARCH_BLOCK_SIZE` if the size is not a multiple of 512
   */
  constructor(content: Uint8Array | number, options: MemoryBackendOptions = {}) {
    checkSize(typeof content === "number" ? content : content.length, "memory");
    this.bytes = typeof content === "number" ? new Uint8Array(content) : content;
    this.size = this.bytes.length;
    this.readOnly = options.readOnly ?? false;
    if (options.identity !== undefined) this.identity = options.identity;
  }

  async read(offset: number, target: Uint8Array): Promise<void> {
    checkSpan(this, offset, target.length, false);
    target.set(this.bytes.subarray(offset, offset + target.length));
  }

  async write(offset: number, data: Uint8Array): Promise<void> {
    checkSpan(this, offset, data.length, true);
    this.bytes.set(data, offset);
  }

  async flush(): Promise<void> {}

  async discard(offset: number, length: number): Promise<void> {
    await this.writeZeroes(offset, length);
  }

  async writeZeroes(offset: number, length: number): Promise<void> {
    checkSpan(this, offset, length, true);
    this.bytes.fill(0, offset, offset + length);
  }
}
