import { setTimeout as delay } from "node:timers/promises";
import type { InputSink } from "./input.ts";

/** What a feeder of prepared input wants to know of the guest. */
export interface GuestActivity {
  /** Milliseconds for which the guest has had nothing to do; 0 while it works. */
  idleTime(): number;
}

const pollInterval = 5;
/** A guest that has printed a prompt and is idle for so long waits for input. */
const promptTime = 15;
/** A guest that has printed none and is idle for so long is taken to wait all the same. */
const silentTime = 2_000;
/** Between portions: the guest is through with one when it is idle again, or after this time. */
const portionTime = 250;
const portionLength = 1_024;
const newLine = 0x0a;
const endOfTransmission = 0x04;

/**
 * Feeds prepared input (a pipe, a file) to a guest's console as a person would type it. Linux drops what comes before a
 * program has opened the console, what overruns its buffers, and an end-of-file key that comes too early; so the first
 * portion waits until the guest shows a prompt, each further one until it has taken the last, and the end for a prompt again.
 */
export class PacedInput implements InputSink {
  readonly #sink: InputSink;
  readonly #activity: GuestActivity;
  readonly #endKey: "always" | "after-input";
  readonly #abort = new AbortController();
  #started = false;
  #fedAny = false;
  #prompt = false;
  #lastByte = newLine;

  /** @param endKey when the end of input is passed on as Ctrl-D: always, or only if there was any input */
  constructor(sink: InputSink, activity: GuestActivity, endKey: "always" | "after-input") {
    this.#sink = sink;
    this.#activity = activity;
    this.#endKey = endKey;
  }

  /** To be told of everything the guest prints: a line without end is a prompt. */
  observeOutput(bytes: Uint8Array): void {
    if (bytes.length > 0) this.#prompt = bytes.at(-1) !== newLine;
  }

  async write(bytes: Uint8Array): Promise<void> {
    for (let rest = bytes; rest.length > 0; ) {
      if (this.#started) await this.#until(() => this.#activity.idleTime() >= promptTime, portionTime);
      else await this.#untilPrompt();
      this.#started = true;
      this.#fedAny = true;
      const portion = rest.subarray(0, portionEnd(rest));
      rest = rest.subarray(portion.length);
      this.#lastByte = portion.at(-1)!;
      this.#prompt = false;
      await this.#sink.write(portion);
    }
  }

  async end(): Promise<void> {
    if (!this.#fedAny && this.#endKey === "after-input") return;
    if (this.#lastByte !== newLine) await this.write(Uint8Array.of(newLine));
    await this.#untilPrompt();
    await this.#sink.write(Uint8Array.of(endOfTransmission));
    await this.#sink.end();
  }

  /** To be told when the guest boots again: what follows waits for its prompt. */
  restart(): void {
    this.#started = false;
    this.#prompt = false;
  }

  /** Gives up what is not fed yet. */
  stop(): void {
    this.#abort.abort();
  }

  #untilPrompt(): Promise<void> {
    return this.#until(() => this.#activity.idleTime() >= (this.#prompt ? promptTime : silentTime));
  }

  /** @param longest milliseconds; default: as long as it takes */
  async #until(condition: () => boolean, longest = Number.POSITIVE_INFINITY): Promise<void> {
    const start = performance.now();
    do await delay(pollInterval, undefined, { signal: this.#abort.signal });
    while (!condition() && performance.now() - start < longest);
  }
}

/** Whole lines as far as they fit into a portion; a line longer than that in pieces. */
function portionEnd(bytes: Uint8Array): number {
  if (bytes.length <= portionLength) return bytes.length;
  const end = bytes.lastIndexOf(newLine, portionLength - 1) + 1;
  return end > 0 ? end : portionLength;
}
