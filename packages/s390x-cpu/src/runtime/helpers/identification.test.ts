import { describe, expect, test } from "vitest";
import { runProgram } from "../../testing/program.ts";

const BLOCK = 0x2_0000;

function store(functionCode: number, selector1: number, selector2: number) {
  const state = runProgram("stsi 0(%r2)", {
    general: { 0: BigInt((functionCode << 28) | selector1) & 0xffff_ffffn, 1: BigInt(selector2), 2: BigInt(BLOCK) },
  });
  const bytes = (offset: number, length: number): string => state.memory(BLOCK + offset, length);
  return { cc: state.cc, bytes, number: (offset: number, length: number) => Number.parseInt(bytes(offset, length), 16) };
}

const BLANK = "40";

describe("PoP chapter 10, STORE SYSTEM INFORMATION", () => {
  test("insn: STSI: function code 0 gives the current level, a virtual machine", () => {
    const state = runProgram("stsi 0", {});
    expect([state.cc, state.general[0]]).toEqual([0, 0x3000_0000n]);
  });

  test("insn: STSI: SYSIB 1.1.1, the machine and its type", () => {
    const { cc, bytes } = store(1, 1, 1);
    expect(cc).toBe(0);
    expect(bytes(32, 16)).toBe(`e9c1d9c3c8${BLANK.repeat(11)}`);
    expect(bytes(48, 4)).toBe("f2f8f1f7");
    expect(bytes(64, 16)).toBe(`e9c1d9c3c8${BLANK.repeat(11)}`);
    expect(bytes(80, 20)).toBe(`${"f0".repeat(16)}e9c1d9c3`);
  });

  test("insn: STSI: SYSIB 1.2.2, capability and numbers of CPUs", () => {
    const { cc, number } = store(1, 2, 2);
    expect(cc).toBe(0);
    expect(number(32, 4)).toBeGreaterThan(0);
    // Bits 0 to 8 are zero: an integer, no floating-point number.
    expect(number(32, 4) >>> 23).toBe(0);
    expect([36, 38, 40, 42].map((offset) => number(offset, 2))).toEqual([1, 1, 0, 0]);
  });

  test("insn: STSI: SYSIB 2.2.2, the logical partition", () => {
    const { cc, number } = store(2, 2, 2);
    expect(cc).toBe(0);
    expect([36, 38, 40, 42].map((offset) => number(offset, 2))).toEqual([1, 1, 0, 0]);
    expect(number(52, 4)).toBe(1000);
  });

  test("insn: STSI: SYSIB 3.2.2, a virtual machine of KVM with its extended name", () => {
    const { cc, bytes, number } = store(3, 2, 2);
    expect(cc).toBe(0);
    expect(number(28, 4)).toBe(1);
    expect([36, 38, 40, 42].map((offset) => number(offset, 2))).toEqual([1, 1, 0, 0]);
    expect(bytes(44, 8)).toBe(`a98199838840${BLANK.repeat(2)}`);
    expect(number(52, 4)).toBe(1000);
    // "KVM/Linux"
    expect(bytes(56, 16)).toBe(`d2e5d461d38995a4a7${BLANK.repeat(7)}`);
    expect(number(75, 1)).toBe(2);
    expect(bytes(2048, 6)).toBe("7a6172636800");
  });

  test("insn: STSI: a level that does not exist, or a block that it does not have, is condition code 3", () => {
    expect(store(4, 0, 0).cc).toBe(3);
    expect(store(1, 1, 2).cc).toBe(3);
  });

  test("insn: STSI: reserved bits and an unaligned block are specification exceptions", () => {
    expect(runProgram("stsi 0(%r2)", { general: { 0: 0x1000_0101n, 1: 1n, 2: BigInt(BLOCK) } }).interruption?.code).toBe(6);
    expect(runProgram("stsi 8(%r2)", { general: { 0: 0x1000_0001n, 1: 1n, 2: BigInt(BLOCK) } }).interruption?.code).toBe(6);
  });
});

describe("PoP chapter 7, EXTRACT CPU ATTRIBUTE", () => {
  test("insn: ECAG: the topology summary names no cache, and everything else is not there", () => {
    const state = runProgram("ecag %r1,%r0,0\n ecag %r2,%r0,0x10\n ecag %r3,%r0,0x100\n ecag %r4,%r0,2", {});
    expect(state.general.slice(1, 5)).toEqual([0n, ...Array.from({ length: 3 }, () => 0xffff_ffff_ffff_ffffn)]);
  });
});
