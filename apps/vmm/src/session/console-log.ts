/** Keeps the end of what a guest printed. */
export class ConsoleLog {
  readonly #limit: number;
  #chunks: Uint8Array[] = [];
  #length = 0;

  /** @param limit about how many bytes are kept */
  constructor(limit: number) {
    this.#limit = limit;
  }

  add(bytes: Uint8Array): void {
    this.#chunks.push(bytes);
    this.#length += bytes.length;
    while (this.#length - this.#chunks[0]!.length >= this.#limit) this.#length -= this.#chunks.shift()!.length;
    if (this.#chunks.length > 1024) this.#chunks = [Buffer.concat(this.#chunks)];
  }

  text(): string {
    return new TextDecoder().decode(Buffer.concat(this.#chunks)).replaceAll("\r\n", "\n");
  }
}
