import { describe, expect, test } from "vitest";
import { type ProgramSetup, type ProgramState, runProgram } from "../../testing/program.ts";

const DATA = 0x2_0000;
const run = (source: string, setup: ProgramSetup = {}): ProgramState =>
  runProgram(source, { ...setup, general: { 2: BigInt(DATA), ...setup.general } });
const hex = (value: number | bigint, digits: number): string => value.toString(16).padStart(digits, "0");
const words = (count: number): string => Array.from({ length: count }, (_, i) => hex(0x0101_0000 + i, 8)).join("");

describe("PoP chapter 10, LOAD CONTROL and STORE CONTROL", () => {
  // CR2 to CR6: nothing in this program depends on them. CR14 to CR1 wrap.
  test("insn: LCTLG: whole registers; insn: STCTG: stores them", () => {
    const state = run("lctlg %c2,%c6,0(%r2)\n stctg %c2,%c6,64(%r2)", { memory: { [DATA]: words(10) } });
    expect(state.control.slice(2, 7)).toEqual([0, 2, 4, 6, 8].map((i) => (BigInt(0x0101_0000 + i) << 32n) | BigInt(0x0101_0001 + i)));
    expect(state.memory(DATA + 64, 40)).toBe(words(10));
  });

  test("insn: LCTL: the right halves alone; insn: STCTL", () => {
    const state = run("lctl %c2,%c3,0(%r2)\n stctl %c2,%c3,64(%r2)", { memory: { [DATA]: words(2) }, control: { 2: -1n, 3: 5n } });
    expect(state.control.slice(2, 4)).toEqual([0xffff_ffff_0101_0000n, 0x0101_0001n]);
    expect(state.memory(DATA + 64, 8)).toBe(words(2));
  });

  test("insn: STCTG; insn: STCTL: registers wrap from 15 to 0", () => {
    const control = { 15: 0xf0f0n, 0: 0x4_00e0n };
    expect(run("stctg %c15,%c0,0(%r2)", { control }).memory(DATA, 16)).toBe(hex(0xf0f0, 16) + hex(0x4_00e0, 16));
    expect(run("stctl %c15,%c0,0(%r2)", { control }).memory(DATA, 8)).toBe(hex(0xf0f0, 8) + hex(0x4_00e0, 8));
    expect(run("lctlg %c15,%c0,0(%r2)", { memory: { [DATA]: hex(1, 16) + hex(0xe0, 16) } }).control[15]).toBe(1n);
  });

  test.each([
    ["lctlg", 8],
    ["stctg", 8],
    ["lctl", 4],
    ["stctl", 4],
  ])("insn: %s: alignment of %i", (mnemonic, alignment) => {
    expect(run(`${mnemonic} %c2,%c2,${alignment / 2}(%r2)`).interruption?.code).toBe(6);
    expect(run(`${mnemonic} %c2,%c2,${alignment}(%r2)`).interruption).toBeUndefined();
  });

  test("insn: LCTLG; insn: STCTG: all sixteen across a page; a refused access changes nothing", () => {
    const at = 0x2_0ff8;
    const stored = run("stctg %c0,%c15,0(%r2)", { general: { 2: BigInt(at) }, control: { 0: 0xe0n, 15: 0x77n } });
    expect([stored.memory(at, 8), stored.memory(at + 120, 8)]).toEqual([hex(0xe0, 16), hex(0x77, 16)]);
    const end = BigInt(0x1f_fff8);
    const refused = run("lctlg %c2,%c3,0(%r2)", { general: { 2: end }, control: { 2: 9n }, memory: { 2097144: words(2) } });
    expect([refused.interruption?.code, refused.control[2]]).toEqual([5, 9n]);
    const kept = run("stctg %c2,%c3,0(%r2)", { general: { 2: end }, control: { 2: -1n } });
    expect([kept.interruption?.code, kept.memory(0x1f_fff8, 8)]).toEqual([5, hex(0, 16)]);
  });
});

describe("PoP chapter 7, LOAD and STORE ACCESS MULTIPLE", () => {
  test.each(["lam", "lamy"])("insn: %s: from the first register to the second, wrapping", (mnemonic) => {
    const state = run(`${mnemonic} %a14,%a1,4(%r2)`, { memory: { [DATA + 4]: words(4) } });
    expect([14, 15, 0, 1, 2].map((n) => state.access[n])).toEqual([0x0101_0000, 0x0101_0001, 0x0101_0002, 0x0101_0003, 0]);
  });

  test.each(["stam", "stamy"])("insn: %s: from the first register to the second, wrapping", (mnemonic) => {
    const state = run(`${mnemonic} %a14,%a1,4(%r2)`, { access: { 14: 0x11, 15: 0x22, 0: 0x33, 1: 0x44, 2: 0x55 } });
    expect(state.memory(DATA + 4, 20)).toBe(["11", "22", "33", "44", "00"].map((digits) => digits.padStart(8, "0")).join(""));
  });

  test.each(["lam", "lamy", "stam", "stamy"])("insn: %s: word alignment", (mnemonic) => {
    expect(run(`${mnemonic} %a1,%a1,2(%r2)`).interruption?.code).toBe(6);
  });

  test("insn: LAMY; insn: STAMY: displacements below zero", () => {
    expect(run("lamy %a3,%a3,-4(%r2)", { memory: { [DATA - 4]: words(1) } }).access[3]).toBe(0x0101_0000);
    expect(run("stamy %a3,%a3,-4(%r2)", { access: { 3: 7 } }).memory(DATA - 4, 4)).toBe("00000007");
  });
});
