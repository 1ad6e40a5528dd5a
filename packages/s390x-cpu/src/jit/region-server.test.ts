import { assemble } from "@zarch/s390x-isa";
import { describe, expect, it } from "vitest";
import { type Cpu, createCpu } from "../runtime/cpu.ts";
import type { RegionCompiler, RegionReply, RegionRequest } from "./region-request.ts";
import { createRegionServer } from "./region-server.ts";

const clock = { now: () => 0, wallClock: () => 0, setAlarm: () => () => {} };
const CODE = 0x1_0000;
const serve = createRegionServer();

/** A compiler whose replies come when the test says so. */
class Elsewhere implements RegionCompiler {
  readonly requests: RegionRequest[] = [];
  readonly #answers: (() => void)[] = [];

  compile(request: RegionRequest): Promise<RegionReply> {
    // As between threads.
    const message = structuredClone(request);
    this.requests.push(message);
    return new Promise((resolve) => this.#answers.push(() => resolve(serve(message))));
  }

  async answer(): Promise<void> {
    for (const answer of this.#answers.splice(0)) answer();
    await Promise.resolve();
  }
}

function start(source: string, compiler: RegionCompiler): Cpu {
  const cpu = createCpu({ memorySize: 1 << 20, clock, jit: { interval: 1, threshold: 1, compiler } });
  cpu.memory.write(CODE, assemble(source, { origin: CODE }).bytes);
  cpu.setPsw(0x0000_0001_8000_0000n, BigInt(CODE));
  return cpu;
}

const loop = "lgfi %r1,100000\nagain: aghi %r2,3\nbrctg %r1,again\nlarl %r3,end\nlpswe 0(%r3)\n.align 8\nend: .quad 0x0002000180000000, 0";

describe("regions that are compiled elsewhere", () => {
  it("the interpreter goes on until the reply comes, and the region from then on", async () => {
    const elsewhere = new Elsewhere();
    const cpu = start(loop, elsewhere);
    cpu.run({ budget: 1000 });
    expect(elsewhere.requests.length).toBeGreaterThan(0);
    expect(cpu.regionStatistics).toMatchObject({ compiled: 0, entered: 0 });
    expect(cpu.state.general[2]).toBeGreaterThan(0n);
    await elsewhere.answer();
    expect(cpu.run({ budget: 1_000_000 })).toMatchObject({ reason: "disabled-wait" });
    expect(cpu.state.general[2]).toBe(300_000n);
    const { compiled, entered, bytes } = cpu.regionStatistics!;
    expect(compiled).toBeGreaterThan(0);
    expect(entered).toBeGreaterThan(0);
    expect(bytes).toBeGreaterThan(0);
  });

  it("a reply for code that changed in the meantime is not used", async () => {
    const elsewhere = new Elsewhere();
    const cpu = start(loop, elsewhere);
    cpu.run({ budget: 1000 });
    const before = cpu.state.general;
    // AGHI %r2,3 becomes AGHI %r2,5: six bytes behind the start.
    cpu.memory.write(CODE + 6, assemble("aghi %r2,5", { origin: CODE }).bytes);
    await elsewhere.answer();
    expect(cpu.regionStatistics).toMatchObject({ compiled: 0, changed: 1 });
    cpu.run({ budget: 1_000_000 });
    expect(cpu.state.general[2]).toBe(before[2]! + before[1]! * 5n);
  });

  it("nor is one for a CPU that was reset", async () => {
    const elsewhere = new Elsewhere();
    const cpu = start(loop, elsewhere);
    cpu.run({ budget: 1000 });
    cpu.reset("clear");
    await elsewhere.answer();
    expect(cpu.regionStatistics).toMatchObject({ compiled: 0, present: 0 });
  });

  it("what the compiler refuses is left to the interpreter the next time", async () => {
    const elsewhere = new Elsewhere();
    const cpu = start(`lgfi %r1,1000\nfirst: ipm %r4\nspm %r4\naghi %r2,3\nbrctg %r1,first\n${loop}`, elsewhere);
    cpu.run({ budget: 10 });
    await elsewhere.answer();
    cpu.run({ budget: 100 });
    await elsewhere.answer();
    expect(cpu.run({ budget: 1_000_000 })).toMatchObject({ reason: "disabled-wait" });
    expect(cpu.state.general[2]).toBe(303_000n);
    expect(elsewhere.requests.length).toBeGreaterThan(1);
  });

  it("a compiler that fails is not asked again: the CPU compiles on its own", async () => {
    let asked = 0;
    const cpu = start(loop, {
      compile: () => {
        asked++;
        return Promise.reject(new Error("the worker ended"));
      },
    });
    cpu.run({ budget: 1000 });
    await new Promise((resolve) => setTimeout(resolve));
    cpu.run({ budget: 1_000_000 });
    expect(asked).toBe(1);
    expect(cpu.regionStatistics!.compiled).toBeGreaterThan(0);
    expect(cpu.state.general[2]).toBe(300_000n);
  });
});
