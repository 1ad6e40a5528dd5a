import { describe, expect, test } from "vitest";
import { runProgram } from "../../testing/program.ts";

const A = 0x2_0ffen;
const B = 0x3_0000n;
const MODE_31 = 0x0000_0000_8000_0000n;

describe("PoP chapter 7, COMPARE AND FORM CODEWORD", () => {
  const general = { 1: A, 2: 0n, 3: B };
  const memory = { [Number(A)]: "000102030405060708090a0b", [Number(B)]: "00010203040506070a090a0b" };

  test("insn: CFC: ascending: the complement of the higher data, behind the index that follows it", () => {
    const state = runProgram("cfc 10", { general, memory });
    expect([state.cc, state.general[1], state.general[3]]).toEqual([1, A, B]);
    expect(state.general[2]).toBe((12n << 48n) | (~0x0607_0a09_0a0bn & 0xffff_ffff_ffffn));
    const swapped = runProgram("cfc 10", { general: { 1: B, 2: 0n, 3: A }, memory });
    expect([swapped.cc, swapped.general[1], swapped.general[3]]).toEqual([2, A, B]);
    expect(swapped.general[2]).toBe(state.general[2]);
  });

  test("insn: CFC: descending: the lower data, and the higher record first", () => {
    const state = runProgram("cfc 11", { general, memory });
    expect([state.cc, state.general[1], state.general[3]]).toEqual([2, B, A]);
    expect(state.general[2]).toBe((12n << 48n) | 0x0607_0809_0a0bn);
  });

  test("insn: CFC: equal up to the limit", () => {
    const state = runProgram("cfc 4", { general, memory });
    expect([state.cc, state.general[2]]).toEqual([0, (1n << 63n) | B]);
    const behind = runProgram("cfc 4", { general: { ...general, 2: 6n }, memory });
    expect(behind.cc).toBe(0);
  });

  test("insn: CFC: units of two bytes in 31-bit mode", () => {
    const top = 0xdead_beef_0000_0000n;
    const state = runProgram("cfc 10", { general: { 1: A | top, 2: top, 3: B | top }, memory, psw: MODE_31 });
    expect(state.cc).toBe(1);
    expect(state.general[2]).toBe(top | (10n << 16n) | (~0x0a09n & 0xffffn));
  });

  test("insn: CFC: odd addresses are a specification exception", () => {
    for (const register of [1, 2, 3]) expect(runProgram("cfc 10", { general: { ...general, [register]: 1n } }).interruption?.code).toBe(6);
  });
});

describe("PoP chapter 7, UPDATE TREE", () => {
  const TREE = 0x2_1000n;
  const node = (codeword: number, data: number, digits = 16): string =>
    codeword.toString(16).padStart(digits, "0") + data.toString(16).padStart(digits, "0");
  const memory = { [Number(TREE) + 0x10]: node(9, 0x99), [Number(TREE) + 0x20]: node(4, 0x44), [Number(TREE) + 0x40]: node(6, 0x66) };

  test("insn: UPT: the highest codeword of a path to the root comes into the registers", () => {
    const state = runProgram("upt", { general: { 0: 5n, 1: 0x55n, 4: TREE, 5: 0x80n }, memory });
    expect([state.cc, state.general[0], state.general[1], state.general[5]]).toEqual([1, 9n, 0x99n, 0n]);
    expect(state.memory(Number(TREE) + 0x40, 16)).toBe(node(5, 0x55));
    expect(state.memory(Number(TREE) + 0x20, 16)).toBe(node(4, 0x44));
    expect(state.memory(Number(TREE) + 0x10, 16)).toBe(node(6, 0x66));
  });

  test("insn: UPT: stops at an equal codeword, which comes into registers 2 and 3", () => {
    const state = runProgram("upt", { general: { 0: 4n, 1: 0x55n, 4: TREE, 5: 0x40n }, memory });
    expect([state.cc, state.general[0], state.general[2], state.general[3], state.general[5]]).toEqual([0, 4n, 4n, 0x44n, 0x20n]);
  });

  test("insn: UPT: stops at a negative codeword", () => {
    const state = runProgram("upt", { general: { 0: 1n << 63n, 1: 0x55n, 4: TREE, 5: 0x80n }, memory });
    expect([state.cc, state.general[0], state.general[5]]).toEqual([3, 1n << 63n, 0x40n]);
  });

  test("insn: UPT: nodes of eight bytes in 31-bit mode", () => {
    const small = { [Number(TREE) + 8]: node(9, 0x99, 8) };
    const state = runProgram("upt", { general: { 0: 5n, 1: 0x55n, 4: TREE, 5: 0x10n }, memory: small, psw: MODE_31 });
    expect([state.cc, state.general[0], state.general[1]]).toEqual([1, 9n, 0x99n]);
    expect(state.memory(Number(TREE) + 8, 8)).toBe(node(5, 0x55, 8));
    expect(runProgram("upt", { general: { 4: TREE + 8n } }).interruption?.code).toBe(6);
  });
});
