import { AssemblerError } from "./assembler-error.ts";

/** Walks over one statement. White space between tokens is skipped. */
export class Scanner {
  readonly #text: string;
  #position = 0;

  constructor(text: string) {
    this.#text = text;
    this.#skip();
  }

  get atEnd(): boolean {
    return this.#position >= this.#text.length;
  }

  /** What has not been read, shortened for messages. */
  rest(): string {
    return this.#text.slice(this.#position, this.#position + 40);
  }

  /** Text at the position that matches a sticky pattern, without reading it. */
  peek(pattern: RegExp): string | undefined {
    pattern.lastIndex = this.#position;
    return pattern.exec(this.#text)?.[0];
  }

  /** Read what matches a sticky pattern. */
  match(pattern: RegExp): string | undefined {
    const found = this.peek(pattern);
    if (found !== undefined) this.#advance(found.length);
    return found;
  }

  /** Read `token` if it is next. */
  take(token: string): boolean {
    const found = this.#text.startsWith(token, this.#position);
    if (found) this.#advance(token.length);
    return found;
  }

  expect(token: string): void {
    if (!this.take(token)) throw new AssemblerError("ERR_ASM_SYNTAX", `expected "${token}" at "${this.rest()}"`);
  }

  expectEnd(): void {
    if (!this.atEnd) throw new AssemblerError("ERR_ASM_SYNTAX", `unexpected "${this.rest()}"`);
  }

  #advance(count: number): void {
    this.#position += count;
    this.#skip();
  }

  #skip(): void {
    while (/\s/.test(this.#text[this.#position] ?? "")) this.#position++;
  }
}
