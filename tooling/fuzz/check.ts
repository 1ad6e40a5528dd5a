import { relative } from "node:path";
import { workspaceRoot } from "../workspace/packages.ts";
import { describe, readCorpus, writeFinding } from "./runner/files.ts";
import { runJob } from "./runner/supervisor.ts";
import { targets } from "./targets/index.ts";

/** Seconds for all targets together, corpus and start of the workers included. */
const SECONDS = 55;

/** Seconds of fuzzing that each target gets even on a machine that is slow to start. */
const MIN_SECONDS = 1;

/** Always the same one: two runs differ only in how far they get. */
const SEED = 1;

export interface Fuzzed {
  readonly target: string;
  /** Inputs of the corpus that were executed. */
  readonly replayed: number;
  readonly executions: number;
  /** One text for each bug. */
  readonly problems: string[];
}

/** Executes the whole corpus, and fuzzes each target for its part of the time. */
export async function fuzzTargets(): Promise<Fuzzed[]> {
  const names = Object.keys(targets);
  const results: Fuzzed[] = [];
  const end = performance.now() + SECONDS * 1000;
  /** What the last target took beyond its fuzzing. */
  let overhead = 0;
  for (const [i, target] of names.entries()) {
    const share = (end - performance.now()) / 1000 / (names.length - i);
    const seconds = Math.max(MIN_SECONDS, share - overhead);
    const inputs = readCorpus(target);
    const common = { target, seed: SEED, inputs, executions: 2 ** 50, untilFinding: false, disabledChecks: [] };
    const { replayed, progress, reports, seconds: all } = await runJob({ ...common, seconds });
    overhead = all - seconds;
    const problems = reports.map((report) => {
      const file = relative(workspaceRoot, writeFinding(target, report));
      // The file stays on the machine that found it: so the input is told, too.
      return `${describe(report)}\n${file}: ${Buffer.from(report.input).toString("base64")}\nagain: npm run fuzz -- replay ${file}`;
    });
    if (inputs.length === 0) problems.push(`there is no corpus for ${target}: npm run fuzz -- --target ${target}, then minimise`);
    results.push({ target, replayed, executions: progress.executions, problems });
  }
  return results;
}
