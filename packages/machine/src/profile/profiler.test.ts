import type { CpuObserver, GuestSample } from "@zarch/s390x-cpu";
import { instruction } from "@zarch/s390x-isa";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { tiers } from "./profile.ts";
import { Profiler } from "./profiler.ts";

const regions = { present: 0, compiled: 0, changed: 0, instructions: 0, bytes: 0, entered: 0, handedBack: 0 };

/** A profiler, the clock that it reads, and a CPU at a place. */
function setUp({ interval = 100, hostIdle = false } = {}) {
  const state = { now: 5000, idle: 70, location: { high: 0, low: 0x1000, isProblemState: false }, regions: { ...regions } };
  const profiler = new Profiler({ clock: { now: () => state.now }, interval, ...(hostIdle && { hostIdle: () => state.idle }) });
  const cpu: CpuObserver = profiler.observeCpu({
    location: () => state.location,
    get regionStatistics() {
      return { ...state.regions };
    },
  });
  const spend = (time: number): void => {
    state.now += time;
  };
  const during = (activity: Parameters<CpuObserver["begin"]>[0], work: () => void, mnemonic?: string): void => {
    if (mnemonic === undefined) cpu.begin(activity);
    else cpu.begin(activity, instruction(mnemonic));
    work();
    cpu.end();
  };
  const guest = (time: number, sample?: Partial<GuestSample>): void => {
    during("guest", () => spend(time));
    if (sample) cpu.sample({ tier: "interpreter", branches: 10, compiledTime: 0, ...sample });
  };
  return { state, profiler, cpu, spend, during, guest };
}

const sumOf = (times: Readonly<Record<string, number>>): number => Object.values(times).reduce((a, b) => a + b, 0);

describe("Profiler", () => {
  it("gives each tier the time between begin and end, without what is nested", () => {
    const { profiler, spend, during, guest } = setUp();
    spend(1);
    during("runtime", () => {
      spend(2);
      during("guest", () => {
        spend(4);
        during("runtime", () => {
          spend(8);
          during("devices", () => spend(16));
          spend(32);
        });
      });
      during("compiler", () => {
        spend(64);
        during("host-compiler", () => spend(128));
        spend(256);
      });
    });
    guest(512, { compiledTime: 500 });
    profiler.sleeps();
    spend(1024);
    profiler.wakes();
    spend(2048);
    const { duration, tiers: times } = profiler.profile();
    expect(times).toEqual({
      host: 1 + 2048,
      runtime: 2 + 8 + 32,
      devices: 16,
      compiler: 64 + 256,
      "host-compiler": 128,
      compiled: 500,
      interpreter: 16,
      idle: 1024,
    });
    expect(duration).toBe(2 ** 12 - 1);
  });

  it("takes what the host says of its idle time, while the guest waits and else", () => {
    const { state, profiler, spend, during } = setUp({ hostIdle: true });
    profiler.sleeps();
    spend(1000);
    state.idle += 900;
    profiler.wakes();
    during("runtime", () => spend(10));
    spend(50);
    state.idle += 20;
    expect(profiler.profile().tiers).toMatchObject({ idle: 920, host: 130, runtime: 10 });
  });

  it("divides guest code by the time in regions, and keeps what is too much for later", () => {
    const { profiler, guest } = setUp();
    guest(100, { compiledTime: 130 });
    expect(profiler.profile().tiers).toMatchObject({ compiled: 100, interpreter: 0 });
    guest(100, { compiledTime: 20 });
    expect(profiler.profile().tiers).toMatchObject({ compiled: 150, interpreter: 50 });
    // After the last sample: as before it, half and half.
    guest(8);
    expect(profiler.profile().tiers).toMatchObject({ compiled: 154, interpreter: 54 });
    guest(12, { compiledTime: 0 });
    expect(profiler.profile().tiers).toMatchObject({ compiled: 150, interpreter: 70 });
  });

  it("weighs a sample with the time that its tier took since its last one", () => {
    const { state, profiler, guest, during, spend } = setUp();
    guest(150, { tier: "interpreter", compiledTime: 50 });
    state.location = { high: 1, low: 0x10, isProblemState: true };
    guest(200, { tier: "compiled", compiledTime: 150 });
    guest(1, { tier: "compiled", compiledTime: 1 });
    state.location = { high: 0, low: 0x2000, isProblemState: false };
    during("runtime", () => spend(300), "lpswe");
    expect(profiler.profile().samples).toEqual([
      { time: 150, tier: "interpreter", weight: 100, place: { address: 0x1000, isUser: false } },
      { time: 350, tier: "compiled", weight: 200, place: { address: 0x1_0000_0010, isUser: true } },
      { time: 651, tier: "runtime", weight: 300, place: { address: 0x2000, isUser: false } },
    ]);
  });

  it("counts the instructions of the runtime, with the devices that they call", () => {
    const { profiler, during, spend } = setUp();
    for (let i = 0; i < 3; i++) {
      during(
        "runtime",
        () => {
          spend(5);
          during("devices", () => spend(100));
          spend(1);
        },
        "ssch",
      );
    }
    during("runtime", () => spend(1000), "lpswe");
    during("runtime", () => spend(1));
    expect(profiler.profile().instructions).toEqual([
      { mnemonic: "lpswe", count: 1, time: 1000, deviceTime: 0 },
      { mnemonic: "ssch", count: 3, time: 18, deviceTime: 300 },
    ]);
  });

  it("keeps compilations that led to a region", () => {
    const { profiler, cpu, during, spend } = setUp();
    during("compiler", () => spend(3));
    during("compiler", () => {
      spend(10);
      during("host-compiler", () => spend(20));
      cpu.regionCompiled({ address: 0x1234n, instructions: 17, bytes: 400 });
      spend(30);
    });
    expect(profiler.profile().compilations).toEqual([
      { time: 3, duration: 60, hostDuration: 20, place: { address: 0x1234, isUser: false }, instructions: 17, bytes: 400 },
    ]);
  });

  it("asks for the next sample at about its time", () => {
    const { cpu, during, spend } = setUp({ interval: 1_000_000 });
    const asked: number[] = [];
    for (let i = 0; i < 50; i++) {
      // 10 ns a branch: a millisecond is 100,000 branches.
      during("guest", () => spend(1_000_000));
      asked.push(cpu.sample({ tier: "compiled", branches: 100_000, compiledTime: 0 }));
    }
    expect(Math.min(...asked)).toBeGreaterThan(10_000);
    expect(Math.max(...asked)).toBeLessThan(250_000);
    expect(new Set(asked).size).toBeGreaterThan(20);
  });

  it("has all time in each entry of the timeline", () => {
    const { profiler, guest } = setUp();
    for (let i = 0; i < 50; i++) guest(3_000_000, i % 5 === 0 ? { compiledTime: 1_000_000 } : undefined);
    const { timeline } = profiler.profile();
    expect(timeline.length).toBeGreaterThan(10);
    for (const { time, tiers: times } of timeline) expect(sumOf(times)).toBeCloseTo(time, 3);
  });

  it("begins anew after a reset, also with what the CPU counted", () => {
    const { state, profiler, guest } = setUp();
    state.regions.compiled = 7;
    guest(150, { tier: "interpreter" });
    profiler.reset();
    state.regions.compiled = 9;
    guest(20, { tier: "interpreter" });
    const { duration, tiers: times, samples, timeline } = profiler.profile();
    expect([duration, times.interpreter, samples]).toEqual([20, 20, []]);
    expect(timeline.map(({ time }) => time)).toEqual([0, 20]);
    expect(timeline.at(-1)?.regions.compiled).toBe(2);
  });

  it("keeps a bounded number of samples, and their weight by place", () => {
    const { state, profiler, guest } = setUp({ interval: 1 });
    // Every fourth place is another one.
    for (let i = 0; i < 400_000; i++) {
      state.location = { high: 0, low: i % 4 === 0 ? 0x10 : 0x20, isProblemState: false };
      guest(10, { tier: "interpreter" });
    }
    const { samples, duration } = profiler.profile();
    expect(samples.length).toBeLessThan(0x2_0000);
    expect(samples.length).toBeGreaterThan(0x8000);
    const weight = (address?: number): number =>
      samples.reduce((sum, each) => sum + (address === undefined || each.place?.address === address ? each.weight : 0), 0);
    expect(weight() / duration).toBeGreaterThan(0.999);
    expect(weight(0x10) / duration).toBeGreaterThan(0.24);
    expect(weight(0x10) / duration).toBeLessThan(0.26);
  });

  it("accounts for all time, whatever happens", () => {
    const activity = fc.constantFrom("guest", "runtime", "devices", "compiler", "host-compiler" as const);
    const step = fc.oneof(
      fc.record({ kind: fc.constant("begin" as const), activity }),
      fc.record({ kind: fc.constantFrom("end" as const, "sleeps" as const, "wakes" as const, "reset" as const) }),
      fc.record({ kind: fc.constant("spend" as const), time: fc.nat(20_000) }),
      fc.record({ kind: fc.constant("sample" as const), tier: fc.constantFrom("compiled", "interpreter"), compiledTime: fc.nat(30_000) }),
    );
    fc.assert(
      fc.property(fc.array(step, { maxLength: 200 }), fc.boolean(), (steps, hostIdle) => {
        const { profiler, cpu, spend, state } = setUp({ interval: 1000, hostIdle });
        let depth = 0;
        for (const each of steps) {
          if (each.kind === "begin") {
            cpu.begin(each.activity as "guest");
            depth++;
          } else if (each.kind === "end") {
            if (depth > 0) cpu.end();
            depth = Math.max(0, depth - 1);
          } else if (each.kind === "spend") {
            spend(each.time);
            state.idle += each.time / 3;
          } else if (each.kind === "sample")
            expect(cpu.sample({ branches: 100, compiledTime: each.compiledTime, tier: each.tier as "compiled" })).toBeGreaterThan(0);
          else profiler[each.kind]();
        }
        const { duration, tiers: times, samples, timeline } = profiler.profile();
        expect(Object.keys(times)).toEqual([...tiers]);
        expect(Math.min(...Object.values(times))).toBeGreaterThanOrEqual(0);
        expect(sumOf(times)).toBeCloseTo(duration, 3);
        const inOrder = (values: readonly number[]): void => expect(values.toSorted((a, b) => a - b)).toEqual(values);
        inOrder(samples.map(({ time }) => time));
        inOrder(timeline.map(({ time }) => time));
        for (const { tier, place } of samples)
          expect(place !== undefined).toBe(["compiled", "interpreter", "runtime", "devices"].includes(tier));
      }),
    );
  });
});
