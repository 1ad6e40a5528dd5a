import { byVariant } from "./render-text.ts";
import type { CaseResult, ConformanceReport } from "./report.ts";
import { isFailure } from "./report.ts";

/**
 * Reports as JUnit XML, one test suite for each target and variant. FAIL and WEDGED are failures, SKIP is skipped, and WARN passes
 * with its text on standard error; REJECT passes.
 */
export function renderJUnit(...reports: readonly ConformanceReport[]): string {
  const suites = reports.flatMap((report) =>
    [...byVariant(report)].map(([variant, results]) => suite(`${report.target}, ${variant}`, results)),
  );
  const results = reports.flatMap((report) => report.results);
  return `<?xml version="1.0" encoding="UTF-8"?>\n<testsuites name="virtio conformance" ${totals(results)}>\n${suites.join("")}</testsuites>\n`;
}

function totals(results: readonly CaseResult[]): string {
  const failures = results.filter(({ score }) => isFailure(score)).length;
  const skipped = results.filter(({ score }) => score === "SKIP").length;
  return `tests="${results.length}" failures="${failures}" errors="0" skipped="${skipped}"`;
}

function suite(name: string, results: readonly CaseResult[]): string {
  const cases = results.map((result) => testCase(name, result)).join("");
  return `  <testsuite name="${escapeXml(name)}" ${totals(results)}>\n${cases}  </testsuite>\n`;
}

function testCase(suiteName: string, { name, score, detail = "" }: CaseResult): string {
  const open = `    <testcase classname="${escapeXml(suiteName)}" name="${escapeXml(name)}"`;
  if (isFailure(score)) return `${open}><failure type="${score}" message="${escapeXml(detail)}"/></testcase>\n`;
  if (score === "SKIP") return `${open}><skipped message="${escapeXml(detail)}"/></testcase>\n`;
  if (score === "WARN") return `${open}><system-err>${escapeXml(detail)}</system-err></testcase>\n`;
  return `${open}/>\n`;
}

const entities: Readonly<Record<string, string>> = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&apos;" };

/** For attributes and text. What XML 1.0 cannot hold becomes a replacement character. */
function escapeXml(text: string): string {
  return text
    .replace(/[&<>"']/g, (character) => entities[character] ?? character)
    .replace(/[^\t\n\r\u{20}-\u{d7ff}\u{e000}-\u{fffd}\u{10000}-\u{10ffff}]/gu, "\ufffd")
    .replace(/[\t\n\r]/g, (character) => `&#${character.codePointAt(0)};`);
}
