/** Reads lines from a raw terminal, with as much editing as a prompt needs, and echoes them. */
export class LineReader {
  readonly #echo: (text: string) => void;
  readonly #line: (text: string) => void;
  readonly #decoder = new TextDecoder();
  #text = "";
  #escape = 0;

  /** @param line takes each finished line; Ctrl-C and Ctrl-D on an empty line finish an empty one */
  constructor(echo: (text: string) => void, line: (text: string) => void) {
    this.#echo = echo;
    this.#line = line;
  }

  take(bytes: Uint8Array): void {
    for (const character of this.#decoder.decode(bytes, { stream: true })) this.#key(character);
  }

  #key(character: string): void {
    // Cursor and function keys send escape sequences, of which none has a meaning here.
    if (this.#escape === 1) {
      this.#escape = character === "[" || character === "O" ? 2 : 0;
    } else if (this.#escape === 2) {
      if (character >= "@" && character <= "~") this.#escape = 0;
    } else if (character === "\x1b") {
      this.#escape = 1;
    } else if (character === "\r" || character === "\n") {
      this.#finish(this.#text);
    } else if (character === "\x03" || (character === "\x04" && this.#text === "")) {
      this.#finish("");
    } else if (character === "\x7f" || character === "\b") {
      if (this.#text !== "") this.#echo("\b \b");
      this.#text = [...this.#text].slice(0, -1).join("");
    } else if (character === "\x15") {
      this.#echo("\b \b".repeat([...this.#text].length));
      this.#text = "";
    } else if (character >= " ") {
      this.#echo(character);
      this.#text += character;
    }
  }

  #finish(text: string): void {
    this.#echo("\r\n");
    this.#text = "";
    this.#line(text);
  }
}
