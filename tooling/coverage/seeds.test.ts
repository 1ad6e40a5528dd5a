import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { seedTable } from "./format.ts";
import { readSeedItems, readSeedRows, type SeedItem, type SeedRow, seedLedger } from "./seeds.ts";
import type { PassedTest } from "./tests.ts";

const passed = (title: string): PassedTest => ({ title, owner: "vring", file: "packages/vring/src/a.test.ts" });
const items: SeedItem[] = ["S000-001", "S000-002", "D-001"].map((id) => ({ id, seed: "000", text: "something" }));
const requirementTests = new Map([["CCW-A-DEV-001", [passed("CCW-A-DEV-001: x")]]]);

let root = "";

beforeAll(() => {
  root = mkdtempSync(join(tmpdir(), "seeds-"));
  const files = {
    "packages/a/src/a.ts": [
      "/** mentioned: nowhere declared */",
      "export const Register = { first: 0, second: 1 } as const;",
      "export class Device {",
      "  readonly #state = 0;",
      "  async start(): Promise<void> {}",
      "  get size(): number {",
      "    return used(this.#state);",
      "  }",
      "}",
    ].join("\n"),
    "docs/page.md": "text",
  };
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), text);
  }
});

afterAll(() => rmSync(root, { recursive: true }));

/** The ledger of three items, of which the last two have a reason unless the test says otherwise. */
function ledger(rows: SeedRow[], tests: PassedTest[] = []) {
  const named = new Set([...rows.map(({ id }) => id), ...tests.map(({ title }) => title.split(":")[0])]);
  const others = ["S000-002", "D-001"].filter((id) => !named.has(id)).map((id) => ({ id, by: "reason: none needed" }));
  return seedLedger(items, [...rows, ...others], tests, requirementTests, root);
}

describe("seedLedger", () => {
  it("takes a test of the item's own, a tested requirement or item, code, or a reason", () => {
    const { problems, covers } = seedLedger(
      [...items, { id: "S000-003", seed: "000", text: "" }, { id: "S000-004", seed: "000", text: "" }],
      [
        { id: "S000-002", by: "CCW-A-DEV-001 packages/a/src/a.ts#Device" },
        { id: "S000-003", by: "packages/a/src/a.ts packages/a/src/a.ts#Register.second" },
        { id: "S000-004", by: "S000-001" },
        { id: "D-001", by: "reason: history" },
      ],
      [passed("S000-001: x")],
      requirementTests,
      root,
    );
    expect(problems).toEqual([]);
    expect(Object.fromEntries(covers)).toEqual({
      "S000-001": "test",
      "S000-002": "requirement",
      "S000-003": "code",
      "S000-004": "requirement",
      "D-001": "reason",
    });
  });

  it("reports an item that nothing accounts for", () => {
    expect(ledger([]).problems).toEqual(["S000-001 has no test, no code and no reason: something"]);
  });

  it.each([
    ["names nothing", " "],
    ["has no reason", "reason:"],
    ["has no reason", "reason: "],
    ["names CCW-A-DEV-002, which no passed test has in its title", "CCW-A-DEV-001..002"],
    ["names S000-002, which no passed test has in its title", "S000-002"],
    ["names packages/a/src/b.ts, which is no file of packages, apps or tooling", "packages/a/src/b.ts"],
    ["names packages/a/src, which is no file of packages, apps or tooling", "packages/a/src"],
    ["names packages/../docs/page.md, which is no file of packages, apps or tooling", "packages/../docs/page.md"],
    ["names docs/page.md, which is no file of packages, apps or tooling", "docs/page.md"],
  ])("a row %s: %j", (problem, by) => {
    expect(ledger([{ id: "S000-001", by }]).problems).toEqual([`requirements/seeds.csv: S000-001 ${problem}`]);
  });

  it.each(["Device", "Device.start", "state", "size", "Register.first", "second"])("finds the declaration of %s", (name) => {
    expect(ledger([{ id: "S000-001", by: `packages/a/src/a.ts#${name}` }]).problems).toEqual([]);
  });

  it.each(["mentioned", "used", "Promise", "nothing", "Register.third", ""])("takes no mention of %j for a declaration", (name) => {
    expect(ledger([{ id: "S000-001", by: `packages/a/src/a.ts#${name}` }]).problems).toHaveLength(1);
  });

  it("reports rows that are too many, and ids that do not exist", () => {
    const reason = "reason: history";
    const rows = [
      { id: "S000-001", by: reason },
      { id: "S000-001", by: reason },
      { id: "S000-009", by: reason },
      { id: "D-001", by: reason },
    ];
    expect(ledger(rows, [passed("D-001: x"), passed("D-002: y")]).problems).toEqual([
      'packages/vring/src/a.test.ts: the founding documents have no item D-002 ("D-002: y")',
      "requirements/seeds.csv: S000-001 has two rows",
      "requirements/seeds.csv: S000-009 is no item of the founding documents",
      "requirements/seeds.csv: D-001 has a test and needs no row",
    ]);
  });
});

describe("seedTable", () => {
  it("counts by document", () => {
    const rows = seedTable(ledger([{ id: "S000-002", by: "packages/a/src/a.ts" }])).split("\n");
    expect(rows.map((row) => row.replace(/[ |]+/g, " ").trim()).slice(2)).toEqual([
      "000 2 0 0 1 0 1",
      "disagreements 1 0 0 0 1 0",
      "all 3 0 0 1 1 1",
    ]);
  });
});

describe("the lists of this project", () => {
  it("are read completely", () => {
    const all = readSeedItems();
    const count = (prefix: string): number => all.filter(({ id }) => id.startsWith(prefix)).length;
    expect(["S000", "S001", "S002", "S003", "S004", "D"].map((prefix) => count(`${prefix}-`))).toEqual([32, 46, 34, 117, 84, 15]);
    expect(all.filter(({ seed, text }) => !/^00[0-4]$/.test(seed) || text.length < 8)).toEqual([]);
    expect(all.filter(({ id, seed }) => id.startsWith("S") && !id.startsWith(`S${seed}-`))).toEqual([]);
  });

  it("every row has an id and says something", () => {
    expect(readSeedRows().filter(({ id, by }) => id === "" || by === "")).toEqual([]);
  });
});
