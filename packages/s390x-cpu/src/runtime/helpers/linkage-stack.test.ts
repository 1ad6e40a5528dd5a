import { describe, expect, test } from "vitest";
import {
  FIRST_DESCRIPTOR,
  NEXT_HEADER,
  realOf,
  runWithStack,
  STATE_ENTRY_SIZE,
  type StackSetup,
  stateEntry,
} from "../../testing/linkage-stack.ts";
import type { ProgramSetup, ProgramState } from "../../testing/program.ts";
import { doubleword, PSW_TRANSLATION } from "../../testing/tables.ts";

const PROBLEM = 1n << 48n;
const SECONDARY = 2n << 46n;
const ACCESS_REGISTER = 1n << 46n;
const HOME = 3n << 46n;
const MODE_31 = 0x0400_0000_8000_0000n;

const general = Object.fromEntries(Array.from({ length: 16 }, (_, n) => [n, BigInt(n) * 0x0101_0101_0000_0001n + 0xa000_0000n]));
const access = Object.fromEntries(Array.from({ length: 16 }, (_, n) => [n, 0x7000_0000 + n]));
const field = (entry: string, offset: number, length: number): string => entry.slice(offset * 2, (offset + length) * 2);
const controls = { 3: 0x8421_1111n, 4: 0x5555_2222n, 8: 0x3333_0000n };
/** Calls a routine that changes everything and returns. */
const CALL = " larl %r1,back\n la %r1,1(%r1)\n larl %r2,routine\n bakr %r1,%r2\nback: svc 255\nroutine: ";

describe("PoP chapter 5, Stacking Process", () => {
  const state = runWithStack(" bakr %r0,%r0", { general, access, control: controls, psw: PSW_TRANSLATION | (2n << 44n) | (5n << 40n) });
  const entry = stateEntry(state);

  test("insn: BAKR: a state entry with registers, PSW and branch address, over a page boundary", () => {
    expect(state.interruption).toBeUndefined();
    for (let n = 0; n < 16; n++) {
      expect(field(entry, n * 8, 8)).toBe(doubleword(general[n]!));
      expect(field(entry, 224 + n * 4, 4)).toBe((0x7000_0000 + n).toString(16));
    }
    expect(field(entry, 128, 8)).toBe("8421111133332222");
    expect(field(entry, 136, 8)).toBe("0400250180000000");
    expect(field(entry, 144, 8)).toBe("0000000000010005");
    expect(field(entry, 152, 16)).toBe("0".repeat(32));
    expect(field(entry, 168, 8)).toBe("0000000000010004");
  });

  test("insn: BAKR: descriptors and control register 15", () => {
    expect(field(entry, 288, 8)).toBe("0c0101d800000000");
    expect(state.memory(realOf(FIRST_DESCRIPTOR), 8)).toBe("0901030001280000");
    expect(state.control[15]).toBe(BigInt(FIRST_DESCRIPTOR + STATE_ENTRY_SIZE));
    // Without a branch address the next instruction follows.
    expect(state.psw.address).toBe(0x1_0004n);
  });

  test("insn: BAKR: return address and mode of a register, branch in the current mode", () => {
    const returning = (returnTo: bigint): string[] => {
      const given = runWithStack(" larl %r2,there\n bakr %r1,%r2\n lghi %r8,1\nthere: lghi %r9,1", { general: { 1: returnTo } });
      expect([given.general[8], given.general[9]]).toEqual([0n, 1n]);
      const own = stateEntry(given);
      return [field(own, 136, 8), field(own, 168, 8)];
    };
    expect(returning(0x1234_5678_9abc_def1n)).toEqual(["0400000180000000", "123456789abcdef0"]);
    expect(returning(0x1234_5678_9abc_def0n)).toEqual(["0400000080000000", "000000001abcdef0"]);
    expect(returning(0x1234_5678_1abc_def0n)).toEqual(["0400000000000000", "0000000000bcdef0"]);
    const basic = runWithStack(" larl %r2,there\n bakr %r0,%r2\nthere: nopr", { psw: MODE_31, general: { 2: 0xff_0000_0000n } });
    expect([field(stateEntry(basic), 136, 8), field(stateEntry(basic), 144, 8)]).toEqual(["0400000080000000", "000000008001000a"]);
  });

  test("insn: BAKR: goes on in the next section, whose header leads back", () => {
    const next: StackSetup = { freeSpace: 0x120, forward: (NEXT_HEADER + 8 + 1).toString(16) };
    const given = runWithStack(" bakr %r0,%r0\n bakr %r0,%r0", {}, next);
    expect(given.memory(realOf(NEXT_HEADER), 16)).toBe(`${doubleword(BigInt(FIRST_DESCRIPTOR + 1))}0902040001280000`);
    expect(given.control[15]).toBe(BigInt(NEXT_HEADER + 8 + 2 * STATE_ENTRY_SIZE));
    // The entry before it keeps its next-entry size.
    expect(given.memory(realOf(FIRST_DESCRIPTOR), 8)).toBe("0901012000000000");
    // And back again, over the header.
    const back = runWithStack(`${CALL} pr`, {}, next);
    expect(back.interruption).toBeUndefined();
    expect(back.control[15]).toBe(BigInt(NEXT_HEADER + 8));
    expect(back.memory(realOf(NEXT_HEADER + 8), 8)).toBe("0902040000000000");
  });

  test.each<[string, StackSetup, ProgramSetup, number]>([
    ["stack full: no next section", { freeSpace: 0x120 }, {}, 0x30],
    ["stack specification: free space not a multiple of 8", { freeSpace: 0x121 }, {}, 0x32],
    [
      "stack specification: a next section that is too small",
      { freeSpace: 0, forward: "100409", nextDescriptor: "0902012000000000" },
      {},
      0x32,
    ],
    ["page translation of the current entry", {}, { control: { 15: 0x10_2008n } }, 0x11],
    ["page translation of the new entry", {}, { control: { 15: 0x10_1f08n }, memory: { [realOf(0x10_1f08)]: "0901080000000000" } }, 0x11],
    ["special operation: no translation", {}, { psw: 0x1_8000_0000n }, 0x13],
    ["special operation: secondary-space mode", {}, { psw: PSW_TRANSLATION | SECONDARY }, 0x13],
    ["special operation: home-space mode", {}, { psw: PSW_TRANSLATION | HOME }, 0x13],
  ])("insn: BAKR: %s", (_name, stack, setup, code) => {
    const given = runWithStack(" bakr %r0,%r0", setup, stack);
    expect(given.interruption).toMatchObject({ code, length: 4 });
    expect(given.control[15]).toBe(setup.control?.[15] ?? BigInt(FIRST_DESCRIPTOR));
    if (code !== 0x13) expect(given.psw.address).toBe(0x1_0000n);
    // Addresses of the home space, whatever the mode.
    if (code === 0x11) expect(given.interruption!.translationException & 0xffff_f003n).toBe(0x10_2003n);
  });

  test("insn: BAKR: storage keys do not matter, low-address protection does", () => {
    expect(runWithStack(" bakr %r0,%r0", { psw: PSW_TRANSLATION | (3n << 52n) }).interruption).toBeUndefined();
    const low = runWithStack(" bakr %r0,%r0", {
      control: { 0: 0x1484_0000n, 15: 0x1000n },
      memory: { 4096: "0901080000000000" },
    });
    expect([low.interruption?.code, low.memory(4096, 16)]).toEqual([4, "09010800000000000000000000000000"]);
  });
});

describe("PoP chapter 5, Unstacking Process", () => {
  test("insn: PR: registers 2 to 14 and the PSW are those of BAKR", () => {
    const changes = Array.from({ length: 16 }, (_, n) => ` lghi %r${n},-1\n sar %a${n},%r${n}`).join("\n");
    const state = runWithStack(`${CALL} spm %r0\n${changes}\n cr %r0,%r0\n pr`, { general, access, psw: PSW_TRANSLATION | (1n << 44n) });
    expect(state.interruption).toBeUndefined();
    expect(state.psw.address).toBe(BigInt(state.address("back")));
    expect([state.psw.mask, state.cc]).toEqual([PSW_TRANSLATION | (1n << 44n), 1]);
    for (let n = 0; n < 16; n++) {
      const isRestored = n >= 2 && n <= 14;
      const expected = n === 2 ? BigInt(state.address("routine")) : general[n];
      expect([n, state.general[n], state.access[n]]).toEqual([
        n,
        isRestored ? expected : BigInt.asUintN(64, -1n),
        isRestored ? 0x7000_0000 + n : 0xffff_ffff,
      ]);
    }
    expect(state.control[15]).toBe(BigInt(FIRST_DESCRIPTOR));
    expect(state.memory(realOf(FIRST_DESCRIPTOR), 8)).toBe("0901030000000000");
  });

  test("insn: PR: to another addressing mode, and from the problem state to that of the entry", () => {
    const state = runWithStack(" larl %r1,back\n larl %r2,routine\n bakr %r1,%r2\nback: tam\n svc 255\nroutine: pr", {
      psw: PSW_TRANSLATION | PROBLEM,
    });
    // Bit 32 of the register was zero: 24-bit mode.
    expect([state.interruption, state.cc, state.psw.mask]).toEqual([undefined, 0, 0x0401_0000_0000_0000n]);
  });

  test("insn: PR: a stacked PSW that is not valid is an early specification exception", () => {
    const state = runWithStack(" bakr %r0,%r0\n sacf 0x300\n mvi 0(%r4),0x80\n sacf 0\n pr", {
      general: { 4: BigInt(FIRST_DESCRIPTOR + 8 + 136) },
    });
    expect(state.interruption).toMatchObject({ code: 6, length: 0 });
    expect([state.psw.mask >> 56n, state.psw.address]).toEqual([0x80n, 0x1_0004n]);
    expect(state.control[15]).toBe(BigInt(FIRST_DESCRIPTOR));
  });

  test.each<[string, StackSetup, number]>([
    ["stack empty", {}, 0x31],
    ["stack operation: suppressed at the header", { descriptor: "8901030000000000", backward: "100409" }, 0x34],
    ["stack operation: suppressed at the state entry", { backward: "100409", nextDescriptor: "8c02040000000000" }, 0x34],
    ["stack specification: a header behind a header", { backward: "100409" }, 0x32],
    ["stack type: a trailer", { descriptor: "0a01030000000000" }, 0x33],
    ["stack type: no state entry behind the header", { backward: "100409", nextDescriptor: "0402040000000000" }, 0x33],
    ["page translation", { backward: "102009" }, 0x11],
  ])("insn: PR; insn: EREG; insn: EREGG; insn: ESTA; insn: MSTA: %s", (_name, stack, code) => {
    const pr = runWithStack(" pr", { general }, stack);
    expect(pr.interruption).toMatchObject({ code, length: 2 });
    expect([pr.psw.address, pr.control[15], pr.general]).toEqual([0x1_0000n, BigInt(FIRST_DESCRIPTOR), Object.values(general)]);
    for (const source of ["ereg %r1,%r1", "eregg %r1,%r1", "esta %r2,%r0", "msta %r2"]) {
      const state = runWithStack(source, { general: { 0: 0n } }, stack);
      // The suppression is for PROGRAM RETURN alone.
      if (code !== 0x34) expect(state.interruption).toMatchObject({ code, length: 4 });
      else expect(state.interruption?.code).toBe(stack.descriptor ? 0x32 : undefined);
    }
  });

  test("special operation in the modes that are not for them", () => {
    for (const [source, inHome] of [
      ["pr", 0x13],
      ["ereg %r1,%r1", 0x31],
      ["eregg %r1,%r1", 0x31],
      ["esta %r2,%r0", 0x31],
      ["msta %r2", 0x31],
    ] as const) {
      const code = (psw: bigint): number | undefined => runWithStack(source, { psw }).interruption?.code;
      expect([code(0x1_8000_0000n), code(PSW_TRANSLATION | SECONDARY), code(PSW_TRANSLATION | HOME)]).toEqual([0x13, 0x13, inHome]);
      expect(code(PSW_TRANSLATION | ACCESS_REGISTER)).toBe(0x31);
    }
  });
});

describe("PoP chapter 10, EXTRACT STACKED REGISTERS, EXTRACT STACKED STATE, MODIFY STACKED STATE", () => {
  const stacked = (source: string, setup: ProgramSetup = {}): ProgramState =>
    runWithStack(` bakr %r0,%r0\n${source}`, { general, access, control: controls, ...setup });
  const clear = (...numbers: number[]): string => numbers.map((n) => ` lghi %r${n},-1\n sar %a${n},%r${n}\n`).join("");
  const ones = BigInt.asUintN(64, -1n);

  test("insn: EREGG: a range that wraps from 15 to 0, and nothing else; insn: EREG: right halves only", () => {
    const wide = stacked(`${clear(14, 15, 0, 1, 2)} eregg %r15,%r1`);
    expect([14, 15, 0, 1, 2].map((n) => wide.general[n])).toEqual([ones, general[15], general[0], general[1], ones]);
    expect([14, 15, 0, 1, 2].map((n) => wide.access[n])).toEqual([0xffff_ffff, 0x7000_000f, 0x7000_0000, 0x7000_0001, 0xffff_ffff]);
    const narrow = stacked(`${clear(5, 6, 7)} ereg %r5,%r6`);
    const half = (n: number): bigint => (0xffff_ffffn << 32n) | BigInt.asUintN(32, general[n]!);
    expect([5, 6, 7].map((n) => narrow.general[n])).toEqual([half(5), half(6), ones]);
    expect([5, 6, 7].map((n) => narrow.access[n])).toEqual([0x7000_0005, 0x7000_0006, 0xffff_ffff]);
  });

  test("insn: ESTA: by code, with the condition code of the entry's type", () => {
    const esta = (code: number, setup: ProgramSetup = {}): [bigint, bigint] => {
      const state = stacked(` lghi %r1,${code}\n lghi %r8,-1\n lghi %r9,-1\n chi %r9,0\n esta %r8,%r1`, setup);
      expect([state.interruption, state.cc]).toEqual([undefined, 0]);
      return [state.general[8]!, state.general[9]!];
    };
    const left = 0xffff_ffff_0000_0000n;
    expect(esta(0)).toEqual([left | 0x8421_1111n, left | 0x3333_2222n]);
    expect(esta(1)).toEqual([left | 0x0408_0001n, left | 0x8001_0004n]);
    expect(esta(2)).toEqual([left, left | 0x1_0005n]);
    expect(esta(3)).toEqual([left, left]);
    expect(esta(4)).toEqual([PSW_TRANSLATION, 0x1_0004n]);
    // Only bits 56-63 are the code.
    expect(esta(0x104)).toEqual([PSW_TRANSLATION, 0x1_0004n]);
  });

  test("insn: ESTA: a short PSW tells that its address is cut", () => {
    const state = runWithStack(" bakr %r1,%r0\n lghi %r1,1\n esta %r8,%r1", { general: { 1: 0x1_2345_6781n } });
    expect([state.general[8], state.general[9]]).toEqual([0x0408_0001n, 0xa345_6781n]);
  });

  test("insn: MSTA: right halves into the modifiable area, which insn: ESTA gives back", () => {
    const state = stacked(" msta %r6\n lghi %r1,3\n esta %r8,%r1");
    const low = (n: number): string => doubleword(general[n]!).slice(8);
    expect(field(stateEntry(state), 152, 8)).toBe(low(6) + low(7));
    expect([doubleword(state.general[8]!).slice(8), doubleword(state.general[9]!).slice(8)]).toEqual([low(6), low(7)]);
  });

  test("insn: ESTA; insn: MSTA: an odd register, insn: ESTA: a code that is not defined", () => {
    for (const source of ["esta %r9,%r1", "msta %r9"])
      expect(stacked(` lghi %r1,0\n ${source}`).interruption).toMatchObject({ code: 6, length: 4 });
    for (const code of [5, 255]) expect(stacked(` lghi %r1,${code}\n esta %r8,%r1`).interruption?.code).toBe(6);
  });

  test("they work in home-space and access-register mode, and do not unstack", () => {
    for (const mode of [HOME, ACCESS_REGISTER]) {
      const state = stacked(` sacf ${mode === HOME ? "0x300" : "0x200"}\n lghi %r5,0\n eregg %r5,%r5\n msta %r6`);
      expect([state.interruption, state.general[5]]).toEqual([undefined, general[5]]);
      expect(state.control[15]).toBe(BigInt(FIRST_DESCRIPTOR + STATE_ENTRY_SIZE));
    }
  });
});
