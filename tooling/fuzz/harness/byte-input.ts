/** Turns a byte string into choices, one after another. When the bytes are used up, every choice is 0. */
export class ByteInput {
  readonly #bytes: Uint8Array;
  #next = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  get exhausted(): boolean {
    return this.#next >= this.#bytes.length;
  }

  u8(): number {
    return this.#bytes[this.#next++] ?? 0;
  }

  u16(): number {
    return this.u8() | (this.u8() << 8);
  }

  u32(): number {
    return (this.u16() | (this.u16() << 16)) >>> 0;
  }

  /** 64 bits, above 2^53 not exactly. */
  u64(): number {
    return this.u32() + this.u32() * 0x1_0000_0000;
  }

  flag(): boolean {
    return (this.u8() & 1) === 1;
  }

  /** A number below `bound`, which is at most 65536. One byte for a bound of up to 256. */
  below(bound: number): number {
    return (bound <= 256 ? this.u8() : this.u16()) % bound;
  }

  pick<T>(from: readonly T[]): T {
    return from[this.below(from.length)] as T;
  }

  /** Up to `length` bytes; fewer at the end. */
  bytes(length: number): Uint8Array {
    const part = this.#bytes.slice(this.#next, this.#next + length);
    this.#next += length;
    return part;
  }
}
