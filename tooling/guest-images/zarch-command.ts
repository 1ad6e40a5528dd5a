import { type ChildProcess, spawn } from "node:child_process";
import { connect } from "node:net";
import { fileURLToPath } from "node:url";

const main = fileURLToPath(new URL("../../apps/vmm/src/main.ts", import.meta.url));

export interface CommandResult {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** The command `zarch` as a process of its own, run from its sources. */
export class ZarchCommand {
  readonly process: ChildProcess;
  #stdout = "";
  #stderr = "";
  readonly #waiting = new Set<() => void>();
  readonly #ended: Promise<number | null>;

  constructor(args: readonly string[], input?: string | Uint8Array) {
    this.process = spawn(process.execPath, ["--conditions=@zarch/source", main, ...args], { stdio: ["pipe", "pipe", "pipe"] });
    const collect = (stream: "stdout" | "stderr", add: (text: string) => void): void => {
      this.process[stream]!.setEncoding("utf8").on("data", (text: string) => {
        add(text);
        for (const check of this.#waiting) check();
      });
    };
    collect("stdout", (text) => (this.#stdout += text));
    collect("stderr", (text) => (this.#stderr += text));
    this.#ended = new Promise((resolve) => this.process.on("close", resolve));
    // A command that ends early closes its input.
    this.process.stdin!.on("error", () => {});
    if (input !== undefined) this.process.stdin!.end(input);
  }

  get stdout(): string {
    return this.#stdout;
  }

  /** Settles when the standard output holds a text. */
  async until(text: string): Promise<void> {
    await new Promise<void>((resolve, reject) => {
      const check = (): void => {
        if (this.#stdout.includes(text)) resolve();
      };
      this.#waiting.add(check);
      void this.#ended.then(() => reject(new Error(`zarch ended before it printed ${text}:\n${this.#stdout}\n${this.#stderr}`)));
      check();
    });
  }

  async end(): Promise<CommandResult> {
    const status = await this.#ended;
    return { status, stdout: this.#stdout, stderr: this.#stderr };
  }
}

/** Runs `zarch` to its end. Standard input is empty unless given. */
export function zarch(args: readonly string[], input: string | Uint8Array = ""): Promise<CommandResult> {
  return new ZarchCommand(args, input).end();
}

/** Sends one line to a machine's control socket and gives the answer. */
export function control(socketPath: string, line: string): Promise<string> {
  return new Promise((resolve, reject) => {
    let answer = "";
    const socket = connect(socketPath, () => socket.write(`${line}\n`));
    socket.setEncoding("utf8");
    socket.on("error", reject);
    socket.on("data", (text: string) => {
      answer += text;
      if (!answer.endsWith("\n\n")) return;
      socket.destroy();
      resolve(answer.trimEnd());
    });
  });
}
