import { describe, expect, test } from "vitest";
import { runProgram } from "../../testing/program.ts";

const A = 0x2_0ff0;
const B = 0x3_0ff8;
const top = 0xdead_beef_0000_0000n;
const MODE_31 = 0x0000_0000_8000_0000n;
const text = (value: string): string => Array.from(value, (c) => c.charCodeAt(0).toString(16).padStart(2, "0")).join("");

describe("PoP chapter 7, string instructions", () => {
  test("insn: SRST: finds a character, and changes register 1 only", () => {
    const state = runProgram("srst %r2,%r4", {
      general: { 0: 0x6cn, 2: BigInt(B + 16), 4: BigInt(B) },
      memory: { [B]: text("a string: lost") },
    });
    expect(state.cc).toBe(1);
    expect(state.general[2]).toBe(BigInt(B + 10));
    expect(state.general[4]).toBe(BigInt(B));
  });

  test("insn: SRST: the character at the end address is not looked at", () => {
    const state = runProgram("srst %r2,%r4", {
      general: { 0: 0x6cn, 2: BigInt(B + 10), 4: BigInt(B) },
      memory: { [B]: text("a string: lost") },
    });
    expect(state.cc).toBe(2);
    expect(state.general[2]).toBe(BigInt(B + 10));
    expect(runProgram("srst %r2,%r4", { general: { 0: 0n, 2: BigInt(B), 4: BigInt(B) } }).cc).toBe(2);
  });

  test("insn: SRST: goes on after condition code 3, and may end at address 0 behind the highest one", () => {
    const loop = runProgram("0: srst %r2,%r4\n jo 0b", { general: { 0: 1n, 2: 0n, 4: 0x4_0000n }, memory: { 2097150: "01" } });
    expect(loop.cc).toBe(1);
    expect(loop.general[2]).toBe(0x1f_fffen);
    const wrapped = runProgram("srst %r2,%r4", { general: { 0: 1n, 2: top | 4n, 4: top | 0x7fff_ffffn }, psw: MODE_31 });
    expect(wrapped.interruption?.code).toBe(5);
  });

  test("insn: SRST: in 31-bit mode bits 0-31 stay", () => {
    const state = runProgram("srst %r2,%r4", {
      general: { 0: 0x6cn, 2: top | 0x8000_0000n | BigInt(B + 16), 4: top | BigInt(B) },
      memory: { [B]: text("xxl") },
      psw: MODE_31,
    });
    expect(state.general[2]).toBe(top | BigInt(B + 2));
  });

  test("insn: SRST, SRSTU, MVST, CLST: other bits of register 0 must be zero", () => {
    for (const line of ["srst %r2,%r4", "mvst %r2,%r4", "clst %r2,%r4"])
      expect(runProgram(line, { general: { 0: 0x100n } }).interruption?.code).toBe(6);
    expect(runProgram("srstu %r2,%r4", { general: { 0: 0x1_0000n } }).interruption?.code).toBe(6);
  });

  test("insn: SRSTU: finds a two-byte character, also one in two pages", () => {
    const general = { 0: 0x1234n, 2: 0x2_1005n, 4: 0x2_0ff9n };
    const state = runProgram("srstu %r2,%r4", { general, memory: { 135160: "121200341200341234" } });
    expect(state.cc).toBe(1);
    expect(state.general[2]).toBe(0x2_0fffn);
    const none = runProgram("srstu %r2,%r4", { general, memory: { 135173: "1234" } });
    expect(none.cc).toBe(2);
  });

  test("insn: SRSTU: with addresses of different parity the last character reaches over the end address", () => {
    const general = { 0: 0x1234n, 2: BigInt(A + 5), 4: BigInt(A) };
    const state = runProgram("srstu %r2,%r4", { general, memory: { [A + 4]: "1234" } });
    expect(state.cc).toBe(1);
    expect(state.general[2]).toBe(BigInt(A + 4));
    expect(runProgram("srstu %r2,%r4", { general, memory: { [A + 6]: "1234" } }).cc).toBe(2);
  });

  test("insn: MVST: moves a string with its ending character, whose address register 1 gets", () => {
    const state = runProgram("0: mvst %r2,%r4\n jo 0b", {
      general: { 2: BigInt(A), 4: BigInt(B) },
      memory: { [B]: `${text("twenty-one characters")}0077` },
    });
    expect(state.cc).toBe(1);
    expect(state.memory(A, 23)).toBe(`${text("twenty-one characters")}0000`);
    expect(state.general[2]).toBe(BigInt(A + 21));
  });

  test("insn: MVST: registers say how far the moving came when it ends with condition code 3", () => {
    const state = runProgram("mvst %r2,%r4", { general: { 2: BigInt(A), 4: BigInt(B) }, memory: { [B]: text("twenty-one characters") } });
    expect(state.cc).toBe(3);
    const moved = Number(state.general[2]! - BigInt(A));
    expect(moved).toBeGreaterThan(0);
    expect(state.general[4]).toBe(BigInt(B + moved));
    expect(state.memory(A, moved)).toBe(text("twenty-one characters".slice(0, moved)));
  });

  test("insn: CLST: equal strings leave the registers", () => {
    const memory = { [A]: `${text("the same")}0011`, [B]: `${text("the same")}0022` };
    const state = runProgram("clst %r2,%r4", { general: { 2: BigInt(A), 4: BigInt(B) }, memory });
    expect([state.cc, state.general[2], state.general[4]]).toEqual([0, BigInt(A), BigInt(B)]);
  });

  test("insn: CLST: the shorter string is the lower one, whatever the ending character", () => {
    const run = (a: string, b: string) =>
      runProgram("clst %r2,%r4", { general: { 0: 0x7en, 2: BigInt(A), 4: BigInt(B) }, memory: { [A]: text(`${a}~`), [B]: text(`${b}~`) } });
    expect(run("abc", "abd").cc).toBe(1);
    expect(run("abd", "abc").cc).toBe(2);
    const shorter = run("the first 16 bytes", "the first 16 bytes of");
    expect([shorter.cc, shorter.general[2], shorter.general[4]]).toEqual([1, BigInt(A + 18), BigInt(B + 18)]);
    expect(run("abcd", "abc").cc).toBe(2);
  });
});
