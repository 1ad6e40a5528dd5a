import type { CaseResult, ConformanceReport } from "./report.ts";
import { isFailure } from "./report.ts";
import { variantName } from "./target.ts";

export interface RenderTextOptions {
  /** Every result, not only what needs attention. Default false. */
  readonly all?: boolean;
}

/** A report for a terminal: what needs attention, and a count for each variant. */
export function renderText(report: ConformanceReport, options: RenderTextOptions = {}): string {
  const lines = [report.target];
  for (const [variant, results] of byVariant(report)) {
    const ran = results.filter(({ score }) => score !== "SKIP");
    lines.push(`  ${variant.padEnd(16)} ${counts(ran)}, ${results.length - ran.length} do not apply`);
    for (const { score, name, detail } of results) {
      if (!options.all && !isFailure(score) && score !== "WARN") continue;
      lines.push(`    ${score.padEnd(6)} ${name}`);
      if (detail !== undefined && score !== "PASS") lines.push(`           ${detail}`);
    }
  }
  return `${lines.join("\n")}\n`;
}

function counts(results: readonly CaseResult[]): string {
  const scores = ["PASS", "REJECT", "WARN", "WEDGED", "FAIL"] as const;
  return scores
    .map((score) => ({ score, count: results.filter((result) => result.score === score).length }))
    .filter(({ score, count }) => count > 0 || score === "FAIL")
    .map(({ score, count }) => `${count} ${score}`)
    .join(", ");
}

/** Results by variant, in the order of the report. */
export function byVariant(report: ConformanceReport): Map<string, CaseResult[]> {
  const groups = new Map<string, CaseResult[]>();
  for (const result of report.results) {
    const name = variantName(result.variant);
    const group = groups.get(name);
    if (group) group.push(result);
    else groups.set(name, [result]);
  }
  return groups;
}
