import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { elfFile } from "../../test/elf-file.ts";
import { cpuProfile } from "./cpu-profile.ts";
import { hotPlaces } from "./hot-places.ts";
import { guestTiers, type Profile, type ProfileSample, type ProfileTotals, type Tier, tiers } from "./profile.ts";
import { percentages, profileReport } from "./report.ts";
import { readSymbols, SymbolTable } from "./symbols.ts";
import { type TraceEvent, traceEvents } from "./trace-events.ts";

const symbols = new SymbolTable();
symbols.addKernel(readSymbols(new TextEncoder().encode("0000000000100000 T first\n0000000000100400 T second\n0000000000100800 D end\n")));
symbols.addUser(readSymbols(elfFile({ symbols: [{ name: "main", address: 0x100, size: 0x100 }] })), 0x2aa_0000_0000);

const kernel = (address: number) => ({ address, isUser: false });
const user = (address: number) => ({ address, isUser: true });
const ms = 1_000_000;

function totals(time: number, some: Partial<Record<Tier, number>>, branches = 0, entered = 0): ProfileTotals {
  const regions = { present: 3, compiled: 4, changed: 1, instructions: 400, bytes: 40_000, entered, handedBack: 5 };
  return { time, tiers: { ...(Object.fromEntries(tiers.map((tier) => [tier, 0])) as Record<Tier, number>), ...some }, branches, regions };
}

const sample = (time: number, tier: Tier, weight: number, place?: ProfileSample["place"]): ProfileSample => ({
  time: time * ms,
  tier,
  weight: weight * ms,
  ...(place && { place }),
});

const profile: Profile = {
  duration: 20 * ms,
  tiers: totals(0, { compiled: 5 * ms, interpreter: 2 * ms, devices: ms, compiler: 1.5 * ms, "host-compiler": ms / 2, idle: 10 * ms })
    .tiers,
  samples: [
    sample(1, "interpreter", 1, kernel(0x10_0010)),
    sample(2, "interpreter", 1, kernel(0x10_0404)),
    sample(4, "compiler", 2),
    sample(5, "compiled", 1, kernel(0x10_0404)),
    sample(6, "compiled", 1, kernel(0x10_0408)),
    sample(9, "compiled", 3, user(0x2aa_0000_0110)),
    sample(10, "devices", 1, user(0x3ff_0000_1234)),
    sample(20, "idle", 10),
  ],
  timeline: [
    totals(0, {}),
    totals(10 * ms, { compiled: 5 * ms, interpreter: 2 * ms, devices: ms, compiler: 2 * ms }, 10_000, 500),
    totals(20 * ms, { compiled: 5 * ms, interpreter: 2 * ms, devices: ms, compiler: 2 * ms, idle: 10 * ms }, 10_000, 500),
  ],
  compilations: [{ time: 2 * ms, duration: 2 * ms, hostDuration: ms / 2, place: kernel(0x10_0400), instructions: 120, bytes: 9000 }],
  instructions: [{ mnemonic: "diag", count: 4, time: ms / 2, deviceTime: ms }],
};

const empty: Profile = {
  duration: 0,
  tiers: totals(0, {}).tiers,
  samples: [],
  timeline: [totals(0, {}), totals(0, {})],
  compilations: [],
  instructions: [],
};

describe("hotPlaces", () => {
  it("adds up by function, or by page where there is none, with the tiers and the hottest address", () => {
    expect(hotPlaces(profile, symbols)).toEqual([
      { name: "second", isUser: false, time: 3 * ms, tiers: { interpreter: ms, compiled: 2 * ms }, hottest: 0x10_0404, hottestOffset: 4 },
      { name: "main", isUser: true, time: 3 * ms, tiers: { compiled: 3 * ms }, hottest: 0x2aa_0000_0110, hottestOffset: 0x10 },
      { name: "first", isUser: false, time: ms, tiers: { interpreter: ms }, hottest: 0x10_0010, hottestOffset: 0x10 },
      { name: "0x3ff00001000", isUser: true, time: ms, tiers: { devices: ms }, hottest: 0x3ff_0000_1234, hottestOffset: undefined },
    ]);
  });
});

describe("profileReport", () => {
  it("is readable", () => {
    expect(profileReport(profile, symbols)).toMatchInlineSnapshot(`
      "Profile of 0.020 s, 8 samples

      guest code, compiled                                    0.005 s    25.0 %
      guest code, interpreted                                 0.002 s    10.0 %
      runtime: instructions in TypeScript, interruptions      0.000 s     0.0 %
      devices, called by instructions                         0.001 s     5.0 %
      compiler: selects regions, generates WebAssembly        0.002 s     7.5 %
      the host's WebAssembly compiler                         0.001 s     2.5 %
      host: input and output, timers, all else                0.000 s     0.0 %
      idle: the guest waits                                   0.010 s    50.0 %
      total                                                   0.020 s   100.0 %

      Where the guest was, in per cent of its time

         total compiled  interp.  runtime  devices  space   function, or page                     most at
        37.5 %     25.0     12.5        .        .  kernel  second                                +0x4
        37.5 %     37.5        .        .        .  user    main                                  +0x10
        12.5 %        .     12.5        .        .  kernel  first                                 +0x10
        12.5 %        .        .        .     12.5  user    0x3ff00001000                         0x3ff00001234

      Instructions performed by the runtime

      instruction        times     runtime     devices        each
      diag                   4     0.001 s     0.001 s   375.00 µs

      Compiled regions

      4 compiled, 100 instructions and 10.0 kB of WebAssembly each; 1 given up, as their code changed
      500.00 µs to compile one on average, 2.00 ms at most
      entered 500 times, for 10.00 µs each; 5 times an instruction was handed back to the interpreter
      "
    `);
  });

  it("has only the times of tiers where nothing was recorded", () => {
    expect(profileReport(empty)).toContain("Profile of 0.000 s, 0 samples\n");
  });
});

describe("percentages", () => {
  it("add up to 100.0, each within a tenth of what is exact", () => {
    fc.assert(
      fc.property(fc.array(fc.double({ min: 0, max: 1e15, noNaN: true }), { minLength: 1 }), (values) => {
        const sum = values.reduce((a, b) => a + b, 0);
        fc.pre(sum > 1e-300);
        const shown = percentages(values);
        expect(shown.reduce((total, text) => total + Math.round(Number(text) * 10), 0)).toBe(1000);
        for (const [i, text] of shown.entries()) expect(Math.abs(Number(text) - (100 * values[i]!) / sum)).toBeLessThan(0.1001);
      }),
    );
  });
});

/** What the Trace Event Format wants of each event, by its phase. */
function expectTraceEvent(event: TraceEvent): void {
  expect(event.name).toEqual(expect.any(String));
  expect(event.pid).toEqual(expect.any(Number));
  switch (event.ph) {
    case "X":
      expect(event).toMatchObject({ cat: expect.any(String), ts: expect.any(Number), dur: expect.any(Number), tid: expect.any(Number) });
      expect(event.dur).toBeGreaterThanOrEqual(0);
      break;
    case "i":
      expect(event).toMatchObject({ s: "t", ts: expect.any(Number), tid: expect.any(Number) });
      break;
    case "C":
      expect(event.ts).toEqual(expect.any(Number));
      for (const value of Object.values(event.args)) expect(Number.isFinite(value)).toBe(true);
      break;
    case "M":
      expect(["process_name", "thread_name", "thread_sort_index"]).toContain(event.name);
      break;
  }
}

describe("traceEvents", () => {
  const file = traceEvents(profile, symbols);
  const slices = (cat: string) =>
    file.traceEvents.flatMap((event) => (event.ph === "X" && event.cat === cat ? [[event.name, event.ts, event.dur]] : []));

  it("have the fields that the format demands, and survive JSON", () => {
    for (const event of file.traceEvents) expectTraceEvent(event);
    expect(JSON.parse(JSON.stringify(file))).toEqual(file);
    for (const event of traceEvents(empty).traceEvents) expectTraceEvent(event);
  });

  it("are slices of tiers, and in them of functions", () => {
    expect(slices("tier")).toEqual([
      ["interpreter", 0, 2000],
      ["compiler", 2000, 2000],
      ["compiled", 4000, 5000],
      ["devices", 9000, 1000],
      ["idle", 10_000, 10_000],
    ]);
    expect(slices("function")).toEqual([
      ["first", 0, 1000],
      ["second", 1000, 1000],
      ["second", 4000, 2000],
      ["user main", 6000, 3000],
      ["user 0x3ff00001000", 9000, 1000],
    ]);
  });

  it("are compilations, as slices of their thread and as moments", () => {
    expect(slices("compiler")).toEqual([["second", 2000, 2000]]);
    expect(file.traceEvents.filter(({ ph }) => ph === "i")).toEqual([
      expect.objectContaining({ name: "compiled: second", ts: 4000, args: { address: "0x100400", instructions: 120, bytes: 9000 } }),
    ]);
  });

  it("are counters", () => {
    const counters = file.traceEvents.flatMap((event) => (event.ph === "C" ? [[event.name, event.ts, event.args]] : []));
    expect(counters.slice(0, 4)).toEqual([
      ["tiers, %", 0, { compiled: 50, interpreter: 20, runtime: 0, devices: 10, compiler: 20, "host-compiler": 0, host: 0, idle: 0 }],
      ["regions", 0, { present: 3, compiled: 4, changed: 1 }],
      ["regions entered per second", 0, { entered: 50_000 }],
      ["MIPS (estimate)", 0, { MIPS: 5 }],
    ]);
    expect(counters[4]).toEqual(["tiers, %", 10_000, expect.objectContaining({ idle: 100 })]);
  });
});

describe("cpuProfile", () => {
  const { nodes, samples, timeDeltas, startTime, endTime } = cpuProfile(profile, symbols);
  const byId = new Map(nodes.map((node) => [node.id, node]));

  it("is a tree whose root is the first node, and counts its samples", () => {
    const [root] = nodes;
    expect(root?.callFrame.functionName).toBe("(root)");
    const reached = new Set<number>();
    const visit = (id: number): void => {
      expect(reached).not.toContain(id);
      reached.add(id);
      for (const child of byId.get(id)!.children) visit(child);
    };
    visit(root!.id);
    expect(reached.size).toBe(nodes.length);
    for (const node of nodes) {
      expect(node.hitCount).toBe(samples.filter((id) => id === node.id).length);
      expect(node.callFrame).toEqual({
        functionName: expect.any(String),
        scriptId: expect.any(String),
        url: expect.any(String),
        lineNumber: expect.any(Number),
        columnNumber: expect.any(Number),
      });
    }
  });

  it("lets each sample begin where ours before it ends", () => {
    expect(samples.map((id) => byId.get(id)!.callFrame.functionName)).toEqual([
      "first",
      "second",
      "(compiler)",
      "second",
      "second",
      "main",
      "0x3ff00001000",
      "(idle)",
    ]);
    expect(timeDeltas).toEqual([0, 1000, 1000, 2000, 1000, 1000, 3000, 1000]);
    expect([startTime, endTime]).toEqual([0, 20_000]);
  });

  it("has a function under each tier in which it was found", () => {
    const parents = nodes.filter(({ children }) => children.some((id) => byId.get(id)?.callFrame.functionName === "second"));
    expect(parents.map(({ callFrame }) => callFrame.functionName)).toEqual(["(interpreter)", "(compiled)"]);
  });
});

describe("formats", () => {
  it("take any profile", () => {
    const place = fc.record({ address: fc.nat({ max: 2 ** 52 }), isUser: fc.boolean() });
    const anySample = fc.record({ step: fc.nat(5 * ms), tier: fc.constantFrom(...tiers), weight: fc.nat(ms), place });
    fc.assert(
      fc.property(fc.array(anySample, { maxLength: 50 }), (steps) => {
        let time = 0;
        const recorded = steps.map(({ step, tier, weight, place }): ProfileSample => {
          time += step;
          return { time, tier, weight, ...(guestTiers.includes(tier) && { place }) };
        });
        const any: Profile = { ...profile, duration: time, samples: recorded };
        const events = traceEvents(any, symbols).traceEvents;
        for (const event of events) expectTraceEvent(event);
        // What viewers insist on: slices of one thread lie in each other or apart.
        const open: number[] = [];
        for (const event of events) {
          if (event.ph !== "X" || event.tid !== 1) continue;
          const [begin, end] = [Math.round(event.ts * 1000), Math.round((event.ts + event.dur) * 1000)];
          while (open.length > 0 && open.at(-1)! <= begin) open.pop();
          if (open.length > 0) expect(end).toBeLessThanOrEqual(open.at(-1)!);
          open.push(end);
        }
        expect(cpuProfile(any, symbols).timeDeltas.every((delta) => delta >= 0)).toBe(true);
        expect(profileReport(any, symbols)).not.toMatch(/NaN|undefined|Infinity/);
      }),
    );
  });
});
