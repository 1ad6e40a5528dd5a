import { relative } from "node:path";
import { workspaceRoot } from "../workspace/packages.ts";
import { describe, readCorpus, writeFinding } from "./runner/files.ts";
import { runJob } from "./runner/supervisor.ts";
import { targets } from "./targets/index.ts";

/** Seconds of fuzzing for all targets together. */
const SECONDS = 40;

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
  for (const target of names) {
    const inputs = readCorpus(target);
    const common = { target, seed: SEED, inputs, executions: 2 ** 50, untilFinding: false, disabledChecks: [] };
    const { replayed, progress, reports } = await runJob({ ...common, seconds: SECONDS / names.length });
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
