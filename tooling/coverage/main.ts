// Which requirements, items of the founding documents and instructions have a test, told by the titles of the tests that passed in the last run.
//
//   npm run coverage:requirements                            tables
//   npm run coverage:requirements -- --uncovered ccw         device MUST rows of ccw without a test
//   npm run coverage:requirements -- --require ccw,core      status 1 if a device MUST row has neither test nor reason
//   npm run coverage:requirements -- --write docs/coverage.md
//
// See requirements/README.md for the lists and docs/testing.md for how titles name requirements and instructions.

import { writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { workspaceRoot } from "../workspace/packages.ts";
import { opcodeTable, page, requirementTable, seedTable } from "./format.ts";
import { opcodeLedger } from "./opcodes.ts";
import { readReasons, readRequirements, requirementLedger, uncovered } from "./requirements.ts";
import { readSeedItems, readSeedRows, seedLedger } from "./seeds.ts";
import { readPassedTests } from "./tests.ts";

function main(): number {
  const { values } = parseArgs({
    options: {
      report: { type: "string", default: join(workspaceRoot, ".cache/checks/vitest.json") },
      require: { type: "string", default: "" },
      uncovered: { type: "string", default: "" },
      write: { type: "string" },
    },
  });
  const { tests, date } = readPassedTests(resolve(values.report));
  const requirements = requirementLedger(readRequirements(), tests, readReasons());
  const seeds = seedLedger(readSeedItems(), readSeedRows(), tests, requirements.tests);
  const opcodes = opcodeLedger(tests);
  const lines: string[] = [];
  let failed = false;

  for (const selector of values.uncovered.split(",").filter(Boolean)) {
    for (const { id, section, text } of uncovered(requirements, selector)) lines.push(`${id}  [${section}]  ${text}`);
  }
  for (const selector of values.require.split(",").filter(Boolean)) {
    const missing = uncovered(requirements, selector);
    failed ||= missing.length > 0;
    lines.push(`${selector}: ${missing.length === 0 ? "every MUST has a test or a reason" : `${missing.length} without a test`}`);
    for (const { id, text } of missing) lines.push(`  ${id}  ${text}`);
  }
  if (lines.length === 0) {
    lines.push(`run of ${date.toISOString()}`, "", requirementTable(requirements), "", seedTable(seeds), "", opcodeTable(opcodes));
  }
  for (const problem of [...requirements.problems, ...seeds.problems, ...opcodes.problems]) {
    failed = true;
    lines.push(`error: ${problem}`);
  }
  if (values.write !== undefined) writeFileSync(resolve(values.write), page(requirements, seeds, opcodes));
  process.stdout.write(`${lines.join("\n")}\n`);
  return failed ? 1 : 0;
}

try {
  process.exitCode = main();
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 2;
}
