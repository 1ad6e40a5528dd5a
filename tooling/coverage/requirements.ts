import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { workspaceRoot } from "../workspace/packages.ts";
import { parseCsv } from "./csv.ts";
import { idsInTitle } from "./ids.ts";
import type { PassedTest } from "./tests.ts";

/** One normative statement of a specification. */
export interface Requirement {
  id: string;
  /** The file it is listed in, without `.csv`. */
  list: string;
  section: string;
  party: "device" | "driver";
  level: "MUST" | "MUST NOT" | "SHOULD" | "SHOULD NOT" | "MAY" | "FACT";
  text: string;
}

export interface RequirementLedger {
  requirements: Requirement[];
  /** Passed tests by requirement id. */
  tests: Map<string, PassedTest[]>;
  /** Why an id needs no test. */
  reasons: Map<string, string>;
  /** What is wrong with the ledger itself: ids that do not exist, reasons that are out of date. */
  problems: string[];
}

const directory = join(workspaceRoot, "requirements");
/** Lists that are about tests, not requirements. */
const NOT_REQUIREMENTS = new Set(["reasons.csv", "required.csv", "seeds.csv"]);

export function readRequirements(from = directory): Requirement[] {
  const lists = readdirSync(from).filter((file) => file.endsWith(".csv") && !NOT_REQUIREMENTS.has(file));
  return lists.sort().flatMap((file) =>
    parseCsv(readFileSync(join(from, file), "utf8")).map((row) => ({
      id: row.id!,
      list: file.slice(0, -".csv".length),
      section: row.section!,
      party: row.party as Requirement["party"],
      level: row.level as Requirement["level"],
      text: row.requirement!,
    })),
  );
}

/** `requirements/reasons.csv`: requirements that need no test, each with the reason. */
export function readReasons(from = directory): Map<string, string> {
  const file = join(from, "reasons.csv");
  if (!existsSync(file)) return new Map();
  return new Map(parseCsv(readFileSync(file, "utf8")).map((row) => [row.id!, row.reason!]));
}

/** `requirements/required.csv`: the lists (and party) of which no MUST row may be without a test; a row each `list,party`. */
export function readRequired(from = directory): string[] {
  const file = join(from, "required.csv");
  if (!existsSync(file)) return [];
  return parseCsv(readFileSync(file, "utf8")).map((row) => `${row.list}:${row.party}`);
}

export function requirementLedger(
  requirements: Requirement[],
  passed: readonly PassedTest[],
  reasons: ReadonlyMap<string, string>,
): RequirementLedger {
  const known = new Set(requirements.map(({ id }) => id));
  const tests = new Map<string, PassedTest[]>();
  const problems: string[] = [];
  for (const test of passed) {
    for (const id of idsInTitle(test.title)) {
      if (!known.has(id)) problems.push(`${test.file}: there is no requirement ${id} ("${test.title}")`);
      tests.set(id, [...(tests.get(id) ?? []), test]);
    }
  }
  for (const [id, reason] of reasons) {
    if (!known.has(id)) problems.push(`requirements/reasons.csv: there is no requirement ${id}`);
    else if (tests.has(id)) problems.push(`requirements/reasons.csv: ${id} has a test and needs no reason`);
    if (reason.trim() === "") problems.push(`requirements/reasons.csv: ${id} has no reason`);
  }
  return { requirements, tests, reasons: new Map(reasons), problems: [...new Set(problems)] };
}

/** The MUST and MUST NOT rows of `list[:party]` (party defaults to device) that have neither a test nor a reason. */
export function uncovered({ requirements, tests, reasons }: RequirementLedger, selector: string): Requirement[] {
  const [list, party = "device"] = selector.split(":");
  const rows = requirements.filter((row) => row.list === list && row.party === party);
  if (rows.length === 0) throw new Error(`no rows for ${selector}`);
  return rows.filter(({ id, level }) => level.startsWith("MUST") && !tests.has(id) && !reasons.has(id));
}
