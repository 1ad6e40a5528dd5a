import { describe, expect, it } from "vitest";
import { PROGRAM_ORIGIN, type ProgramSetup, runProgram, sharedCpu } from "../testing/program.ts";

const MODE_64_WITH_PER = 0x4000_0001_8000_0000n;
const BRANCHING = 0x8000_0000n;
const FETCHING = 0x4000_0000n;
const ALTERATION = 0x2000_0000n;
const BRANCH_ADDRESS_CONTROL = 0x0080_0000n;
const everywhere = (1n << 64n) - 1n;

function setup(events: bigint, start: bigint, end: bigint, more: Partial<ProgramSetup> = {}): ProgramSetup {
  return { psw: MODE_64_WITH_PER, control: { 0: 0x4_0000n, 9: events, 10: start, 11: end }, ...more };
}

/** What the last PER interruption stored: event bits, and the address of the instruction. */
function stored(): { events: number; address: number } {
  const { memory } = sharedCpu();
  return { events: memory.loadUint16(0x96, "big") >>> 8, address: memory.loadUint64(0x98, "big") };
}

describe("PoP chapter 4, program-event recording", () => {
  it("instruction fetching: each instruction in the area completes, then interrupts (single-step)", () => {
    const end = runProgram("lghi %r1,5\nlghi %r1,6", setup(FETCHING, 0n, everywhere));
    expect(end.interruption).toMatchObject({ code: 0x80, length: 4 });
    expect(end.general[1]).toBe(5n);
    expect(end.psw.address).toBe(BigInt(PROGRAM_ORIGIN) + 4n);
    expect(stored()).toEqual({ events: 0x40, address: PROGRAM_ORIGIN });
  });

  it("instruction fetching: only addresses from CR10 to CR11 count", () => {
    const at = BigInt(PROGRAM_ORIGIN) + 8n;
    const end = runProgram("lghi %r1,5\naghi %r1,1\naghi %r1,2\naghi %r1,4", setup(FETCHING, at, at));
    expect(end.general[1]).toBe(8n);
    expect(stored()).toEqual({ events: 0x40, address: Number(at) });
  });

  it("an area that ends below its start wraps around the end of storage", () => {
    const after = BigInt(PROGRAM_ORIGIN) + 4n;
    const end = runProgram("lghi %r1,5\naghi %r1,1", setup(FETCHING, after, 0x100n));
    expect(end.general[1]).toBe(6n);
    expect(stored().address).toBe(Number(after));
  });

  it("successful branching: taken branches only, with the branch as the address", () => {
    const source = "lghi %r1,2\ncghi %r1,3\nje far\nloop: aghi %r2,1\nbrctg %r1,loop\nfar: lghi %r3,1";
    const end = runProgram(source, setup(BRANCHING, 0n, 0n));
    expect(end.general[2]).toBe(1n);
    expect(stored()).toEqual({ events: 0x80, address: end.address("loop") + 4 });
    expect(end.psw.address).toBe(BigInt(end.address("loop")));
  });

  it("successful branching with branch-address control: only targets in the area", () => {
    const source = "j one\n.org .+96\none: lghi %r1,1\nj two\n.org .+96\ntwo: lghi %r2,2";
    const target = BigInt(runProgram(source, {}).address("two"));
    const end = runProgram(source, setup(BRANCHING | BRANCH_ADDRESS_CONTROL, target, target));
    expect(end.general[1]).toBe(1n);
    expect(end.psw.address).toBe(target);
  });

  it.each([
    ["STG", "stg %r1,0(%r5)"],
    ["STY over a page boundary", "sty %r1,-2(%r5)"],
    ["MVC", "mvc 0(4,%r5),0(%r6)"],
    ["STMG", "stmg %r1,%r2,0(%r5)"],
    ["NI", "ni 3(%r5),15"],
    ["MVCL", "lghi %r0,0\nlghi %r1,0\nlgr %r2,%r5\nlghi %r3,8\nlgr %r8,%r6\nlghi %r9,8\nmvcl %r2,%r8"],
    ["STCK", "stck 0(%r5)"],
  ])("storage alteration: %s into the area, and no store elsewhere", (_name, store) => {
    const area = 0x3_0000n;
    const general = { 5: area, 6: 0x4_0000n };
    // A store beside the area, in the same page, first.
    const end = runProgram(`stg %r1,64(%r5)\n${store}\nlghi %r7,1`, setup(ALTERATION, area, area + 3n, { general }));
    expect(end.interruption?.code).toBe(0x80);
    expect(stored().events).toBe(0x20);
    expect(end.general[7]).toBe(0n);
    expect(stored().address).toBeGreaterThan(PROGRAM_ORIGIN);
  });

  it("an event comes together with the exception of a suppressed instruction, in one interruption", () => {
    const end = runProgram("lghi %r1,0\nlghi %r3,0\ndsgr %r2,%r1", setup(FETCHING, BigInt(PROGRAM_ORIGIN) + 8n, everywhere));
    expect(end.interruption?.code).toBe(0x80 | 0x09);
    expect(stored()).toEqual({ events: 0x40, address: PROGRAM_ORIGIN + 8 });
  });

  it("EXECUTE is one instruction", () => {
    const end = runProgram("lghi %r1,0\nexrl %r1,move\nlghi %r7,1\nj over\nmove: mvc 0(1,%r5),0(%r6)\nover: lghi %r7,2", {
      ...setup(FETCHING, BigInt(PROGRAM_ORIGIN) + 4n, BigInt(PROGRAM_ORIGIN) + 5n),
      general: { 5: 0x3_0000n, 6: 0x4_0000n },
      memory: { 262144: "5a" },
    });
    expect(end.memory(0x3_0000, 1)).toBe("5a");
    expect(end.psw.address).toBe(BigInt(PROGRAM_ORIGIN) + 10n);
  });

  it("without the PSW's PER bit nothing happens, and stores are fast again", () => {
    const end = runProgram("stg %r1,0(%r5)\nlghi %r7,1", {
      control: { 0: 0x4_0000n, 9: FETCHING | ALTERATION, 11: everywhere },
      general: { 5: 0x3_0000n },
    });
    expect(end.interruption).toBeUndefined();
    expect(end.general[7]).toBe(1n);
  });
});
