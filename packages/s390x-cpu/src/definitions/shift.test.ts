import { describe, expect, test } from "vitest";
import { runProgram } from "../testing/program.ts";

describe("PoP chapter 7, SHIFT LEFT SINGLE", () => {
  /** Bits of a 32-bit number shifted one by one, as the manual describes it. */
  function shiftLeft(value: number, amount: number): { value: number; overflow: boolean } {
    const sign = value & -0x8000_0000;
    let numeric = value & 0x7fff_ffff;
    let overflow = false;
    for (let i = 0; i < amount; i++) {
      overflow ||= (numeric >>> 30 === 1) !== (sign !== 0);
      numeric = (numeric << 1) & 0x7fff_ffff;
    }
    return { value: (sign | numeric) >>> 0, overflow };
  }

  test("insn: SLA, SLAK: amounts of 32 and more shift zeros out of a negative number", () => {
    for (const value of [0, 1, -1, -2, 0x4000_0000, 0x7fff_ffff, -0x8000_0000, -0x4000_0000, 0x1234_5678])
      for (const amount of [0, 1, 30, 31, 32, 33, 63, 64, 4095]) {
        const expected = shiftLeft(value, amount & 63);
        const cc = expected.overflow ? 3 : expected.value === 0 ? 0 : expected.value >>> 31 === 1 ? 1 : 2;
        const general = { 2: 0xaaaa_bbbb_0000_0000n | BigInt(value >>> 0), 4: BigInt(amount) };
        const sla = runProgram("sla %r2,0(%r4)", { general });
        expect([value, amount, sla.general[2], sla.cc]).toEqual([value, amount, 0xaaaa_bbbb_0000_0000n | BigInt(expected.value), cc]);
        const slak = runProgram("slak %r3,%r2,0(%r4)", { general });
        expect([value, amount, slak.general[3], slak.cc]).toEqual([value, amount, BigInt(expected.value), cc]);
      }
  });
});

describe("PoP chapter 7, STORE PAIR TO QUADWORD", () => {
  test("insn: STPQ: an odd register or a boundary that is not of a quadword is a specification exception", () => {
    const general = { 2: 1n, 3: 2n, 4: 3n, 5: 0x2_0000n };
    expect(runProgram("stpq %r2,0(%r5)", { general }).memory(0x2_0000, 16)).toBe("00000000000000010000000000000002");
    expect(runProgram("stpq %r3,0(%r5)", { general }).interruption?.code).toBe(6);
    expect(runProgram("stpq %r2,8(%r5)", { general }).interruption?.code).toBe(6);
  });
});
