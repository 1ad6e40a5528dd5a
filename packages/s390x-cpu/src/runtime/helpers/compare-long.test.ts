import { describe, expect, test } from "vitest";
import { runProgram } from "../../testing/program.ts";

const A = 0x2_0ff0;
const B = 0x3_0ff8;
const filled = (length: number, byte = "61"): string => byte.repeat(length);

describe("PoP chapter 7, COMPARE LOGICAL LONG", () => {
  test("insn: CLCL: registers end at the first unequal byte", () => {
    for (const [byte, cc] of [
      ["62", 1],
      ["60", 2],
    ] as const) {
      const state = runProgram("clcl %r2,%r4", {
        general: { 2: BigInt(A), 3: 0xff00_0020n, 4: BigInt(B), 5: 0x4000_0020n },
        memory: { [A]: filled(32), [B]: `${filled(19)}${byte}${filled(12)}` },
      });
      expect(state.cc).toBe(cc);
      expect(state.general.slice(2, 6)).toEqual([BigInt(A + 19), 0xff00_000dn, BigInt(B + 19), 0x4000_000dn]);
    }
  });

  test("insn: CLCL: the shorter operand goes on with the pad byte", () => {
    const general = { 2: BigInt(A), 3: 0x20n, 4: BigInt(B), 5: 0x4000_0010n };
    const memory = { [A]: `${filled(16)}${filled(16, "40")}`, [B]: filled(16) };
    const equal = runProgram("clcl %r2,%r4", { general, memory });
    expect(equal.cc).toBe(0);
    expect(equal.general.slice(2, 6)).toEqual([BigInt(A + 32), 0n, BigInt(B + 16), 0x4000_0000n]);
    const high = runProgram("clcl %r2,%r4", { general, memory: { ...memory, [A + 20]: "41" } });
    expect(high.cc).toBe(2);
    expect(high.general.slice(2, 6)).toEqual([BigInt(A + 20), 12n, BigInt(B + 16), 0x4000_0000n]);
    const swapped = runProgram("clcl %r4,%r2", { general: { ...general, 3: 0x4000_0020n }, memory: { ...memory, [A + 20]: "41" } });
    expect(swapped.cc).toBe(1);
  });

  test("insn: CLCL: compares more than one unit of operation", () => {
    const state = runProgram("clcl %r2,%r4", {
      general: { 2: 0x4_0000n, 3: 0x6_0000n, 4: 0xa_0001n, 5: 0x6_0000n },
      memory: { 655358: "01", 1048575: "02" },
    });
    expect(state.cc).toBe(1);
    expect(state.general[3]).toBe(2n);
  });

  test("insn: CLCL: odd registers are a specification exception", () => {
    expect(runProgram("clcl %r3,%r4").interruption?.code).toBe(6);
    expect(runProgram("clcle %r2,%r5,0").interruption?.code).toBe(6);
    expect(runProgram("clclu %r3,%r4,0").interruption?.code).toBe(6);
  });

  test("insn: CLCLE: pads with the byte of the second-operand address, condition code 3 after much work", () => {
    const general = { 2: BigInt(A), 3: 8n, 4: BigInt(B), 5: 4n };
    const memory = { [A]: "6161616120202021", [B]: "61616161" };
    const state = runProgram("clcle %r2,%r4,0x20", { general, memory });
    expect(state.cc).toBe(2);
    expect(state.general.slice(2, 6)).toEqual([BigInt(A + 7), 1n, BigInt(B + 4), 0n]);
    const long = { 2: 0x4_0000n, 3: 0x6_0000n, 4: 0xa_0000n, 5: 0x6_0000n };
    expect(runProgram("clcle %r2,%r4,0", { general: long }).cc).toBe(3);
    const loop = runProgram("0: clcle %r2,%r4,0\n jo 0b", { general: long });
    expect([loop.cc, loop.general[3], loop.general[5]]).toEqual([0, 0n, 0n]);
  });

  test("insn: CLCLU: ends at the two-byte character, though its right byte is the unequal one and in another page", () => {
    const state = runProgram("clclu %r2,%r4,0x1234", {
      general: { 2: 0x2_0fffn, 3: 6n, 4: BigInt(B), 5: 4n },
      memory: { 135167: "112233441234", [B]: "11212233" },
    });
    expect(state.cc).toBe(2);
    expect(state.general.slice(2, 6)).toEqual([0x2_0fffn, 6n, BigInt(B), 4n]);
    const padded = runProgram("clclu %r2,%r4,0x234(%r1)", {
      general: { 1: 0x1000n, 2: 0x2_0fffn, 3: 6n, 4: BigInt(B), 5: 4n },
      memory: { 135167: "112233441234", [B]: "11223344" },
    });
    expect(padded.cc).toBe(0);
    expect(padded.general.slice(2, 6)).toEqual([0x2_1005n, 0n, BigInt(B + 4), 0n]);
  });
});

describe("PoP chapter 7, COMPARE UNTIL SUBSTRING EQUAL", () => {
  const general = { 0: 3n, 1: 0x20n, 2: BigInt(A), 3: 8n, 4: BigInt(B), 5: 8n };

  test("insn: CUSE: finds as many equal bytes as register 0 says, at the same place of both operands", () => {
    const state = runProgram("cuse %r2,%r4", { general, memory: { [A]: "0102034142434404", [B]: "1112134142430000" } });
    expect(state.cc).toBe(0);
    expect(state.general.slice(2, 6)).toEqual([BigInt(A + 3), 5n, BigInt(B + 3), 5n]);
  });

  test("insn: CUSE: condition code 1 when the operands end in equal bytes that are too few, 2 when not", () => {
    const some = runProgram("cuse %r2,%r4", { general, memory: { [A]: "0102030405064142", [B]: "1112131415164142" } });
    expect(some.cc).toBe(1);
    expect(some.general.slice(2, 6)).toEqual([BigInt(A + 6), 2n, BigInt(B + 6), 2n]);
    const none = runProgram("cuse %r2,%r4", { general, memory: { [A]: "0102030405060708", [B]: "1112131415161718" } });
    expect(none.cc).toBe(2);
    expect(none.general.slice(2, 6)).toEqual([BigInt(A + 8), 0n, BigInt(B + 8), 0n]);
  });

  test("insn: CUSE: pads the shorter operand, and finds an empty substring at once", () => {
    const padded = runProgram("cuse %r2,%r4", { general: { ...general, 5: 4n }, memory: { [A]: "0102030405202020", [B]: "11121314" } });
    expect(padded.cc).toBe(0);
    expect(padded.general.slice(2, 6)).toEqual([BigInt(A + 5), 3n, BigInt(B + 4), 0n]);
    expect(runProgram("cuse %r2,%r4", { general: { ...general, 0: 0x100n } }).cc).toBe(0);
  });
});
