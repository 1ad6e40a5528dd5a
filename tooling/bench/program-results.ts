import { median } from "./statistics.ts";

/** One run of a program or of a shell workload. */
export interface Run {
  /** Seconds by the clock of the machine that it ran on. */
  readonly seconds: number;
  /** Seconds by the host's clock, from typing the command to the next prompt; absent where nothing was typed. */
  readonly hostSeconds?: number;
  /** What must be the same on all machines. */
  readonly checksum: string;
}

export type Kind = "integer" | "floating point" | "shell";

/** All runs of one program or shell workload, by the name of the machine. */
export interface Measurement {
  readonly name: string;
  readonly kind: Kind;
  readonly amount: number;
  readonly runs: ReadonlyMap<string, readonly Run[]>;
}

/** What a program of `programs/` prints. */
export function parseProgramOutput(output: string): Pick<Run, "seconds" | "checksum"> {
  const found = /^checksum ([0-9a-f]{16}) nanoseconds (\d+)\r?$/m.exec(output);
  if (!found) throw new Error(`no checksum and time in what the program printed: ${JSON.stringify(output)}`);
  return { checksum: found[1]!, seconds: Number(found[2]) / 1e9 };
}

/** What `timed` prints behind the output of the program that it ran, and that output. */
export function parseTimedOutput(output: string): Pick<Run, "seconds"> & { readonly output: string } {
  const found = /^status (\d+) nanoseconds (\d+)\r?$/m.exec(output);
  if (!found) throw new Error(`no status and time in what was printed: ${JSON.stringify(output)}`);
  if (found[1] !== "0") throw new Error(`status ${found[1]}: ${JSON.stringify(output)}`);
  return { seconds: Number(found[2]) / 1e9, output: output.slice(0, found.index).replaceAll("\r", "").trim() };
}

/**
 * The output of a command at the guest's console.
 * @param text what appeared from the moment of typing on: the echo of the line, the output, and the next prompt
 */
export function outputOfCommand(text: string, prompt: string): string {
  const start = text.indexOf("\n") + 1;
  const end = text.lastIndexOf(prompt);
  if (start === 0 || end < start) throw new Error(`no output between a line and a prompt: ${JSON.stringify(text)}`);
  return text.slice(start, end);
}

/** Throws if a checksum is not what the others are. */
export function verifyChecksums({ name, runs }: Measurement): void {
  const machines = [...runs].map(([machine, each]) => `${machine} ${[...new Set(each.map(({ checksum }) => checksum))].join(", ")}`);
  const checksums = new Set([...runs.values()].flat().map(({ checksum }) => checksum));
  if (checksums.size > 1) throw new Error(`${name} has different results: ${machines.join("; ")}`);
}

/** Typing, echo, the start of the process and its end take this long at most, in seconds, before it is suspicious. */
const consoleTime = 0.3;
/** And clocks may differ by this share. */
const clockError = 0.02;

/** Warnings about runs whose two times contradict each other. */
export function contradictions({ name, runs }: Measurement): string[] {
  const warnings: string[] = [];
  for (const [machine, each] of runs) {
    for (const { seconds, hostSeconds } of each) {
      if (hostSeconds === undefined) continue;
      const beyond = hostSeconds - seconds;
      if (beyond > consoleTime + clockError * seconds || beyond < -clockError * seconds)
        warnings.push(`${name} took ${seconds.toFixed(2)} s by the clock of ${machine} and ${hostSeconds.toFixed(2)} s by the host's`);
    }
  }
  return warnings;
}

/** Median of the seconds on one machine; NaN where it did not run. */
export function medianSeconds({ runs }: Measurement, machine: string): number {
  return median((runs.get(machine) ?? []).map(({ seconds }) => seconds));
}
