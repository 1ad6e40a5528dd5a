import type { Random } from "./random.ts";

/** Values at the edges of what 8, 16, 32 and 64 bits hold, and of ring arithmetic. */
const INTERESTING = [
  0, 1, 2, 3, 4, 7, 8, 15, 16, 17, 31, 32, 63, 64, 127, 128, 255, 256, 511, 512, 513, 1023, 1024, 1025, 4095, 4096, 4097, 0x7fff, 0x8000,
  0xffff, 0x1_0000, 0x7fff_ffff, 0x8000_0000, 0xffff_fff0, 0xffff_ffff,
];

/** Most bytes that one operation inserts, copies or removes. */
const MAX_BLOCK = 64;

/** Makes inputs out of inputs: a few random operations on top of each other ("havoc"), sometimes on two inputs joined ("splice"). */
export class Mutator {
  readonly #random: Random;
  readonly #maxLength: number;
  readonly #dictionary: readonly Uint8Array[];

  /** @param dictionary byte strings that mean something to the target */
  constructor(random: Random, maxLength: number, dictionary: readonly Uint8Array[] = []) {
    this.#random = random;
    this.#maxLength = maxLength;
    this.#dictionary = dictionary;
  }

  /** @param other another input to take pieces from */
  mutate(input: Uint8Array, other: Uint8Array): Uint8Array {
    const random = this.#random;
    let bytes = random.oneIn(6) ? this.#splice(input, other) : input.slice();
    for (let todo = 1 << random.below(5); todo > 0; todo--) bytes = this.#operate(bytes, other);
    return bytes.length > this.#maxLength ? bytes.slice(0, this.#maxLength) : bytes;
  }

  /** The start of one, then the end of the other. */
  #splice(input: Uint8Array, other: Uint8Array): Uint8Array {
    const head = input.subarray(0, this.#random.below(input.length + 1));
    return concat(head, other.subarray(this.#random.below(other.length + 1)));
  }

  #operate(bytes: Uint8Array, other: Uint8Array): Uint8Array {
    const random = this.#random;
    if (bytes.length === 0) return this.#insert(bytes, this.#randomBytes());
    const at = random.below(bytes.length);
    switch (random.below(14)) {
      case 0:
        bytes[at]! ^= 1 << random.below(8);
        return bytes;
      case 1:
      case 2:
        bytes[at] = random.next();
        return bytes;
      case 3:
        bytes[at]! += 1 + random.below(16);
        return bytes;
      case 4:
        bytes[at]! -= 1 + random.below(16);
        return bytes;
      case 5:
      case 6:
        return overwrite(bytes, at, this.#interesting());
      case 7:
        return this.#insert(bytes, this.#interesting());
      case 8:
        return this.#insert(bytes, this.#randomBytes());
      case 9:
      case 10:
        return concat(bytes.subarray(0, at), bytes.subarray(at + 1 + random.below(MAX_BLOCK)));
      case 11:
        return this.#insert(bytes, this.#block(bytes));
      case 12:
        return random.oneIn(2) ? this.#insert(bytes, this.#block(other)) : overwrite(bytes, at, this.#block(other));
      default:
        return overwrite(bytes, at, this.#block(bytes));
    }
  }

  #insert(bytes: Uint8Array, inserted: Uint8Array): Uint8Array {
    const at = this.#random.below(bytes.length + 1);
    return concat(bytes.subarray(0, at), inserted, bytes.subarray(at));
  }

  #block(bytes: Uint8Array): Uint8Array {
    const at = this.#random.below(bytes.length + 1);
    return bytes.slice(at, at + 1 + this.#random.below(MAX_BLOCK));
  }

  #randomBytes(): Uint8Array {
    return Uint8Array.from({ length: 1 + this.#random.below(8) }, () => this.#random.next());
  }

  #interesting(): Uint8Array {
    const random = this.#random;
    if (this.#dictionary.length > 0 && random.oneIn(3)) return random.pick(this.#dictionary);
    const view = new DataView(new ArrayBuffer(8));
    const value = random.pick(INTERESTING);
    const little = random.oneIn(2);
    const width = random.pick([1, 1, 2, 4, 8]);
    if (width === 1) view.setUint8(0, value);
    else if (width === 2) view.setUint16(0, value, little);
    else view.setUint32(!little && width === 8 ? 4 : 0, value, little);
    return new Uint8Array(view.buffer, 0, width);
  }
}

function overwrite(bytes: Uint8Array, at: number, source: Uint8Array): Uint8Array {
  bytes.set(source.subarray(0, bytes.length - at), at);
  return bytes;
}

export function concat(...parts: Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}
