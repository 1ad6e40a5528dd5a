import { describe, expect, it } from "vitest";
import { type Fault, faults } from "../test/faults.ts";
import { NaiveDevice } from "../test/naive-device.ts";
import { type DiskFault, diskFaults, NaiveDisk } from "../test/naive-disk.ts";
import {
  allCases,
  type ConformanceReport,
  type ConformanceTarget,
  DEVICE_ID_ECHO,
  LEGACY,
  MODERN_PACKED,
  MODERN_SPLIT,
  runConformance,
  type Variant,
  variantName,
} from "./index.ts";

function naive(variants: readonly Variant[], fault?: Fault): ConformanceTarget {
  return {
    name: "naive device",
    deviceId: DEVICE_ID_ECHO,
    variants,
    open: ({ driverInterface, memory }) => {
      const device = new NaiveDevice(memory, driverInterface, fault === undefined ? [] : [fault]);
      return {
        transport: device,
        controls: { hold: () => device.hold(), release: () => device.release(), changeConfig: () => device.change() },
      };
    },
  };
}

function naiveDisk(readOnly: boolean, fault?: DiskFault): ConformanceTarget {
  return {
    name: "naive disk",
    deviceId: 2,
    variants: [MODERN_SPLIT],
    open: ({ driverInterface, memory }) => {
      const disk = new NaiveDisk(readOnly, fault === undefined ? [] : [fault]);
      return {
        transport: new NaiveDevice(memory, driverInterface, [], disk),
        controls: {
          disk: {
            size: disk.content.length,
            read: (offset, length) => disk.content.slice(offset, offset + length),
            readStable: (offset, length) => disk.stable.slice(offset, offset + length),
          },
        },
      };
    },
  };
}

const BASIC = "a request is served";

/** What is not as it should be, by variant. Where nothing works at all, only what led to it is worth reading. */
function redOf(report: ConformanceReport, variants: readonly Variant[]): string[] {
  return variants.flatMap((variant) => {
    const red = report.results.filter((result) => result.variant === variant && ["FAIL", "WEDGED", "WARN"].includes(result.score));
    const basic = red.find(({ name }) => name === BASIC);
    const lines = basic ? [`nothing works: ${basic.detail}`] : red.map(({ score, name }) => `${score.padEnd(6)} ${name}`);
    return lines.map((line) => `${variantName(variant)}: ${line}`);
  });
}

describe("the suite against somebody else's device", () => {
  it("finds nothing wrong with one that has no faults", async () => {
    const variants = [MODERN_SPLIT, MODERN_PACKED, LEGACY];
    const report = await runConformance(naive(variants));
    expect(redOf(report, variants)).toEqual([]);
    expect(report.ok).toBe(true);
    expect(report.counts.PASS).toBeGreaterThan(200);
    expect(report.counts.REJECT).toBeGreaterThan(80);
  });

  it.each(Object.keys(faults) as Fault[])("finds one that %s, and only that", async (fault) => {
    const red = redOf(await runConformance(naive(faults[fault], fault), { deadline: 60 }), faults[fault]);
    expect(red).not.toEqual([]);
    await expect(`${red.join("\n")}\n`).toMatchFileSnapshot(`../test/findings/${fault.replaceAll(" ", "-")}.txt`);
  });
});

describe("the suite against somebody else's disk", () => {
  it.each([false, true])("finds nothing wrong with one that has no faults, read-only: %s", async (readOnly) => {
    const report = await runConformance(naiveDisk(readOnly));
    expect(redOf(report, [MODERN_SPLIT])).toEqual([]);
    expect(report.counts.PASS).toBeGreaterThan(80);
  });

  it.each(diskFaults)("finds one that %s, and only that", async (fault) => {
    const target = naiveDisk(fault.includes("read-only"), fault);
    const cases = allCases.filter(({ scope, title }) => scope.deviceId === 2 || title === BASIC);
    const red = redOf(await runConformance(target, { cases, deadline: 60 }), [MODERN_SPLIT]);
    expect(red).not.toEqual([]);
    await expect(`${red.join("\n")}\n`).toMatchFileSnapshot(`../test/findings/disk-${fault.replaceAll(" ", "-")}.txt`);
  });
});
