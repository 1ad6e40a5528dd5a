import { type ConformanceCase, caseName, type HostileCase, outOfScope, type Survival } from "./case.ts";
import { allCases } from "./cases/index.ts";
import { DeadlineError, Patience, type PatienceOptions } from "./patience.ts";
import { type CaseResult, type ConformanceReport, makeReport, type Score } from "./report.ts";
import { Rig } from "./rig.ts";
import type { Session } from "./session.ts";
import { type ConformanceTarget, MODERN_SPLIT, type Variant } from "./target.ts";
import { NotApplicable, Violation } from "./verdict.ts";
import { StepLimitError } from "./watched-memory.ts";

export interface ConformanceOptions extends PatienceOptions {
  /** Default: those of the target. */
  readonly variants?: readonly Variant[];
  /** Default: all cases of the suite. */
  readonly cases?: readonly ConformanceCase[];
  /** Hears of each result as it comes. */
  readonly onResult?: (result: CaseResult) => void;
}

/** Runs the suite against a target. Never rejects: a target that cannot be opened fails in every case. */
export async function runConformance(target: ConformanceTarget, options: ConformanceOptions = {}): Promise<ConformanceReport> {
  const results: CaseResult[] = [];
  for (const variant of options.variants ?? target.variants ?? [MODERN_SPLIT]) {
    for (const each of options.cases ?? allCases) {
      const result = await runCase(each, target, variant, options);
      results.push(result);
      options.onResult?.(result);
    }
  }
  return makeReport(target.name, results);
}

/** Runs one case. Never rejects: what goes wrong is its result. */
export async function runCase(
  each: ConformanceCase,
  target: ConformanceTarget,
  variant: Variant,
  options: PatienceOptions = {},
): Promise<CaseResult> {
  const name = caseName(each);
  const result = (score: Score, detail?: string): CaseResult => ({
    case: each,
    name,
    variant,
    score,
    ...(detail === undefined ? {} : { detail }),
  });
  const reason = outOfScope(each, target, variant);
  if (reason !== undefined) return result("SKIP", reason);
  const rig = new Rig(target, variant, new Patience(options));
  try {
    if (each.level === "hostile") return result(await runHostile(each, rig));
    await each.run(rig);
    for (const session of rig.sessions) session.check();
    return result("PASS");
  } catch (error) {
    if (error instanceof NotApplicable) return result("SKIP", error.message);
    if (each.level === "hostile") return result(isEndless(error) ? "WEDGED" : "FAIL", messageOf(error));
    return result(each.level === "should" && error instanceof Violation ? "WARN" : "FAIL", messageOf(error));
  } finally {
    await rig.close();
  }
}

/** The attack, then the proof that the device is alive: a correct driver resets it and is served. */
async function runHostile(each: HostileCase, rig: Rig): Promise<Survival> {
  const survival = await each.run(rig);
  for (const session of rig.sessions) {
    session.check();
    try {
      await recover(session);
    } catch (error) {
      if (error instanceof NotApplicable) throw error;
      throw isEndless(error)
        ? new DeadlineError(`after a reset: ${messageOf(error)}`)
        : new Violation(`after a reset: ${messageOf(error)}`);
    }
    session.check();
  }
  return survival;
}

async function recover(session: Session): Promise<void> {
  await session.restart();
  if (!session.hasExchange) return;
  await session.roundTrip(1);
  await session.roundTrip(2);
}

function isEndless(error: unknown): boolean {
  return error instanceof DeadlineError || error instanceof StepLimitError;
}

function messageOf(error: unknown): string {
  if (error instanceof Violation || error instanceof DeadlineError) return error.message;
  return error instanceof Error ? `${error.name}: ${error.message}` : String(error);
}

/** The cases of the suite that are about a target in a variant; whether they apply can still depend on what the device offers. */
export function casesFor(target: ConformanceTarget, variant: Variant, cases: readonly ConformanceCase[] = allCases): ConformanceCase[] {
  return cases.filter((each) => outOfScope(each, target, variant) === undefined);
}
