import { describe, expect, test } from "vitest";
import { HOME_ASCE, PRIMARY_ASCE, realOf, runWithStack } from "../../testing/linkage-stack.ts";
import type { ProgramSetup, ProgramState } from "../../testing/program.ts";
import { doubleword, PSW_TRANSLATION } from "../../testing/tables.ts";

const PROBLEM = 1n << 48n;
const ACCESS_REGISTER = 1n << 46n;
const SECONDARY = 2n << 46n;
const HOME = 3n << 46n;
const MODE_31 = 0x0400_0000_8000_0000n;
const DUCT = 0x3_0000;
// In the home space alone; the save area crosses its two pages.
const BLOCK = 0x10_0100;
const SAVE_AREA = 0x10_0fd0;
const PROGRAM = 0x1_0100;
const word = (value: number): string => value.toString(16).padStart(8, "0");
const block = (flags: number): string => `${word(flags)} 00000000 00000000 ${word(SAVE_AREA)} 00000000 ${word(PROGRAM)}`;
const general = Object.fromEntries(Array.from({ length: 16 }, (_, n) => [n, BigInt(n) * 0x0101_0101_0000_0001n + 0xa000_0000n]));
const BOTH = 0x6_0000;

function run(source: string, flags: number, setup: ProgramSetup = {}): ProgramState {
  return runWithStack(`${source}\n svc 255\n .org 0x10100\n svc 255`, {
    ...setup,
    general: { ...general, ...setup.general },
    access: { 15: 0x1234_5678 },
    control: { 2: BigInt(DUCT), ...setup.control },
    memory: { [DUCT + 44]: word(BLOCK + 1), [realOf(BLOCK)]: block(flags), ...setup.memory },
  });
}
function saved(state: ProgramState, offset: number, length: number): string {
  const digits = state.memory(realOf(SAVE_AREA), 0x30) + state.memory(realOf(0x10_1000), 0x80);
  return digits.slice(offset * 2, (offset + length) * 2);
}

describe("PoP chapter 10, TRAP", () => {
  test("insn: TRAP2: whole PSW and registers into the save area, then the trap program in 31-bit primary-space mode", () => {
    const psw = PSW_TRANSLATION | ACCESS_REGISTER | (2n << 44n) | (9n << 40n);
    const state = run("trap2", BOTH, { psw });
    expect(state.interruption).toBeUndefined();
    expect([state.psw.mask, state.psw.address]).toEqual([MODE_31 | (2n << 44n) | (9n << 40n), BigInt(PROGRAM)]);
    expect(saved(state, 0, 16)).toBe("00020000000000000000000012345678");
    expect(saved(state, 16, 16)).toBe(doubleword(psw) + doubleword(0x1_0002n));
    for (let n = 0; n < 16; n++) expect(saved(state, 32 + n * 8, 8)).toBe(doubleword(general[n]!));
    expect([state.general[14], state.general[15]]).toEqual([general[14], BigInt(BLOCK)]);
  });

  test("insn: TRAP4: its operand address, with short PSW and registers", () => {
    const state = run("trap4 0x123(%r5)", 0, { psw: MODE_31 });
    expect(saved(state, 0, 16)).toBe(`40040000 00000000 ${word(0x2000_0000 + 5 + 0x123)} 12345678`.replaceAll(" ", ""));
    expect(saved(state, 16, 16)).toBe("04080000800100040000000000000000");
    for (let n = 0; n < 16; n++) expect(saved(state, 32 + n * 4, 4)).toBe(doubleword(general[n]!).slice(8));
    // The left half stays outside 64-bit mode.
    expect(state.general[15]).toBe((general[15]! & ~0xffff_ffffn) | BigInt(BLOCK));
  });

  test("insn: TRAP2; insn: TRAP4: under EXECUTE", () => {
    const state = run("exrl %r0,target\n svc 255\ntarget: trap4 0(%r5)", BOTH);
    expect([saved(state, 0, 4), saved(state, 24, 8)]).toEqual(["c0060000", doubleword(0x1_0006n)]);
  });

  test("insn: TRAP2; insn: TRAP4: exceptions", () => {
    for (const source of ["trap2", "trap4 0(%r5)"]) {
      const code = (flags: number, setup: ProgramSetup): number | undefined => run(source, flags, setup).interruption?.code;
      expect(code(BOTH, { psw: 0x1_8000_0000n })).toBe(0x13);
      expect([code(BOTH, { psw: PSW_TRANSLATION | SECONDARY }), code(BOTH, { psw: PSW_TRANSLATION | HOME })]).toEqual([0x13, 0x13]);
      expect(code(BOTH, { memory: { [DUCT + 44]: word(BLOCK) } })).toBe(0x13);
      // A short PSW has no room for 64-bit mode.
      expect(code(0x2_0000, {})).toBe(0x13);
      expect(code(BOTH, { control: { 2: 0x20_0000n } })).toBe(5);
      expect(code(BOTH, { memory: { [DUCT + 44]: word(0x10_2001) } })).toBe(0x11);
      expect(code(BOTH, { psw: PSW_TRANSLATION | (3n << 52n) })).toBe(4);
    }
  });
});

describe("PoP chapter 10, RESUME PROGRAM", () => {
  const AREA = 0x5_0000;
  const PSW_AT = 0x10;
  const ACCESS_AT = 0x30;
  const GENERAL_AT = 0x40;
  const half = (value: number): string => value.toString(16).padStart(4, "0");
  const list = (flags: number): string => ` .short 0x${half(flags)},${PSW_AT},${ACCESS_AT},${GENERAL_AT},${GENERAL_AT + 0x10}`;
  const resume = (flags: number, psw: string, setup: ProgramSetup = {}, source = "rp 0(%r6)\n"): ProgramState =>
    runWithStack(`${source}${list(flags)}\n .org 0x10100\n svc 255`, {
      ...setup,
      general: { 6: BigInt(AREA) },
      memory: {
        [AREA + PSW_AT]: psw,
        [AREA + ACCESS_AT]: "89abcdef",
        [AREA + GENERAL_AT]: "1111111122222222",
        [AREA + GENERAL_AT + 16]: "33333333",
        ...setup.memory,
      },
    });
  // Everything that is not restored is one.
  const whole = "7bff65ff80000000 0000000000010100";

  test("insn: RP: access-space control, condition code, program mask, mode and address; the other PSW bits stay", () => {
    const state = resume(6, whole, { psw: PSW_TRANSLATION | PROBLEM });
    expect(state.interruption).toBeUndefined();
    expect(state.psw).toEqual({ mask: PSW_TRANSLATION | PROBLEM | (0x65n << 40n), address: 0x1_0100n });
    expect([state.access[6], state.general[6]]).toEqual([0x89ab_cdef, 0x1111_1111_2222_2222n]);
  });

  test("insn: RP: short PSW; right half of the register, or halves that are apart", () => {
    const short = resume(0, "0000000080010100");
    expect(short.psw).toEqual({ mask: MODE_31, address: 0x1_0100n });
    expect(short.general[6]).toBe(0x1111_1111n);
    expect(resume(3, "0000000080010100").general[6]).toBe(0x3333_3333_1111_1111n);
    expect(resume(2, "0000000180010100").psw.mask).toBe(PSW_TRANSLATION);
  });

  test("insn: RP: under EXECUTE the list is behind the target", () => {
    expect(resume(6, whole, {}, "exrl %r0,target\n svc 255\ntarget: rp 0(%r6)\n").psw.address).toBe(0x1_0100n);
    expect(resume(6, whole, {}, "larl %r2,target\n ex %r0,0(%r2)\n svc 255\ntarget: rp 0(%r6)\n").psw.address).toBe(0x1_0100n);
  });

  test("insn: RP: to home-space mode: the supervisor only, with a space-switch event", () => {
    const home = "0000c00180000000 0000000000010100";
    expect(resume(6, home, { psw: PSW_TRANSLATION | PROBLEM }).interruption?.code).toBe(2);
    const state = resume(6, home, { control: { 13: HOME_ASCE | 0x40n, 4: 7n } });
    expect(state.interruption).toMatchObject({ code: 0x1c, length: 4, translationException: 7n });
    expect(state.psw).toEqual({ mask: PSW_TRANSLATION | HOME, address: 0x1_0100n });
    const back = resume(6, whole, { psw: PSW_TRANSLATION | HOME, control: { 1: PRIMARY_ASCE | 0x40n } });
    expect(back.interruption).toMatchObject({ code: 0x1c, translationException: 0n });
  });

  test.each([
    ["reserved flags", 8, whole],
    ["an odd address", 6, "0000000180000000 0000000000010101"],
    ["extended without basic addressing", 6, "0000000100000000 0000000000010100"],
    ["an address beyond 31 bits", 6, "0000000080000000 0000000080010100"],
    ["an address beyond 24 bits", 0, "0000000001010100"],
  ])("insn: RP: specification exception: %s", (_name, flags, psw) => {
    const state = resume(flags, psw);
    expect(state.interruption).toMatchObject({ code: 6, length: 4 });
    expect([state.general[6], state.access[6], state.psw.mask]).toEqual([BigInt(AREA), 0, PSW_TRANSLATION]);
  });
});
