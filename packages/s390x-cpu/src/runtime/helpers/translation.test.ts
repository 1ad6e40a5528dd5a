import { describe, expect, test } from "vitest";
import { AFP_REGISTER_CONTROL, type ProgramSetup, type ProgramState, runProgram } from "../../testing/program.ts";
import {
  CR0_EDAT,
  designation,
  doubleword,
  ENTRY_INVALID,
  FORMAT_CONTROL,
  PAGE_INVALID,
  PAGE_PROTECT,
  PAGE_TABLE,
  PSW_TRANSLATION,
  SPARE_PAGE_TABLE,
  TABLE,
  translationTables,
} from "../../testing/tables.ts";

const OLD = 0x2_0000;
const NEW = 0x2_1000;
/** A virtual address that the second segment maps to OLD at first. */
const AT = 0x10_3000n;
const PAGE_ENTRY = SPARE_PAGE_TABLE + 3 * 8;

interface Setup extends ProgramSetup {
  readonly type?: number;
  readonly entries?: Readonly<Record<number, bigint>>;
}

function run(source: string, setup: Setup = {}): ProgramState {
  const { type = 0, entries, ...program } = setup;
  const { asce, memory } = translationTables(type, {
    [TABLE[0] + 8]: BigInt(SPARE_PAGE_TABLE),
    [PAGE_ENTRY]: BigInt(OLD),
    ...entries,
  });
  return runProgram(source, {
    psw: PSW_TRANSLATION,
    ...program,
    general: { 2: AT, ...program.general },
    control: { 0: CR0_EDAT, 1: asce, ...program.control },
    memory: { ...memory, [OLD]: "11".repeat(8), [NEW]: "22".repeat(8), ...program.memory },
  });
}

const value = (digit: string): bigint => BigInt(`0x${digit.repeat(16)}`);

describe("PoP chapter 3, Translation-Lookaside Buffer: no stale translation is used", () => {
  // GR2 data address, GR4 page-table origin, GR5 a new page-table entry; virtual and real addresses of the tables are alike
  // below 1 MiB only, so tables are changed by real address: STURG.
  const general = { 4: BigInt(SPARE_PAGE_TABLE), 5: BigInt(NEW), 6: BigInt(PAGE_ENTRY), 7: BigInt(TABLE[0]) };
  const accesses = [
    ["load", "lg %r1,0(%r2)\n"],
    ["store", "mvi 0(%r2),0x33\n"],
    ["fetch", "basr %r14,%r2\n"],
    ["move", "mvc 0(8,%r3),0(%r2)\n"],
  ] as const;
  const code = { [OLD]: "a7190001 07fe", [NEW]: "a7190002 07fe" };

  const purges = [
    ["insn: PTLB", "sturg %r5,%r6\n ptlb\n"],
    ["insn: IPTE, then a new entry", "ipte %r4,%r2\n sturg %r5,%r6\n"],
    ["insn: IDTE: clearing by ASCE", "sturg %r5,%r6\n lghi %r8,0x800\n stctg %c1,%c1,0(%r9)\n lg %r10,0(%r9)\n idte %r0,%r10,%r8\n"],
    ["insn: CSP with purging", "sturg %r5,%r6\n lghi %r10,0\n la %r12,1(%r9)\n csp %r10,%r12\n"],
    ["insn: CSPG with purging", "sturg %r5,%r6\n lghi %r10,0\n la %r12,1(%r9)\n cspg %r10,%r12\n"],
    ["insn: CRDTE", `lg %r10,0(%r9)\n llilf %r10,${OLD}\n llilf %r11,${NEW}\n lgr %r12,%r4\n lgr %r13,%r2\n crdte %r10,%r0,%r12\n`],
    ["insn: SPX", "sturg %r5,%r6\n stpx 0(%r9)\n spx 0(%r9)\n"],
  ] as const;

  for (const [how, purge] of purges)
    test.each(accesses)(`${how} before a %s`, (kind, access) => {
      for (const exactly of [false, true]) {
        const state = run(`${access}${access}${purge}${access}`, {
          general: { ...general, 3: 0x5_0000n, 9: 0x4_0000n },
          memory: kind === "fetch" ? code : {},
          exactly,
        });
        expect(state.interruption).toBeUndefined();
        if (kind === "load") expect(state.general[1]).toBe(value("2"));
        if (kind === "store") expect([state.memory(OLD, 1), state.memory(NEW, 1)]).toEqual(["33", "33"]);
        if (kind === "fetch") expect(state.general[1]).toBe(2n);
        if (kind === "move") expect(state.memory(0x5_0000, 1)).toBe("22");
      }
    });

  test.each(accesses)("insn: IPTE: the page is invalid at once for a %s", (_kind, access) => {
    const state = run(`${access}${access}ipte %r4,%r2\n${access}`, { general: { ...general, 3: 0x5_0000n }, memory: code });
    expect(state.interruption).toMatchObject({ code: 0x11 });
    expect(state.memory(PAGE_ENTRY, 8)).toBe(doubleword(BigInt(OLD) | PAGE_INVALID));
  });

  test("insn: IPTE: only the page index of the address counts", () => {
    const state = run("lg %r1,0(%r2)\n lgr %r8,%r2\n nilf %r8,0xff000\n ipte %r4,%r8\n lg %r1,0(%r2)", { general });
    expect(state.interruption?.code).toBe(0x11);
  });

  test("insn: IPTE: a range of entries", () => {
    const entries = Object.fromEntries([3, 4, 5, 6].map((page) => [SPARE_PAGE_TABLE + page * 8, BigInt(OLD)]));
    const touch = [0, 1, 2, 3].map((page) => `lg %r1,${page}*4096-0x3000(%r15)\n`).join("");
    const state = run(`${touch} ipte %r4,%r2,%r9\n lg %r1,0(%r15)\n lg %r1,-4096(%r15)`, {
      entries,
      general: { ...general, 9: 0xabcd_ef00n | 2n, 15: AT + 0x3000n },
    });
    const flags = [3, 4, 5, 6].map((page) => (Number.parseInt(state.memory(SPARE_PAGE_TABLE + page * 8 + 6, 1), 16) & 4) !== 0);
    expect(flags).toEqual([true, true, true, false]);
    expect(state.interruption).toMatchObject({ code: 0x11, translationException: (AT + 0x2000n) | 0x800n });
  });

  test("insn: IDTE: invalidates segment- and region-table entries", () => {
    // Region-third table, entry 1 (2 GiB), with three entries more from index 1 on.
    const entries = Object.fromEntries([1, 2, 3, 4, 5].map((index) => [TABLE[1] + index * 8, designation(TABLE[0], 1)]));
    const invalidated = run("lg %r1,0(%r3)\n idte %r4,%r0,%r11\n lg %r1,0(%r3)", {
      type: 1,
      entries,
      general: { 3: 0x8000_0000n + AT, 4: designation(TABLE[1], 1), 11: 0x8000_0003n },
    });
    expect(invalidated.interruption?.code).toBe(0x3b);
    const flags = [0, 1, 2, 3, 4, 5].map((index) => (Number.parseInt(invalidated.memory(TABLE[1] + index * 8 + 7, 1), 16) & 0x20) !== 0);
    expect(flags).toEqual([false, true, true, true, true, false]);
    const segment = run("lg %r1,0(%r2)\n idte %r4,%r0,%r11\n lg %r1,0(%r2)", { general: { 4: BigInt(TABLE[0]), 11: 0x10_0000n } });
    expect(segment.interruption?.code).toBe(0x10);
  });

  test("insn: LCTLG: another space, and back: each sees its own pages; insn: LCTL", () => {
    const second = {
      [TABLE[0] + 0x1000]: BigInt(PAGE_TABLE),
      [TABLE[0] + 0x1008]: BigInt(SPARE_PAGE_TABLE + 0x800),
      [SPARE_PAGE_TABLE + 0x818]: BigInt(NEW),
    };
    for (const [load, width] of [
      ["lctlg", 8],
      ["lctl", 4],
    ] as const) {
      const element = (origin: number): string => doubleword(designation(origin, 0, 0)).slice(16 - width * 2);
      const state = run(`lg %r1,0(%r2)\n ${load} %c1,%c1,0(%r3)\n lg %r8,0(%r2)\n ${load} %c1,%c1,8(%r3)\n lg %r9,0(%r2)`, {
        entries: second,
        general: { 3: 0x4_0000n },
        memory: { 262144: element(TABLE[0] + 0x1000), 262152: element(TABLE[0]) },
      });
      expect([state.general[1], state.general[8], state.general[9]]).toEqual([value("1"), value("2"), value("1")]);
    }
  });

  test("secondary-space mode: a change of CR1 changes where instructions come from", () => {
    const second = {
      [TABLE[0] + 0x1000]: BigInt(PAGE_TABLE),
      [TABLE[0] + 0x1008]: BigInt(SPARE_PAGE_TABLE + 0x800),
      [SPARE_PAGE_TABLE + 0x818]: BigInt(NEW),
    };
    const state = run("sac 0x100\n basr %r14,%r2\n lctlg %c1,%c1,0(%r3)\n basr %r14,%r2", {
      entries: second,
      control: { 0: 0x0484_0000n, 7: designation(TABLE[0], 0) },
      general: { 3: 0x4_0000n },
      memory: { ...code, 262144: doubleword(designation(TABLE[0] + 0x1000, 0, 0)) },
    });
    expect(state.general[1]).toBe(2n);
  });

  test("protection that appears in a table holds after a purge", () => {
    const state = run("mvi 0(%r2),1\n sturg %r5,%r6\n ptlb\n mvi 0(%r2),2", { general: { ...general, 5: BigInt(OLD) | PAGE_PROTECT } });
    expect([state.interruption?.code, state.memory(OLD, 1)]).toEqual([4, "01"]);
  });

  test("a change of the enhanced-DAT control, or of low-address protection, is noticed", () => {
    const big = { [TABLE[0] + 8]: BigInt(SPARE_PAGE_TABLE) | FORMAT_CONTROL };
    // As a frame of 1 MiB the entry designates storage from 0x10_0000 on; else a page table.
    const state = run("lg %r1,0(%r2)\n lctlg %c0,%c0,0(%r3)\n lg %r8,0(%r2)", {
      entries: { ...big, [SPARE_PAGE_TABLE + 0x400]: 0n },
      general: { 3: 0x4_0000n, 2: 0x10_0000n },
      memory: { 262144: doubleword(AFP_REGISTER_CONTROL) },
    });
    expect(state.general[1]).toBe(BigInt(PAGE_TABLE));
  });
});

describe("PoP chapter 10, LOAD REAL ADDRESS", () => {
  const load = (mnemonic: string, address: bigint, setup: Setup = {}): ProgramState =>
    run(`${mnemonic} %r1,0(%r2)`, { ...setup, general: { 1: -1n, 2: address, ...setup.general } });

  test.each(["lra", "lray", "lrag"])("insn: %s: the real address", (mnemonic) => {
    const state = load(mnemonic, AT + 0x123n);
    expect([state.cc, state.general[1]]).toEqual([0, BigInt(OLD) + 0x123n]);
  });

  test.each([
    ["lra", 0xffff_ffff_0002_0000n],
    ["lray", 0xffff_ffff_0002_0000n],
    ["lrag", 0x2_0000n],
  ])("insn: %s: in 31-bit mode", (mnemonic, expected) => {
    expect(load(mnemonic, AT, { psw: 0x0400_0000_8000_0000n }).general[1]).toBe(expected);
  });

  test("insn: LRA: a real address beyond 2^31 does not fit in 31-bit mode; outside storage it is no matter; insn: LRAG", () => {
    const entries = { [PAGE_ENTRY]: 0x12_8000_0000n };
    expect(load("lra", AT, { entries }).general[1]).toBe(0x12_8000_0000n);
    expect(load("lra", AT, { entries, psw: 0x0400_0000_8000_0000n }).interruption?.code).toBe(0x13);
    expect(load("lrag", AT, { entries, psw: 0x0400_0000_8000_0000n }).general[1]).toBe(0x12_8000_0000n);
  });

  test("insn: LRAG: condition codes 1 and 2 tell the address of the invalid entry", () => {
    const segment = load("lrag", AT, { entries: { [TABLE[0] + 8]: ENTRY_INVALID } });
    expect([segment.cc, segment.general[1]]).toEqual([1, BigInt(TABLE[0] + 8)]);
    const page = load("lrag", AT, { entries: { [PAGE_ENTRY]: PAGE_INVALID } });
    expect([page.cc, page.general[1]]).toEqual([2, BigInt(PAGE_ENTRY)]);
  });

  test("insn: LRAG: condition code 3 tells the program-interruption code", () => {
    const told = (state: ProgramState) => [state.cc, state.general[1]];
    expect(told(load("lrag", 1n << 31n))).toEqual([3, 0xffff_ffff_8000_0038n]);
    expect(told(load("lrag", 1n << 31n, { type: 1, entries: { [TABLE[1] + 8]: ENTRY_INVALID } }))).toEqual([3, 0xffff_ffff_8000_003bn]);
    // Behind the end of the segment table.
    expect(told(load("lrag", 0x6000_0000n, { control: { 1: designation(TABLE[0], 0, 0) } }))).toEqual([3, 0xffff_ffff_8000_0010n]);
  });

  test("insn: LRAG: translation specification and addressing remain exceptions", () => {
    expect(load("lrag", AT, { entries: { [PAGE_ENTRY]: 0x800n } }).interruption?.code).toBe(0x12);
    expect(load("lrag", AT, { entries: { [TABLE[0] + 8]: 0x20_0000n } }).interruption?.code).toBe(5);
  });

  test("insn: LRAG: works without translation, by the address-space control; sets no reference bit", () => {
    const state = run("sske %r0,%r5\n lrag %r1,0(%r2)\n iske %r6,%r5", { psw: 0x1_8000_0000n, general: { 5: BigInt(OLD) } });
    expect([state.general[1], state.general[6]]).toEqual([BigInt(OLD), 0n]);
    const second = { 7: designation(TABLE[0] + 0x1000, 0, 0) };
    const entries = { [TABLE[0] + 0x1008]: BigInt(SPARE_PAGE_TABLE + 0x800), [SPARE_PAGE_TABLE + 0x818]: BigInt(NEW) };
    const secondary = run("lrag %r1,0(%r2)", { psw: 0x8001_8000_0000n, control: second, entries });
    expect(secondary.general[1]).toBe(BigInt(NEW));
  });

  test("insn: LRAG: prefixing: the address is real, not absolute", () => {
    const state = run("spx 0(%r3)\n lrag %r1,0(%r2)\n spx 4(%r3)", {
      psw: 0x1_8000_0000n,
      general: { 3: 0x4_0000n },
      memory: { 262144: "00020000" },
    });
    expect(state.general[1]).toBe(BigInt(OLD));
  });

  test("insn: LRAG: access registers name the space, and their exceptions are condition code 3", () => {
    const entries = { [TABLE[0] + 0x1008]: BigInt(SPARE_PAGE_TABLE + 0x800), [SPARE_PAGE_TABLE + 0x818]: BigInt(NEW) };
    const setup: Setup = { psw: PSW_TRANSLATION | (1n << 46n), control: { 7: designation(TABLE[0] + 0x1000, 0, 0) }, entries };
    expect(load("lrag", AT, { ...setup, access: { 2: 1 } }).general[1]).toBe(BigInt(NEW));
    expect(load("lrag", AT, { ...setup, access: { 2: 0 } }).general[1]).toBe(BigInt(OLD));
    const refused = load("lrag", AT, { ...setup, access: { 2: 0x7f00_0000 } });
    expect([refused.cc, refused.general[1]]).toEqual([3, 0xffff_ffff_8000_0028n]);
  });

  test("insn: STRAG: stores the real address, or ends in the translation's exception", () => {
    expect(run("strag 8(%r3),0x10(%r2)", { general: { 3: 0x4_0000n } }).memory(0x4_0008, 8)).toBe(doubleword(BigInt(OLD) + 0x10n));
    expect(run("strag 8(%r3),0(%r2)", { general: { 3: 0x4_0000n }, entries: { [PAGE_ENTRY]: PAGE_INVALID } }).interruption).toMatchObject({
      code: 0x11,
      translationException: AT | 0x800n,
    });
    expect(run("strag 4(%r3),0(%r2)", { general: { 3: 0x4_0000n } }).interruption?.code).toBe(6);
  });
});

describe("PoP chapter 10, TEST PROTECTION", () => {
  const test10 = (key: number, setup: Setup & { storageKey?: number } = {}): ProgramState =>
    run(`sske %r4,%r5\n tprot 0(%r2),0x${key.toString(16)}0\n iske %r6,%r5`, {
      ...setup,
      general: { 4: BigInt(setup.storageKey ?? 0x30), 5: BigInt(OLD), 6: 0n },
    });

  test.each([
    [3, 0x30, 0],
    [0, 0x38, 0],
    [4, 0x30, 1],
    [4, 0x38, 2],
  ])("insn: TPROT: access key %i, storage key 0x%s", (key, storageKey, cc) => {
    expect(test10(key, { storageKey }).cc).toBe(cc);
  });

  test("insn: TPROT: DAT and low-address protection", () => {
    expect(test10(3, { entries: { [PAGE_ENTRY]: BigInt(OLD) | PAGE_PROTECT } }).cc).toBe(1);
    expect(run("tprot 0(%r2),0", { general: { 2: 0x100n }, control: { 0: 0x1000_0000n } }).cc).toBe(1);
  });

  test("insn: TPROT: translation not available is condition code 3, addressing and translation specification are exceptions", () => {
    expect(test10(3, { entries: { [PAGE_ENTRY]: PAGE_INVALID } }).cc).toBe(3);
    expect(test10(3, { entries: { [TABLE[0] + 8]: ENTRY_INVALID } }).cc).toBe(3);
    expect(test10(3, { entries: { [PAGE_ENTRY]: 0x20_0000n } }).interruption?.code).toBe(5);
    expect(test10(3, { entries: { [PAGE_ENTRY]: 0x800n } }).interruption?.code).toBe(0x12);
  });

  test("insn: TPROT: records no change, and leaves the access key alone", () => {
    expect(test10(3).general[6]! & 2n).toBe(0n);
    expect(run("tprot 0(%r2),0x40\n st %r1,0(%r2)", {}).interruption).toBeUndefined();
  });
});

describe("PoP chapter 10, COMPARE AND SWAP AND PURGE, COMPARE AND REPLACE DAT TABLE ENTRY", () => {
  test("insn: CSP: swaps a word when equal, else loads it", () => {
    const general = { 2: AT, 4: 0xaaaa_aaaa_1111_1111n, 5: 0xbbbb_bbbb_7777_7777n };
    const equal = run("csp %r4,%r2", { general });
    expect([equal.cc, equal.memory(OLD, 8)]).toEqual([0, "7777777711111111"]);
    const unequal = run("csp %r4,%r2", { general: { ...general, 4: 0xaaaa_aaaa_0000_0000n } });
    expect([unequal.cc, unequal.general[4], unequal.memory(OLD, 4)]).toEqual([1, 0xaaaa_aaaa_1111_1111n, "11111111"]);
    expect(run("csp %r5,%r2", { general }).interruption?.code).toBe(6);
  });

  test("insn: CSPG: swaps a doubleword when equal, else loads it", () => {
    const general = { 2: AT, 4: value("1"), 5: value("7") };
    const equal = run("cspg %r4,%r2", { general });
    expect([equal.cc, equal.memory(OLD, 8)]).toEqual([0, "77".repeat(8)]);
    const unequal = run("cspg %r4,%r2", { general: { ...general, 4: value("1") ^ (1n << 63n) } });
    expect([unequal.cc, unequal.general[4]]).toEqual([1, value("1")]);
  });

  test("insn: CRDTE: replaces an entry when equal, else loads it", () => {
    const general = { 4: BigInt(OLD), 5: BigInt(NEW), 6: BigInt(SPARE_PAGE_TABLE), 7: AT };
    const equal = run("crdte %r4,%r0,%r6", { general });
    expect([equal.cc, equal.memory(PAGE_ENTRY, 8)]).toEqual([0, doubleword(BigInt(NEW))]);
    const unequal = run("crdte %r4,%r0,%r6", { general: { ...general, 4: 1n } });
    expect([unequal.cc, unequal.general[4], unequal.memory(PAGE_ENTRY, 8)]).toEqual([1, BigInt(OLD), doubleword(BigInt(OLD))]);
    // A segment-table entry, by its table type 4.
    const segment = run("crdte %r4,%r0,%r6", {
      general: { 4: BigInt(SPARE_PAGE_TABLE), 5: ENTRY_INVALID, 6: BigInt(TABLE[0]) | 0x10n, 7: AT },
    });
    expect([segment.cc, segment.memory(TABLE[0] + 8, 8)]).toEqual([0, doubleword(ENTRY_INVALID)]);
    expect(run("crdte %r4,%r0,%r6", { general: { ...general, 6: 4n } }).interruption?.code).toBe(6);
  });
});

describe("PoP chapter 10, LOAD and STORE USING REAL ADDRESS", () => {
  test("insn: LURA; insn: LURAG; insn: STURA; insn: STURG: real addresses under translation", () => {
    const state = run("lura %r8,%r2\n lurag %r9,%r2\n sturg %r3,%r4\n stura %r3,%r5", {
      general: { 2: BigInt(OLD), 3: 0x0123_4567_89ab_cdefn, 4: BigInt(NEW), 5: BigInt(NEW) + 8n, 8: -1n },
      entries: { [PAGE_TABLE + 0x20 * 8]: PAGE_INVALID, [PAGE_TABLE + 0x21 * 8]: PAGE_INVALID },
    });
    expect([state.general[8], state.general[9]]).toEqual([0xffff_ffff_1111_1111n, value("1")]);
    expect(state.memory(NEW, 12)).toBe("0123456789abcdef89abcdef");
  });

  test("insn: LURA; insn: LURAG: alignment, addressing, keys and reference recording", () => {
    expect(run("lura %r8,%r2", { general: { 2: 2n } }).interruption?.code).toBe(6);
    expect(run("lurag %r8,%r2", { general: { 2: 4n } }).interruption?.code).toBe(6);
    expect(run("lurag %r8,%r2", { general: { 2: 0x20_0000n } }).interruption?.code).toBe(5);
    expect(run("lurag %r8,%r2", { general: { 2: 0xffff_ffff_ffff_fff8n } }).interruption?.code).toBe(5);
    const keyed = run("sske %r4,%r2\n spka 0x50\n lura %r8,%r2", { general: { 2: BigInt(OLD), 4: 0x38n } });
    expect(keyed.interruption?.code).toBe(4);
    expect(run("sske %r0,%r2\n lura %r8,%r2\n iske %r9,%r2", { general: { 2: BigInt(OLD) } }).general[9]).toBe(4n);
  });

  test("insn: STURG: into the next instruction", () => {
    // LGHI %r1,2 over LGHI %r1,1.
    const aligned = run("nopr\n nopr\n sturg %r3,%r4\n lghi %r1,1\n lghi %r5,1", { general: { 3: 0xa719_0002_a759_0002n, 4: 0x1_0008n } });
    expect([aligned.general[1], aligned.general[5]]).toEqual([2n, 2n]);
  });
});

describe("PoP chapter 10, INVALIDATE DAT TABLE ENTRY", () => {
  test.each([0x8_0000n, 0x1000n, 0x80_c000n])("insn: IDTE with a reserved bit of 44-51 in its second operand, %s, is refused", (value) => {
    expect(runProgram("idte %r1,%r0,%r2", { general: { 1: 0x2_0000n, 2: value } }).interruption?.code).toBe(6);
  });
});
