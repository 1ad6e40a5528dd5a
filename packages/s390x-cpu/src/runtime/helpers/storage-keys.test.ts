import { describe, expect, test } from "vitest";
import { AFP_REGISTER_CONTROL, type ProgramSetup, type ProgramState, runProgram } from "../../testing/program.ts";
import { PSW_TRANSLATION, translationTables } from "../../testing/tables.ts";

const FRAME = 0x2_0000n;
const run = (source: string, general: ProgramSetup["general"] = {}, setup: ProgramSetup = {}): ProgramState =>
  runProgram(source, { ...setup, general: { 2: FRAME, 3: 0x3_0000n, ...general } });
/** The storage key of the frame of GR2 after a program. */
const keyAfter = (source: string, general: ProgramSetup["general"] = {}, setup: ProgramSetup = {}): number =>
  Number(run(`${source}\n iske %r9,%r2`, { 9: 0xaaaan, ...general }, setup).general[9]! & 0xffn);

describe("PoP chapter 10, storage-key instructions", () => {
  test("insn: SSKE: sets access control, fetch protection, reference and change; insn: ISKE: tells them", () => {
    const state = run("sske %r4,%r2\n iske %r9,%r2", { 2: FRAME + 0x123n, 4: 0x1234_56ffn, 9: 0x1111_1111_2222_22aan });
    expect(state.general[9]).toBe(0x1111_1111_2222_22fen);
    expect(state.cc).toBe(0);
  });

  test("insn: SSKE: addresses outside storage are refused; insn: ISKE; insn: RRBE; insn: TB; insn: PFMF", () => {
    for (const source of ["sske %r4,%r2", "iske %r4,%r2", "rrbe %r0,%r2", "tb %r0,%r2", "pfmf %r4,%r2"]) {
      const state = run(source, { 2: 0x20_0000n });
      expect([source, state.interruption?.code]).toEqual([source, 5]);
      expect(run(source, { 2: 0x10_0000_0000n }).interruption?.code).toBe(5);
    }
  });

  test("insn: ISKE: addresses are real", () => {
    // With the prefix at 0x4_0000, real 0 is absolute 0x4_0000 and the other way round.
    const state = run(
      "spx 0(%r5)\n sske %r4,%r2\n lghi %r6,0\n st %r6,0(%r5)\n spx 0(%r5)\n iske %r9,%r7\n iske %r10,%r2",
      {
        2: 0n,
        4: 0x30n,
        5: 0x3_0000n,
        7: 0x4_0000n,
      },
      { memory: { 196608: "00040000" } },
    );
    expect([state.general[9]! & 0xf0n, state.general[10]! & 0xf0n]).toEqual([0x30n, 0n]);
  });

  describe("conditional SSKE", () => {
    const conditional = (mask: number, old: number, key: number): { cc: number; key: number; told: number } => {
      const state = run(`sske %r4,%r2\n sske %r5,%r2,${mask}\n iske %r9,%r2`, { 4: BigInt(old), 5: 0xabcd_0000n | BigInt(key) });
      return { cc: state.cc, key: Number(state.general[9]! & 0xffn), told: Number((state.general[5]! >> 8n) & 0xffn) };
    };
    test.each([
      // MR (4): differences in the reference bit alone do not count. MC (2): nor in the change bit.
      [4, 0x30, 0x34, 0, 0x30],
      [4, 0x30, 0x32, 1, 0x32],
      [2, 0x30, 0x32, 0, 0x30],
      [2, 0x30, 0x34, 1, 0x34],
      [6, 0x36, 0x30, 0, 0x36],
      [6, 0x36, 0x40, 1, 0x40],
      [6, 0x36, 0x38, 1, 0x38],
    ])("insn: SSKE: mask %i, from 0x%s to 0x%s", (mask, old, key, cc, result) => {
      expect(conditional(mask, old, key)).toEqual({ cc, key: result, told: old });
    });
  });

  test("insn: SSKE: multiple blocks, to the end of the megabyte, with the address going on", () => {
    const state = run("sske %r4,%r2,1\n iske %r9,%r6\n iske %r10,%r7\n iske %r11,%r8", {
      2: 0xf_e123n,
      4: 0x70n,
      6: 0xf_d000n,
      7: 0xf_e000n,
      8: 0xf_f000n,
    });
    expect([state.general[9]! & 0xf0n, state.general[10]! & 0xf0n, state.general[11]! & 0xf0n]).toEqual([0n, 0x70n, 0x70n]);
    expect(state.general[2]).toBe(0x10_0123n);
    const conditional = run("sske %r4,%r2,7", { 2: 0xf_e000n, 4: 0x70n });
    expect([conditional.cc, conditional.general[2]]).toEqual([3, 0x10_0000n]);
  });

  test("insn: RRBE: resets the reference bit; the condition code tells the old bits", () => {
    for (const [old, cc] of [
      [0x70, 0],
      [0x72, 1],
      [0x74, 2],
      [0x7e, 3],
    ] as const) {
      const state = run("sske %r4,%r2\n rrbe %r0,%r2\n iske %r9,%r2", { 4: BigInt(old) });
      expect([state.cc, Number(state.general[9]! & 0xffn)]).toEqual([cc, old & ~4]);
    }
  });

  test("insn: IVSK: the key of a virtual address, without reference and change", () => {
    const { asce, memory } = translationTables(0, { [0x11_0000 + 0x80 * 8]: FRAME });
    const state = run(
      "sske %r4,%r2\n ivsk %r9,%r5",
      { 4: 0x7en, 5: 0x8_0000n, 9: -1n },
      {
        psw: PSW_TRANSLATION,
        memory,
        control: { 0: AFP_REGISTER_CONTROL, 1: asce },
      },
    );
    expect(state.general[9]).toBe(0xffff_ffff_ffff_ff78n);
  });

  test("insn: IVSK: needs translation, and in the problem state the extraction authority", () => {
    expect(run("ivsk %r9,%r2").interruption?.code).toBe(0x13);
    const { asce, memory } = translationTables();
    const control = (cr0: bigint) => ({ psw: PSW_TRANSLATION | (1n << 48n), memory, control: { 0: cr0, 1: asce } });
    expect(run("ivsk %r9,%r2", {}, control(AFP_REGISTER_CONTROL)).interruption?.code).toBe(2);
    expect(run("ivsk %r9,%r2", {}, control(0x0800_0000n)).interruption).toBeUndefined();
  });

  test("insn: TB: clears the frame and register 0; low-address protection applies", () => {
    const state = run("tb %r0,%r2", { 0: 5n, 2: FRAME + 0x10n }, { memory: { 131072: "11", 135167: "22" } });
    expect([state.cc, state.general[0], state.memory(0x2_0000, 1), state.memory(0x2_0fff, 1)]).toEqual([0, 0n, "00", "00"]);
    expect(run("tb %r0,%r2", { 2: 0x1000n }, { control: { 0: 0x1000_0000n } }).interruption).toMatchObject({
      code: 4,
      translationException: 0x1400n,
    });
  });

  describe("PERFORM FRAME MANAGEMENT FUNCTION", () => {
    test("insn: PFMF: sets the key and clears a frame of 4 KiB", () => {
      const state = run(
        "pfmf %r4,%r2\n iske %r9,%r2",
        { 4: 0x3_0070n, 2: FRAME + 0x10n },
        { memory: { 131072: "11", 135167: "22", 135168: "33" } },
      );
      expect(state.interruption).toBeUndefined();
      expect(Number(state.general[9]! & 0xffn)).toBe(0x70);
      expect([state.memory(0x2_0000, 1), state.memory(0x2_0fff, 1), state.memory(0x2_1000, 1)]).toEqual(["00", "00", "33"]);
      expect(state.general[2]).toBe(FRAME + 0x10n);
    });

    test("insn: PFMF: a frame of 1 MiB from the block on, the address goes to its end", () => {
      const state = run(
        "pfmf %r4,%r2\n iske %r9,%r6\n iske %r10,%r7",
        { 4: 0x3_1070n, 2: 0xf_e000n, 6: 0xf_d000n, 7: 0xf_f000n },
        { memory: { 1036288: "11", 1044480: "22" } },
      );
      expect([state.general[2], state.memory(0xf_d000, 1), state.memory(0xf_f000, 1)]).toEqual([0x10_0000n, "11", "00"]);
      expect([state.general[9]! & 0xf0n, state.general[10]! & 0xf0n]).toEqual([0n, 0x70n]);
    });

    test("insn: PFMF: reserved bits and frame sizes are specification exceptions", () => {
      for (const bit of [0x8000_0000n, 0x4_0000n, 0x100n, 1n, 0x3000n, 0x7000n])
        expect(run("pfmf %r4,%r2", { 4: bit }).interruption?.code).toBe(6);
      expect(run("pfmf %r4,%r2", { 4: 0x800n }).interruption).toBeUndefined();
    });

    test("insn: PFMF: low-address protection of a frame that is cleared", () => {
      const control = { control: { 0: 0x1000_0000n } };
      expect(run("pfmf %r4,%r2", { 4: 0x1_0000n, 2: 0n }, control).interruption?.code).toBe(4);
      expect(run("pfmf %r4,%r2", { 4: 0x2_0000n, 2: 0n }, control).interruption).toBeUndefined();
      expect(run("pfmf %r4,%r2", { 4: 0x1_0000n, 2: 0x2000n }, control).interruption).toBeUndefined();
    });
  });
});

describe("PoP chapter 3, Reference Recording and Change Recording", () => {
  test.each([
    ["a load", "l %r1,0(%r2)", 4],
    ["a store", "st %r1,0(%r2)", 6],
    ["the source of a move", "mvc 0(8,%r3),0(%r2)", 4],
    ["the target of a move", "mvc 0(8,%r2),0(%r3)", 6],
    ["an interlocked update", "csg %r0,%r1,0(%r2)", 6],
    ["an instruction fetch", "basr %r14,%r2", 4],
    ["the target of EXECUTE", "larl %r14,1f\n ex %r0,0(%r2)\n1:", 4],
    ["a long move", "lgr %r4,%r2\n lghi %r5,16\n lgr %r6,%r3\n lghi %r7,16\n mvcl %r4,%r6", 6],
    ["no access", "la %r1,0(%r2)", 0],
    ["a prefetch", "pfd 1,0(%r2)", 0],
  ])("%s", (_name, source, bits) => {
    const memory = { 131072: "07fe" };
    expect(keyAfter(`sske %r0,%r2\n ${source}`, {}, { memory })).toBe(bits);
    // Translations that were already in use record anew after a reset.
    expect(keyAfter(`${source}\n ${source}\n sske %r0,%r2\n ${source}`, {}, { memory })).toBe(bits);
    expect(keyAfter(`${source}\n sske %r0,%r2\n ${source}`, {}, { memory, exactly: true })).toBe(bits);
  });

  test("the reference bit is recorded again after insn: RRBE", () => {
    expect(keyAfter("l %r1,0(%r2)\n rrbe %r0,%r2")).toBe(0);
    expect(keyAfter("l %r1,0(%r2)\n rrbe %r0,%r2\n l %r1,0(%r2)")).toBe(4);
    expect(keyAfter("st %r1,0(%r2)\n rrbe %r0,%r2")).toBe(2);
    expect(keyAfter("st %r1,0(%r2)\n rrbe %r0,%r2\n st %r1,0(%r2)")).toBe(6);
    expect(keyAfter("basr %r14,%r2\n rrbe %r0,%r2\n basr %r14,%r2", {}, { memory: { 131072: "07fe" } })).toBe(4);
  });

  test("a load before a store: the store is still recorded", () => {
    expect(keyAfter("sske %r0,%r2\n l %r1,0(%r2)\n st %r1,0(%r2)")).toBe(6);
  });

  test("a refused store records no change", () => {
    const { asce, memory } = translationTables(0, { [0x11_0000 + 0x20 * 8]: FRAME | 0x200n });
    const state = run("st %r1,0(%r2)", {}, { psw: PSW_TRANSLATION, memory, control: { 0: AFP_REGISTER_CONTROL, 1: asce } });
    expect(state.interruption?.code).toBe(4);
  });
});
