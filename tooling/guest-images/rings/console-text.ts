/** What a console said, and who waits for words in it. */
export class ConsoleText {
  #text = "";
  #from = 0;
  #ended = false;
  #check: () => void = () => {};

  add(bytes: Uint8Array): void {
    this.#text += Buffer.from(bytes).toString("latin1");
    this.#check();
  }

  /** Nothing more will come. */
  end(): void {
    this.#ended = true;
    this.#check();
  }

  /** All that was said since the last call up to the end of `text`. */
  says(text: string): Promise<string> {
    return new Promise((resolve, reject) => {
      this.#check = () => {
        const at = this.#text.indexOf(text, this.#from);
        if (at >= 0) {
          const said = this.#text.slice(this.#from, at + text.length);
          this.#from = at + text.length;
          this.#check = () => {};
          resolve(said);
        } else if (this.#ended) reject(new Error(`the console did not say ${JSON.stringify(text)}: ${this.#text.slice(-2000)}`));
      };
      this.#check();
    });
  }
}
