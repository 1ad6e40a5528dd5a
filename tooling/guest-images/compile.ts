import { execFile } from "node:child_process";
import { createHash, randomBytes } from "node:crypto";
import { mkdir, readFile, rename, stat } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";

const run = promisify(execFile);

export interface Compilation {
  /** Name of the program; a key follows it in the name of the file. */
  readonly name: string;
  readonly compiler: string;
  readonly flags: readonly string[];
  /** Paths of the C files. */
  readonly sources: readonly string[];
  /** Paths of what they include. */
  readonly headers?: readonly string[];
  /** Where programs are kept. */
  readonly folder: string;
}

/** Compiles and links a C program with the mathematical library, unless that was done before with the same files. Gives its path. */
export async function compile({ name, compiler, flags, sources, headers = [], folder }: Compilation): Promise<string> {
  const files = await Promise.all([...sources, ...headers].map((path) => readFile(path, "utf8")));
  const version = (await run(compiler, ["--version"])).stdout;
  const key = createHash("sha256")
    .update(JSON.stringify([files, compiler, version, flags]))
    .digest("hex")
    .slice(0, 16);
  const target = join(folder, `${name}-${key}`);
  if (await stat(target).catch(() => undefined)) return target;
  await mkdir(folder, { recursive: true });
  const partial = `${target}.${randomBytes(4).toString("hex")}`;
  await run(compiler, [...flags, "-o", partial, ...sources, "-lm"]);
  await rename(partial, target);
  return target;
}
