import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { ConsoleProcess } from "./console-process.ts";
import { type Emulator, prompt } from "./emulators.ts";
import { guestFolder } from "./program-build.ts";
import type { BenchmarkProgram, ShellWorkload } from "./program-list.ts";
import { outputOfCommand, parseProgramOutput, parseTimedOutput, type Run } from "./program-results.ts";

/** One command of a benchmark may take this long, in seconds. */
const commandTimeout = 600;

/** A booted guest with the programs, at its prompt. */
export class GuestMachine implements AsyncDisposable {
  readonly name: string;
  readonly #guest: ConsoleProcess;

  private constructor(name: string, guest: ConsoleProcess) {
    this.name = name;
    this.#guest = guest;
  }

  static async boot(emulator: Emulator): Promise<GuestMachine> {
    const guest = new ConsoleProcess(emulator);
    try {
      await guest.seen(prompt);
    } catch (error) {
      guest.kill();
      throw error;
    }
    return new GuestMachine(emulator.name, guest);
  }

  get pid(): number {
    return this.#guest.pid;
  }

  /** Facilities of the CPU that Linux tells programs of. */
  async facilities(): Promise<readonly string[]> {
    const { output } = await this.command("grep features /proc/cpuinfo");
    return output
      .replace(/^[^:]*:/, "")
      .trim()
      .split(/\s+/);
  }

  async runProgram({ name }: BenchmarkProgram, amount: number): Promise<Run> {
    const { output, hostSeconds } = await this.command(`${guestFolder}/${name} ${amount}`);
    return { ...parseProgramOutput(output), hostSeconds };
  }

  async runWorkload({ name, prepare, check }: ShellWorkload, amount: number): Promise<Run> {
    const script = `${guestFolder}/${name}`;
    if (prepare !== undefined) await this.command(`sh ${script}.prepare ${amount}`);
    const timed = await this.command(`${guestFolder}/timed sh ${script}.command ${amount}`);
    const { output, seconds } = parseTimedOutput(timed.output);
    const checked = check === undefined ? output : (await this.command(`sh ${script}.check ${amount}`)).output.trim();
    return { seconds, hostSeconds: timed.hostSeconds, checksum: checked };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#guest.kill();
    await this.#guest.ended();
  }

  /** Types a line at the shell; settles with what it printed when the next prompt is there. */
  async command(line: string): Promise<{ output: string; hostSeconds: number }> {
    const from = this.#guest.text.length;
    const started = performance.now();
    this.#guest.type(`${line}\r`);
    await this.#guest.seen(prompt, { from, timeout: commandTimeout });
    const hostSeconds = (performance.now() - started) / 1000;
    return { output: outputOfCommand(this.#guest.text.slice(from), prompt), hostSeconds };
  }
}

const execute = promisify(execFile);

/** A run of the host's own build of a program. */
export async function runNatively(path: string, amount: number): Promise<Run> {
  return parseProgramOutput((await execute(path, [String(amount)], { timeout: commandTimeout * 1000 })).stdout);
}
