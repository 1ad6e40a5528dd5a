// The checks of this repository: `npm test` runs all of them, `npm run check` the quick ones.
//
//   npm test                             everything
//   npm test -- unit examples            some steps, by name
//   npm test -- publish --package vring  one package (publish, examples, unit)
//
// The last line is `N passed, M failed` over all tests and checks; the exit status is 0 when nothing failed.

import { parseArgs } from "node:util";
import { readPackages } from "../workspace/packages.ts";
import type { Outcome, Selection } from "./outcome.ts";
import { steps } from "./steps.ts";

async function main(): Promise<number> {
  const { positionals, values } = parseArgs({ allowPositionals: true, options: { package: { type: "string", multiple: true } } });
  const known = Object.keys(steps);
  const unknown = positionals.filter((name) => !known.includes(name));
  if (unknown.length > 0) throw new Error(`unknown step ${unknown.join(", ")}; there are: ${known.join(", ")}`);
  const selection: Selection = { packages: selectPackages(values.package ?? []), everything: values.package === undefined };

  const chosen = positionals.length > 0 ? known.filter((name) => positionals.includes(name)) : known;
  const outcomes: Outcome[] = [];
  for (const name of chosen) {
    process.stdout.write(`\n── ${name}: ${steps[name]!.title}\n`);
    const started = performance.now();
    const results = await attempt(name, selection);
    outcomes.push(...results);
    for (const failure of results.filter((result) => result.problems.length > 0)) report(failure);
    const failed = results.reduce((sum, result) => sum + result.failed, 0);
    const passed = results.reduce((sum, result) => sum + result.passed, 0);
    const seconds = ((performance.now() - started) / 1000).toFixed(1);
    process.stdout.write(`   ${failed === 0 ? "ok" : "FAILED"}: ${passed} passed, ${failed} failed (${seconds} s)\n`);
  }
  return summarize(outcomes);
}

function selectPackages(names: string[]) {
  const all = readPackages();
  if (names.length === 0) return all;
  return names.map((name) => {
    const found = all.find((candidate) => candidate.folder === name || candidate.manifest.name === name);
    if (!found) throw new Error(`no package ${name}`);
    return found;
  });
}

/** A step that breaks down is one failed check, not the end of the run. */
async function attempt(name: string, selection: Selection): Promise<Outcome[]> {
  try {
    return await steps[name]!.run(selection);
  } catch (error) {
    return [{ name, passed: 0, failed: 1, problems: [error instanceof Error ? error.message : String(error)] }];
  }
}

function report({ name, problems }: Outcome): void {
  process.stdout.write(`   ✗ ${name}\n`);
  for (const problem of problems) process.stdout.write(`${problem.trimEnd().replace(/^/gm, "     ")}\n`);
}

function summarize(outcomes: Outcome[]): number {
  const passed = outcomes.reduce((sum, outcome) => sum + outcome.passed, 0);
  const failed = outcomes.reduce((sum, outcome) => sum + outcome.failed, 0);
  process.stdout.write("\n");
  for (const outcome of outcomes.filter((candidate) => candidate.failed > 0)) process.stdout.write(`failed: ${outcome.name}\n`);
  for (const skipped of outcomes.flatMap((outcome) => outcome.skipped ?? [])) process.stdout.write(`skipped: ${skipped}\n`);
  process.stdout.write(`${passed} passed, ${failed} failed\n`);
  return failed === 0 && passed > 0 ? 0 : 1;
}

try {
  process.exitCode = await main();
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 2;
}
