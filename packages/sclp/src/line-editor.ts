import { Utf8Decoder } from "./utf8.ts";

/** Linux keeps the next command on the same line when a command ends in these two characters. */
const continued = "^n";
const controlCommands: Readonly<Record<string, string>> = { "\x03": "^c", "\x04": "^d", "\x1a": "^z" };

/** Turns typed bytes (UTF-8) into operator commands of a bounded length. */
export class LineEditor {
  readonly #maximum: number;
  readonly #submit: (command: string) => void;
  readonly #echo: ((text: string) => void) | undefined;
  readonly #decoder = new Utf8Decoder();
  #line = "";
  #afterReturn = false;

  /**
   * @param maximum most characters in a command; a longer line is delivered in pieces that Linux joins again
   * @param echo takes typed characters for display
   */
  constructor(maximum: number, submit: (command: string) => void, echo?: (text: string) => void) {
    this.#maximum = maximum;
    this.#submit = submit;
    this.#echo = echo;
  }

  take(byte: number): void {
    const character = this.#decoder.decode(byte);
    if (character === undefined) return;
    // CR LF is one end of line.
    const second = character === "\n" && this.#afterReturn;
    this.#afterReturn = character === "\r";
    if (!second) this.#key(character);
  }

  /** Delivers an unfinished line. */
  end(): void {
    if (this.#line.length > 0) this.#finish();
  }

  #key(character: string): void {
    const control = controlCommands[character];
    if (character === "\n" || character === "\r") {
      this.#echo?.("\n");
      this.#finish();
    } else if (control !== undefined) {
      this.#echo?.(control);
      if (this.#line.length > 0) this.#submit(this.#line + continued);
      this.#line = "";
      this.#submit(control);
    } else if (character === "\x7f" || character === "\b") {
      if (this.#line.length > 0) this.#echo?.("\b \b");
      this.#line = this.#line.slice(0, -1);
    } else if (character === "\x15") {
      this.#echo?.("\b \b".repeat(this.#line.length));
      this.#line = "";
    } else {
      this.#echo?.(character);
      this.#line += character;
      if (this.#line.length > this.#maximum - continued.length) {
        this.#submit(this.#line.slice(0, -1) + continued);
        this.#line = character;
      }
    }
  }

  #finish(): void {
    this.#submit(this.#line);
    this.#line = "";
  }
}
