import type { OpcodeLedger } from "./opcodes.ts";
import type { Requirement, RequirementLedger } from "./requirements.ts";
import type { SeedItem, SeedLedger } from "./seeds.ts";

const LEVELS = ["MUST", "SHOULD", "MAY", "FACT"] as const;

/** A Markdown table that also reads well on a terminal. The first column is left-aligned, the others are right-aligned. */
export function table(header: string[], rows: string[][]): string {
  const widths = header.map((name, column) => Math.max(3, name.length, ...rows.map((row) => row[column]!.length)));
  const line = (row: string[]) =>
    `| ${row.map((cell, column) => (column === 0 ? cell.padEnd(widths[column]!) : cell.padStart(widths[column]!))).join(" | ")} |`;
  const rule = `| ${widths.map((width, column) => (column === 0 ? "-".repeat(width) : `${"-".repeat(width - 1)}:`)).join(" | ")} |`;
  return [line(header), rule, ...rows.map(line)].join("\n");
}

/** Requirements with a test, of all, per list and party; MUST NOT counts with MUST, SHOULD NOT with SHOULD. */
export function requirementTable({ requirements, tests }: RequirementLedger): string {
  const count = (rows: Requirement[]) => (rows.length === 0 ? "" : `${rows.filter(({ id }) => tests.has(id)).length}/${rows.length}`);
  const row = (name: string, rows: Requirement[]) => [
    name,
    ...(["device", "driver"] as const).flatMap((party) =>
      LEVELS.map((level) => count(rows.filter((entry) => entry.party === party && entry.level.startsWith(level)))),
    ),
  ];
  const lists = [...new Set(requirements.map(({ list }) => list))];
  const header = ["list", ...LEVELS.map((level) => `device ${level}`), ...LEVELS.map((level) => `driver ${level}`)];
  return table(header, [
    ...lists.map((list) =>
      row(
        list,
        requirements.filter((entry) => entry.list === list),
      ),
    ),
    row("all", requirements),
  ]);
}

/** What the founding documents describe, by document: what accounts for it. Points on which they and the specification disagree come last. */
export function seedTable({ items, covers }: SeedLedger): string {
  const row = (name: string, of: SeedItem[]) => [
    name,
    String(of.length),
    ...(["test", "requirement", "code", "reason", undefined] as const).map((cover) =>
      String(of.filter(({ id }) => covers.get(id) === cover).length),
    ),
  ];
  const kind = ({ id, seed }: SeedItem): string => (id.startsWith("D-") ? "disagreements" : seed);
  return table(
    ["founding document", "items", "own test", "tests of requirements", "code", "reason", "nothing"],
    [
      ...[...new Set(items.map(kind))].map((name) =>
        row(
          name,
          items.filter((item) => kind(item) === name),
        ),
      ),
      row("all", items),
    ],
  );
}

/** Instructions by facility: how many there are, and of how many the encoding and the execution are tested. */
export function opcodeTable({ opcodes, encoded, executed }: OpcodeLedger): string {
  const row = (name: string, of: typeof opcodes) => [
    name,
    String(of.length),
    String(of.filter(({ mnemonic }) => encoded.has(mnemonic)).length),
    String(of.filter(({ mnemonic }) => executed.has(mnemonic)).length),
  ];
  const facilities = [...new Set(opcodes.map(({ facility }) => facility))].sort();
  return table(
    ["facility", "instructions", "encoding tested", "execution tested"],
    [
      ...facilities.map((name) =>
        row(
          name,
          opcodes.filter(({ facility }) => facility === name),
        ),
      ),
      row("all", opcodes),
    ],
  );
}

/** The whole ledger as a Markdown page. */
export function page(requirements: RequirementLedger, seeds: SeedLedger, opcodes: OpcodeLedger): string {
  const missing = requirements.requirements.filter(
    ({ id, level, party }) => party === "device" && level.startsWith("MUST") && !requirements.tests.has(id),
  );
  const covered = requirements.requirements.filter(({ id }) => requirements.tests.has(id));
  return [
    "# What the tests cover",
    "",
    "Made by `npm run coverage:requirements -- --write docs/coverage.md` from the titles of the tests that passed. Do not edit.",
    "",
    "## Requirements",
    "",
    "Tested of all, by list in `requirements/`. MUST NOT counts with MUST, SHOULD NOT with SHOULD.",
    "",
    requirementTable(requirements),
    "",
    "## Founding documents",
    "",
    seedTable(seeds),
    "",
    "## Instructions",
    "",
    opcodeTable(opcodes),
    "",
    "## Requirements with a test",
    "",
    table(
      ["requirement", "tests", "in"],
      covered.map(({ id }) => {
        const tests = requirements.tests.get(id)!;
        return [id, String(tests.length), [...new Set(tests.map(({ file }) => file))].join(", ")];
      }),
    ),
    "",
    "## Device MUST rows without a test",
    "",
    table(
      ["requirement", "section", "reason"],
      missing.map(({ id, section }) => [id, section, requirements.reasons.get(id) ?? ""]),
    ),
    "",
  ].join("\n");
}
