import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { workspaceRoot } from "../../workspace/packages.ts";
import type { Report } from "./protocol.ts";

/**
 * Committed. `TARGET.txt`: the inputs that the fuzzer found worth keeping, one per line in base64, rewritten by `minimise`.
 * `TARGET/NAME.bin`: inputs of bugs that were fixed, kept for ever.
 */
const corpusDirectory = join(workspaceRoot, "tooling/fuzz/corpus");
/** Not committed: what this checkout found by itself; a file per input in a folder per target. */
const ownCorpusDirectory = join(workspaceRoot, ".cache/fuzz/corpus");
/** Not committed: inputs of bugs, each with a text about it. */
const findingsDirectory = join(workspaceRoot, ".cache/fuzz/findings");

function inputName(input: Uint8Array): string {
  return createHash("sha256").update(input).digest("hex").slice(0, 12);
}

function readFolder(folder: string): Uint8Array[] {
  if (!existsSync(folder)) return [];
  const names = readdirSync(folder).filter((name) => name.endsWith(".bin"));
  return names.sort().map((name) => new Uint8Array(readFileSync(join(folder, name))));
}

/** The committed inputs of a target, those of fixed bugs first. */
export function readCorpus(target: string): Uint8Array[] {
  const file = join(corpusDirectory, `${target}.txt`);
  const lines = existsSync(file) ? readFileSync(file, "utf8").split("\n") : [];
  const found = lines.filter((line) => line !== "").map((line) => new Uint8Array(Buffer.from(line, "base64")));
  return [...readFolder(join(corpusDirectory, target)), ...found];
}

export function writeCorpus(target: string, inputs: readonly Uint8Array[]): void {
  mkdirSync(corpusDirectory, { recursive: true });
  const lines = inputs.map((input) => Buffer.from(input).toString("base64"));
  writeFileSync(
    join(corpusDirectory, `${target}.txt`),
    lines
      .sort()
      .map((line) => `${line}\n`)
      .join(""),
  );
}

export function readOwnCorpus(target: string): Uint8Array[] {
  return readFolder(join(ownCorpusDirectory, target));
}

/** Puts exactly these inputs there. */
export function writeOwnCorpus(target: string, inputs: Iterable<Uint8Array>): void {
  rmSync(join(ownCorpusDirectory, target), { recursive: true, force: true });
  writeInputs(ownCorpusDirectory, target, inputs);
}

function writeInputs(directory: string, target: string, inputs: Iterable<Uint8Array>): void {
  const folder = join(directory, target);
  mkdirSync(folder, { recursive: true });
  for (const input of inputs) writeFileSync(join(folder, `${inputName(input)}.bin`), input);
}

/** Saves the input of a bug. Returns the file. */
export function writeFinding(target: string, report: Report): string {
  writeInputs(findingsDirectory, target, [report.input]);
  const file = join(findingsDirectory, target, `${inputName(report.input)}.bin`);
  writeFileSync(file.replace(/bin$/, "txt"), `${describe(report)}\n`);
  return file;
}

export function describe({ kind, message, stack }: Report): string {
  const trace = stack.split("\n").filter((line) => line.trimStart().startsWith("at ") && !line.includes("node:"));
  return [`${kind}: ${message}`, ...trace].join("\n").replaceAll(new RegExp(`(file://)?${workspaceRoot}/`, "g"), "");
}
