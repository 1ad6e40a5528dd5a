import { assemble } from "@zarch/s390x-isa";
import { describe, expect, test } from "vitest";
import { AFP_REGISTER_CONTROL, type ProgramSetup, type ProgramState, resetSharedCpu, runProgram } from "../testing/program.ts";
import { designation, PAGE_INVALID, PAGE_TABLE, PSW_TRANSLATION, SPARE_PAGE_TABLE, TABLE, translationTables } from "../testing/tables.ts";

const MODE_24 = 0n;
const MODE_31 = 0x8000_0000n;
const MODE_64 = 0x1_8000_0000n;
const TARGET = 0x2_0000;
const engines = [false, true];

/** Machine code of a source text that lies at `origin`. */
const code = (source: string, origin = TARGET): Uint8Array => assemble(source, { origin }).bytes;

/** A program under translation: the first MiB as it is, other tables as given. */
function translated(source: string, entries: Readonly<Record<number, bigint>>, setup: ProgramSetup = {}, type = 0): ProgramState {
  const { asce, memory } = translationTables(type, entries);
  return runProgram(source, {
    ...setup,
    psw: setup.psw ?? PSW_TRANSLATION,
    control: { 0: AFP_REGISTER_CONTROL, 1: asce },
    memory: { ...memory, ...setup.memory },
  });
}

describe("PoP chapter 5, EXECUTE", () => {
  const run = (source: string, target: string, setup: ProgramSetup = {}): ProgramState =>
    runProgram(source, { ...setup, general: { 2: BigInt(TARGET), ...setup.general }, memory: { [TARGET]: code(target), ...setup.memory } });

  test("insn: EX: bits 8-15 of the target are ORed with those of the register, in the CPU alone; insn: EXRL", () => {
    for (const exactly of engines) {
      const state = run("lghi %r1,0x31\n ex %r1,0(%r2)\n lghi %r1,0\n ex %r1,0(%r2)", "lr %r8,%r4", { general: { 4: 4n, 5: 5n }, exactly });
      // R1 field 8 | 3 = 11, R2 field 4 | 1 = 5.
      expect([state.general[11], state.general[8]]).toEqual([5n, 4n]);
      expect(state.memory(TARGET, 2)).toBe("1884");
      const long = runProgram("lghi %r1,0x31\n exrl %r1,1f\n j 2f\n1: lr %r8,%r4\n2:", { general: { 5: 5n }, exactly });
      expect(long.general[11]).toBe(5n);
    }
  });

  test("insn: EX: register 0 modifies nothing", () => {
    expect(run("lghi %r0,0xff\n ex %r0,0(%r2)", "lr %r8,%r4", { general: { 4: 4n } }).general[8]).toBe(4n);
  });

  test("insn: EX: a length from a register, for each length", () => {
    for (const length of [1, 2, 255, 256]) {
      const state = run("ex %r1,0(%r2)", "mvc 0(1,%r4),0(%r5)", {
        general: { 1: BigInt(length - 1), 4: 0x3_0000n, 5: 0x4_0000n },
        memory: { 262144: "5a".repeat(300) },
      });
      expect(state.memory(0x3_0000, 300)).toBe("5a".repeat(length) + "00".repeat(300 - length));
    }
  });

  test("insn: EX: an odd target is a specification exception", () => {
    const state = run("ex %r0,1(%r2)", "nopr");
    expect(state.interruption).toMatchObject({ code: 6, length: 4 });
    expect(state.psw.address).toBe(0x1_0004n);
  });

  test.each([
    ["ex %r0,0(%r2)", "ex %r1,0(%r2)", 4],
    ["ex %r0,0(%r2)", "exrl %r1,.", 4],
    ["exrl %r0,.+0x10000", "ex %r1,0(%r2)", 6],
    ["exrl %r0,.+0x10000", "exrl %r1,.", 6],
  ])("execute exception: %s of %s", (source, target, length) => {
    const state = run(source, target);
    expect(state.interruption).toMatchObject({ code: 3, length });
    expect(state.psw.address).toBe(0x1_0000n + BigInt(length));
  });

  test.each([
    ["ex %r0,0(%r2)", 4],
    ["exrl %r0,.+0x10000", 6],
  ])("%s: program interruptions of the target have the length and the address of the EXECUTE", (source, length) => {
    const next = 0x1_0000n + BigInt(length);
    expect(run(source, ".short 0").interruption).toMatchObject({ code: 1, length });
    expect(run(source, "lg %r1,0(%r4)", { general: { 4: 0x20_0000n } })).toMatchObject({
      interruption: { code: 5, length },
      psw: { address: next },
    });
    expect(run(source, "ssm 0", { psw: MODE_64 | (1n << 48n) })).toMatchObject({
      interruption: { code: 2, length },
      psw: { address: next },
    });
    // Nullified: the EXECUTE itself is the next instruction.
    const nullified = translated(
      source,
      { [PAGE_TABLE + 0x30 * 8]: PAGE_INVALID },
      {
        general: { 2: BigInt(TARGET), 4: 0x3_0000n },
        memory: { [TARGET]: code("lg %r1,0(%r4)") },
      },
    );
    expect(nullified).toMatchObject({ interruption: { code: 0x11, length, translationException: 0x3_0800n }, psw: { address: 0x1_0000n } });
    // Completed: fixed-point overflow.
    const overflow = run(source, "ar %r4,%r4", { general: { 4: 0x4000_0000n }, psw: MODE_64 | (8n << 40n) });
    expect(overflow).toMatchObject({ interruption: { code: 8, length }, psw: { address: next } });
    expect(overflow.general[4]).toBe(0x8000_0000n);
  });

  test("insn: EX: insn: SVC as the target has the length of the EXECUTE", () => {
    const cpu = resetSharedCpu();
    cpu.memory.write(0x1_0000, code("ex %r1,0(%r2)", 0x1_0000));
    cpu.memory.write(TARGET, code("svc 1"));
    cpu.setGeneral(1, 0x12n);
    cpu.setGeneral(2, BigInt(TARGET));
    cpu.setPsw(MODE_64, 0x1_0000n);
    expect(cpu.run({ budget: 100 }).reason).toBe("disabled-wait");
    expect([cpu.memory.loadUint16(0x88, "big"), cpu.memory.loadUint16(0x8a, "big"), cpu.memory.loadUint32(0x14c, "big")]).toEqual([
      4, 0x13, 0x1_0004,
    ]);
  });

  test("a target that crosses a page, and one whose second page is missing", () => {
    const at = TARGET + 0xffe;
    for (const exactly of engines) {
      const general = { 2: BigInt(at), 4: 0x3_0000n, 5: 0x4_0000n };
      const memory = { [at]: code("mvc 0(4,%r4),0(%r5)", at), 262144: "5a5a5a5a" };
      expect(runProgram("ex %r0,0(%r2)", { general, memory, exactly }).memory(0x3_0000, 5)).toBe("5a5a5a5a00");
      const missing = translated("ex %r0,0(%r2)", { [PAGE_TABLE + 0x21 * 8]: PAGE_INVALID }, { general, memory, exactly });
      expect(missing).toMatchObject({
        interruption: { code: 0x11, length: 4, translationException: 0x2_1800n },
        psw: { address: 0x1_0000n },
      });
    }
    const absent = translated("exrl %r0,.+0x10000", { [PAGE_TABLE + 0x20 * 8]: PAGE_INVALID });
    expect(absent).toMatchObject({ interruption: { code: 0x11, length: 6, translationException: 0x2_0800n }, psw: { address: 0x1_0000n } });
  });

  test("relative operands of a target count from the target, links from behind the EXECUTE", () => {
    const end = "lghi %r7,1\n svc 255";
    for (const exactly of engines) {
      const branch = run("ex %r0,0(%r2)", `j 1f\n nopr\n nopr\n1: ${end}`, { exactly });
      expect(branch.general[7]).toBe(1n);
      const link = run("ex %r0,0(%r2)", `bras %r6,1f\n nopr\n1: ${end}`, { exactly });
      expect([link.general[7], link.general[6]]).toEqual([1n, 0x1_0004n]);
      const address = run("exrl %r0,.+0x10000", "larl %r7,.+0x20", { exactly });
      expect(address.general[7]).toBe(BigInt(TARGET + 0x20));
      const loop = run("lghi %r5,3\n1: ex %r0,0(%r2)\n j 1b", "brctg %r5,1f\n svc 255\n1: lghi %r7,9\n svc 255", { exactly });
      expect([loop.general[5], loop.general[7]]).toEqual([2n, 9n]);
    }
  });

  test("a branch that is not taken goes on behind the EXECUTE", () => {
    expect(run("ex %r0,0(%r2)\n lghi %r7,2", "jnz .+0x20").general[7]).toBe(2n);
    expect(run("exrl %r0,.+0x10000\n lghi %r7,2", "jnz .+0x20").general[7]).toBe(2n);
  });

  test("the target may change between two EXECUTEs, and an EXECUTE may change its target", () => {
    for (const exactly of engines) {
      const state = run("ex %r0,0(%r2)\n mvi 3(%r2),2\n ex %r0,0(%r2)\n agr %r7,%r8", "lghi %r8,1", { exactly });
      expect(state.general[8]).toBe(2n);
      const own = run("lghi %r1,0\n ex %r1,0(%r2)\n ex %r1,0(%r2)", "mvi 1(%r2),7", { exactly });
      expect(own.memory(TARGET, 2)).toBe("9207");
    }
  });

  test("insn: BALR; insn: BAL: link information of 24-bit mode has the length of the EXECUTE", () => {
    const general = { 2: BigInt(TARGET) };
    const ex = runProgram("ex %r0,0(%r2)", { psw: MODE_24 | (0x25n << 40n), general, memory: { [TARGET]: code("balr %r6,%r0") } });
    expect(ex.general[6]).toBe(0xa501_0004n);
    const exrl = runProgram("exrl %r0,.+0x10000", { psw: MODE_24 | (0x25n << 40n), general, memory: { [TARGET]: code("balr %r6,%r0") } });
    expect(exrl.general[6]).toBe(0xe501_0006n);
  });
});

describe("PoP chapter 5, storing into the instruction stream", () => {
  /** GR2 is the address of the label `next`. */
  const modify = (source: string, setup: ProgramSetup = {}): void => {
    for (const exactly of engines) {
      const state = runProgram(`larl %r2,next\n ${source}`, { ...setup, exactly });
      expect([source, state.interruption, state.general[7]]).toEqual([source, undefined, 2n]);
    }
  };

  test("into the next instruction", () => {
    modify("mvi 3(%r2),2\nnext: lghi %r7,1");
    modify("lghi %r3,2\n sth %r3,2(%r2)\nnext: lghi %r7,1");
    modify("lghi %r3,0x0002\n stc %r3,3(%r2)\nnext: lghi %r7,1");
    modify("larl %r4,new\n mvc 0(4,%r2),0(%r4)\nnext: lghi %r7,1\n j 1f\nnew: lghi %r7,2\n1:");
    modify("xi 3(%r2),3\nnext: lghi %r7,1");
    modify("larl %r4,new\n lg %r5,0(%r4)\n stg %r5,0(%r2)\nnext: lghi %r7,1\n j 1f\nnew: lghi %r7,2\n nopr\n nopr\n1:");
  });

  test("into the one after next, after both ran before", () => {
    const source = "lghi %r5,2\nagain: nopr\nnext: lghi %r7,1\n mvi 3(%r2),2\n brctg %r5,again";
    modify(source);
  });

  test("across lines of 64 bytes and across a page", () => {
    for (const offset of [0x3a, 0x3c, 0x3e, 0x40, 0xff8, 0xffa, 0xffc, 0xffe, 0x1000]) {
      modify(`lghi %r5,2\n j next\n .org ${0x1_0000 + offset}\nnext: lgfi %r7,1\n mvi 5(%r2),2\n brctg %r5,next`);
      modify(`lghi %r5,2\n lgfi %r6,2\n j next\n .org ${0x1_0000 + offset}\nnext: lgfi %r7,1\n sty %r6,2(%r2)\n brctg %r5,next`);
    }
  });

  test("by a long move, an interlocked update, a store of several registers", () => {
    const twice = (store: string): string => `lghi %r5,2\nagain: j next\n .align 4\nnext: lghi %r7,1\n ${store}\n brctg %r5,again`;
    modify(twice("larl %r12,new\n lghi %r11,4\n lgr %r10,%r2\n lghi %r13,4\n mvcl %r10,%r12\n j 1f\n .org 0x10080\nnew: lghi %r7,2\n1:"));
    modify(twice("l %r8,0(%r2)\n lr %r9,%r8\n xilf %r9,3\n cs %r8,%r9,0(%r2)"));
    modify(twice("l %r8,0(%r2)\n xilf %r8,3\n stm %r8,%r8,0(%r2)"));
  });

  test("by the host, through the CPU's memory, between two runs", () => {
    const cpu = resetSharedCpu();
    const program = code("lghi %r7,1\n svc 255", 0x1_0000);
    cpu.memory.write(0x1_0000, program);
    cpu.setPsw(MODE_64, 0x1_0000n);
    cpu.run({ budget: 100 });
    expect(cpu.state.general[7]).toBe(1n);
    cpu.memory.storeUint8(0x1_0003, 2);
    cpu.setPsw(MODE_64, 0x1_0000n);
    cpu.run({ budget: 100 });
    expect(cpu.state.general[7]).toBe(2n);
    cpu.memory.write(0x1_0000, code("lghi %r7,3", 0x1_0000));
    cpu.setPsw(MODE_64, 0x1_0000n);
    cpu.run({ budget: 100 });
    expect(cpu.state.general[7]).toBe(3n);
    cpu.memory.fill(0x1_0002, 2, 5);
    cpu.setPsw(MODE_64, 0x1_0000n);
    cpu.run({ budget: 100 });
    expect(cpu.state.general[7]).toBe(0x505n);
  });

  test("data beside code, thousands of times", () => {
    const state = runProgram(
      "larl %r2,data\n lghi %r5,5000\n1: lg %r6,0(%r2)\n aghi %r6,1\n stg %r6,0(%r2)\n brctg %r5,1b\n j 2f\n .align 8\ndata: .quad 0\n2: lghi %r7,2\n mvi 3(%r4),3",
      { general: { 4: 0x1_0000n } },
    );
    expect([state.general[6], state.general[7]]).toEqual([5000n, 2n]);
    // After so many stores the page may be forgotten: code in it is still noticed.
    modify("lghi %r5,3000\n1: st %r5,0x800(%r4)\n brctg %r5,1b\n mvi 3(%r2),2\nnext: lghi %r7,1", { general: { 4: 0x1_0000n } });
  });

  test("through another virtual address of the same frame", () => {
    // Virtual 0x10_0000 is the program's own frame.
    const entries = { [TABLE[0] + 8]: BigInt(SPARE_PAGE_TABLE), [SPARE_PAGE_TABLE]: 0x1_0000n };
    for (const exactly of engines) {
      const state = translated("lghi %r5,2\nagain: lghi %r7,1\n mvi 7(%r2),2\n brctg %r5,again", entries, {
        general: { 2: 0x10_0000n },
        exactly,
      });
      expect(state.general[7]).toBe(2n);
    }
  });
});

describe("PoP chapter 5, instruction fetching", () => {
  test("an instruction whose second page is missing is refused with its own length and address", () => {
    for (const exactly of engines) {
      const at = 0x2_0ffc;
      const state = translated(
        "br %r2",
        { [PAGE_TABLE + 0x21 * 8]: PAGE_INVALID },
        { general: { 2: BigInt(at) }, memory: { [at]: code("lgfi %r7,1", at) }, exactly },
      );
      expect(state).toMatchObject({
        interruption: { code: 0x11, length: 6, translationException: 0x2_1800n },
        psw: { address: BigInt(at) },
      });
    }
  });

  const ends = [
    ["2^24", MODE_24, 0, 0xf, 0xff_fffen],
    ["2^31", MODE_31, 0, 0x7ff, 0x7fff_fffen],
    ["2^64", MODE_64, 3, 0x7ff, 0xffff_ffff_ffff_fffen],
  ] as const;

  test.each(ends)("instructions wrap at %s, and so does one that lies across", (_name, mode, type, segment, last) => {
    const entries: Record<number, bigint> = {
      [TABLE[0] + segment * 8]: BigInt(SPARE_PAGE_TABLE),
      [SPARE_PAGE_TABLE + 0xff * 8]: 0x2_0000n,
      [PAGE_TABLE]: 0x3_0000n,
    };
    for (let level = 1; level <= type; level++) entries[TABLE[level]! + 0x7ff * 8] = designation(TABLE[level - 1]!, level);
    for (const exactly of engines) {
      const psw = (PSW_TRANSLATION & ~MODE_64) | mode;
      const sequential = translated(
        "br %r2",
        entries,
        { psw, general: { 2: last - 2n }, memory: { 135164: "a7790007", 196608: "0aff" }, exactly },
        type,
      );
      expect([sequential.general[7], sequential.psw.address]).toEqual([7n, 0n]);
      const across = translated(
        "br %r2",
        entries,
        { psw, general: { 2: last }, memory: { 135166: "c071", 196608: "00000009 0aff" }, exactly },
        type,
      );
      expect([across.general[7], across.psw.address]).toEqual([9n, 4n]);
    }
  });

  test.each(ends)("operands wrap at %s", (_name, mode, type, segment, last) => {
    const entries: Record<number, bigint> = {
      [TABLE[0] + segment * 8]: BigInt(SPARE_PAGE_TABLE),
      [SPARE_PAGE_TABLE + 0xff * 8]: 0x2_0000n,
      [PAGE_TABLE]: 0x3_0000n,
    };
    for (let level = 1; level <= type; level++) entries[TABLE[level]! + 0x7ff * 8] = designation(TABLE[level - 1]!, level);
    const psw = (PSW_TRANSLATION & ~MODE_64) | mode;
    const setup = { psw, general: { 2: last - 2n, 3: -1n }, memory: { 135164: "11223344", 196608: "55667788" } };
    expect(translated("lg %r7,0(%r2)", entries, setup, type).general[7]).toBe(0x1122_3344_5566_7788n);
    const stored = translated("stg %r3,0(%r2)", entries, setup, type);
    expect(stored.memory(0x2_0ffc, 4) + stored.memory(0x3_0000, 5)).toBe("ffffffffffffffff00");
    // Base and displacement sum up beyond the end.
    expect(translated("l %r7,4(%r2)", entries, setup, type).general[7]).toBe(0x5566_7788n);
    const moved = translated(
      "mvc 0(8,%r2),0x100(%r4)",
      entries,
      { ...setup, general: { 2: last - 2n, 4: 0x4_0000n }, memory: { 262400: "aabbccddeeff0011" } },
      type,
    );
    expect(moved.memory(0x2_0ffc, 4) + moved.memory(0x3_0000, 4)).toBe("aabbccddeeff0011");
  });

  test("address bits beyond the mode are ignored: insn: LA in each mode", () => {
    const la = (psw: bigint): bigint => runProgram("la %r7,0x10(%r2)", { psw, general: { 2: 0xffff_ffff_ffff_fff8n, 7: -1n } }).general[7]!;
    expect([la(MODE_24), la(MODE_31), la(MODE_64)]).toEqual([0xffff_ffff_0000_0008n, 0xffff_ffff_0000_0008n, 8n]);
    const masked = (psw: bigint): bigint => runProgram("la %r7,0(%r2)", { psw, general: { 2: 0x1234_5678_9abc_def0n } }).general[7]!;
    expect([masked(MODE_24), masked(MODE_31), masked(MODE_64)]).toEqual([0xbc_def0n, 0x1abc_def0n, 0x1234_5678_9abc_def0n]);
    const memory = { 131072: "11223344" };
    expect(runProgram("l %r7,0(%r2)", { psw: MODE_24, general: { 2: 0xff02_0000n }, memory }).general[7]).toBe(0x1122_3344n);
    expect(runProgram("l %r7,0(%r2)", { psw: MODE_31, general: { 2: 0x5555_5555_8002_0000n }, memory }).general[7]).toBe(0x1122_3344n);
    expect(runProgram("l %r7,0(%r2)", { psw: MODE_64, general: { 2: 0x8002_0000n }, memory }).interruption?.code).toBe(5);
  });
});

describe("PoP chapter 5, linkage and addressing modes", () => {
  const linked = (mnemonic: string, psw: bigint): bigint =>
    runProgram(`${mnemonic}`, { psw, general: { 6: 0x1234_5678_1111_1111n } }).general[6]!;

  test.each(["basr %r6,%r0", "bas %r6,4(%r3)", "bras %r6,.+4", "brasl %r6,.+6"])("insn: %s: link information in each mode", (source) => {
    const general = { 3: 0x1_0000n, 6: 0x1234_5678_1111_1111n };
    const length = source.startsWith("basr") ? 2n : source.startsWith("brasl") ? 6n : 4n;
    const link = (psw: bigint): bigint => runProgram(source, { psw, general }).general[6]!;
    expect([link(MODE_24), link(MODE_31), link(MODE_64)]).toEqual([
      0x1234_5678_0001_0000n + length,
      0x1234_5678_8001_0000n + length,
      0x1_0000n + length,
    ]);
  });

  test("insn: BALR; insn: BAL: in 24-bit mode length, condition code and program mask as well", () => {
    expect(linked("balr %r6,%r0", MODE_24 | (0x2an << 40n))).toBe(0x1234_5678_6a01_0002n);
    expect(linked("balr %r6,%r0", MODE_31)).toBe(0x1234_5678_8001_0002n);
    expect(linked("balr %r6,%r0", MODE_64)).toBe(0x1_0002n);
    const bal = (psw: bigint): bigint =>
      runProgram("bal %r6,4(%r3)", { psw, general: { 3: 0x1_0000n, 6: 0x1234_5678_1111_1111n } }).general[6]!;
    expect([bal(MODE_24 | (0x2an << 40n)), bal(MODE_31), bal(MODE_64)]).toEqual([
      0x1234_5678_aa01_0004n,
      0x1234_5678_8001_0004n,
      0x1_0004n,
    ]);
  });

  test("insn: BALR: the branch address is taken before the link, and register 0 branches nowhere", () => {
    const state = runProgram("larl %r6,1f\n balr %r6,%r6\n lghi %r7,1\n1: lghi %r8,1");
    expect([state.general[7], state.general[8]]).toEqual([0n, 1n]);
  });

  const modeOf = (state: ProgramState): bigint => state.psw.mask & MODE_64;
  const modes = [
    ["24-bit", MODE_24, 0x2_0000n, 0x1234_5678_0001_0002n],
    ["31-bit", MODE_31, 0x8002_0000n, 0x1234_5678_8001_0002n],
    ["64-bit", MODE_64, 0x2_0001n, 0x1_0003n],
  ] as const;

  for (const [from, psw, , link] of modes)
    test.each(modes)(`insn: BASSM: from ${from} to %s mode`, (_to, expected, address) => {
      const state = runProgram("bassm %r6,%r2", { psw, general: { 2: address, 6: 0x1234_5678_1111_1111n }, memory: { [TARGET]: "0aff" } });
      expect([state.psw.address, modeOf(state), state.general[6]]).toEqual([0x2_0000n, expected, link]);
    });

  test("insn: BSM: puts the mode into the first register, and takes it from the second", () => {
    const memory = { [TARGET]: "0aff" };
    const mode = (psw: bigint): bigint => runProgram("bsm %r6,%r0", { psw, general: { 6: 0x1234_5678_9234_5678n } }).general[6]!;
    expect([mode(MODE_24), mode(MODE_31), mode(MODE_64)]).toEqual([0x1234_5678_1234_5678n, 0x1234_5678_9234_5678n, 0x1234_5678_9234_5679n]);
    for (const [, expected, address] of modes) {
      const state = runProgram("bsm %r0,%r2", { general: { 2: address }, memory });
      expect([state.psw.address, modeOf(state), state.general[0]]).toEqual([0x2_0000n, expected, 0n]);
    }
    // To 64-bit mode with a high address, and bits beyond 24-bit mode gone.
    expect(runProgram("bsm %r0,%r2", { general: { 2: 0x5500_0000_0002_0001n } }).psw.address).toBe(0x5500_0000_0002_0002n);
    expect(runProgram("bsm %r0,%r2", { general: { 2: 0x7f02_0000n }, memory }).psw.address).toBe(0x2_0000n);
  });

  test("insn: SAM24; insn: SAM31; insn: SAM64; insn: TAM", () => {
    const state = runProgram("sam24\n tam\n ipm %r4\n sam31\n tam\n ipm %r5\n sam64\n tam\n ipm %r6");
    expect([4, 5, 6].map((n) => state.general[n]! >> 28n)).toEqual([0n, 1n, 3n]);
    expect(modeOf(runProgram("sam31"))).toBe(MODE_31);
  });

  test("insn: SAM24; insn: SAM31: refused above the mode's addresses, by the instruction's own address", () => {
    const at = (address: bigint, source: string): ProgramState => {
      const entries = {
        [TABLE[0] + Number(address >> 20n) * 8]: BigInt(SPARE_PAGE_TABLE),
        [SPARE_PAGE_TABLE + Number((address >> 12n) & 0xffn) * 8]: 0x2_0000n,
      };
      return translated("br %r2", entries, {
        general: { 2: address },
        memory: { [0x2_0000 + Number(address & 0xfffn)]: code(`${source}\n svc 255`) },
      });
    };
    expect(at(0x100_0000n, "sam24").interruption).toMatchObject({ code: 6, length: 2 });
    expect(at(0xff_f000n, "sam24").interruption).toBeUndefined();
    expect(at(0x7fff_f000n, "sam31").interruption).toBeUndefined();
    expect(at(0x7fff_f000n, "sam24").interruption?.code).toBe(6);
    // The last halfword below 2^24: the next instruction is at 0.
    const wrapped = at(0xff_fffen, "sam24");
    expect(wrapped.psw.address & ~0xfn).toBe(0n);
  });
});
