import { existsSync, readFileSync } from "node:fs";
import { relative } from "node:path";
import { workspaceRoot } from "../workspace/packages.ts";

/** A test that passed. */
export interface PassedTest {
  /** All titles from the outermost `describe` to the test itself. */
  title: string;
  /** Path relative to the workspace. */
  file: string;
  /** The package or tool it belongs to, e.g. `vring` or `bench`. */
  owner: string;
}

interface Report {
  startTime: number;
  testResults: { name: string; assertionResults: { fullName: string; status: string }[] }[];
}

/** Reads the tests that passed from vitest's JSON report: only those count as coverage. */
export function readPassedTests(reportFile: string): { tests: PassedTest[]; date: Date } {
  if (!existsSync(reportFile)) throw new Error(`no test report ${relative(workspaceRoot, reportFile)}: run \`npm test -- unit\` first`);
  const report = JSON.parse(readFileSync(reportFile, "utf8")) as Report;
  const tests = report.testResults.flatMap(({ name, assertionResults }) => {
    const file = relative(workspaceRoot, name);
    // The tests of the ledger itself name requirements as examples.
    if (file.startsWith("tooling/coverage/")) return [];
    const owner = file.split("/")[1] ?? file;
    return assertionResults.filter(({ status }) => status === "passed").map(({ fullName }) => ({ title: fullName, file, owner }));
  });
  return { tests, date: new Date(report.startTime) };
}
