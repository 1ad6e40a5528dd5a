import { describe, expect, it } from "vitest";
import { parseCsv } from "./csv.ts";
import { table } from "./format.ts";
import { idsInTitle, seedIdsInTitle } from "./ids.ts";
import { mnemonicsInTitle, opcodeLedger, readOpcodes } from "./opcodes.ts";
import { type Requirement, readRequirements, requirementLedger, uncovered } from "./requirements.ts";
import type { PassedTest } from "./tests.ts";

const passed = (title: string, owner = "vring"): PassedTest => ({ title, owner, file: `packages/${owner}/src/a.test.ts` });
const requirement = (id: string, level: Requirement["level"] = "MUST"): Requirement => ({
  id,
  list: "ccw",
  section: "4.3",
  party: id.includes("-DEV-") ? "device" : "driver",
  level,
  text: "",
});

describe("parseCsv", () => {
  it("reads quoted fields with commas, quotes and line ends, and empty fields", () => {
    expect(parseCsv('a,b,c\n1,"x, ""y""",\n,"two\nlines",3\n')).toEqual([
      { a: "1", b: 'x, "y"', c: "" },
      { a: "", b: "two\nlines", c: "3" },
    ]);
  });

  it("reads the lists of this project completely", () => {
    const rows = readRequirements();
    expect(rows.length).toBe(2240);
    expect(new Set(rows.map(({ id }) => id)).size).toBe(2240);
    expect(
      rows.filter(({ party, level }) => !["device", "driver"].includes(party) || !/^(MUST|SHOULD)( NOT)?$|^MAY$|^FACT$/.test(level)),
    ).toEqual([]);
    expect(readOpcodes().opcodes.length).toBe(1226);
  });
});

describe("idsInTitle", () => {
  it.each([
    ["CCW-REV-DEV-003: refuses", ["CCW-REV-DEV-003"]],
    ["CCW-REV-DEV-003, CCW-FACT-DRV-001 both", ["CCW-REV-DEV-003", "CCW-FACT-DRV-001"]],
    ["LEGACY-S390-PAGE-DEV-001..003 range", ["LEGACY-S390-PAGE-DEV-001", "LEGACY-S390-PAGE-DEV-002", "LEGACY-S390-PAGE-DEV-003"]],
    ["CCW-REV-DEV-001/004..005 list", ["CCW-REV-DEV-001", "CCW-REV-DEV-004", "CCW-REV-DEV-005"]],
    ["SCLP: no id in here, nor in X-100", []],
  ])("%s", (title, ids) => {
    expect(idsInTitle(title)).toEqual(ids);
  });

  it("recognises every id of the lists", () => {
    expect(readRequirements().filter(({ id }) => idsInTitle(id)[0] !== id)).toEqual([]);
  });
});

describe("seedIdsInTitle", () => {
  it.each([
    ["S003-017: a constant", ["S003-017"]],
    ["PCI-CAP-DEV-002, S004-068, S004-076..078/080: several", ["S004-068", "S004-076", "S004-077", "S004-078", "S004-080"]],
    ["D-004: a disagreement", ["D-004"]],
    ["CORE-FEAT-DEV-001, LEGACY-S390-PAGE-DEV-001, S390-001, CMD-001 and X-D-001 are none", []],
  ])("%s", (title, ids) => {
    expect(seedIdsInTitle(title)).toEqual(ids);
  });
});

describe("requirementLedger", () => {
  const rows = [
    requirement("CCW-A-DEV-001"),
    requirement("CCW-A-DEV-002"),
    requirement("CCW-A-DEV-003", "MAY"),
    requirement("CCW-A-DRV-001"),
  ];

  it("lists the device MUST rows that have neither test nor reason", () => {
    const missing = (tests: PassedTest[], reasons = new Map<string, string>()) =>
      uncovered(requirementLedger(rows, tests, reasons), "ccw").map(({ id }) => id);
    expect(missing([])).toEqual(["CCW-A-DEV-001", "CCW-A-DEV-002"]);
    expect(missing([passed("CCW-A-DEV-002: x")])).toEqual(["CCW-A-DEV-001"]);
    expect(missing([passed("CCW-A-DEV-002: x")], new Map([["CCW-A-DEV-001", "no such hardware"]]))).toEqual([]);
  });

  it("takes the party from the selector and refuses selectors that match nothing", () => {
    const ledger = requirementLedger(rows, [], new Map());
    expect(uncovered(ledger, "ccw:driver").map(({ id }) => id)).toEqual(["CCW-A-DRV-001"]);
    expect(() => uncovered(ledger, "cwc")).toThrow("no rows for cwc");
  });

  it("reports ids that do not exist and reasons that are out of date", () => {
    const reasons = new Map([
      ["CCW-A-DEV-001", "tested meanwhile"],
      ["CCW-A-DEV-009", "gone"],
      ["CCW-A-DEV-002", " "],
    ]);
    expect(requirementLedger(rows, [passed("CCW-A-DEV-001: x"), passed("CCW-B-DEV-001: y")], reasons).problems).toEqual([
      'packages/vring/src/a.test.ts: there is no requirement CCW-B-DEV-001 ("CCW-B-DEV-001: y")',
      "requirements/reasons.csv: CCW-A-DEV-001 has a test and needs no reason",
      "requirements/reasons.csv: there is no requirement CCW-A-DEV-009",
      "requirements/reasons.csv: CCW-A-DEV-002 has no reason",
    ]);
  });
});

describe("mnemonicsInTitle", () => {
  it.each([
    ["insn: AGR adds", ["AGR"]],
    ["insn: AGR, AGFR: carries", ["AGR", "AGFR"]],
    ["PoP chapter 7, insn: clc, compares bytes", ["CLC"]],
    ["nothing here", []],
  ])("%s", (title, mnemonics) => {
    expect(mnemonicsInTitle(title)).toEqual(mnemonics);
  });
});

describe("opcodeLedger", () => {
  it("tells encoding from execution and resolves aliases", () => {
    const ledger = opcodeLedger([passed("insn: AGR adds", "s390x-cpu"), passed("insn: JXH, LGR", "s390x-isa")], []);
    expect([...ledger.executed]).toEqual(["AGR"]);
    expect([...ledger.encoded]).toEqual(["BRXH", "LGR"]);
    expect(ledger.problems).toEqual([]);
  });

  it("counts a corpus only while its test passes", () => {
    const corpus = [{ file: "c.json", test: "random instructions", mnemonics: ["agr", "nope"] }];
    expect(opcodeLedger([], corpus).problems).toEqual(['c.json: no passed test has the title "random instructions"']);
    const ledger = opcodeLedger([passed("random instructions agree", "s390x-cpu")], corpus);
    expect([...ledger.executed]).toEqual(["AGR"]);
    expect(ledger.problems).toEqual(["c.json: there is no instruction NOPE"]);
  });
});

describe("table", () => {
  it("pads cells so that the source is readable", () => {
    expect(table(["a", "count"], [["long name", "7"]])).toBe("| a         | count |\n| --------- | ----: |\n| long name |     7 |");
  });
});
