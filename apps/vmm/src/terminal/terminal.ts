import type { ReadStream, WriteStream } from "node:tty";

/** The streams of a process, or stand-ins for them in tests. */
export interface TerminalStreams {
  readonly stdin: NodeJS.ReadStream | ReadStream;
  readonly stdout: NodeJS.WriteStream | WriteStream;
}

/**
 * The terminal that the user sits at. While it is raw, every key goes to the guest; it is put back in every case: at the
 * end, at exit of the process by whatever error, and after the process was stopped and continued.
 */
export class Terminal {
  readonly #stdin: TerminalStreams["stdin"];
  readonly #stdout: TerminalStreams["stdout"];
  #raw = false;
  readonly #restore = (): void => this.restore();
  readonly #enterAgain = (): void => {
    if (this.#raw) this.#stdin.setRawMode?.(true);
  };

  constructor({ stdin, stdout }: TerminalStreams) {
    this.#stdin = stdin;
    this.#stdout = stdout;
  }

  /** Whether input comes from a terminal, with a person at it. */
  get interactive(): boolean {
    return this.#stdin.isTTY === true;
  }

  get raw(): boolean {
    return this.#raw;
  }

  /** Columns and rows, when output goes to a terminal. */
  get size(): { columns: number; rows: number } | undefined {
    const { columns, rows, isTTY } = this.#stdout;
    return isTTY && columns > 0 && rows > 0 ? { columns, rows } : undefined;
  }

  /** Calls `listener` at each change of {@link size}. */
  onResize(listener: () => void): () => void {
    this.#stdout.on("resize", listener);
    return () => this.#stdout.off("resize", listener);
  }

  /** Every key to the guest, from now on. Nothing happens without a terminal. */
  enterRaw(): void {
    if (!this.interactive || this.#raw) return;
    this.#raw = true;
    process.on("exit", this.#restore);
    process.on("SIGCONT", this.#enterAgain);
    this.#stdin.setRawMode(true);
  }

  restore(): void {
    if (!this.#raw) return;
    this.#raw = false;
    process.off("exit", this.#restore);
    process.off("SIGCONT", this.#enterAgain);
    // The terminal may be gone (SIGHUP); then there is nothing to restore.
    try {
      this.#stdin.setRawMode(false);
    } catch {}
  }
}
