import { blk } from "@zarch/virtio/device-types";
import type { BlockBackend } from "@zarch/vmm-interface";
import type { ChainReader, ChainWriter } from "@zarch/vring";
import { CHUNK_SIZE, ChunkBuffers } from "./chunk-buffers.ts";
import type { Operation, Range } from "./request.ts";

/** The device was reset: what is left of a request is not done. */
class Abandoned extends Error {}

/** Carries out checked operations on a backend. */
export class Executor {
  readonly #backend: BlockBackend;
  readonly #identity: Uint8Array;
  readonly #isWriteback: () => boolean;
  readonly #buffers = new ChunkBuffers();
  /** Set when the device is reset: long requests then end at the next chunk. */
  abandoned = false;

  /**
   * @param identity at most 20 bytes
   * @param isWriteback false: a write is on stable storage before it is reported as done
   */
  constructor(backend: BlockBackend, identity: Uint8Array, isWriteback: () => boolean) {
    this.#backend = backend;
    this.#identity = identity;
    this.#isWriteback = isWriteback;
  }

  /** @returns the status for the guest; a rejection is a failure of the backend */
  async execute(operation: Operation): Promise<number> {
    switch (operation.kind) {
      case "read":
        await this.#read(operation.offset, operation.into);
        return blk.S_OK;
      case "write": {
        const stable = !this.#isWriteback();
        await this.#write(operation.offset, operation.from);
        // Also if the mode changed to write-through in the meantime: flushing once too often is harmless.
        if (stable || !this.#isWriteback()) await this.#backend.flush();
        return blk.S_OK;
      }
      case "flush":
        if (!this.#backend.readOnly) await this.#backend.flush();
        return blk.S_OK;
      case "identify": {
        const id = new Uint8Array(blk.ID_BYTES);
        id.set(this.#identity);
        operation.into.write(id);
        return blk.S_OK;
      }
      case "discard":
        for (const { offset, length } of operation.ranges) {
          this.#goOn();
          if (length > 0) await this.#backend.discard?.(offset, length);
        }
        return blk.S_OK;
      case "zero": {
        for (const range of operation.ranges) {
          this.#goOn();
          await this.#zero(range);
        }
        if (!this.#isWriteback()) await this.#backend.flush();
        return blk.S_OK;
      }
      case "refused":
        return operation.status;
    }
  }

  #goOn(): void {
    if (this.abandoned) throw new Abandoned("the device was reset");
  }

  async #read(offset: number, into: ChainWriter): Promise<void> {
    let at = offset;
    let left = into.remaining;
    let ahead = left > 0 ? this.#fetch(at, left) : undefined;
    while (ahead !== undefined) {
      const chunk = await ahead;
      at += chunk.length;
      left -= chunk.length;
      this.#goOn();
      // The next chunk is on its way while the guest gets this one.
      ahead = left > 0 ? this.#fetch(at, left) : undefined;
      // Its failure is seen when it is waited for.
      ahead?.catch(() => {});
      into.write(chunk);
      this.#buffers.give(chunk);
    }
  }

  async #fetch(offset: number, length: number): Promise<Uint8Array> {
    const chunk = this.#buffers.take(length);
    await this.#backend.read(offset, chunk);
    return chunk;
  }

  async #write(offset: number, from: ChainReader): Promise<void> {
    let at = offset;
    while (from.remaining > 0) {
      this.#goOn();
      const chunk = this.#buffers.take(from.remaining);
      from.read(chunk);
      await this.#backend.write(at, chunk);
      this.#buffers.give(chunk);
      at += chunk.length;
    }
  }

  async #zero({ offset, length, unmap }: Range): Promise<void> {
    if (length === 0) return;
    if (this.#backend.writeZeroes) {
      await this.#backend.writeZeroes(offset, length, unmap);
      return;
    }
    const zeroes = new Uint8Array(Math.min(length, CHUNK_SIZE));
    for (let done = 0; done < length; done += zeroes.length) {
      this.#goOn();
      await this.#backend.write(offset + done, zeroes.subarray(0, Math.min(zeroes.length, length - done)));
    }
  }
}
