/** A bounded first-in first-out queue of bytes. */
export class ByteQueue {
  readonly #ring: Uint8Array;
  #start = 0;
  #length = 0;

  /** @param capacity most bytes that are held */
  constructor(capacity: number) {
    this.#ring = new Uint8Array(capacity);
  }

  get length(): number {
    return this.#length;
  }

  get free(): number {
    return this.#ring.length - this.#length;
  }

  /** Appends as many of `bytes` as there is room for and returns how many that was. */
  push(bytes: Uint8Array): number {
    const count = Math.min(bytes.length, this.free);
    const end = (this.#start + this.#length) % this.#ring.length;
    const first = Math.min(count, this.#ring.length - end);
    this.#ring.set(bytes.subarray(0, first), end);
    this.#ring.set(bytes.subarray(first, count), 0);
    this.#length += count;
    return count;
  }

  /** Removes as many bytes as there are, at most `target.length`, into `target` and returns how many that was. */
  shift(target: Uint8Array): number {
    const count = Math.min(target.length, this.#length);
    const first = Math.min(count, this.#ring.length - this.#start);
    target.set(this.#ring.subarray(this.#start, this.#start + first), 0);
    target.set(this.#ring.subarray(0, count - first), first);
    this.#start = (this.#start + count) % this.#ring.length;
    this.#length -= count;
    return count;
  }
}
