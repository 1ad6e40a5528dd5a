import { describe, expect, test } from "vitest";
import { runProgram } from "../../testing/program.ts";

const A = 0x2_0ffcn;
const B = 0x3_1002n;

describe("PoP chapter 7, MOVE INVERSE", () => {
  test("insn: MVCIN: from right to left, both operands in two pages", () => {
    const state = runProgram("mvcin 0(8,%r2),0(%r3)", { general: { 2: A, 3: B }, memory: { 200699: "0102030405060708" } });
    expect(state.memory(Number(A) - 1, 10)).toBe("00080706050403020100");
  });

  test("insn: MVCIN: nothing is stored when a byte of either operand is refused", () => {
    expect(
      runProgram("mvcin 0(8,%r2),0(%r3)", { general: { 2: 0x1f_fffcn, 3: B }, memory: { 200699: "0102030405060708" } }).interruption?.code,
    ).toBe(5);
    const state = runProgram("mvcin 0(8,%r2),0(%r3)", { general: { 2: A, 3: 0x20_0003n } });
    expect(state.interruption?.code).toBe(5);
  });
});

describe("PoP chapter 7, LOAD PAIR DISJOINT", () => {
  test("insn: LPD, LPDG: two operands to an even-odd pair", () => {
    const memory = { 131072: "0102030405060708", 196608: "f1f2f3f4f5f6f7f8" };
    const general = { 2: 0x2_0000n, 3: 0x3_0000n, 4: ~0n, 5: ~0n };
    const words = runProgram("lpd %r4,0(%r2),4(%r3)", { general, memory });
    expect([words.cc, words.general[4], words.general[5]]).toEqual([0, 0xffff_ffff_0102_0304n, 0xffff_ffff_f5f6_f7f8n]);
    const doublewords = runProgram("lpdg %r4,0(%r2),0(%r3)", { general, memory });
    expect([doublewords.cc, doublewords.general[4], doublewords.general[5]]).toEqual([0, 0x0102_0304_0506_0708n, 0xf1f2_f3f4_f5f6_f7f8n]);
    expect(runProgram("lpd %r4,2(%r2),4(%r3)", { general, memory }).interruption?.code).toBe(6);
    expect(runProgram("lpdg %r4,0(%r2),4(%r3)", { general, memory }).interruption?.code).toBe(6);
  });
});

describe("PoP chapter 7, EXTRACT CPU TIME", () => {
  test("insn: ECTG: operand 1 less the CPU timer, operand 2, and the doubleword that the third register addresses", () => {
    const memory = { 131072: "0000000000100000", 131080: "1122334455667788", 131088: "99aabbccddeeff00" };
    const state = runProgram("spt 24(%r2)\n ectg 0(%r2),8(%r2),%r4", {
      general: { 2: 0x2_0000n, 4: 0x2_0010n },
      memory: { ...memory, 131096: "0000000000010000" },
    });
    // The clock stands still.
    expect(state.general[0]).toBe(0xf_0000n);
    expect([state.general[1], state.general[4]]).toEqual([0x1122_3344_5566_7788n, 0x99aa_bbcc_ddee_ff00n]);
  });
});

describe("PoP chapter 7, message-security assist", () => {
  test("insn: KM, KMC, KIMD, KLMD, KMAC: the query function, and none besides", () => {
    for (const name of ["km", "kmc", "kimd", "klmd", "kmac"]) {
      const line = `${name} %r2,%r4`;
      const state = runProgram(line, { general: { 0: 0n, 1: A }, memory: { [Number(A)]: "ff".repeat(17) } });
      expect([state.cc, state.memory(Number(A), 17)]).toEqual([0, `80${"00".repeat(15)}ff`]);
      expect(runProgram(line, { general: { 0: 1n, 1: A } }).interruption?.code).toBe(6);
      expect(runProgram(`${name} %r2,%r5`, { general: { 1: A } }).interruption?.code).toBe(6);
      expect(runProgram(`${name} %r2,%r0`, { general: { 1: A } }).interruption?.code).toBe(6);
    }
    for (const name of ["km", "kmc"]) expect(runProgram(`${name} %r3,%r4`, { general: { 1: A } }).interruption?.code).toBe(6);
  });
});
