import { describe, expect, test } from "vitest";
import { findings, memoryAllowance, parseRegions, type SoakSample, soakLines, summarize } from "./soak-report.ts";

const mebibyte = 2 ** 20;
const guest = 512 * mebibyte;

/** A sample of each of twenty minutes. */
const samples = (change: (minute: number) => Partial<SoakSample>): SoakSample[] =>
  Array.from({ length: 20 }, (_, minute) => ({
    ...{ minute, wall: 10, cpu: 8, resident: 600 * mebibyte, regions: { present: 5, compiled: 9, changed: 1 }, load: 1 },
    ...change(minute),
  }));

describe("a soak", () => {
  test("that goes on as it began has no slope, whatever its first minutes were", () => {
    const steady = samples((minute) => (minute < 2 ? { cpu: 100, resident: 300 * mebibyte } : {}));
    const summary = summarize(steady, 700 * mebibyte, guest);
    expect(summary).toEqual({ cpuGrowth: 0, wallGrowth: 0, memoryGrowth: 0, peak: 700 * mebibyte, beyondGuest: 188 * mebibyte });
    expect(findings(summary)).toEqual([]);
  });

  test("that becomes slower and larger tells by how much in an hour", () => {
    const growing = samples((minute) => ({ cpu: 8 + minute * 0.04, wall: 10, resident: (600 + minute) * mebibyte }));
    const summary = summarize(growing, guest + memoryAllowance + 2 * mebibyte, guest);
    expect(summary.cpuGrowth).toBeCloseTo((0.04 * 60) / 8.44, 5);
    expect(summary.memoryGrowth).toBeCloseTo(60 * mebibyte);
    expect(findings(summary)).toEqual([
      "402 MiB beyond the guest's memory, allowed are 400",
      "a round takes 28 % more CPU time after an hour",
    ]);
  });

  test("that was short tells nothing of slopes", () => {
    const few = samples((minute) => ({ cpu: 8 + minute })).slice(0, 5);
    const summary = summarize(few, guest, guest);
    expect(summary.cpuGrowth).toBeNaN();
    expect(findings(summary)).toEqual([]);
    expect(soakLines(few, summary).at(-2)).toContain("too short");
  });

  test("has a line for each minute in its report", () => {
    const lines = soakLines(
      samples(() => ({})),
      summarize(
        samples(() => ({})),
        guest,
        guest,
      ),
    );
    expect(lines.filter((line) => line.startsWith("| "))).toHaveLength(22);
    expect(lines[3]).toBe("| 1 | 10.00 | 8.00 | 600 | 5 | 9 | 1 | 1.0 |");
    expect(lines.at(-2)).toContain("CPU time by +0.0 %");
  });

  test("learns of regions from the machine's command line", () => {
    const info = "state   running\ncode    12 regions compiled (345 in all, 6 given up as the guest changed them)\nmemory  16M\n\n";
    expect(parseRegions(info)).toEqual({ present: 12, compiled: 345, changed: 6 });
    expect(() => parseRegions("state   running\n\n")).toThrow("compiled code");
  });
});
