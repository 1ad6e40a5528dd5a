import type { Writable } from "node:stream";

/**
 * Writes to a stream of the process without filling memory: a write that the stream cannot take at once gives a promise.
 * A reader that has gone away (EPIPE) is reported once; further output is dropped.
 */
export class StreamOutput {
  readonly #stream: Writable;
  #drain: Promise<void> | undefined;
  #broken = false;

  constructor(stream: Writable, onBroken: (error: Error) => void) {
    this.#stream = stream;
    stream.on("error", (error) => {
      if (this.#broken) return;
      this.#broken = true;
      onBroken(error);
    });
  }

  write(bytes: Uint8Array | string): void | Promise<void> {
    if (this.#broken || this.#stream.write(bytes)) return undefined;
    this.#drain ??= new Promise<void>((resolve) => {
      const done = (): void => {
        this.#stream.off("drain", done);
        this.#stream.off("error", done);
        this.#stream.off("close", done);
        this.#drain = undefined;
        resolve();
      };
      this.#stream.on("drain", done);
      this.#stream.on("error", done);
      this.#stream.on("close", done);
    });
    return this.#drain;
  }

  /** Settles when all that was written has left the process, or the reader has gone. */
  flushed(): Promise<void> {
    if (this.#broken || this.#stream.writableLength === 0) return Promise.resolve();
    return new Promise((resolve) => {
      this.#stream.write("", () => resolve());
    });
  }
}
