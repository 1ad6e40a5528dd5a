import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { runProgram } from "../../testing/program.ts";

/** Bytes as words, the last filled with zeros; sum modulo 2^32 - 1, but 0 only when all words and the start are 0. */
function expected(start: bigint, bytes: Uint8Array): bigint {
  const padded = new Uint8Array(Math.ceil(bytes.length / 4) * 4);
  padded.set(bytes);
  const view = new DataView(padded.buffer);
  let sum = start;
  for (let i = 0; i < padded.length; i += 4) sum += BigInt(view.getUint32(i));
  while (sum > 0xffff_ffffn) sum = (sum & 0xffff_ffffn) + (sum >> 32n);
  return sum;
}

describe("PoP chapter 7, CHECKSUM", () => {
  test("insn: CKSM: any bytes anywhere, in pages or over their boundaries", () => {
    const start = fc.oneof(fc.constantFrom(0n, 1n, 0xffff_ffffn, 0xffff_fffen), fc.bigInt(0n, 0xffff_ffffn));
    const address = fc.integer({ min: 0x2_0ff0, max: 0x2_1003 });
    fc.assert(
      fc.property(start, address, fc.uint8Array({ maxLength: 40 }), (from, at, bytes) => {
        const state = runProgram("cksm %r2,%r4", {
          general: { 2: 0xdead_beef_0000_0000n | from, 4: BigInt(at), 5: BigInt(bytes.length) },
          memory: { [at]: bytes },
        });
        expect(state.cc).toBe(0);
        expect(state.general[2]).toBe(0xdead_beef_0000_0000n | expected(from, bytes));
        expect(state.general[4]).toBe(BigInt(at + bytes.length));
        expect(state.general[5]).toBe(0n);
      }),
      { numRuns: 200 },
    );
  });

  test("insn: CKSM: condition code 3 between words, after much work", () => {
    const general = { 4: 0x2_0001n, 5: 0x10_0003n };
    const memory = { 131073: Uint8Array.from({ length: 0x10_0003 }, (_, i) => i * 7 + (i >> 9)) };
    const once = runProgram("cksm %r2,%r4", { general, memory });
    expect(once.cc).toBe(3);
    expect((once.general[4]! - 0x2_0001n) & 3n).toBe(0n);
    const loop = runProgram("0: cksm %r2,%r4\n jo 0b", { general, memory });
    expect([loop.cc, loop.general[5]]).toEqual([0, 0n]);
    expect(loop.general[2]).toBe(expected(0n, memory[0x2_0001]));
  });

  test("insn: CKSM: an odd second register is a specification exception", () => {
    expect(runProgram("cksm %r2,%r5").interruption?.code).toBe(6);
  });
});
