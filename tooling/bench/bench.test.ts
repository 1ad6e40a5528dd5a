import { describe, expect, test } from "vitest";
import { FlatMemory } from "../../packages/guest-memory/src/index.ts";
import { createDeviceVirtqueue } from "../../packages/vring/src/index.ts";
import { compareWithBaseline } from "./baseline.ts";
import { coverage, hottest, type Phase } from "./hot-list.ts";
import { ServedRing } from "./ring-device.ts";
import { areas, BarePackedDriver, BareSplitDriver, batchSize, memorySize, queueSize } from "./ring-driver.ts";
import { geometricMean, median, slope, spread } from "./statistics.ts";

describe("statistics", () => {
  test("the median of an odd and of an even number of values", () => {
    expect(median([9, 1, 5])).toBe(5);
    expect(median([10, 1, 2, 4])).toBe(3);
    expect(spread([8, 10, 12])).toBe(0.2);
  });

  test("the slope is that of most points, whatever a single one says", () => {
    expect(
      slope([
        [0, 5],
        [1, 7],
        [2, 90],
        [3, 11],
        [4, 13],
      ]),
    ).toBe(2);
    expect(slope([[0, 5]])).toBeNaN();
  });

  test("the geometric mean gives each factor the same weight", () => {
    expect(geometricMean([1, 100])).toBeCloseTo(10);
  });
});

describe("baseline", () => {
  test("warns of what became a quarter worse, and of nothing else", () => {
    const baseline = { time: 4, memory: 2, gone: 1 };
    expect(compareWithBaseline({ time: 4.9, memory: 1, added: 9 }, baseline)).toEqual([]);
    expect(compareWithBaseline({ time: 5.1, memory: 2 }, baseline)).toEqual(["time: 5.10, and the baseline says 4"]);
  });
});

describe("hot list", () => {
  const phase = (name: string, counts: Record<string, number>): Phase => ({ name, counts: new Map(Object.entries(counts)) });

  test("phases weigh the same, however many instructions they have", () => {
    const phases = [phase("long", { lg: 9000, xr: 1000 }), phase("short", { xr: 6, ar: 4 })];
    expect(hottest(phases, 3)).toEqual(["lg", "xr", "ar"]);
    expect(hottest(phases, 1)).toEqual(["lg"]);
  });

  test("both forms of a relative branch count together, and take two places", () => {
    const phases = [phase("any", { "brc@near": 3, brc: 4, lg: 5, st: 1 })];
    expect(hottest(phases, 4)).toEqual(["brc", "lg", "st"]);
    expect(hottest(phases, 2)).toEqual(["brc"]);
    expect(hottest(phases, 1)).toEqual(["lg"]);
  });

  test("coverage is the share of instructions in the main loop", () => {
    const { counts } = phase("any", { "brc@near": 3, brc: 1, lg: 5, st: 1 });
    expect(coverage(counts, ["brc", "st"])).toBe(0.5);
  });
});

describe.each(["split", "packed"] as const)("the bare driver of a %s ring", (format) => {
  test.each(["flat", "reversed"] as const)("offers what a device can serve over several rounds of the ring, %s memory", (layout) => {
    const { device, driver } = new ServedRing(format, layout).run(40);
    expect(device).toBeGreaterThan(0);
    expect(driver).toBeGreaterThan(0);
  });

  test("notices a device that does not do its work", () => {
    const lazy = (work: (queue: ReturnType<typeof createDeviceVirtqueue>) => void) => () => {
      const memory = new FlatMemory(memorySize);
      const driver = format === "packed" ? new BarePackedDriver(memory) : new BareSplitDriver(memory);
      driver.offer();
      work(createDeviceVirtqueue(memory, { format, size: queueSize, areas, endian: "little", eventIndex: true }));
      driver.take();
    };
    expect(lazy(() => {})).toThrow("not all chains came back");
    const serve = (status: boolean, written: number, count = batchSize) =>
      lazy((queue) => {
        for (const chain of queue) {
          if (status) chain.writable.writeUint8(0);
          if (count-- > 0) queue.push(chain, written);
        }
        queue.flush();
      });
    expect(serve(true, 1)).not.toThrow();
    expect(serve(true, 1, batchSize - 1)).toThrow("not all chains came back");
    expect(serve(false, 1)).toThrow("was not written");
    expect(serve(true, 0)).toThrow();
  });
});
