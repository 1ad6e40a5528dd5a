import { execFile } from "node:child_process";
import { readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import type { InitramfsFile } from "../../apps/vmm/src/guest/initramfs.ts";
import { compile } from "./compile.ts";

/** A program for the guest, its source in `programs/` and its output in `expected/`. */
export interface GuestProgram {
  readonly name: string;
  /** Exit status. */
  readonly status: number;
}

export const GUEST_PROGRAMS: readonly GuestProgram[] = [
  { name: "atomics", status: 0 },
  { name: "compute", status: 0 },
  { name: "floating-point", status: 0 },
  { name: "integers", status: 0 },
  { name: "machine-code", status: 0 },
  { name: "memory", status: 0 },
  { name: "processes", status: 17 },
  { name: "signals", status: 0 },
  { name: "strings", status: 0 },
  { name: "threads", status: 0 },
  { name: "time", status: 0 },
];

export const COMPILER = "s390x-linux-gnu-gcc";
const FLAGS = ["-O2", "-march=z196", "-static", "-pthread", "-Wall", "-Wextra", "-Werror", "-Wno-infinite-recursion"];
const EMULATOR = "/usr/bin/qemu-s390x";

const run = promisify(execFile);
const here = (path: string) => fileURLToPath(new URL(path, import.meta.url));

/** Whether a program of this host can be started. */
export function canRun(command: string): Promise<boolean> {
  return run(command, ["--version"]).then(
    () => true,
    () => false,
  );
}

/** Whether this host can build the programs and run them in user-mode emulation. */
export async function canBuild(): Promise<boolean> {
  return (await canRun(COMPILER)) && (await canRun(EMULATOR));
}

/** Builds a program, unless it was built from the same source by the same compiler, and gives the path of the ELF file. */
export function buildGuestProgram(name: string): Promise<string> {
  const folder = here("../../.cache/guest-programs");
  return compile({ name, compiler: COMPILER, flags: FLAGS, sources: [here(`programs/${name}.c`)], folder });
}

/** Standard output of a program in user-mode emulation, and its status. */
export async function runInUserMode(path: string, args: readonly string[] = []): Promise<{ stdout: string; status: number }> {
  const options = { env: { ZARCH_EMULATOR: EMULATOR }, timeout: 60_000, encoding: "utf8", maxBuffer: 1 << 24 } as const;
  try {
    return { stdout: (await run(EMULATOR, [path, ...args], options)).stdout, status: 0 };
  } catch (error) {
    const { stdout, code } = error as { stdout?: string; code?: unknown };
    if (typeof code !== "number") throw error;
    return { stdout: stdout ?? "", status: code };
  }
}

export function expectedPath(name: string): string {
  return here(`expected/${name}.txt`);
}

/** What a program must print. */
export function expectedOutput(name: string): Promise<string> {
  return readFile(expectedPath(name), "utf8");
}

/**
 * All programs as files of an initramfs: `/opt/zarch/<name>`, and `/opt/zarch/all`, which runs every one and prints before
 * each `== <name>` and after each `== status <n>`.
 */
export async function guestProgramFiles(programs: readonly GuestProgram[] = GUEST_PROGRAMS): Promise<InitramfsFile[]> {
  const files: InitramfsFile[] = [];
  for (const { name } of programs) {
    files.push({ path: `opt/zarch/${name}`, content: await readFile(await buildGuestProgram(name)), mode: 0o755 });
  }
  const lines = programs.map(({ name }) => `echo '== ${name}'\n/opt/zarch/${name}\necho "== status $?"\n`);
  files.push({ path: "opt/zarch/all", content: `#!/bin/sh\n${lines.join("")}`, mode: 0o755 });
  return files;
}

/** What `/opt/zarch/all` must print. */
export async function expectedOutputOfAll(programs: readonly GuestProgram[] = GUEST_PROGRAMS): Promise<string> {
  let all = "";
  for (const { name, status } of programs) all += `== ${name}\n${await expectedOutput(name)}== status ${status}\n`;
  return all;
}
