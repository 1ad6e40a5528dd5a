import { existsSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { workspaceRoot } from "../workspace/packages.ts";
import { parseCsv } from "./csv.ts";
import { idsInTitle, seedIdsInTitle } from "./ids.ts";
import type { PassedTest } from "./tests.ts";

/** Something that one of the founding documents describes, or a point on which one of them and the specification disagree. */
export interface SeedItem {
  /** `S003-017`, or `D-004` for a disagreement. */
  id: string;
  /** The document: `000` to `004`. */
  seed: string;
  text: string;
}

/** A row of `requirements/seeds.csv`. */
export interface SeedRow {
  id: string;
  by: string;
}

/** How an item is accounted for: a test of its own, tests of the same thing under other ids, code that no test names, a written reason. */
export type SeedCover = "test" | "requirement" | "code" | "reason";

export interface SeedLedger {
  items: SeedItem[];
  covers: Map<string, SeedCover>;
  /** Items that nothing accounts for, rows that say nothing true or nothing needed, ids in titles that do not exist. */
  problems: string[];
}

const directory = join(workspaceRoot, "requirements");
const ROWS = "requirements/seeds.csv";
const REASON = "reason:";

/** The rows of the tables of `requirements/seeds-features.md`. */
export function readSeedItems(file = join(directory, "seeds-features.md")): SeedItem[] {
  return readFileSync(file, "utf8")
    .split("\n")
    .map((line) => line.split("|").map((cell) => cell.trim()))
    .filter(([, id = ""]) => seedIdsInTitle(id)[0] === id)
    .map(([, id = "", ...cells]) => {
      // Items are `id, item, what the seed says, seed`; disagreements `id, seed, point, resolution`.
      const [first = "", second = "", third = ""] = cells;
      return id.startsWith("D-") ? { id, seed: first, text: `${second}: ${third}` } : { id, seed: third, text: `${first}: ${second}` };
    });
}

export function readSeedRows(file = join(workspaceRoot, ROWS)): SeedRow[] {
  return parseCsv(readFileSync(file, "utf8")).map(({ id = "", by = "" }) => ({ id, by }));
}

/** @param requirementTests passed tests by requirement id @param root what paths in rows are relative to */
export function seedLedger(
  items: SeedItem[],
  rows: readonly SeedRow[],
  passed: readonly PassedTest[],
  requirementTests: ReadonlyMap<string, readonly PassedTest[]>,
  root = workspaceRoot,
): SeedLedger {
  const known = new Set(items.map(({ id }) => id));
  const covers = new Map<string, SeedCover>();
  const problems: string[] = [];
  for (const { title, file } of passed) {
    for (const id of seedIdsInTitle(title)) {
      if (known.has(id)) covers.set(id, "test");
      else problems.push(`${file}: the founding documents have no item ${id} ("${title}")`);
    }
  }
  const tested = new Set([...covers.keys(), ...requirementTests.keys()]);
  const seen = new Set<string>();
  for (const { id, by } of rows) {
    const problem = (what: string): number => problems.push(`${ROWS}: ${id} ${what}`);
    if (!known.has(id)) problem("is no item of the founding documents");
    else if (seen.has(id)) problem("has two rows");
    else if (covers.has(id)) problem("has a test and needs no row");
    else {
      const { cover, wrong } = judge(by, tested, root);
      for (const what of wrong) problem(what);
      covers.set(id, cover);
    }
    seen.add(id);
  }
  for (const { id, text } of items) {
    if (!covers.has(id)) problems.push(`${id} has no test, no code and no reason: ${text}`);
  }
  return { items, covers, problems: [...new Set(problems)] };
}

function judge(by: string, tested: ReadonlySet<string>, root: string): { cover: SeedCover; wrong: string[] } {
  if (by.startsWith(REASON)) return { cover: "reason", wrong: by.length > REASON.length + 1 ? [] : ["has no reason"] };
  const targets = by.split(/\s+/).filter(Boolean);
  if (targets.length === 0) return { cover: "reason", wrong: ["names nothing"] };
  const ids = targets.map((target) => [...idsInTitle(target), ...seedIdsInTitle(target)]);
  const wrong = targets.flatMap((target, i) => {
    if (ids[i]!.length > 0)
      return ids[i]!.filter((id) => !tested.has(id)).map((id) => `names ${id}, which no passed test has in its title`);
    return wrongPlace(target, root);
  });
  return { cover: ids.flat().length > 0 ? "requirement" : "code", wrong };
}

/** `path`, `path#name` or `path#name.member`: a file of the repository, and what it declares. */
function wrongPlace(place: string, root: string): string[] {
  const [path = "", symbol] = place.split("#");
  const file = join(root, path);
  if (!/^(packages|apps|tooling)\/[^.]/.test(path) || !existsSync(file) || !statSync(file).isFile()) {
    return [`names ${path}, which is no file of packages, apps or tooling`];
  }
  if (symbol === undefined) return [];
  const source = readFileSync(file, "utf8");
  return symbol
    .split(".")
    .filter((name) => !declares(source, name))
    .map((name) => `names ${place}, but that file declares no ${name}`);
}

/** Whether TypeScript source declares `name`: by a keyword, or as a member (`name:`, `name(`, `#name =`) at the beginning of a line or in a one-line object. */
function declares(source: string, name: string): boolean {
  if (!/^\w+$/.test(name)) return false;
  const keyword = `\\b(?:class|const|function|get|interface|let|set|type)\\s+#?${name}\\b`;
  const member = `(?:^|[{,])\\s*(?:(?:async|readonly|static)\\s+)*#?${name}\\??\\s*[:(=<]`;
  return new RegExp(`${keyword}|${member}`, "m").test(source);
}
