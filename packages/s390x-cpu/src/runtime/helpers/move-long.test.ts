import { describe, expect, test } from "vitest";
import { runProgram } from "../../testing/program.ts";

const MODE_31 = 0x0000_0000_8000_0000n;
const MODE_24 = 0n;
/** Real pages start at these; the last page of storage ends at 0x200000. */
const A = 0x2_0ff0;
const B = 0x3_0ff8;
const bytes = (length: number, first = 1): string =>
  Array.from({ length }, (_, i) => ((first + i) & 255).toString(16).padStart(2, "0")).join("");

describe("PoP chapter 7, MOVE LONG", () => {
  test("insn: MVCL: moves over page boundaries, pads, and leaves addresses behind the operands", () => {
    const state = runProgram("mvcl %r2,%r4", {
      general: { 2: BigInt(A), 3: 0xffff_ffff_ff00_0040n, 4: BigInt(B), 5: 0x1234_5678_5e00_0030n },
      memory: { [B]: bytes(0x40) },
    });
    expect(state.cc).toBe(2);
    expect(state.memory(A - 1, 0x42)).toBe(`00${bytes(0x30)}${"5e".repeat(16)}00`);
    expect(state.general[2]).toBe(BigInt(A + 0x40));
    expect(state.general[3]).toBe(0xffff_ffff_ff00_0000n);
    expect(state.general[4]).toBe(BigInt(B + 0x30));
    expect(state.general[5]).toBe(0x1234_5678_5e00_0000n);
  });

  test("insn: MVCL: condition code 1 when operand 1 is shorter, 0 when equal", () => {
    const shorter = runProgram("mvcl %r2,%r4", { general: { 2: BigInt(A), 3: 3n, 4: BigInt(B), 5: 8n }, memory: { [B]: bytes(8) } });
    expect(shorter.cc).toBe(1);
    expect(shorter.memory(A, 4)).toBe("01020300");
    expect(shorter.general[5]).toBe(5n);
    expect(runProgram("mvcl %r2,%r4", { general: { 2: BigInt(A), 3: 3n, 4: BigInt(B), 5: 3n } }).cc).toBe(0);
  });

  test("insn: MVCL: nothing moves when the operands overlap destructively", () => {
    const general = { 2: BigInt(B + 7), 3: 8n, 4: BigInt(B), 5: 8n };
    const state = runProgram("mvcl %r2,%r4", { general, memory: { [B]: bytes(16) } });
    expect(state.cc).toBe(3);
    expect(state.memory(B, 16)).toBe(bytes(16));
    expect(state.general[3]).toBe(8n);
    const adjacent = runProgram("mvcl %r2,%r4", { general: { ...general, 2: BigInt(B + 8) }, memory: { [B]: bytes(16) } });
    expect(adjacent.cc).toBe(0);
    expect(adjacent.memory(B, 16)).toBe(bytes(8).repeat(2));
    const down = runProgram("mvcl %r2,%r4", { general: { ...general, 2: BigInt(B), 4: BigInt(B + 1) }, memory: { [B]: bytes(16) } });
    expect(down.cc).toBe(0);
    expect(down.memory(B, 9)).toBe(`${bytes(8, 2)}09`);
  });

  test("insn: MVCL: is interruptible, and goes on after its units of operation", () => {
    // 1,000,000 bytes of padding are several units; the CPU returns between them when it is asked to.
    const state = runProgram("mvcl %r2,%r4", { general: { 2: 0x4_0000n, 3: 1_000_000n, 4: 0n, 5: 0x7f00_0000n }, exactly: true });
    expect(state.cc).toBe(2);
    expect(state.general[2]).toBe(0x4_0000n + 1_000_000n);
    expect(state.memory(0x4_0000 + 999_999, 2)).toBe("7f00");
  });

  test("insn: MVCL: an access exception leaves registers at the page that was refused", () => {
    const state = runProgram("mvcl %r2,%r4", {
      general: { 2: 0x1f_f800n, 3: 0x1000n, 4: BigInt(B), 5: 0x1000n },
      memory: { [B]: bytes(8) },
    });
    expect(state.interruption?.code).toBe(5);
    expect(state.general[2]).toBe(0x20_0000n);
    expect(state.general[3]).toBe(0x800n);
    expect(state.general[4]).toBe(BigInt(B + 0x800));
    expect(state.memory(0x1f_f800, 8)).toBe(bytes(8));
  });

  test("insn: MVCL: addresses in 31- and 24-bit mode keep bits 0-31 and lose the bits above the address", () => {
    for (const [psw, high] of [
      [MODE_31, 0x8000_0000n],
      [MODE_24, 0xab00_0000n],
    ] as const) {
      const top = 0xdead_beef_0000_0000n;
      const state = runProgram("mvcl %r2,%r4", {
        psw,
        general: { 2: top | high | BigInt(A), 3: top | 4n, 4: top | high | BigInt(B), 5: top | 4n },
        memory: { [B]: bytes(8) },
      });
      expect(state.cc).toBe(0);
      expect(state.general.slice(2, 6)).toEqual([top | BigInt(A + 4), top, top | BigInt(B + 4), top]);
      expect(state.memory(A, 5)).toBe("0102030400");
    }
  });

  test("insn: MVCL: an odd register is a specification exception", () => {
    expect(runProgram("mvcl %r3,%r4").interruption?.code).toBe(6);
    expect(runProgram("mvcl %r2,%r5").interruption?.code).toBe(6);
  });

  test("insn: MVCLE: pads with the byte of the second-operand address", () => {
    const state = runProgram("mvcle %r2,%r4,0x1fe(%r7)", {
      general: { 2: BigInt(A), 3: 0x20n, 4: BigInt(B), 5: 0x10n, 7: 1n },
      memory: { [B]: bytes(0x10) },
    });
    expect(state.cc).toBe(2);
    expect(state.memory(A, 0x21)).toBe(`${bytes(16)}${"ff".repeat(16)}00`);
    expect(state.general.slice(2, 6)).toEqual([BigInt(A + 0x20), 0n, BigInt(B + 0x10), 0n]);
  });

  test("insn: MVCLE: ends with condition code 3 when there is much to do, and completes in a loop", () => {
    const general = { 2: 0x4_0000n, 3: 0x10_0000n, 4: 0n, 5: 0n };
    const once = runProgram("mvcle %r2,%r4,0x41", { general });
    expect(once.cc).toBe(3);
    expect(once.general[2]! + once.general[3]!).toBe(0x14_0000n);
    const all = runProgram("0: mvcle %r2,%r4,0x41\n jo 0b", { general });
    expect(all.cc).toBe(2);
    expect(all.general[3]).toBe(0n);
    expect(all.memory(0x13_ffff, 2)).toBe("4100");
  });

  test("insn: MVCLE: lengths are 64 bits wide in 64-bit mode and 32 in 31-bit mode", () => {
    const general = { 2: BigInt(A), 3: 0x1_0000_0004n, 4: BigInt(B), 5: 0x2_0000_0004n };
    const wide = runProgram("mvcle %r2,%r4,0", { general });
    expect(wide.cc).toBe(3);
    expect(wide.general[3]).toBe(0x1_0000_0004n - (wide.general[2]! - BigInt(A)));
    expect(wide.general[5]).toBe(0x1_0000_0000n + wide.general[3]!);
    const narrow = runProgram("mvcle %r2,%r4,0", { general, psw: MODE_31 });
    expect(narrow.cc).toBe(0);
    expect(narrow.general[3]).toBe(0x1_0000_0000n);
  });

  test("insn: MVCLU: pads with a two-byte character, also over a page boundary at an odd address", () => {
    const state = runProgram("mvclu %r2,%r4,0x2ab(%r7)", {
      general: { 2: 0x2_0ffdn, 3: 10n, 4: 0x3_0fffn, 5: 4n, 7: 0x1000n },
      memory: { 200703: "aabbccdd" },
    });
    expect(state.cc).toBe(2);
    expect(state.memory(0x2_0ffd, 11)).toBe("aabbccdd12ab12ab12ab00");
    expect(state.general.slice(2, 6)).toEqual([0x2_1007n, 0n, 0x3_1003n, 0n]);
  });

  test("insn: MVCLU: odd lengths are a specification exception, and an access exception leaves even ones", () => {
    expect(runProgram("mvclu %r2,%r4,0", { general: { 2: BigInt(A), 3: 3n, 4: BigInt(B), 5: 4n } }).interruption?.code).toBe(6);
    const state = runProgram("mvclu %r2,%r4,0", { general: { 2: 0x1f_fffbn, 3: 10n, 4: BigInt(B), 5: 10n } });
    expect(state.interruption?.code).toBe(5);
    expect(state.general[3]).toBe(6n);
  });
});
