/** Most bytes of a request that are moved at a time. */
export const CHUNK_SIZE = 512 * 1024;

/** How many buffers are kept for reuse: making and clearing one costs as much as reading into it. */
const KEPT = 8;

/** Buffers of host memory for data on the way between a backend and guest memory. */
export class ChunkBuffers {
  readonly #free: ArrayBuffer[] = [];

  /** @returns at most CHUNK_SIZE bytes, with anything in them */
  take(length: number): Uint8Array {
    const size = Math.min(length, CHUNK_SIZE);
    // A small request would hold much more memory than it needs.
    if (size <= CHUNK_SIZE / 16) return new Uint8Array(size);
    return new Uint8Array(this.#free.pop() ?? new ArrayBuffer(CHUNK_SIZE), 0, size);
  }

  /** Takes a buffer back that nobody uses any more. */
  give({ buffer }: Uint8Array): void {
    if (buffer instanceof ArrayBuffer && buffer.byteLength === CHUNK_SIZE && this.#free.length < KEPT) this.#free.push(buffer);
  }
}
