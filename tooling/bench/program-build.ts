import { copyFile, mkdir, readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { InitramfsFile } from "../../apps/vmm/src/guest/initramfs.ts";
import { compile } from "../guest-images/compile.ts";
import { COMPILER as crossCompiler } from "../guest-images/guest-programs.ts";
import { loadTestGuest, writeGuest } from "../guest-images/test-guest.ts";
import { cacheFolder, type GuestFiles } from "./guest.ts";
import { programs, shellWorkloads } from "./program-list.ts";

/** Where the guest has the programs. */
export const guestFolder = "/opt/bench";

const sources = fileURLToPath(new URL("programs/", import.meta.url));
const commonFlags = ["-O2", "-Wall", "-Wextra", "-Werror"];

/** For which machine, and by which compiler. */
const targets = {
  s390x: { compiler: crossCompiler, flags: [...commonFlags, "-march=z196", "-static"] },
  native: { compiler: "gcc", flags: commonFlags },
} as const;

/** All that have to be there. */
export const compilers: readonly string[] = Object.values(targets).map(({ compiler }) => compiler);

export type Target = keyof typeof targets;

/** Compiles all programs, the helpers of the shell workloads among them. Gives the path of each by its name. */
export async function buildPrograms(target: Target): Promise<ReadonlyMap<string, string>> {
  const { compiler, flags } = targets[target];
  const headers = (await readdir(sources)).filter((name) => name.endsWith(".h")).map((name) => join(sources, name));
  const folder = join(cacheFolder, `programs-${target}`);
  const built = new Map<string, string>();
  const build = async (name: string, files: readonly string[], further: readonly string[] = []): Promise<void> => {
    const paths = files.map((file) => join(sources, file));
    built.set(name, await compile({ name, compiler, flags: [...flags, ...further], sources: paths, headers, folder }));
  };
  for (const { name, flags: further } of programs) await build(name, [`${name}.c`, "main.c"], further);
  for (const name of ["text", "timed"]) await build(name, [`${name}.c`]);
  return built;
}

/** The programs, the shell workloads as scripts, and `all`, which runs every one of them. */
export async function programFiles(): Promise<InitramfsFile[]> {
  const files: InitramfsFile[] = [];
  const add = (name: string, content: Uint8Array | string): void => {
    files.push({ path: `${guestFolder}/${name}`.slice(1), content, mode: 0o755 });
  };
  for (const [name, path] of await buildPrograms("s390x")) add(name, await readFile(path));
  for (const { name, prepare, command, check } of shellWorkloads) {
    for (const [part, line] of Object.entries({ prepare, command, check })) {
      if (line !== undefined) add(`${name}.${part}`, `${line}\n`);
    }
  }
  const lines = programs.map(({ name, amount }) => `echo "${name}: $(${guestFolder}/${name} ${amount})"\n`);
  add("all", `#!/bin/sh\n${lines.join("")}`);
  return files;
}

/** The default guest with the programs in it, as files in a folder. */
export async function buildProgramGuest(folder = join(cacheFolder, "guest-with-benchmarks")): Promise<GuestFiles> {
  const files = await programFiles();
  const images = await loadTestGuest({ files, progress: ({ text }) => process.stderr.write(`guest: ${text}\n`) });
  return writeGuest(images, folder);
}

/** Leaves the guest in a folder, as `kernel` and `initrd`, and the programs in `s390x/` and `native/` below it. */
export async function buildInto(folder: string): Promise<void> {
  await buildProgramGuest(folder);
  for (const target of Object.keys(targets) as Target[]) {
    await mkdir(join(folder, target), { recursive: true });
    for (const [name, path] of await buildPrograms(target)) await copyFile(path, join(folder, target, name));
  }
}
