// Coverage-guided fuzzing of what reads guest-controlled memory; see README.md.
//
//   npm run fuzz -- --target split --time 60 [--seed 1]   fuzzes one target for so many seconds
//   npm run fuzz -- --all --time 20                       all targets, one after the other
//   npm run fuzz -- replay FILE...                        executes inputs again; the target is the name of their folder
//   npm run fuzz -- minimise [--target split]             the corpus, and what was found here, as the fewest inputs that reach the same
//
// Also: --executions N (a bound that does not depend on the machine), --disable-check CODE (takes a check out of the code under test),
// --until-finding.

import { readFileSync } from "node:fs";
import { basename, dirname, relative, resolve } from "node:path";
import { parseArgs } from "node:util";
import { workspaceRoot } from "../workspace/packages.ts";
import { describe, readCorpus, readOwnCorpus, writeCorpus, writeFinding, writeOwnCorpus } from "./runner/files.ts";
import type { Job, Progress, Report } from "./runner/protocol.ts";
import { runJob } from "./runner/supervisor.ts";
import { targets } from "./targets/index.ts";

const DEFAULT_SECONDS = 20;

const { positionals, values } = parseArgs({
  allowPositionals: true,
  options: {
    target: { type: "string", multiple: true },
    all: { type: "boolean", default: false },
    time: { type: "string" },
    seed: { type: "string" },
    executions: { type: "string" },
    "disable-check": { type: "string", multiple: true, default: [] },
    "until-finding": { type: "boolean", default: false },
  },
});

function say(text: string): void {
  process.stdout.write(`${text}\n`);
}

function chosenTargets(): string[] {
  const known = Object.keys(targets);
  if (values.all || (positionals[0] === "minimise" && !values.target)) return known;
  const unknown = (values.target ?? []).filter((name) => !known.includes(name));
  if (!values.target || unknown.length > 0) throw new Error(`--all, or --target with one of: ${known.join(", ")}`);
  return values.target;
}

function number(text: string | undefined, otherwise: number): number {
  const value = text === undefined ? otherwise : Number(text);
  if (!Number.isFinite(value) || value < 0) throw new Error(`not a number: ${text}`);
  return value;
}

function job(target: string, changes: Partial<Job>): Job {
  const disabledChecks = values["disable-check"];
  return { target, seed: 1, inputs: [], seconds: 0, executions: 2 ** 50, untilFinding: false, disabledChecks, ...changes };
}

function describeProgress({ executions, covered, points, features, corpus }: Progress): string {
  return `${executions} executions, ${covered} of ${points} points, ${features} features, ${corpus} inputs`;
}

function sayFinding(target: string, report: Report): void {
  const file = relative(workspaceRoot, writeFinding(target, report));
  say(`${target}: ${describe(report)}\n  again: npm run fuzz -- replay ${file}`);
}

/** Returns the number of findings. */
async function fuzz(target: string): Promise<number> {
  const seed = number(values.seed, Math.floor(Math.random() * 2 ** 31));
  const inputs = [...readCorpus(target), ...readOwnCorpus(target)];
  say(`${target}: seed ${seed}, ${inputs.length} inputs to begin with`);
  const { progress, reports, cover, seconds } = await runJob(
    job(target, {
      seed,
      inputs,
      seconds: number(values.time, values.executions === undefined ? DEFAULT_SECONDS : 2 ** 31),
      executions: number(values.executions, 2 ** 50),
      untilFinding: values["until-finding"],
    }),
    {
      onProgress: (now) => say(`${target}: ${describeProgress(now)}`),
      onReport: (report) => sayFinding(target, report),
    },
  );
  if (values["disable-check"].length === 0 && cover.length > 0) writeOwnCorpus(target, cover);
  say(`${target}: ${describeProgress(progress)} in ${seconds.toFixed(1)} s; ${reports.length} findings`);
  return reports.length;
}

async function replay(files: readonly string[]): Promise<number> {
  let found = 0;
  for (const file of files) {
    const target = basename(dirname(resolve(file)));
    if (!targets[target]) throw new Error(`${file}: there is no target ${target}`);
    const { reports } = await runJob(job(target, { inputs: [new Uint8Array(readFileSync(file))] }));
    found += reports.length;
    say(`${file}: ${reports.length === 0 ? "nothing found" : reports.map(describe).join("\n")}`);
  }
  return found;
}

async function minimise(target: string): Promise<number> {
  const inputs = [...readCorpus(target), ...readOwnCorpus(target)];
  const { cover, reports, progress } = await runJob(job(target, { inputs }));
  for (const report of reports) sayFinding(target, report);
  if (reports.length > 0) return reports.length;
  writeCorpus(target, cover);
  const bytes = cover.reduce((sum, { length }) => sum + length, 0);
  say(`${target}: ${inputs.length} inputs became ${cover.length} with ${bytes} bytes; ${progress.covered} of ${progress.points} points`);
  return 0;
}

async function main(): Promise<number> {
  const [command, ...files] = positionals;
  if (command === "replay") return replay(files);
  if (command !== undefined && command !== "minimise") throw new Error(`unknown command ${command}`);
  let found = 0;
  for (const target of chosenTargets()) found += command === "minimise" ? await minimise(target) : await fuzz(target);
  return found;
}

try {
  process.exitCode = (await main()) === 0 ? 0 : 1;
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 2;
}
