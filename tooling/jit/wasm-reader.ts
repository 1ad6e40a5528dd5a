/** Reads the encodings of the WebAssembly binary format (core specification, chapter 5). */
export class WasmReader {
  readonly bytes: Uint8Array;
  #at: number;

  constructor(bytes: Uint8Array, at = 0) {
    this.bytes = bytes;
    this.#at = at;
  }

  get at(): number {
    return this.#at;
  }

  u8(): number {
    const value = this.bytes[this.#at++];
    if (value === undefined) throw new RangeError("the module ends too early");
    return value;
  }

  skip(count: number): void {
    this.#at += count;
  }

  take(count: number): Uint8Array {
    this.#at += count;
    return this.bytes.subarray(this.#at - count, this.#at);
  }

  /** Unsigned LEB128 up to 53 bits. */
  unsigned(): number {
    let value = 0;
    for (let weight = 1; ; weight *= 128) {
      const byte = this.u8();
      value += (byte & 0x7f) * weight;
      if (byte < 0x80) return value;
    }
  }

  /** Signed LEB128. */
  signed(): bigint {
    let value = 0n;
    for (let shift = 0n; ; ) {
      const byte = this.u8();
      value |= BigInt(byte & 0x7f) << shift;
      shift += 7n;
      if (byte < 0x80) return BigInt.asIntN(Number(shift), value);
    }
  }

  name(): string {
    return new TextDecoder().decode(this.take(this.unsigned()));
  }
}
