import { describe, expect, test } from "vitest";
import { runProgram } from "../../testing/program.ts";

/** Operand 2, operand 4 or the parameter list, and the operands that the list names. */
const SECOND = 0x2_0000;
const FOURTH = 0x2_1000;
const LISTED = [0x2_2000, 0x2_3000, 0x2_4000] as const;
const hex = (value: bigint | number, bytes: number): string => value.toString(16).padStart(bytes * 2, "0");

/** A parameter list: fields by offset as hexadecimal digits, beside the three addresses. */
function parameters(fields: Record<number, string>): Uint8Array {
  const list = new Uint8Array(144);
  const put = (offset: number, digits: string): void =>
    list.set(
      Uint8Array.from(digits.match(/../g)!, (each) => Number.parseInt(each, 16)),
      offset,
    );
  for (const [i, address] of LISTED.entries()) put(72 + i * 32, hex(address, 8));
  for (const [offset, digits] of Object.entries(fields)) put(Number(offset), digits);
  return list;
}

const wide = (digit: string): string => digit.repeat(32);
const run = (code: number, memory: Record<number, string | Uint8Array>, general: Record<number, bigint> = {}) =>
  runProgram("plo %r2,0(%r8),%r4,0(%r9)", {
    general: { 0: BigInt(code), 1: 0x7_0000n, 8: BigInt(SECOND), 9: BigInt(FOURTH), ...general },
    memory,
  });

describe("PoP chapter 7, PERFORM LOCKED OPERATION", () => {
  test("insn: PLO: the test bit asks whether a function is installed", () => {
    for (let code = 0; code < 24; code++) expect(run(0x100 | code, {}).cc).toBe(0);
    for (const code of [24, 25, 255]) expect(run(0x100 | code, {}).cc).toBe(3);
    expect(run(24, {}).interruption?.code).toBe(6);
    expect(run(0x200, {}).interruption?.code).toBe(6);
  });

  test("insn: PLO: compare and load, words and doublewords in registers", () => {
    const memory = { [SECOND]: "0102030405060708", [FOURTH]: "1112131415161718" };
    const word = run(0, memory, { 2: 0xaaaa_aaaa_0102_0304n, 4: 0xbbbb_bbbb_0000_0000n });
    expect([word.cc, word.general[4]]).toEqual([0, 0xbbbb_bbbb_1112_1314n]);
    const unequal = run(0, memory, { 2: 0xaaaa_aaaa_0102_0305n, 4: 7n });
    expect([unequal.cc, unequal.general[2], unequal.general[4]]).toEqual([1, 0xaaaa_aaaa_0102_0304n, 7n]);
    const double = run(2, memory, { 2: 0x0102_0304_0506_0708n });
    expect([double.cc, double.general[4]]).toEqual([0, 0x1112_1314_1516_1718n]);
  });

  test("insn: PLO: compare and load, doublewords and quadwords in the parameter list", () => {
    const double = run(1, { [SECOND]: "22".repeat(8), [LISTED[0]]: "44".repeat(8), [FOURTH]: parameters({ 8: "22".repeat(8) }) });
    expect([double.cc, double.memory(FOURTH + 40, 8)]).toEqual([0, "44".repeat(8)]);
    const quad = run(3, { [SECOND]: wide("2"), [LISTED[0]]: wide("4"), [FOURTH]: parameters({ 0: wide("2") }) });
    expect([quad.cc, quad.memory(FOURTH + 32, 16)]).toEqual([0, wide("4")]);
    const unequal = run(3, { [SECOND]: wide("2"), [FOURTH]: parameters({ 0: wide("3") }) });
    expect([unequal.cc, unequal.memory(FOURTH, 16)]).toEqual([1, wide("2")]);
  });

  test("insn: PLO: compare and swap in its four forms", () => {
    const word = run(4, { [SECOND]: "01020304ffffffff" }, { 2: 0x0102_0304n, 3: 0xcccc_cccc_5152_5354n });
    expect([word.cc, word.memory(SECOND, 8)]).toEqual([0, "51525354ffffffff"]);
    const listed = run(5, { [SECOND]: "22".repeat(8), [FOURTH]: parameters({ 8: "22".repeat(8), 24: "55".repeat(8) }) });
    expect([listed.cc, listed.memory(SECOND, 8)]).toEqual([0, "55".repeat(8)]);
    const double = run(6, { [SECOND]: "22".repeat(8) }, { 2: 0x2222_2222_2222_2222n, 3: 0x55n });
    expect([double.cc, double.memory(SECOND, 8)]).toEqual([0, hex(0x55, 8)]);
    const quad = run(7, { [SECOND]: wide("2"), [FOURTH]: parameters({ 0: wide("2"), 16: wide("6") }) });
    expect([quad.cc, quad.memory(SECOND, 16)]).toEqual([0, wide("6")]);
    const unequal = run(6, { [SECOND]: "22".repeat(8) }, { 2: 1n, 3: 0x55n });
    expect([unequal.cc, unequal.general[2], unequal.memory(SECOND, 8)]).toEqual([1, 0x2222_2222_2222_2222n, "22".repeat(8)]);
  });

  test("insn: PLO: double compare and swap stores both operands or none", () => {
    const memory = { [SECOND]: "00000001", [FOURTH]: "00000002" };
    const general = { 2: 1n, 3: 0x11n, 4: 2n, 5: 0x22n };
    const both = run(8, memory, general);
    expect([both.cc, both.memory(SECOND, 4), both.memory(FOURTH, 4)]).toEqual([0, "00000011", "00000022"]);
    const second = run(8, memory, { ...general, 4: 3n });
    expect([second.cc, second.general[4], second.memory(SECOND, 4)]).toEqual([2, 2n, "00000001"]);
    expect(run(8, memory, { ...general, 2: 9n }).cc).toBe(1);
    const fields = { 0: wide("1"), 16: wide("a"), 32: wide("2"), 48: wide("b") };
    const quad = run(11, { [SECOND]: wide("1"), [LISTED[0]]: wide("2"), [FOURTH]: parameters(fields) });
    expect([quad.cc, quad.memory(SECOND, 16), quad.memory(LISTED[0], 16)]).toEqual([0, wide("a"), wide("b")]);
    const third = run(11, { [SECOND]: wide("1"), [LISTED[0]]: wide("3"), [FOURTH]: parameters(fields) });
    expect([third.cc, third.memory(FOURTH + 32, 16), third.memory(SECOND, 16)]).toEqual([2, wide("3"), wide("1")]);
  });

  test("insn: PLO: compare and swap with one, two and three stores", () => {
    const one = run(12, { [SECOND]: "00000001" }, { 2: 1n, 3: 0x11n, 4: 0x33n });
    expect([one.cc, one.memory(SECOND, 4), one.memory(FOURTH, 4)]).toEqual([0, "00000011", "00000033"]);
    const words = { 60: "00000033", 92: "00000055", 124: "00000077" };
    for (const [code, count] of [
      [16, 2],
      [20, 3],
    ] as const) {
      const state = run(code, { [SECOND]: "00000001", [FOURTH]: parameters(words) }, { 2: 1n, 3: 0x11n });
      expect([state.cc, state.memory(SECOND, 4)]).toEqual([0, "00000011"]);
      expect(LISTED.map((at) => state.memory(at, 4))).toEqual(["00000033", "00000055", count === 3 ? "00000077" : "00000000"]);
    }
    const fields = { 0: wide("1"), 16: wide("a"), 48: wide("3"), 80: wide("5"), 112: wide("7") };
    for (const [code, count] of [
      [15, 1],
      [19, 2],
      [23, 3],
    ] as const) {
      const state = run(code, { [SECOND]: wide("1"), [FOURTH]: parameters(fields) });
      expect([state.cc, state.memory(SECOND, 16)]).toEqual([0, wide("a")]);
      const stored = [wide("3"), wide("5"), wide("7")].map((digits, i) => (i < count ? digits : wide("0")));
      expect(LISTED.map((at) => state.memory(at, 16))).toEqual(stored);
    }
    const doubles = run(18, { [SECOND]: hex(1, 8), [FOURTH]: parameters({ 56: hex(3, 8), 88: hex(5, 8) }) }, { 2: 1n, 3: 0x11n });
    expect([doubles.cc, doubles.memory(SECOND, 8), ...LISTED.map((at) => doubles.memory(at, 8))]).toEqual([
      0,
      hex(0x11, 8),
      hex(3, 8),
      hex(5, 8),
      hex(0, 8),
    ]);
  });

  test("insn: PLO: nothing is stored when one store is refused", () => {
    const list = parameters({ 60: "00000033", 92: "00000055", 104: hex(0x20_0000, 8) });
    const state = run(16, { [SECOND]: "00000001", [FOURTH]: list }, { 2: 1n, 3: 0x11n });
    expect(state.interruption?.code).toBe(5);
    expect([state.memory(SECOND, 4), state.memory(LISTED[0], 4)]).toEqual(["00000001", "00000000"]);
  });

  test("insn: PLO: boundaries and odd registers are specification exceptions", () => {
    expect(run(0, {}, { 8: BigInt(SECOND + 2) }).interruption?.code).toBe(6);
    expect(run(3, {}, { 8: BigInt(SECOND + 8) }).interruption?.code).toBe(6);
    expect(run(1, {}, { 9: BigInt(FOURTH + 4) }).interruption?.code).toBe(6);
    expect(run(7, { [FOURTH]: parameters({}) }).interruption?.code).toBeUndefined();
    const list = parameters({ 72: hex(LISTED[0] + 8, 8) });
    expect(run(15, { [FOURTH]: list }).interruption?.code).toBe(6);
    const general = { 8: BigInt(SECOND), 9: BigInt(FOURTH) };
    expect(runProgram("plo %r3,0(%r8),%r4,0(%r9)", { general: { ...general, 0: 4n } }).interruption?.code).toBe(6);
    expect(runProgram("plo %r2,0(%r8),%r5,0(%r9)", { general: { ...general, 0: 8n } }).interruption?.code).toBe(6);
  });
});

describe("PoP chapter 7, COMPARE AND SWAP AND STORE", () => {
  const swap = (code: number, size: number, memory: Record<number, string>, general: Record<number, bigint> = {}) =>
    runProgram("csst 0(%r8),0(%r9),%r4", {
      general: { 0: BigInt((size << 8) | code), 1: BigInt(LISTED[0]), 8: BigInt(SECOND), 9: BigInt(FOURTH), ...general },
      memory: { [LISTED[0]]: `${"a1".repeat(16)}${"b2".repeat(16)}`, ...memory },
    });

  test("insn: CSST: swaps 4, 8 or 16 bytes and stores 1 to 16", () => {
    for (let code = 0; code < 3; code++)
      for (let size = 0; size < 5; size++) {
        const state = swap(code, size, { [SECOND]: wide("1") }, { 4: 0x1111_1111_1111_1111n, 5: 0x1111_1111_1111_1111n });
        expect(state.cc).toBe(0);
        expect(state.memory(SECOND, 16)).toBe("a1".repeat(4 << code) + "11".repeat(16 - (4 << code)));
        expect(state.memory(FOURTH, 16)).toBe("b2".repeat(1 << size) + "00".repeat(16 - (1 << size)));
      }
  });

  test("insn: CSST: an unequal operand goes to the register, and nothing is stored", () => {
    const word = swap(0, 3, { [SECOND]: wide("1") }, { 4: 0xffff_ffff_0000_0000n });
    expect([word.cc, word.general[4], word.memory(SECOND, 16), word.memory(FOURTH, 1)]).toEqual([
      1,
      0xffff_ffff_1111_1111n,
      wide("1"),
      "00",
    ]);
    const quad = swap(2, 0, { [SECOND]: wide("1") }, { 4: 0x1111_1111_1111_1111n });
    expect([quad.cc, quad.general[4], quad.general[5]]).toEqual([1, 0x1111_1111_1111_1111n, 0x1111_1111_1111_1111n]);
  });

  test("insn: CSST: bits 60-63 of the parameter list's address are ignored", () => {
    const state = swap(1, 3, { [SECOND]: wide("1") }, { 1: BigInt(LISTED[0] + 15), 4: 0x1111_1111_1111_1111n });
    expect([state.cc, state.memory(SECOND, 8), state.memory(FOURTH, 8)]).toEqual([0, "a1".repeat(8), "b2".repeat(8)]);
  });

  test("insn: CSST: codes and boundaries are checked", () => {
    expect(swap(3, 0, {}).interruption?.code).toBe(6);
    expect(swap(0, 5, {}).interruption?.code).toBe(6);
    expect(swap(1, 0, {}, { 8: BigInt(SECOND + 4) }).interruption?.code).toBe(6);
    expect(swap(0, 2, {}, { 9: BigInt(FOURTH + 2) }).interruption?.code).toBe(6);
    expect(swap(0, 0, {}, { 9: 0x20_0000n }).interruption?.code).toBe(5);
  });
});
