import { assemble } from "@zarch/s390x-isa";
import { describe, expect, it } from "vitest";
import { createCpu } from "../runtime/cpu.ts";

const clock = { now: () => 0, wallClock: () => 0, setAlarm: () => () => {} };
const CODE = 0x1_0000;
/** As many pages as the pool has room for, and more. */
const POOL = 2048;
const PAGES = 2500;

describe("the pool of predecoded pages", () => {
  it.each([false, true])("code in more pages than it has runs on, with regions: %s", (jit) => {
    const cpu = createCpu({ memorySize: 16 << 20, clock, jit: jit && { interval: 1, threshold: 1 } });
    const last = CODE + PAGES * 4096;
    for (let page = CODE; page < last; page += 4096)
      cpu.memory.write(page, assemble(`lghi %r3,3\nagain: aghi %r1,1\nbrctg %r3,again\njg ${page + 4096}`, { origin: page }).bytes);
    const source = `brctg %r2,back\nlarl %r4,end\nlpswe 0(%r4)\nback: jg ${CODE}\n.align 8\nend: .quad 0x0002000180000000, 0`;
    cpu.memory.write(last, assemble(source, { origin: last }).bytes);
    cpu.setGeneral(2, 4n);
    cpu.setPsw(0x0000_0001_8000_0000n, BigInt(CODE));
    expect(cpu.run({ budget: 10_000_000 })).toMatchObject({ reason: "disabled-wait" });
    expect(cpu.state.general[1]).toBe(BigInt(4 * 3 * PAGES));
  });

  it("what is used all the time is soon compiled again", () => {
    const cpu = createCpu({ memorySize: 16 << 20, clock, jit: { interval: 1, threshold: 1 } });
    const hot = CODE - 0x1000;
    cpu.memory.write(hot, assemble("lghi %r3,50\nagain: aghi %r1,1\nbrctg %r3,again\nbr %r14", { origin: hot }).bytes);
    const last = CODE + PAGES * 4096;
    for (let page = CODE; page < last; page += 4096)
      cpu.memory.write(page, assemble(`brasl %r14,${hot}\njg ${page + 4096}`, { origin: page }).bytes);
    cpu.memory.write(last, assemble("larl %r4,end\nlpswe 0(%r4)\n.align 8\nend: .quad 0x0002000180000000, 0", { origin: last }).bytes);
    cpu.setPsw(0x0000_0001_8000_0000n, BigInt(CODE));
    expect(cpu.run({ budget: 10_000_000 })).toMatchObject({ reason: "disabled-wait" });
    expect(cpu.state.general[1]).toBe(BigInt(50 * PAGES));
    // The pool is full once; the page of the hot loop goes then, among an eighth of all, and is back soon.
    expect(cpu.regionStatistics!.entered).toBeGreaterThan(PAGES / 2);
  });

  it("no page is taken twice when too few are out of use", () => {
    const cpu = createCpu({ memorySize: 16 << 20, clock, jit: false });
    // SUPERVISOR CALL ends a visit to a page in a disabled wait.
    cpu.memory.storeBigUint64(0x1c0, 0x0002_0001_8000_0000n, "big");
    cpu.memory.storeBigUint64(0x1c8, 0n, "big");
    const code = assemble("aghi %r1,1\nsvc 0").bytes;
    let visits = 0;
    const visit = (first: number, last: number): void => {
      for (let page = first; page < last; page++) {
        const address = CODE + page * 4096;
        cpu.memory.write(address, code);
        cpu.setPsw(0x0000_0001_8000_0000n, BigInt(address));
        expect(cpu.run({ budget: 10 })).toMatchObject({ reason: "disabled-wait" });
        visits++;
      }
    };
    visit(0, POOL + 1);
    // An eighth is free now, of which one is used. Nearly all that is left gets used again, and then the rest is needed.
    visit(POOL / 8 + 10, POOL);
    visit(POOL + 1, POOL + POOL / 4);
    visit(0, POOL);
    expect(cpu.state.general[1]).toBe(BigInt(visits));
  });
});
