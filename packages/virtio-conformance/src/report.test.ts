import { FlatMemory } from "@zarch/guest-memory";
import { describe, expect, it } from "vitest";
import { NaiveDevice } from "../test/naive-device.ts";
import { countElements } from "../test/xml.ts";
import {
  allCases,
  type ConformanceCase,
  type ConformanceTarget,
  caseName,
  casesFor,
  DEVICE_ID_ECHO,
  describeConformance,
  LEGACY,
  MODERN_PACKED,
  MODERN_SPLIT,
  renderJUnit,
  renderText,
  runCase,
  runConformance,
} from "./index.ts";
import { NotApplicable, Violation } from "./verdict.ts";

const target: ConformanceTarget = {
  name: "a device with <\"&'> in its name",
  deviceId: DEVICE_ID_ECHO,
  open: ({ driverInterface, memory }) => ({ transport: new NaiveDevice(memory, driverInterface) }),
};

function made(level: ConformanceCase["level"], title: string, outcome: () => Promise<unknown>): ConformanceCase {
  return { requirements: ["RNG-DEV-001"], title, scope: {}, level, run: outcome } as ConformanceCase;
}

const fail = (error: Error) => () => Promise.reject(error);

const cases: ConformanceCase[] = [
  made("must", "kept", async () => {}),
  made("must", "broken", fail(new Violation("5 < 6 & \u0007 \ud800"))),
  made("should", "not followed", fail(new Violation("advice"))),
  made("must", "out of place", fail(new NotApplicable("no such thing"))),
  made("hostile", "refused", async () => "REJECT"),
  made("hostile", "thrown", fail(new RangeError("of some kind"))),
  { ...made("must", "for packed rings", async () => {}), scope: { format: "packed" } } as ConformanceCase,
];

describe("a report", () => {
  it("has a score for each case, and is not ok with a FAIL", async () => {
    const report = await runConformance(target, { cases });
    expect(report.results.map(({ score, detail }) => [score, detail])).toEqual([
      ["PASS", undefined],
      ["FAIL", "5 < 6 & \u0007 \ud800"],
      ["WARN", "advice"],
      ["SKIP", "no such thing"],
      ["REJECT", undefined],
      ["FAIL", "RangeError: of some kind"],
      ["SKIP", "for packed rings, not modern split"],
    ]);
    expect([report.ok, report.counts]).toEqual([false, { PASS: 1, REJECT: 1, WARN: 1, SKIP: 2, WEDGED: 0, FAIL: 2 }]);
  });

  it("is JUnit XML that is well-formed, whatever the texts", async () => {
    const report = await runConformance(target, { cases, variants: [MODERN_SPLIT, LEGACY] });
    const xml = renderJUnit(report, report);
    expect(Object.fromEntries(countElements(xml))).toEqual({
      testsuites: 1,
      testsuite: 4,
      testcase: 28,
      failure: 8,
      skipped: 8,
      "system-err": 4,
    });
    expect(xml).toContain('<testsuites name="virtio conformance" tests="28" failures="8" errors="0" skipped="8">');
    expect(xml).toContain('<failure type="FAIL" message="5 &lt; 6 &amp; \ufffd \ufffd"/>');
    expect(() => countElements(xml.replace("</testsuite>", ""))).toThrow();
  });

  it("is text: what needs attention, or everything", async () => {
    const report = await runConformance({ ...target, name: "a device" }, { cases });
    expect(renderText(report).split("\n")).toEqual([
      "a device",
      "  modern split     1 PASS, 1 REJECT, 1 WARN, 2 FAIL, 2 do not apply",
      "    FAIL   RNG-DEV-001: broken",
      "           5 < 6 & \u0007 \ud800",
      "    WARN   RNG-DEV-001: not followed",
      "           advice",
      "    FAIL   RNG-DEV-001: thrown",
      "           RangeError: of some kind",
      "",
    ]);
    expect(renderText(report, { all: true })).toContain("    SKIP   RNG-DEV-001: out of place\n           no such thing\n");
  });
});

describe("the suite", () => {
  it("has a name of its own for each case", () => {
    const names = allCases.map(caseName);
    expect(new Set(names).size).toBe(names.length);
  });

  it("becomes tests of any runner: failures throw, what does not apply is skipped", async () => {
    const told: string[] = [];
    const bodies: [string, () => Promise<void>][] = [];
    describeConformance(
      {
        describe: (name, body) => {
          told.push(name);
          body();
        },
        it: (name, body) => {
          bodies.push([name, () => body({ skip: (reason) => void told.push(`skipped: ${reason}`) })]);
        },
      },
      target,
      { cases },
    );
    expect(bodies.map(([name]) => name)).not.toContain("RNG-DEV-001: for packed rings");
    for (const [, body] of bodies) await body().catch((error: Error) => told.push(error.message));
    expect(told).toEqual([
      `conformance of ${target.name}, modern split`,
      "FAIL: 5 < 6 & \u0007 \ud800",
      "skipped: no such thing",
      "FAIL: RangeError: of some kind",
    ]);
  });

  it("runs on memory of the target's own, with what can be seen there", async () => {
    const own: ConformanceTarget = {
      ...target,
      variants: [MODERN_SPLIT, MODERN_PACKED, LEGACY],
      open: ({ driverInterface }) => ({ transport: new NaiveDevice(new FlatMemory(1 << 20), driverInterface) }),
    };
    const report = await runConformance(own);
    expect(report.results.filter(({ score }) => ["FAIL", "WEDGED", "WARN"].includes(score))).toEqual([]);
    expect(report.counts.PASS).toBeGreaterThan(200);
    expect(report.results.some(({ detail }) => detail === "the device is not on the suite's memory")).toBe(true);
  });

  it("ends a case that never ends", async () => {
    const stuck: ConformanceTarget = {
      ...target,
      open: (options) => {
        const transport = new NaiveDevice(options.memory, options.driverInterface);
        transport.reset = () => new Promise(() => {});
        return { transport };
      },
    };
    const about = casesFor(stuck, MODERN_SPLIT);
    const [first] = about as [ConformanceCase];
    const attackCase = about.find(({ title }) => title.startsWith("state: ")) as ConformanceCase;
    for (const [each, score] of [
      [first, "FAIL"],
      [attackCase, "WEDGED"],
    ] as const) {
      const result = await runCase(each, stuck, MODERN_SPLIT, { deadline: 20 });
      expect([result.score, result.detail]).toEqual([score, "no end in sight: reset of the device"]);
    }
  });

  it("reports a device that cannot be opened as failed", async () => {
    const closed: ConformanceTarget = { ...target, open: () => Promise.reject(new Error("no such file")) };
    const result = await runCase(allCases[0] as ConformanceCase, closed, MODERN_SPLIT);
    expect([result.score, result.detail]).toEqual(["FAIL", "Error: no such file"]);
  });
});
