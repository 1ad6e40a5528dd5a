/** What stands for a character outside Latin-1, which no EBCDIC code page here has, and for malformed input. */
const replacement = "?";

/** Text of Latin-1 characters as UTF-8. */
export function encodeLatin1AsUtf8(text: string): Uint8Array {
  const bytes: number[] = [];
  for (const character of text) {
    const code = character.charCodeAt(0);
    if (code < 0x80) bytes.push(code);
    else bytes.push(0xc0 | ((code >> 6) & 0x1f), 0x80 | (code & 0x3f));
  }
  return Uint8Array.from(bytes);
}

/** Decodes UTF-8 byte by byte into Latin-1 characters; every other character gives one question mark. */
export class Utf8Decoder {
  #code = 0;
  #missing = 0;

  /** The character that `byte` completes, or undefined. */
  decode(byte: number): string | undefined {
    if (byte < 0x80) {
      this.#missing = 0;
      return String.fromCharCode(byte);
    }
    if (byte < 0xc0) {
      if (this.#missing === 0) return replacement;
      this.#code = (this.#code << 6) | (byte & 0x3f);
      if (--this.#missing > 0) return undefined;
      return this.#code >= 0x80 && this.#code < 0x100 ? String.fromCharCode(this.#code) : replacement;
    }
    this.#missing = byte < 0xe0 ? 1 : byte < 0xf0 ? 2 : 3;
    this.#code = byte & (0x3f >> this.#missing);
    return undefined;
  }
}
