import type { Readable } from "node:stream";
import { StreamOutput } from "../terminal/output.ts";
import { Terminal } from "../terminal/terminal.ts";
import { type EndingSignal, onEndingSignal } from "./signals.ts";

/** The process that a command runs in: its streams, terminal and signals. */
export class HostProcess {
  readonly terminal: Terminal;
  readonly stdin: Readable;
  readonly stdout: StreamOutput;
  readonly stderr: StreamOutput;
  readonly #onBroken = new Set<() => void>();

  constructor({ stdin, stdout, stderr }: Pick<NodeJS.Process, "stdin" | "stdout" | "stderr">) {
    this.terminal = new Terminal({ stdin, stdout });
    this.stdin = stdin;
    this.stdout = new StreamOutput(stdout, () => {
      for (const listener of this.#onBroken) listener();
    });
    this.stderr = new StreamOutput(stderr, () => {});
  }

  async print(text: string): Promise<void> {
    await this.stdout.write(text);
  }

  /** A message for the user; on a terminal in raw mode line ends get their carriage return. */
  async printError(text: string): Promise<void> {
    await this.stderr.write(this.terminal.raw ? text.replaceAll(/\r?\n/g, "\r\n") : text);
  }

  /** Calls `listener` when nobody reads standard output any more. */
  onOutputBroken(listener: () => void): () => void {
    this.#onBroken.add(listener);
    return () => this.#onBroken.delete(listener);
  }

  onEndingSignal(listener: (signal: EndingSignal) => void): () => void {
    return onEndingSignal(listener);
  }

  /** Keeps the process alive while all it waits for is a guest that has nothing to do. Returns a function that undoes it. */
  keepAlive(): () => void {
    const timer = setInterval(() => {}, 2 ** 30);
    return () => clearInterval(timer);
  }

  /** Settles when everything printed has left the process. */
  async flushed(): Promise<void> {
    await Promise.all([this.stdout.flushed(), this.stderr.flushed()]);
  }
}
