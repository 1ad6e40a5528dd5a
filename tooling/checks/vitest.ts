import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, rmSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { workspaceRoot } from "../workspace/packages.ts";
import type { Outcome } from "./outcome.ts";

/** The parts of vitest's JSON report that are used here. */
interface Report {
  numPassedTests: number;
  numFailedTests: number;
  testResults: { name: string; status: string; message: string; assertionResults: { status: string }[] }[];
}

/** A test that hangs in spite of its own time-out must not hang the run. */
const TIMEOUT_MS = 20 * 60_000;

/** Runs the tests below `filters` (all, if empty) with vitest's own progress on the terminal; the JSON report goes to `file`. */
export function runVitest(filters: string[], file: string): Outcome[] {
  mkdirSync(dirname(file), { recursive: true });
  rmSync(file, { force: true });
  const vitest = join(workspaceRoot, "node_modules/vitest/vitest.mjs");
  const { status, error } = spawnSync(
    process.execPath,
    [vitest, "run", "--reporter=default", "--reporter=json", `--outputFile.json=${file}`, ...filters],
    { cwd: workspaceRoot, stdio: ["ignore", "inherit", "inherit"], timeout: TIMEOUT_MS },
  );
  if (error) throw new Error(`vitest: ${error.message}`, { cause: error });
  if (!existsSync(file)) throw new Error(`vitest ended with status ${status} and left no report`);
  return [countReport(JSON.parse(readFileSync(file, "utf8")) as Report, status)];
}

/** Counts a report: a file that fails without a failing test, and errors outside of every test, are failures too. */
export function countReport(report: Report, status: number | null): Outcome {
  const brokenFiles = report.testResults.filter(
    (result) => result.status === "failed" && !result.assertionResults.some((assertion) => assertion.status === "failed"),
  );
  const problems = brokenFiles.map((result) => `${result.name}: ${result.message}`);
  let failed = report.numFailedTests + brokenFiles.length;
  if (failed === 0 && status !== 0) {
    failed = 1;
    problems.push(`vitest ended with status ${status} though no test failed: see its output above`);
  }
  return { name: "vitest", passed: report.numPassedTests, failed, skipped: skippedTests(report), problems };
}

/** Where tests did not run, so that nobody takes their silence for success. */
function skippedTests(report: Report): string[] {
  return report.testResults.flatMap(({ name, assertionResults }) => {
    const skipped = assertionResults.filter(({ status }) => status !== "passed" && status !== "failed").length;
    return skipped === 0 ? [] : [`${skipped} in ${relative(workspaceRoot, name)}`];
  });
}
