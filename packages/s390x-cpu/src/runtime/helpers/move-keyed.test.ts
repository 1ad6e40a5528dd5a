import { describe, expect, test } from "vitest";
import { runProgram } from "../../testing/program.ts";
import {
  CR0_EDAT,
  designation,
  doubleword,
  PAGE_INVALID,
  PAGE_TABLE,
  PSW_TRANSLATION,
  SPARE_PAGE_TABLE,
  TABLE,
  translationTables,
} from "../../testing/tables.ts";

/** CR0: AFP registers, enhanced DAT, secondary-space control. */
const CONTROL_0 = CR0_EDAT | 0x0400_0000n;
const PROBLEM = 0x0001_0000_0000_0000n;
const SECONDARY_SPACE = 0x0000_8000_0000_0000n;
const key = (number: number): bigint => BigInt(number) << 52n;

/**
 * Primary space: virtual is real. Secondary space: page 0x30 is real 0x5_0000, page 0x31 real 0x5_3000, page 0x10, where the
 * program is, the same as in the primary one; all others are invalid. The home space is like the secondary one, but for page
 * 0x30 at real 0x5_5000.
 */
const primary = translationTables();
const spaceTable = (frames: Record<number, number>): string =>
  Array.from({ length: 0x40 }, (_, page) => doubleword(frames[page] === undefined ? PAGE_INVALID : BigInt(frames[page]))).join("");
const HOME_PAGE_TABLE = SPARE_PAGE_TABLE + 0x1000;
const memory = {
  ...primary.memory,
  [TABLE[1]]: doubleword(BigInt(SPARE_PAGE_TABLE)),
  [TABLE[2]]: doubleword(BigInt(HOME_PAGE_TABLE)),
  [SPARE_PAGE_TABLE]: spaceTable({ 16: 0x1_0000, 48: 0x5_0000, 49: 0x5_3000 }),
  [HOME_PAGE_TABLE]: spaceTable({ 16: 0x1_0000, 48: 0x5_5000 }),
};
const control = { 0: CONTROL_0, 1: primary.asce, 3: 0n, 7: designation(TABLE[1], 0), 13: designation(TABLE[2], 0) };
const text = "00112233445566778899aabbccddeeff";

/** Bits of an operand-access control: key and space, each with its validity bit. */
const access = ({ space, key: accessKey }: { space?: number; key?: number }): bigint =>
  BigInt((accessKey === undefined ? 0 : (accessKey << 12) | 2) | (space === undefined ? 0 : (space << 6) | 1));
const controls = (first: { space?: number; key?: number }, second: { space?: number; key?: number }): bigint =>
  (access(first) << 16n) | access(second);
const SECONDARY = { space: 2 };
const HOME = { space: 3 };

describe("PoP chapter 10, MOVE WITH OPTIONAL SPECIFICATIONS", () => {
  const run = (
    oac: bigint,
    length: bigint,
    options: { psw?: bigint; to?: bigint; from?: bigint; extra?: Record<number, string>; control?: Record<number, bigint> } = {},
  ) =>
    runProgram("mvcos 0(%r2),0(%r3),%r4", {
      psw: PSW_TRANSLATION | (options.psw ?? 0n),
      control: { ...control, ...options.control },
      general: { 0: oac, 2: options.to ?? 0x2_0000n, 3: options.from ?? 0x3_0ff8n, 4: length },
      memory: {
        ...memory,
        331768: text.slice(0, 16),
        339968: text.slice(16),
        352248: "a1a2a3a4a5a6a7a8",
        167928: "1111",
        ...options.extra,
      },
    });

  test("insn: MVCOS: from the secondary space to the primary one, over pages that are not neighbours in storage", () => {
    const state = run(controls({}, SECONDARY), 16n);
    expect(state.interruption).toBeUndefined();
    expect(state.cc).toBe(0);
    expect(state.memory(0x2_0000, 17)).toBe(`${text}00`);
  });

  test("insn: MVCOS: from the home space, and to the secondary space", () => {
    expect(run(controls({}, HOME), 8n).memory(0x2_0000, 9)).toBe("a1a2a3a4a5a6a7a800");
    const out = run(controls(SECONDARY, {}), 16n, { to: 0x3_0ffcn, from: 0x2_8ff8n, extra: { 167928: text } });
    expect(out.cc).toBe(0);
    expect(out.memory(0x5_0ffc, 4)).toBe(text.slice(0, 8));
    expect(out.memory(0x5_3000, 12)).toBe(text.slice(8));
  });

  test("insn: MVCOS: moves 4096 bytes at most, with condition code 3 when there is more", () => {
    const page = Array.from({ length: 4096 }, (_, i) => ((i * 7 + (i >> 8)) & 255).toString(16).padStart(2, "0")).join("");
    const extra = { 327680: page, 331768: page.slice(2 * 0xff8) };
    const whole = run(controls({}, SECONDARY), 4096n, { from: 0x3_0000n, extra });
    expect([whole.cc, whole.memory(0x2_0000, 4096)]).toEqual([0, page]);
    for (const length of [4097n, 0x1_0000_0000n]) {
      const more = run(controls({}, SECONDARY), length, { from: 0x3_0000n, extra });
      expect([more.cc, more.memory(0x2_0000, 4096)]).toEqual([3, page]);
    }
    expect(run(controls({}, SECONDARY), 0n, { from: 0x7_0000n }).cc).toBe(0);
  });

  test("insn: MVCOS: a page that is missing in the other space is a page-translation exception there, and nothing is stored", () => {
    const state = run(controls({}, SECONDARY), 16n, { from: 0x3_1ff8n, extra: { 344056: "0102030405060708" } });
    expect(state.interruption?.code).toBe(0x11);
    expect(state.interruption!.translationException & ~0xfffn).toBe(0x3_2000n);
    expect(state.interruption!.translationException & 3n).toBe(2n);
    expect(state.memory(0x2_0000, 8)).toBe("0000000000000000");
  });

  test("insn: MVCOS: access keys of the operands", () => {
    const keyed = (oac: bigint, psw: bigint, allowed = 0n) =>
      runProgram("lhi %r5,0x38\n llilf %r6,0x50000\n sske %r5,%r6\n lpswe 0(%r7)\n.org 0x10100\n mvcos 0(%r2),0(%r3),%r4", {
        control: { ...control, 3: allowed },
        general: { 0: oac, 2: 0x2_0000n, 3: 0x3_0000n, 4: 8n, 7: 0x6_0000n },
        memory: { ...memory, 327680: text, 393216: `${doubleword(PSW_TRANSLATION | psw)}${doubleword(0x1_0100n)}` },
      });
    // Key 3 with fetch protection.
    expect(keyed(controls({}, SECONDARY), key(0)).cc).toBe(0);
    expect(keyed(controls({}, SECONDARY), key(4)).interruption?.code).toBe(4);
    expect(keyed(controls({}, { ...SECONDARY, key: 4 }), key(0)).interruption?.code).toBe(4);
    const state = keyed(controls({ key: 0 }, { ...SECONDARY, key: 3 }), key(4));
    expect([state.cc, state.memory(0x2_0000, 8)]).toEqual([0, text.slice(0, 16)]);
    // In the problem state the PSW-key mask must allow the keys.
    expect(keyed(controls({}, { ...SECONDARY, key: 3 }), key(4) | PROBLEM, 0n).interruption?.code).toBe(2);
    expect(keyed(controls({ key: 0 }, { ...SECONDARY, key: 3 }), key(4) | PROBLEM, 0x9000_0000n).cc).toBe(0);
  });

  test("insn: MVCOS: special-operation exceptions", () => {
    expect(runProgram("mvcos 0(%r2),0(%r3),%r4", { control }).interruption?.code).toBe(0x13);
    expect(run(controls({}, SECONDARY), 8n, { control: { 0: CR0_EDAT } }).interruption?.code).toBe(0x13);
    expect(run(controls(HOME, {}), 8n, { psw: PROBLEM, control: { 3: 0xffff_0000n } }).interruption?.code).toBe(0x13);
    expect(run(controls({}, { space: 1 }), 8n).cc).toBe(0);
  });
});

describe("PoP chapter 10, moves between spaces and with keys", () => {
  const general = { 1: 8n, 2: 0x2_0000n, 3: 0x3_0000n, 4: 0n, 5: 8n };

  test("insn: MVCP, MVCS: between the primary and the secondary space", () => {
    const source = { ...memory, 327680: text, 131072: "a1a2a3a4a5a6a7a8" };
    const toPrimary = runProgram("mvcp 0(%r5,%r2),0(%r3),%r4", { psw: PSW_TRANSLATION, control, general, memory: source });
    expect([toPrimary.cc, toPrimary.memory(0x2_0000, 8)]).toEqual([0, text.slice(0, 16)]);
    const toSecondary = runProgram("mvcs 0(%r5,%r3),0(%r2),%r4", { psw: PSW_TRANSLATION, control, general, memory: source });
    expect([toSecondary.cc, toSecondary.memory(0x5_0000, 9)]).toEqual([0, "a1a2a3a4a5a6a7a888"]);
    const long = runProgram("mvcp 0(%r5,%r2),0(%r3),%r4", {
      psw: PSW_TRANSLATION,
      control,
      general: { ...general, 5: 257n },
      memory: source,
    });
    expect([long.cc, long.memory(0x2_0000, 16)]).toEqual([3, text]);
  });

  test("insn: MVCP, MVCS: not without translation, nor without the secondary-space control, nor in home-space mode", () => {
    for (const line of ["mvcp 0(%r5,%r2),0(%r3),%r4", "mvcs 0(%r5,%r3),0(%r2),%r4"]) {
      expect(runProgram(line, { control, general }).interruption?.code).toBe(0x13);
      expect(runProgram(line, { psw: PSW_TRANSLATION, control: { ...control, 0: CR0_EDAT }, general, memory }).interruption?.code).toBe(
        0x13,
      );
      expect(runProgram(line, { psw: PSW_TRANSLATION | PROBLEM, control, general, memory }).interruption?.code).toBe(2);
      const inSecondary = runProgram(line, { psw: PSW_TRANSLATION | SECONDARY_SPACE, control, general, memory });
      expect(inSecondary.interruption).toBeUndefined();
    }
  });

  test("insn: MVCK, MVCSK, MVCDK: one operand with a key of its own", () => {
    const protect = "lhi %r8,0x38\n llilf %r6,0x30000\n sske %r8,%r6\n lpswe 0(%r7)\n.org 0x10100\n";
    const run = (line: string, own: number, given: number) =>
      runProgram(`${protect}${line}`, {
        general: { ...general, 0: 7n, 1: BigInt(given << 4), 4: BigInt(given << 4), 7: 0x6_0000n },
        memory: { 196608: text, 131072: "a1a2a3a4a5a6a7a8", 393216: `${doubleword(0x1_8000_0000n | key(own))}${doubleword(0x1_0100n)}` },
      });
    for (const line of ["mvck 0(%r5,%r2),0(%r3),%r4", "mvcsk 0(%r2),0(%r3)"]) {
      const state = run(line, 0, 3);
      expect([state.interruption, state.memory(0x2_0000, 9)]).toEqual([undefined, `${text.slice(0, 16)}00`]);
      expect(run(line, 0, 4).interruption?.code).toBe(4);
    }
    expect(run("mvcdk 0(%r3),0(%r2)", 0, 3).memory(0x3_0000, 9)).toBe("a1a2a3a4a5a6a7a888");
    expect(run("mvcdk 0(%r3),0(%r2)", 0, 4).interruption?.code).toBe(4);
  });

  test("insn: MVCK: condition code 3 and 256 bytes when the length is greater", () => {
    const run = (length: bigint) =>
      runProgram("mvck 0(%r5,%r2),0(%r3),%r4", { general: { ...general, 5: length }, memory: { 196608: "77".repeat(300) } });
    expect(run(256n).cc).toBe(0);
    const more = run(300n);
    expect([more.cc, more.memory(0x2_00fe, 4)]).toEqual([3, "77770000"]);
    expect([run(0n).cc, run(0n).memory(0x2_0000, 1)]).toEqual([0, "00"]);
  });
});

describe("PoP chapter 10, MOVE PAGE", () => {
  const page = "5a".repeat(4096);
  const general = { 0: 0n, 2: 0x2_0123n, 4: 0x3_0456n };

  test("insn: MVPG: moves a page, whatever the rightmost bits of the addresses", () => {
    const state = runProgram("mvpg %r2,%r4", { general, memory: { 196608: page } });
    expect([state.cc, state.memory(0x2_0000, 4096), state.memory(0x2_1000, 1)]).toEqual([0, page, "00"]);
  });

  test("insn: MVPG: invalid pages give condition codes only when register 0 says so", () => {
    const invalid = (address: number) => ({ ...primary.memory, [PAGE_TABLE + (address >> 12) * 8]: doubleword(PAGE_INVALID) });
    const run = (options: bigint, address: number) =>
      runProgram("mvpg %r2,%r4", {
        psw: PSW_TRANSLATION,
        control,
        general: { ...general, 0: options },
        memory: { ...invalid(address), 196608: page },
      });
    expect(run(0x100n, 0x2_0000).cc).toBe(1);
    expect(run(0x100n, 0x3_0000).cc).toBe(2);
    for (const address of [0x2_0000, 0x3_0000]) expect(run(0n, address).interruption?.code).toBe(0x11);
  });

  test("insn: MVPG: reserved bits, and two keys, are specification exceptions", () => {
    for (const options of [0x1000n, 0x8000n, 0xc00n])
      expect(runProgram("mvpg %r2,%r4", { general: { ...general, 0: options } }).interruption?.code).toBe(6);
  });
});
