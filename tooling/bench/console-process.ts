import { type ChildProcessWithoutNullStreams, spawn } from "node:child_process";
import type { Emulator } from "./emulators.ts";
import { cpuTime, cpuTimeOfChildren, peakResidentSet } from "./process-usage.ts";

/** When a text appeared on the console: seconds since the process was started, and its CPU time then. */
export interface Mark {
  readonly wall: number;
  readonly cpu: number;
}

/** What a whole process used. */
export interface ProcessFigures {
  /** Seconds from start to end. */
  readonly wall: number;
  /** Seconds of CPU time. */
  readonly user: number;
  readonly system: number;
  /** Largest resident set, in bytes, as seen 50 ms before the end at the latest. */
  readonly peakResidentSet: number;
  readonly status: number | null;
}

const samplingInterval = 50;

/** An emulator whose guest has its console on the streams of this process. One at a time: CPU time is that of all children. */
export class ConsoleProcess {
  readonly pid: number;
  readonly #child: ChildProcessWithoutNullStreams;
  readonly #name: string;
  readonly #started = performance.now();
  readonly #cpuBefore = cpuTimeOfChildren();
  readonly #ended: Promise<ProcessFigures>;
  #text = "";
  #errors = "";
  #peak = 0;
  #listeners = new Set<() => void>();
  #over = false;

  constructor({ name, command, arguments: args }: Emulator) {
    this.#name = name;
    this.#child = spawn(command, args, { stdio: "pipe" });
    this.pid = this.#child.pid ?? -1;
    this.#child.stdout.on("data", (bytes: Buffer) => {
      this.#text += bytes.toString("latin1");
      for (const listener of this.#listeners) listener();
    });
    this.#child.stderr.on("data", (bytes: Buffer) => {
      this.#errors += bytes.toString();
    });
    // What is typed at an emulator that has just ended is lost, which the missing answer tells.
    this.#child.stdin.on("error", () => {});
    const sampler = setInterval(() => this.#sample(), samplingInterval);
    this.#ended = new Promise((resolve, reject) => {
      this.#child.on("error", reject);
      this.#child.on("close", (status) => {
        clearInterval(sampler);
        const cpu = cpuTimeOfChildren();
        this.#over = true;
        for (const listener of this.#listeners) listener();
        resolve({
          wall: this.#elapsed(),
          user: cpu.user - this.#cpuBefore.user,
          system: cpu.system - this.#cpuBefore.system,
          peakResidentSet: this.#peak,
          status,
        });
      });
    });
  }

  /** All that was printed so far. */
  get text(): string {
    return this.#text;
  }

  /** Settles when `text` stands on the console, behind the first `from` characters of all output. */
  async seen(text: string, { from = 0, timeout = 120 }: { from?: number; timeout?: number } = {}): Promise<Mark> {
    await this.#until(() => this.#text.indexOf(text, from) >= 0, timeout, `print "${text}"`);
    return { wall: this.#elapsed(), cpu: cpuTime(this.pid) };
  }

  type(text: string): void {
    this.#child.stdin.write(text);
  }

  ended(): Promise<ProcessFigures> {
    return this.#ended;
  }

  kill(): void {
    this.#child.kill("SIGKILL");
  }

  async #until(isThere: () => boolean, timeout: number, what: string): Promise<void> {
    if (isThere()) return;
    let listener = (): void => {};
    let timer: NodeJS.Timeout | undefined;
    try {
      await new Promise<void>((resolve, reject) => {
        const fail = (why: string): void => {
          const last = `${this.#text.slice(-2000)}\n${this.#errors}`.trim();
          reject(new Error(`${this.#name} ${why} ${what}; the end of its output:\n${last}`));
        };
        timer = setTimeout(() => fail(`did not in ${timeout} s`), timeout * 1000);
        listener = (): void => {
          if (isThere()) resolve();
          else if (this.#over) fail("ended and did not");
        };
        this.#listeners.add(listener);
        listener();
        this.#ended.catch(reject);
      });
    } finally {
      clearTimeout(timer);
      this.#listeners.delete(listener);
    }
  }

  #elapsed(): number {
    return (performance.now() - this.#started) / 1000;
  }

  #sample(): void {
    this.#peak = Math.max(this.#peak, peakResidentSet(this.pid) ?? 0);
  }
}
