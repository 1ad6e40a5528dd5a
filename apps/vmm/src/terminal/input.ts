import type { Readable } from "node:stream";

/** Takes input on behalf of the guest. The promise settles when the next portion can be taken. */
export interface InputSink {
  write(bytes: Uint8Array): Promise<void>;
  /** There is no more input. */
  end(): void | Promise<void>;
}

/**
 * Moves a stream's bytes into a sink, never more than a portion ahead of it.
 * @returns a function that stops it
 */
export function pumpInput(stream: Readable, sink: InputSink): () => void {
  let stopped = false;
  // The end can be announced while the last portion is still being taken.
  let written = Promise.resolve();
  const onData = (chunk: Uint8Array): void => {
    stream.pause();
    written = sink.write(chunk).then(
      () => {
        if (!stopped) stream.resume();
      },
      () => {},
    );
  };
  const onEnd = (): void => {
    void written.then(() => (stopped ? undefined : sink.end())).catch(() => {});
  };
  // A stream that cannot be read (a closed descriptor, a directory) has no input.
  const onError = (): void => onEnd();
  stream.on("data", onData);
  stream.on("end", onEnd);
  stream.on("error", onError);
  return () => {
    stopped = true;
    stream.off("data", onData);
    stream.off("end", onEnd);
    stream.off("error", onError);
    stream.pause();
    // A pipe or terminal that is still being read keeps the process alive.
    (stream as { unref?: () => void }).unref?.();
  };
}

/** A console of the SCLP, as far as input goes. */
export interface OfferedInput {
  /** Returns how many bytes were taken. */
  input(bytes: Uint8Array): number;
}

/** An {@link InputSink} over a console that takes what it has room for and later says that it is ready again. */
export class OfferingSink implements InputSink {
  #console: OfferedInput | undefined;
  readonly #end: () => void;
  #ready: (() => void) | undefined;

  constructor(end: () => void = () => {}) {
    this.#end = end;
  }

  connect(console: OfferedInput): void {
    this.#console = console;
    this.inputReady();
  }

  /** To be called when the console has room again. */
  readonly inputReady = (): void => {
    const ready = this.#ready;
    this.#ready = undefined;
    ready?.();
  };

  async write(bytes: Uint8Array): Promise<void> {
    let rest = bytes;
    for (;;) {
      // The promise first: a console may be ready again before its input() returns.
      const ready = new Promise<void>((resolve) => {
        this.#ready = resolve;
      });
      rest = rest.subarray(this.#console?.input(rest) ?? 0);
      if (rest.length === 0) return;
      await ready;
    }
  }

  end(): void {
    this.#end();
  }
}
