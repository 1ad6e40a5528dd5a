import { describe, expect, test } from "vitest";
import { type ProgramSetup, type ProgramState, resetSharedCpu, runProgram } from "../testing/program.ts";
import { doubleword, PSW_TRANSLATION, translationTables } from "../testing/tables.ts";

const MODE_64 = 0x1_8000_0000n;
const MODE_31 = 0x8000_0000n;
const SPECIFICATION = 6;
const PSW_AT = 0x2_0000;

/** LPSWE of a PSW whose address is that of the label `target`, unless one is given. */
function load(mask: bigint, address = 0x1_0010n, setup: ProgramSetup = {}): ProgramState {
  return runProgram("lpswe 0(%r2)\n nopr\n nopr\n nopr\n nopr\n nopr\n nopr\n lghi %r1,1", {
    ...setup,
    general: { 2: BigInt(PSW_AT) },
    memory: { [PSW_AT]: doubleword(mask) + doubleword(address), ...setup.memory },
  });
}

describe("PoP chapter 4, Program-Status Word", () => {
  test("insn: LPSWE: loads all fields", () => {
    // Condition code 2, program mask 5, key 3, problem state, 31-bit mode.
    const state = load(0x0031_2500_8000_0000n);
    expect(state.general[1]).toBe(1n);
    expect([state.psw.mask, state.cc]).toEqual([0x0031_2500_8000_0000n, 2]);
  });

  const reservedBits = [0, 2, 3, 4, 12, 24, 25, 26, 27, 28, 29, 30, ...Array.from({ length: 31 }, (_, i) => 33 + i)];
  test.each(reservedBits)("early specification exception: bit %i must be zero", (bit) => {
    const mask = MODE_64 | (1n << BigInt(63 - bit));
    const state = load(mask);
    // The old PSW is the invalid one as loaded; no instruction length belongs to it.
    expect(state.interruption).toMatchObject({ code: SPECIFICATION, length: 0 });
    expect(state.psw).toEqual({ mask, address: 0x1_0010n });
  });

  test.each([
    ["extended without basic addressing", 0x1_0000_0000n, 0x1_0010n],
    ["an address of 2^24 in 24-bit mode", 0n, 0x100_0000n],
    ["an address of 2^31 in 31-bit mode", MODE_31, 0x8000_0000n],
    ["an address of 2^32 in 24-bit mode", 0n, 0x1_0000_0000n],
    ["an odd address is not among the early exceptions, a reserved bit is", MODE_64 | (1n << 63n), 0x1_0011n],
  ])("early specification exception: %s", (_name, mask, address) => {
    const state = load(mask, address);
    expect(state.interruption).toMatchObject({ code: SPECIFICATION, length: 0 });
    expect(state.psw).toEqual({ mask, address });
  });

  test("the largest addresses of 24-bit and 31-bit mode are valid", () => {
    // Nothing is there: addressing exceptions of the instruction fetch.
    expect(load(0n, 0xff_fffen).interruption?.code).toBe(5);
    expect(load(MODE_31, 0x7fff_fffen).interruption?.code).toBe(5);
    expect(load(MODE_64, 0xffff_ffff_ffff_fffen).interruption?.code).toBe(5);
  });

  test("an odd instruction address is a specification exception of the instruction", () => {
    const state = load(MODE_64, 0x1_0011n);
    expect(state.interruption).toMatchObject({ code: SPECIFICATION, length: 2 });
    expect(state.psw.address).toBe(0x1_0013n);
    expect(runProgram("br %r2", { general: { 2: 0x1_0001n } }).interruption?.code).toBe(SPECIFICATION);
  });

  test("insn: LPSWE: doubleword alignment, access exceptions, all before anything changes", () => {
    const odd = runProgram("lpswe 4(%r2)", { general: { 2: BigInt(PSW_AT) } });
    expect(odd.interruption).toMatchObject({ code: SPECIFICATION, length: 4 });
    expect(odd.psw).toEqual({ mask: MODE_64, address: 0x1_0004n });
    expect(runProgram("lpswe 0(%r2)", { general: { 2: 0x20_0000n } }).interruption).toMatchObject({ code: 5, length: 4 });
  });

  test("insn: LPSW: bit 12 inverted, bit 31 and bit 32 the mode", () => {
    const run = (psw: string): ProgramState =>
      runProgram("lpsw 0(%r2)\n nopr\n nopr\n nopr\n nopr\n nopr\n nopr\n lghi %r1,1", {
        general: { 2: BigInt(PSW_AT) },
        memory: { [PSW_AT]: psw },
      });
    expect(run("0008100080010010").psw.mask).toBe(0x0000_1000_8000_0000n);
    expect(run("0008000000010010").psw.mask).toBe(0n);
    expect(run("0008000180010010").psw.mask).toBe(MODE_64);
    expect(run("0000000080010010").interruption?.code).toBe(SPECIFICATION);
    const reserved = run("8008000080010010");
    expect([reserved.interruption?.code, reserved.interruption?.length]).toEqual([SPECIFICATION, 0]);
    expect(runProgram("lpsw 4(%r2)", { general: { 2: BigInt(PSW_AT) } }).interruption?.code).toBe(SPECIFICATION);
  });

  test("insn: LPSWE: translation is on for the next instruction", () => {
    const { asce, memory } = translationTables(0, { [0x11_0000 + 0x10 * 8]: 0x2_1000n });
    const state = load(PSW_TRANSLATION, 0x1_0010n, { control: { 0: 0x84_0000n, 1: asce }, memory: { ...memory, 135184: "a7190007 0aff" } });
    expect(state.general[1]).toBe(7n);
  });
});

describe("PoP chapter 10, the system mask", () => {
  test("insn: SSM: sets bits 0 to 7; reserved bits are an early exception with the instruction's length", () => {
    const run = (mask: string, setup: ProgramSetup = {}): ProgramState =>
      runProgram("ssm 0(%r2)", { general: { 2: BigInt(PSW_AT) }, memory: { [PSW_AT]: mask }, ...setup });
    expect(run("03").psw.mask).toBe(MODE_64 | (3n << 56n));
    for (const reserved of ["80", "20", "10", "08"]) {
      const state = run(reserved);
      expect(state.interruption).toMatchObject({ code: SPECIFICATION, length: 4 });
      expect(state.psw).toEqual({ mask: MODE_64 | (BigInt(`0x${reserved}`) << 56n), address: 0x1_0004n });
    }
    // SSM-suppression control.
    expect(run("03", { control: { 0: 0x4000_0000n } }).interruption?.code).toBe(0x13);
  });

  test("insn: STNSM: stores the old mask and ANDs; insn: STOSM: stores and ORs", () => {
    const off = runProgram("stnsm 0(%r2),0xfe", { general: { 2: BigInt(PSW_AT) }, psw: MODE_64 | (3n << 56n) });
    expect([off.memory(PSW_AT, 1), off.psw.mask >> 56n]).toEqual(["03", 2n]);
    const on = runProgram("stosm 0(%r2),1", { general: { 2: BigInt(PSW_AT) }, psw: MODE_64 | (2n << 56n) });
    expect([on.memory(PSW_AT, 1), on.psw.mask >> 56n]).toEqual(["02", 3n]);
    const reserved = runProgram("stosm 0(%r2),0x80", { general: { 2: BigInt(PSW_AT) } });
    expect(reserved.interruption).toMatchObject({ code: SPECIFICATION, length: 4 });
    expect(reserved.memory(PSW_AT, 1)).toBe("00");
  });

  test("insn: STOSM: a refused store changes no mask", () => {
    const state = runProgram("stosm 0(%r2),3", { general: { 2: 0x20_0000n } });
    expect([state.interruption?.code, state.psw.mask]).toEqual([5, MODE_64]);
  });
});

describe("PoP chapter 10, PSW key and contents", () => {
  test("insn: SPKA: sets the key; in the problem state the PSW-key mask decides", () => {
    expect(runProgram("spka 0xa0").psw.mask).toBe(MODE_64 | (10n << 52n));
    expect(runProgram("spka 0x7f5(%r2)", { general: { 2: 0xffff_ffff_ffff_f000n } }).psw.mask).toBe(MODE_64 | (15n << 52n));
    const problem = MODE_64 | (1n << 48n);
    const masked = (key: number, mask: bigint): number | undefined =>
      runProgram(`spka ${key * 16}`, { psw: problem | (8n << 52n), control: { 3: mask } }).interruption?.code;
    expect([masked(8, 0x0080_0000n), masked(8, 0xff7f_0000n), masked(0, 0x8000_0000n), masked(15, 1n << 16n)]).toEqual([
      undefined,
      2,
      undefined,
      undefined,
    ]);
  });

  test("insn: IPK: inserts the key into general register 2", () => {
    expect(runProgram("ipk", { psw: MODE_64 | (11n << 52n), general: { 2: 0x1234_5678_9abc_deffn } }).general[2]).toBe(
      0x1234_5678_9abc_deb0n,
    );
  });

  test("insn: EPSW: both halves, with the condition code; the upper halves of the registers stay", () => {
    const state = runProgram("cr %r3,%r4\n epsw %r1,%r2", { general: { 1: -1n, 2: -1n, 4: 1n } });
    expect([state.general[1], state.general[2]]).toEqual([0xffff_ffff_0000_1001n, 0xffff_ffff_8000_0000n]);
    expect(runProgram("epsw %r1,%r0", { general: { 0: 5n } }).general[0]).toBe(5n);
  });
});

describe("PoP chapter 4, program interruptions without end", () => {
  const start = (source: number[], programNewPsw: readonly [bigint, bigint]): ReturnType<typeof resetSharedCpu> => {
    const cpu = resetSharedCpu();
    cpu.memory.write(0x1_0000, Uint8Array.from(source));
    const [mask, address] = programNewPsw;
    const digits = doubleword(mask) + doubleword(address);
    cpu.memory.write(
      0x1d0,
      Uint8Array.from(digits.match(/../g)!, (each) => Number.parseInt(each, 16)),
    );
    cpu.setPsw(MODE_64, 0x1_0000n);
    return cpu;
  };
  const OPERATION = [0, 0];
  const loops = [
    ["an invalid program new PSW", MODE_64 | 1n, 0x2_0000n],
    ["a program new PSW at an unassigned operation code", MODE_64, 0x2_0000n],
    ["a program new PSW outside storage", MODE_64, 0x20_0000n],
    ["a program new PSW of zeros", 0n, 0n],
    ["an odd program new PSW", MODE_64, 0x2_0001n],
  ] as const;

  test.each(loops)("%s is detected, by both engines", (_name, mask, address) => {
    expect(start(OPERATION, [mask, address]).run({ budget: 1_000_000 }).reason).toBe("program-loop");
    expect(start(OPERATION, [mask, address]).runExactly(1_000_000).reason).toBe("program-loop");
    const stepped = start(OPERATION, [mask, address]);
    let reason = stepped.step().reason;
    for (let i = 0; i < 5 && reason === "budget"; i++) reason = stepped.step().reason;
    expect(reason).toBe("program-loop");
  });

  test("while interruptions are enabled something may still end it: the budget does, in both engines", () => {
    for (const address of [0x2_0000n, 0x20_0000n]) {
      expect(start(OPERATION, [MODE_64 | (3n << 56n), address]).run({ budget: 1000 }).reason).toBe("budget");
      expect(start(OPERATION, [MODE_64 | (3n << 56n), address]).runExactly(1000).reason).toBe("budget");
    }
  });

  test("a handler that is refused once and goes on is none", () => {
    // At 0x2_0000: DIAG 0, refused in the problem state alone; the second interruption leaves it.
    const cpu = start(OPERATION, [0x0002_0000_0000_0000n | MODE_64, 0xdeadn]);
    expect(cpu.run({ budget: 1000 })).toEqual({ reason: "disabled-wait", address: 0xdeadn });
  });

  test("an invalid new PSW of another class is answered by a program interruption", () => {
    const cpu = resetSharedCpu();
    cpu.memory.write(0x1c0, new Uint8Array(16).fill(0xff));
    cpu.memory.write(0x1_0000, Uint8Array.from([0x0a, 7]));
    cpu.setPsw(MODE_64, 0x1_0000n);
    expect(cpu.run({ budget: 1000 })).toEqual({ reason: "disabled-wait", address: 0x1d0n });
    expect(cpu.memory.loadUint16(0x8e, "big")).toBe(SPECIFICATION);
    expect(cpu.memory.loadUint16(0x8c, "big")).toBe(0);
    // Old PSWs: that of the SVC, and the invalid one as it was loaded.
    expect(cpu.memory.loadUint32(0x14c, "big")).toBe(0x1_0002);
    expect(cpu.memory.loadUint32(0x150, "big")).toBe(0xffff_ffff);
    expect(cpu.memory.loadUint32(0x15c, "big")).toBe(0xffff_ffff);
  });

  test("disabled wait: the address is told", () => {
    const cpu = resetSharedCpu();
    cpu.setPsw(0x0002_0001_8000_0000n, 0x1234n);
    expect(cpu.run({ budget: 1000 })).toEqual({ reason: "disabled-wait", address: 0x1234n });
    cpu.setPsw(0x0302_0001_8000_0000n, 0x1234n);
    expect(cpu.run({ budget: 1000 })).toEqual({ reason: "wait" });
  });

  test("a prefix area outside storage: the first interruption is a check stop, until a reset", () => {
    for (const source of [OPERATION, [0x0a, 1]]) {
      const cpu = start(source, [MODE_64, 0n]);
      cpu.setPrefix(0x20_0000);
      expect(cpu.run({ budget: 1000 })).toEqual({ reason: "check-stop" });
      expect(cpu.run({ budget: 1000 })).toEqual({ reason: "check-stop" });
      cpu.reset("initial-cpu");
      cpu.setPsw(0x0002_0001_8000_0000n, 0n);
      expect(cpu.run({ budget: 1000 }).reason).toBe("disabled-wait");
    }
    // Every instruction that means the prefix area, or real 0 to 8191, by itself: STFL, TPI, SIGP, TB, SSKE, ISKE, RRBE, PFMF, LURA, STURG.
    const instructions = [
      "b2b10000",
      "b2360000",
      "ae120009",
      "b22c0002",
      "b22b0042",
      "b2290042",
      "b22a0042",
      "b9af0052",
      "b24b0042",
      "b9250042",
    ];
    for (const instruction of instructions) {
      const cpu = start(
        instruction.match(/../g)!.map((each) => Number.parseInt(each, 16)),
        [MODE_64, 0n],
      );
      cpu.setGeneral(5, 0x3_0000n);
      cpu.setPrefix(0x7fff_e000);
      cpu.core.registers.setControl(6, 0, 0xff00_0000);
      expect([instruction, cpu.run({ budget: 1000 })]).toEqual([instruction, { reason: "check-stop" }]);
    }
    const restarted = start(OPERATION, [MODE_64, 0n]);
    restarted.setPrefix(0x1f_f000);
    restarted.restart();
    expect(restarted.run({ budget: 1000 })).toEqual({ reason: "check-stop" });
  });
});
