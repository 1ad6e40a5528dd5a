import { describe, expect, it } from "vitest";
import { VirtioMmioRegister as Register } from "../../packages/transport-mmio/src/index.ts";
import {
  allCases,
  type ConformanceTarget,
  caseName,
  LEGACY,
  MODERN_SPLIT,
  runConformance,
  type Variant,
} from "../../packages/virtio-conformance/src/index.ts";
import { targets } from "./targets.ts";

/** Of version 1 alone. */
const QUEUE_PFN = 0x040;

const cases = allCases.filter((each) => caseName(each).startsWith("MMIO-") && !caseName(each).startsWith("MMIO-RSV"));

/** The registers of a good device, with one of them changed for the suite's eyes. */
function withRegister(register: number, change: (value: number) => number): ConformanceTarget {
  const good = targets.find(({ name }) => name === "echo over mmio") as ConformanceTarget;
  return {
    ...good,
    open: async (options) => {
      const subject = await good.open(options);
      const { registers } = subject;
      if (!registers) throw new Error("no registers");
      const read = (offset: number, width: 1 | 2 | 4): number => {
        const value = registers.read(offset, width);
        return offset === register ? change(value) : value;
      };
      return { ...subject, registers: { read, write: (offset, width, value) => registers.write(offset, width, value) } };
    },
  };
}

async function redIds(target: ConformanceTarget, variant: Variant): Promise<string[]> {
  const report = await runConformance(target, { cases, variants: [variant], deadline: 50 });
  return report.results.filter(({ score }) => score === "FAIL" || score === "WEDGED").flatMap((result) => result.case.requirements);
}

describe("the cases about registers", () => {
  it.each([
    ["a wrong magic value", Register.magicValue, () => 0x7472_6977, ["MMIO-REG-DEV-001"]],
    ["version 3", Register.version, () => 3, ["MMIO-REG-DEV-002"]],
    ["another device", Register.deviceId, () => 1, ["MMIO-REG-FACT-DEV-001"]],
    ["other features", Register.deviceFeatures, (value: number) => value ^ 1, ["MMIO-REG-FACT-DEV-001"]],
    ["queues without end", Register.queueSizeMax, () => 64, ["MMIO-REG-FACT-DEV-005"]],
    ["no interrupt status", Register.interruptStatus, () => 0, ["MMIO-REG-DEV-003", "MMIO-REG-DEV-004"]],
    ["a stray interrupt bit", Register.interruptStatus, (v: number) => v | 4, ["MMIO-REG-DEV-003", "MMIO-REG-DEV-004", "MMIO-REG-DEV-005"]],
    ["queues that are always ready", Register.queueReady, () => 1, ["MMIO-REG-DEV-005", "MMIO-REG-DEV-010", "MMIO-REG-DEV-012"]],
    ["queues that are never ready", Register.queueReady, () => 0, ["MMIO-REG-FACT-DEV-006"]],
    ["one generation for ever", Register.configGeneration, () => 7, ["MMIO-REG-DEV-006"]],
    ["a queue reset that shows too early", Register.queueReset, () => 0, ["MMIO-REG-DEV-011"]],
    [
      "a queue reset that never ends",
      Register.queueReset,
      () => 1,
      ["MMIO-REG-DEV-008", "MMIO-REG-DEV-009", "MMIO-REG-DEV-010", "MMIO-REG-DEV-012", "MMIO-REG-DEV-011"],
    ],
    ["no shared memory of length 0", 0x0b0, () => 0, ["MMIO-REG-FACT-DEV-008"]],
  ])("find %s", async (_, register, change, ids) => {
    expect(await redIds(withRegister(register, change), MODERN_SPLIT)).toEqual(ids);
  });

  it("find a legacy device that forgets where its queues are, and one of the wrong version", async () => {
    expect(
      await redIds(
        withRegister(QUEUE_PFN, () => 0),
        LEGACY,
      ),
    ).toEqual(["MMIO-LEGACY-FACT-DEV-002", "MMIO-LEGACY-FACT-DEV-003"]);
    expect(
      await redIds(
        withRegister(Register.version, () => 2),
        LEGACY,
      ),
    ).toEqual(["MMIO-LEGACY-FACT-DEV-001"]);
  });
});
