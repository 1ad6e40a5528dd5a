import { describe, expect, test } from "vitest";
import { runProgram } from "../../testing/program.ts";

const A = 0x2_0ffcn;
const TABLE = 0x4_0ff8n;
const MODE_31 = 0x0000_0000_8000_0000n;
const top = 0xdead_beef_0000_0000n;
/** A function byte for some bytes; the others have 0. */
const table = (functions: Record<number, string>): Record<number, string> =>
  Object.fromEntries(Object.entries(functions).map(([at, digits]) => [Number(TABLE) + Number(at), digits]));

describe("PoP chapter 7, TRANSLATE AND TEST", () => {
  test("insn: TRT: finds the first byte with a function byte", () => {
    const memory = { [Number(A)]: "4142432c44452c46", ...table({ 44: "77" }) };
    const general = { 1: ~0n, 2: A, 3: TABLE };
    const state = runProgram("lgr %r8,%r2\n trt 0(8,%r8),0(%r3)", { general: { ...general, 2: A }, memory });
    expect(state.cc).toBe(1);
    expect(state.general[1]).toBe(A + 3n);
    expect(state.general[2]).toBe((A & ~0xffn) | 0x77n);
  });

  test("insn: TRT: condition code 2 at the last byte, 0 and no change when there is none", () => {
    const memory = { [Number(A)]: "4142432c", ...table({ 44: "77" }) };
    const last = runProgram("trt 0(4,%r8),0(%r3)", { general: { 8: A, 3: TABLE }, memory });
    expect([last.cc, last.general[1], last.general[2]]).toEqual([2, A + 3n, 0x77n]);
    const none = runProgram("trt 0(3,%r8),0(%r3)", { general: { 1: 5n, 2: 6n, 8: A, 3: TABLE }, memory });
    expect([none.cc, none.general[1], none.general[2]]).toEqual([0, 5n, 6n]);
  });

  test("insn: TRT, TRTR: the address in register 1 by the addressing mode", () => {
    const memory = { [Number(A)]: "2c", ...table({ 44: "77" }) };
    const general = { 1: top | 0xff00_0000n, 8: A, 3: TABLE };
    for (const name of ["trt", "trtr"]) {
      expect(
        runProgram(`${name} 0(2,%r8),0(%r3)`, { general: name === "trt" ? general : { ...general, 8: A + 1n }, memory }).general[1],
      ).toBe(A);
      expect(runProgram(`${name} 0(1,%r8),0(%r3)`, { general, memory, psw: MODE_31 }).general[1]).toBe(top | A);
      expect(runProgram(`${name} 0(1,%r8),0(%r3)`, { general, memory, psw: 0n }).general[1]).toBe(top | 0xff00_0000n | A);
    }
  });

  test("insn: TRTR: from right to left", () => {
    const memory = { [Number(A)]: "2c42432c44452d46", ...table({ 44: "77" }) };
    const state = runProgram("trtr 7(8,%r8),0(%r3)", { general: { 8: A, 3: TABLE }, memory });
    expect([state.cc, state.general[1], state.general[2]]).toEqual([1, A + 3n, 0x77n]);
    const first = runProgram("trtr 2(3,%r8),0(%r3)", { general: { 8: A, 3: TABLE }, memory });
    expect([first.cc, first.general[1]]).toEqual([2, A]);
  });

  test("insn: TRT: bytes behind the one that is found need not be accessible", () => {
    const memory = { 2097150: "412c", ...table({ 44: "77" }) };
    expect(runProgram("trt 0(256,%r8),0(%r3)", { general: { 8: 0x1f_fffen, 3: TABLE }, memory }).cc).toBe(1);
    expect(runProgram("trt 0(256,%r8),0(%r3)", { general: { 8: 0x1f_ffffn, 3: 0x3_0000n }, memory }).interruption?.code).toBe(5);
  });

  test("insn: TRTE: one-byte arguments and function codes", () => {
    const memory = { [Number(A)]: "4142432c44", ...table({ 44: "77" }) };
    const state = runProgram("trte %r2,%r4,0", { general: { 1: TABLE + 3n, 2: A, 3: 5n, 4: ~0n }, memory });
    expect([state.cc, state.general[2], state.general[3], state.general[4]]).toEqual([1, A + 3n, 2n, 0x77n]);
    const none = runProgram("trte %r2,%r4,0", { general: { 1: TABLE, 2: A, 3: 3n }, memory });
    expect([none.cc, none.general[2], none.general[3]]).toEqual([0, A + 3n, 0n]);
  });

  test("insn: TRTE: two-byte arguments and function codes, with and without the argument limit", () => {
    const memory = { [Number(A) + 1]: "00411234002c", [0x6_0000 + 0x1234 * 2]: "abcd", [0x6_0000 + 0x2c * 2]: "0102" };
    const general = { 1: 0x6_0000n, 2: A + 1n, 3: 6n };
    const found = runProgram("trte %r2,%r4,12", { general, memory });
    expect([found.cc, found.general[2], found.general[3], found.general[4]]).toEqual([1, A + 3n, 4n, 0xabcdn]);
    const limited = runProgram("trte %r2,%r4,14", { general, memory });
    expect([limited.cc, limited.general[2], limited.general[3], limited.general[4]]).toEqual([1, A + 5n, 2n, 0x102n]);
    expect(runProgram("trte %r2,%r4,8", { general: { ...general, 3: 5n } }).interruption?.code).toBe(6);
  });

  test("insn: TRTRE: from right to left", () => {
    const memory = { [Number(A)]: "2c42432c4445", ...table({ 44: "77" }) };
    const state = runProgram("trtre %r2,%r4,0", { general: { 1: TABLE, 2: A + 5n, 3: 6n }, memory });
    expect([state.cc, state.general[2], state.general[3], state.general[4]]).toEqual([1, A + 3n, 4n, 0x77n]);
  });

  test("insn: TRTE: condition code 3 after much work", () => {
    const general = { 1: TABLE, 2: 0x10_0000n, 3: 0x2_0000n, 4: 7n };
    const once = runProgram("trte %r2,%r4,0", { general });
    expect([once.cc, once.general[2]! + once.general[3]!, once.general[4]]).toEqual([3, 0x12_0000n, 7n]);
    expect(runProgram("0: trte %r2,%r4,0\n jo 0b", { general }).cc).toBe(0);
  });
});
