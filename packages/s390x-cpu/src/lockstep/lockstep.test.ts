import { assemble, instruction } from "@zarch/s390x-isa";
import { describe, expect, it } from "vitest";
import * as layout from "../engine/layout.ts";
import { recordLayout } from "../engine/records.ts";
import { type Cpu, createCpu } from "../runtime/cpu.ts";
import { LockstepError, type LockstepReport } from "./lockstep-error.ts";
import { PAGE_COPIES_SIZE } from "./page-copies.ts";

const memorySize = 1 << 20;
const CODE = 0x1_0000;
const DATA = 0x2_0000;
const places = layout.memoryLayout(memorySize, PAGE_COPIES_SIZE);

/** A clock that goes on by a microsecond whenever somebody looks at it. */
const restless = (): { now(): number; wallClock(): number; setAlarm(): () => void } => {
  let time = 0;
  return { now: () => (time += 1000), wallClock: () => 0, setAlarm: () => () => {} };
};

/** A CPU that has compiled a program's loop, of which register 11 counts the rounds, and is in the middle of it. */
function looping(body: string, { rounds = 100_000, lockstep = true }: { rounds?: number; lockstep?: boolean | number } = {}): Cpu {
  const cpu = createCpu({ memorySize, clock: restless(), jit: { interval: 1, threshold: 1, lockstep } });
  cpu.memory.write(
    CODE,
    assemble(`llilf %r12,${DATA}\nlgfi %r11,${rounds}\nagain:\n${body}\nbrctg %r11,again\nsvc 0`, { origin: CODE }).bytes,
  );
  cpu.memory.storeBigUint64(0x1c0, 0x0002_0001_8000_0000n, "big");
  cpu.setPsw(0x1_8000_0000n, BigInt(CODE));
  expect(cpu.run({ budget: 200 }).reason).toBe("budget");
  expect(cpu.regionStatistics!.entered).toBeGreaterThan(3);
  return cpu;
}

/** Changes a field of a predecoded instruction, which the interpreter executes and regions do not: as good as a fault of the compiler. */
function misdecode(cpu: Cpu, mnemonic: string, field: "d2" | "i2", value: number): void {
  const view = new DataView(cpu.wasmMemory.buffer);
  const page = view.getUint32(places.recordPages + (CODE / 4096) * 4, true);
  const { offset, size } = recordLayout(instruction(mnemonic)!.format).get(field)!;
  // The loop is behind two instructions of six bytes each.
  const record = page + 12 * 8;
  if (size === 4) view.setInt32(record + offset, value, true);
  else view.setUint8(record + offset, value);
}

function reportOf(cpu: Cpu): LockstepReport {
  try {
    cpu.run({ budget: 1000 });
  } catch (error) {
    expect(error).toBeInstanceOf(LockstepError);
    return (error as LockstepError).report;
  }
  throw new Error("no difference was found");
}

describe("lockstep", () => {
  it("does not disturb what it watches: registers, storage and number of entries are those of a run without it", () => {
    const body = "stg %r11,8(%r12)\nag %r3,8(%r12)\nst %r3,0x500\nmvc 100(20,%r12),3(%r12)\nxc 200(9,%r12),150(%r12)";
    const [watched, free] = [true, false].map((lockstep) => {
      const cpu = looping(body, { rounds: 3000, lockstep });
      expect(cpu.run({ budget: 1_000_000 }).reason).toBe("disabled-wait");
      const storage = new Uint8Array(memorySize);
      cpu.memory.read(0, storage);
      const { entered, handedBack } = cpu.regionStatistics!;
      return { state: cpu.state, storage, entered, handedBack };
    });
    expect(watched).toEqual(free);
  });

  it("finds a register that differs, and says where", () => {
    const cpu = looping("aghi %r1,1\nlgr %r2,%r1");
    misdecode(cpu, "aghi", "i2", 2);
    const before = cpu.state.general[1]!;
    const report = reportOf(cpu);
    expect(report.address).toBe(BigInt(CODE + 12));
    expect(report.differences.map(({ what }) => what)).toEqual(["r1", "r2"]);
    const [{ region, interpreter }] = report.differences as [(typeof report.differences)[0]];
    const steps = BigInt(`0x${region}`) - before;
    expect(BigInt(`0x${interpreter}`) - before).toBe(2n * steps);
    expect(report.instructions).toBe(Number(steps) * 3);
    expect(report.listing).toEqual(["1000c: aghi %r1,1", "10010: lgr %r2,%r1", "10014: brctg %r11,1000c"]);
    expect(report.path.slice(-3)).toEqual([0x1000cn, 0x10010n, 0x10014n]);
    expect(report.start).toContainEqual(["r1", before.toString(16).padStart(16, "0")]);
  });

  it("finds a branch that goes elsewhere", () => {
    const cpu = looping("tmll %r11,1\njz .+8\naghi %r1,1");
    misdecode(cpu, "tmll", "i2", 2);
    expect(reportOf(cpu).differences.map(({ what }) => what)).toContain("condition code");
  });

  it("finds storage that differs, in a page that both stored into", () => {
    const cpu = looping("stg %r11,8(%r12)");
    misdecode(cpu, "stg", "d2", 24);
    // The first bytes of both doublewords are zeros.
    const addresses = reportOf(cpu).differences.map(({ what }) => Number.parseInt(what.replace("storage ", ""), 16));
    expect(addresses.map((address) => (address - DATA) & ~7)).toEqual([8, 24]);
  });

  it("finds a store of the interpreter to a page that the region did not store into", () => {
    const cpu = looping("stg %r11,8(%r12)");
    misdecode(cpu, "stg", "d2", 0x3008);
    const differences = reportOf(cpu).differences.map(({ what, interpreter }) => [what, interpreter]);
    expect(differences).toContainEqual([`storage ${(DATA + 0x3008).toString(16)}`, "stored"]);
  });

  it("finds a store beside code, and one in low storage", () => {
    for (const place of ["0x500", "0x10800"]) {
      const cpu = looping(place === "0x500" ? "stg %r11,0x500" : "stg %r11,0x10800(%r0)");
      misdecode(cpu, "stg", "d2", 0x508);
      expect(reportOf(cpu).differences.length).toBeGreaterThan(0);
    }
  });

  it("holds the clock while both engines look at it", () => {
    const cpu = looping("stckf 8(%r12)\nstck 16(%r12)\nlg %r2,8(%r12)\nclgr %r2,%r3\njnl .+8\nlghi %r11,1\nlgr %r3,%r2", { rounds: 2000 });
    expect(cpu.run({ budget: 1_000_000 }).reason).toBe("disabled-wait");
    expect(cpu.state.general[11]).toBe(0n);
  });

  it("works with more pages than are copied at once", () => {
    const stores = Array.from({ length: 60 }, (_, i) => `lay %r4,${i * 4096}(%r12)\nstg %r11,16(%r4)`).join("\n");
    const cpu = looping(stores, { rounds: 300 });
    expect(cpu.run({ budget: 1_000_000 }).reason).toBe("disabled-wait");
    expect(cpu.memory.loadBigUint64(DATA + 59 * 4096 + 16, "big")).toBe(1n);
  });

  it("compares the first runs of a region, and then one of so many", () => {
    for (const [lockstep, finds] of [
      [40, true],
      [1_000_000, false],
    ] as const) {
      const cpu = looping("aghi %r1,1", { lockstep });
      // Each return to the host ends a run of the region.
      const runOften = (): void => {
        for (let run = 0; run < 100; run++) cpu.run({ budget: 10 });
      };
      runOften();
      misdecode(cpu, "aghi", "i2", 2);
      if (finds) expect(runOften).toThrow(LockstepError);
      else expect(runOften).not.toThrow();
    }
  });
});
