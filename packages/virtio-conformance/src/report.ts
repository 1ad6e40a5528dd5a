import type { ConformanceCase } from "./case.ts";
import type { Variant } from "./target.ts";

/**
 * | score | a rule | an attack |
 * |---|---|---|
 * | PASS | is kept | is handled: served as far as it makes sense, or ignored |
 * | REJECT | | is refused: NEEDS_RESET, a command reject, an error status |
 * | WARN | is a recommendation, and not followed | |
 * | SKIP | does not apply, for the reason given | likewise |
 * | WEDGED | | no answer in bounded steps, or dead after a reset |
 * | FAIL | is broken | leads to an exception, corruption, or a write outside the buffers given |
 */
export type Score = "PASS" | "REJECT" | "WARN" | "SKIP" | "WEDGED" | "FAIL";

export interface CaseResult {
  readonly case: ConformanceCase;
  /** Ids and title. */
  readonly name: string;
  readonly variant: Variant;
  readonly score: Score;
  /** Why it is not PASS. */
  readonly detail?: string;
}

export interface ConformanceReport {
  /** Name of the target. */
  readonly target: string;
  readonly results: readonly CaseResult[];
  /** Number of results by score. */
  readonly counts: Readonly<Record<Score, number>>;
  /** Whether there is no WEDGED and no FAIL. */
  readonly ok: boolean;
}

export function isFailure(score: Score): boolean {
  return score === "FAIL" || score === "WEDGED";
}

export function makeReport(target: string, results: readonly CaseResult[]): ConformanceReport {
  const counts: Record<Score, number> = { PASS: 0, REJECT: 0, WARN: 0, SKIP: 0, WEDGED: 0, FAIL: 0 };
  for (const { score } of results) counts[score]++;
  return { target, results, counts, ok: !results.some(({ score }) => isFailure(score)) };
}
