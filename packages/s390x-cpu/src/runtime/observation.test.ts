import { assemble } from "@zarch/s390x-isa";
import { describe, expect, it } from "vitest";
import { FakeServiceCall } from "../testing/machine.ts";
import { type Cpu, type CpuOptions, createCpu } from "./cpu.ts";
import type { CompiledRegion, CpuLocation, CpuObserver, GuestSample, ObservedCpu } from "./observer.ts";

const ORIGIN = 0x1_0000;
const SUPERVISOR = 0x0000_0001_8000_0000n;
const PROBLEM = 0x0001_0001_8000_0000n;

/** A loop that calls a function in which there is no loop. */
const calls = `
        lghi  %r1,20000
loop:   brasl %r14,callee
        brctg %r1,loop
        larl  %r3,wait
        lpswe 0(%r3)
callee: aghi  %r2,1
        tmll  %r2,1
        je    even
        aghi  %r4,3
even:   xgr   %r5,%r4
        br    %r14
        .align 8
wait:   .quad 0x0002000180000000, 0xcafe`;

type Sample = GuestSample & CpuLocation;

/** Takes down all that it is told. */
class Recorder implements CpuObserver {
  readonly lines: string[] = [];
  readonly samples: Sample[] = [];
  readonly regions: CompiledRegion[] = [];
  readonly open: string[] = [];
  /** Where activities ended. */
  readonly places: CpuLocation[] = [];
  branches = 500;
  cpu: ObservedCpu | undefined;

  readonly observe = (cpu: ObservedCpu): CpuObserver => {
    this.cpu = cpu;
    return this;
  };

  begin: CpuObserver["begin"] = (activity, instruction) => {
    const { high, low, isProblemState } = this.cpu!.location();
    const where = instruction
      ? ` ${instruction.mnemonic} ${high.toString(16)}:${low.toString(16)} ${isProblemState ? "user" : "kernel"}`
      : "";
    this.lines.push(`${"  ".repeat(this.open.length)}${activity}${where}`);
    this.open.push(activity);
  };

  end(): void {
    this.places.push(this.cpu!.location());
    this.open.pop();
  }

  sample(sample: GuestSample): number {
    this.samples.push({ ...sample, ...this.cpu!.location() });
    return this.branches;
  }

  regionCompiled(region: CompiledRegion): void {
    expect(this.open).toEqual(["runtime", "compiler"]);
    this.regions.push(region);
  }
}

/** Each reading of the clock takes 10 ns, and nothing else takes any time. */
function tickingClock() {
  let now = 0;
  return {
    now: () => {
      now += 10;
      return now;
    },
    wallClock: () => 0,
    setAlarm: () => () => {},
  };
}

function run(source: string, options: Partial<CpuOptions>, mask = SUPERVISOR): { cpu: Cpu; at: (label: string) => number } {
  const cpu = createCpu({ memorySize: 1 << 20, clock: tickingClock(), ...options });
  const program = assemble(source, { origin: ORIGIN });
  cpu.memory.write(ORIGIN, program.bytes);
  // Program interruptions end in a disabled wait.
  cpu.memory.storeBigUint64(0x1d0, 0x0002_0001_8000_0000n, "big");
  cpu.memory.storeBigUint64(0x1d8, 0xbadn, "big");
  cpu.setPsw(mask, BigInt(ORIGIN));
  for (let rounds = 0; rounds < 100 && cpu.run({ budget: 100_000 }).reason === "budget"; rounds++);
  return { cpu, at: (label) => Number(program.symbols.get(label)) };
}

describe("an observed CPU", () => {
  it("tells where compiled code is, also in functions without a loop", () => {
    const recorder = new Recorder();
    const { at } = run(calls, { observer: recorder.observe, jit: { interval: 20 } });
    const compiled = recorder.samples.filter(({ tier }) => tier === "compiled");
    expect(compiled.length).toBeGreaterThan(50);
    const places = new Set(compiled.map(({ low }) => low));
    for (const label of ["loop", "callee", "even"]) expect(places).toContain(at(label));
    for (const { high, low, isProblemState } of recorder.samples) {
      expect([high, isProblemState]).toEqual([0, false]);
      expect(low).toBeGreaterThanOrEqual(ORIGIN);
      expect(low).toBeLessThan(at("wait"));
    }
    expect(recorder.regions.length).toBe(recorder.cpu?.regionStatistics?.compiled);
    expect(recorder.open).toEqual([]);
  });

  it("tells that the interpreter ran it, without a compiler", () => {
    const recorder = new Recorder();
    run(calls, { observer: recorder.observe, jit: false });
    expect(new Set(recorder.samples.map(({ tier }) => tier))).toEqual(new Set(["interpreter"]));
    expect(recorder.samples.reduce((sum, { compiledTime }) => sum + compiledTime, 0)).toBe(0);
    // 20000 rounds of a call, a branch back, and a return; half of them branch in the function.
    const branches = recorder.samples.reduce((sum, each) => sum + each.branches, 0);
    expect(branches).toBeGreaterThan(60_000);
    expect(branches).toBeLessThan(75_000);
    expect(recorder.cpu?.regionStatistics).toBeUndefined();
  });

  it("samples as often as the observer asks", () => {
    const [often, rarely] = [2000, 10_000].map((branches) => {
      const recorder = new Recorder();
      recorder.branches = branches;
      run(calls, { observer: recorder.observe, jit: false });
      return recorder.samples.length;
    });
    expect(often! / rarely!).toBeGreaterThan(3);
  });

  it("estimates the time in regions from the visits that it times", () => {
    // Nothing takes time but reading the clock, which is taken off.
    const free = new Recorder();
    run(calls, { observer: free.observe, jit: { interval: 20 } });
    expect(free.samples.reduce((sum, { compiledTime }) => sum + compiledTime, 0)).toBe(0);
    // STORE CLOCK in the region asks for the time as well: 20000 times.
    const busy = new Recorder();
    run(calls.replace("aghi  %r2,1", "stck 0x800\naghi %r2,1"), { observer: busy.observe, jit: { interval: 20 } });
    const estimate = busy.samples.reduce((sum, { compiledTime }) => sum + compiledTime, 0);
    expect(estimate).toBeGreaterThan(150_000);
    expect(estimate).toBeLessThan(210_000);
  });

  it("tells of instructions of the runtime, where they are, and of devices behind them", () => {
    const recorder = new Recorder();
    const source = `
        lghi  %r1,1
        lghi  %r2,0x4000
first:  servc %r1,%r2
second: exrl  0,third
        stidp 0(%r2)
third:  servc %r1,%r2`;
    const { at } = run(source, { observer: recorder.observe, ports: { serviceCall: new FakeServiceCall() } });
    const text = recorder.lines.join("\n");
    expect(text).toContain(`  guest\n    runtime servc 0:${at("first").toString(16)} kernel\n      devices\n`);
    expect(text).toContain(`    runtime servc 0:${at("second").toString(16)} kernel\n      devices\n`);
    expect(recorder.open).toEqual([]);
  });

  it("tells user space from the kernel", () => {
    const recorder = new Recorder();
    run(calls, { observer: recorder.observe, jit: { interval: 20 } }, PROBLEM);
    expect(recorder.samples.filter(({ isProblemState }) => !isProblemState)).toEqual([]);
    expect(recorder.samples.length).toBeGreaterThan(50);
  });

  it("says of an instruction that changes the state where it began", () => {
    const recorder = new Recorder();
    const source = `
        larl  %r3,user
first:  lpswe 0(%r3)
target: servc %r1,%r2
        .align 8
user:   .quad 0x0001000180000000, target`;
    const { at } = run(source, { observer: recorder.observe });
    expect(recorder.places).toContainEqual({ high: 0, low: at("first"), isProblemState: false });
    expect(recorder.places).toContainEqual({ high: 0, low: at("target"), isProblemState: true });
  });

  it("computes the same", () => {
    const plain = run(calls, { jit: { interval: 20 } });
    const observed = run(calls, { observer: new Recorder().observe, jit: { interval: 20 } });
    expect(observed.cpu.state).toEqual(plain.cpu.state);
    expect(plain.cpu.state.general[2]).toBe(20_000n);
  });

  it("leaves the activities in order when a device fails", () => {
    const recorder = new Recorder();
    const serviceCall = new FakeServiceCall();
    serviceCall.serviceCall = () => {
      throw new Error("broken");
    };
    expect(() => run("lghi %r2,0x4000\nservc %r1,%r2", { observer: recorder.observe, ports: { serviceCall } })).toThrow("broken");
    expect(recorder.open).toEqual([]);
  });
});
