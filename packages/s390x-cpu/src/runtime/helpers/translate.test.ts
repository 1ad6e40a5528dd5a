import { describe, expect, test } from "vitest";
import { runProgram } from "../../testing/program.ts";

const A = 0x2_0ffcn;
const B = 0x3_0ffcn;
const TABLE = 0x4_0ff0n;
/** Every byte b becomes f(b). */
const table = (f: (b: number) => number): string =>
  Array.from({ length: 256 }, (_, b) => (f(b) & 255).toString(16).padStart(2, "0")).join("");
const upper = table((b) => (b >= 0x61 && b <= 0x7a ? b - 32 : b));
const wide = (pairs: Record<number, number>): Uint8Array => {
  const bytes = new Uint8Array(0x2_0000);
  for (const [index, value] of Object.entries(pairs)) new DataView(bytes.buffer).setUint16(Number(index) * 2, value);
  return bytes;
};

describe("PoP chapter 7, TRANSLATE", () => {
  test("insn: TR: each byte by the table, both over page boundaries", () => {
    const state = runProgram("tr 0(8,%r2),0(%r3)", {
      general: { 2: A, 3: TABLE },
      memory: { [Number(A)]: "6162417a7b00ff6163", [Number(TABLE)]: upper },
    });
    expect(state.memory(Number(A), 9)).toBe("4142415a7b00ff4163");
  });

  test("insn: TR: each byte by the table, both within a page", () => {
    const state = runProgram("tr 1(8,%r2),8(%r3)", {
      general: { 2: 0x2_0100n, 3: 0x4_0008n },
      memory: { 131328: "616162417a7b00ff6161", 262160: upper },
    });
    expect(state.memory(0x2_0100, 10)).toBe("614142415a7b00ff4161");
  });

  test("insn: TR: a result byte may be the table of a later one", () => {
    // Byte 0 becomes 3 and thereby entry 0 of the table, by which byte 1 becomes 3.
    const state = runProgram("tr 0(2,%r2),0(%r2)", { general: { 2: A }, memory: { [Number(A)]: "0100" } });
    expect(state.memory(Number(A), 2)).toBe("0000");
    const chained = runProgram("tr 0(2,%r2),0(%r2)", { general: { 2: A }, memory: { [Number(A)]: "02000300" } });
    expect(chained.memory(Number(A), 4)).toBe("03030300");
  });

  test("insn: TR: nothing is stored when a needed table byte is refused", () => {
    const memory = { [Number(A)]: "0102ff", 2097136: "101112" };
    expect(runProgram("tr 0(2,%r2),0(%r3)", { general: { 2: A, 3: 0x1f_fff0n }, memory }).memory(Number(A), 2)).toBe("1112");
    const refused = runProgram("tr 0(3,%r2),0(%r3)", { general: { 2: A, 3: 0x1f_fff0n }, memory });
    expect(refused.interruption?.code).toBe(5);
    expect(refused.memory(Number(A), 3)).toBe("0102ff");
  });

  test("insn: TRE: stops at the test byte", () => {
    const general = { 0: 0x7an, 2: A, 3: 8n, 4: TABLE };
    const memory = { [Number(A)]: "6162636465667a68", [Number(TABLE)]: upper };
    const state = runProgram("tre %r2,%r4", { general, memory });
    expect([state.cc, state.general[2], state.general[3]]).toEqual([1, A + 6n, 2n]);
    expect(state.memory(Number(A), 8)).toBe("4142434445467a68");
    const all = runProgram("tre %r2,%r4", { general: { ...general, 3: 6n }, memory });
    expect([all.cc, all.general[2], all.general[3]]).toEqual([0, A + 6n, 0n]);
    // TRE %r3,%r4, which the assembler refuses.
    expect(runProgram(".long 0xb2a50034").interruption?.code).toBe(6);
  });

  test("insn: TRE: condition code 3 after much work", () => {
    const general = { 0: 0xffn, 2: 0x10_0000n, 3: 0x2_0000n, 4: TABLE };
    const memory = { [Number(TABLE)]: "5a" };
    expect(runProgram("tre %r2,%r4", { general, memory }).cc).toBe(3);
    const loop = runProgram("0: tre %r2,%r4\n jo 0b", { general, memory });
    expect([loop.cc, loop.general[3], loop.memory(0x11_ffff, 2)]).toEqual([0, 0n, "5a00"]);
  });

  test("insn: TROO: from one operand to the other, table at a doubleword boundary, until the test character", () => {
    const general = { 0: 0x5an, 1: TABLE + 5n, 2: A, 3: 8n, 4: B };
    const memory = { [Number(B)]: "616263646566677a", [Number(TABLE)]: upper };
    const state = runProgram("troo %r2,%r4", { general, memory });
    expect(state.cc).toBe(1);
    expect(state.memory(Number(A), 8)).toBe("4142434445464700");
    expect([state.general[2], state.general[3], state.general[4]]).toEqual([A + 7n, 1n, B + 7n]);
    const untested = runProgram("troo %r2,%r4,1", { general, memory });
    expect([untested.cc, untested.general[3]]).toEqual([0, 0n]);
    expect(untested.memory(Number(A), 8)).toBe("414243444546475a");
  });

  test("insn: TROT: one byte to two, characters in two pages", () => {
    const pairs = wide({ 1: 0x1111, 2: 0x2222, 3: 0x3333, 4: 0x4444, 5: 0x5555 }).slice(0, 512);
    const state = runProgram("trot %r2,%r4", {
      general: { 0: 0xffffn, 1: TABLE, 2: A + 1n, 3: 5n, 4: B },
      memory: { [Number(B)]: "0102030405", [Number(TABLE)]: pairs },
    });
    expect(state.cc).toBe(0);
    expect(state.memory(Number(A), 12)).toBe("001111222233334444555500");
    expect([state.general[2], state.general[3], state.general[4]]).toEqual([A + 11n, 0n, B + 5n]);
  });

  test("insn: TRTO: two bytes to one, by a table of 65,536 bytes", () => {
    const bytes = new Uint8Array(0x1_0000);
    bytes[0x1234] = 0x51;
    bytes[0xffff] = 0x52;
    bytes[0x0001] = 0x53;
    const state = runProgram("trto %r2,%r4", {
      general: { 0: 0x53n, 1: 0x4_0008n, 2: A, 3: 8n, 4: B + 1n },
      memory: { [Number(B) + 1]: "1234ffff12340001", 262152: bytes },
    });
    expect(state.cc).toBe(1);
    expect(state.memory(Number(A), 4)).toBe("51525100");
    expect([state.general[2], state.general[3], state.general[4]]).toEqual([A + 3n, 2n, B + 7n]);
  });

  test("insn: TRTT: two bytes to two, by a table of 131,072 bytes", () => {
    const state = runProgram("trtt %r2,%r4", {
      general: { 0: 0xabcdn, 1: 0x4_0008n, 2: A + 1n, 3: 6n, 4: B + 1n },
      memory: { [Number(B) + 1]: "1234ffff1234", 262152: wide({ 4660: 0x4321, 65535: 0xeeee }) },
    });
    expect(state.cc).toBe(0);
    expect(state.memory(Number(A), 8)).toBe("004321eeee432100");
  });

  test("insn: TRTO, TRTT: an odd length is a specification exception", () => {
    for (const name of ["trto", "trtt"])
      expect(runProgram(`${name} %r2,%r4`, { general: { 2: A, 3: 3n, 4: B } }).interruption?.code).toBe(6);
    // TROO and TROT of an odd register, which the assembler refuses.
    for (const text of ["0xb9930034", "0xb9920034"]) expect(runProgram(`.long ${text}`).interruption?.code).toBe(6);
  });

  test("insn: TROO: work done before an access exception stands", () => {
    const state = runProgram("troo %r2,%r4,1", {
      general: { 1: TABLE, 2: A, 3: 0x20n, 4: 0x1f_fff8n },
      memory: { 2097144: "6162636465666768", [Number(TABLE)]: upper },
    });
    expect(state.interruption?.code).toBe(5);
    expect([state.general[2], state.general[3], state.general[4]]).toEqual([A + 8n, 0x18n, 0x20_0000n]);
    expect(state.memory(Number(A), 9)).toBe("414243444546474800");
  });
});
