import { describe, expect, test } from "vitest";
import { type ProgramSetup, type ProgramState, runProgram } from "../testing/program.ts";
import {
  CR0_EDAT,
  designation,
  ENTRY_COMMON,
  ENTRY_INVALID,
  ENTRY_PROTECT,
  FORMAT_CONTROL,
  PAGE_INVALID,
  PAGE_PROTECT,
  PAGE_TABLE,
  PRIVATE_SPACE,
  PSW_TRANSLATION,
  REAL_SPACE,
  SPARE_PAGE_TABLE,
  TABLE,
  translationTables,
} from "../testing/tables.ts";

const Code = {
  protection: 0x04,
  addressing: 0x05,
  segment: 0x10,
  page: 0x11,
  specification: 0x12,
  asceType: 0x38,
  regionFirst: 0x39,
  regionSecond: 0x3a,
  regionThird: 0x3b,
} as const;

const TEA_FETCH = 0x800n;
const TEA_STORE = 0x400n;
const DATA = "1122334455667788";

interface SpaceSetup {
  readonly type?: number;
  readonly entries?: Readonly<Record<number, bigint>>;
  /** Bits added to, or the whole of, the ASCE. */
  readonly asce?: (asce: bigint) => bigint;
  readonly cr0?: bigint;
  readonly memory?: ProgramSetup["memory"];
  readonly exactly?: boolean;
}

/** Runs a program with one address space, translation on; GR2 holds an address. */
function runTranslated(source: string, address: bigint, space: SpaceSetup = {}): ProgramState {
  const { asce, memory } = translationTables(space.type ?? 0, space.entries);
  return runProgram(source, {
    general: { 2: address, 1: 0xabcd_ef01_2345_6789n },
    control: { 0: space.cr0 ?? CR0_EDAT, 1: space.asce ? space.asce(asce) : asce },
    psw: PSW_TRANSLATION,
    memory: { ...memory, ...space.memory },
    exactly: space.exactly ?? false,
  });
}

const load = (address: bigint, space: SpaceSetup = {}): ProgramState => runTranslated("lg %r1,0(%r2)", address, space);
const store = (address: bigint, space: SpaceSetup = {}): ProgramState => runTranslated("stg %r1,0(%r2)", address, space);

/** A refused load: the interruption code, whether it was nullified, and the translation-exception identification. */
function refusal(state: ProgramState): { code: number | undefined; nullified: boolean; identification: bigint | undefined } {
  return {
    code: state.interruption?.code,
    nullified: state.psw.address === 0x1_0000n,
    identification: state.interruption?.translationException,
  };
}

const page = (address: bigint): bigint => address & ~0xfffn;

describe("PoP chapter 3, Dynamic Address Translation: table levels", () => {
  // A page mapped elsewhere tells that the translation really happened.
  const remapped = { [PAGE_TABLE + 0x80 * 8]: 0x9_0000n };
  const memory = { 589840: DATA, 524304: "ff" };

  test.each([0, 1, 2, 3])("an ASCE of designation type %i translates through all lower tables", (type) => {
    expect(load(0x8_0010n, { type, entries: remapped, memory }).general[1]).toBe(0x1122_3344_5566_7788n);
    expect(store(0x8_0010n, { type, entries: remapped }).memory(0x9_0010, 8)).toBe("abcdef0123456789");
  });

  // For each table: an address whose index in it is 5, and which is 0 in all lower ones.
  const indexed = [
    [0, 20n, Code.segment],
    [1, 31n, Code.regionThird],
    [2, 42n, Code.regionSecond],
    [3, 53n, Code.regionFirst],
  ] as const;

  test.each(indexed)("designation type %i: the index of its own table is at bit %i from the right", (type, shift) => {
    const entry = type === 0 ? BigInt(PAGE_TABLE) : designation(TABLE[type - 1]!, type);
    const space = { type, entries: { [TABLE[type]! + 5 * 8]: entry }, memory: { 524304: DATA } };
    expect(load((5n << shift) + 0x8_0010n, space).general[1]).toBe(0x1122_3344_5566_7788n);
    const last = { ...space, entries: { [TABLE[type]! + 0x7ff * 8]: entry } };
    expect(load((0x7ffn << shift) + 0x8_0010n, last).general[1]).toBe(0x1122_3344_5566_7788n);
  });

  test.each(indexed)("designation type %i: an invalid entry nullifies with the exception of its table", (type, shift, code) => {
    const address = (5n << shift) + 0x8_0010n;
    const state = load(address, { type, entries: { [TABLE[type]! + 5 * 8]: ENTRY_INVALID | BigInt(type << 2) } });
    expect(refusal(state)).toEqual({ code, nullified: true, identification: page(address) | TEA_FETCH });
    expect(state.interruption?.length).toBe(6);
    expect(state.general[1]).toBe(0xabcd_ef01_2345_6789n);
  });

  test.each(indexed)("designation type %i: the table length of the ASCE bounds the index", (type, shift, code) => {
    // 512 entries only: index 512 is behind the table although the entry there is valid.
    const entry = type === 0 ? BigInt(PAGE_TABLE) : designation(TABLE[type - 1]!, type);
    const space = { type, entries: { [TABLE[type]! + 512 * 8]: entry, [TABLE[type]! + 511 * 8]: entry } };
    const short = { ...space, asce: (asce: bigint) => asce & ~3n };
    expect(load((511n << shift) + 0x8_0010n, short).interruption).toBeUndefined();
    expect(refusal(load((512n << shift) + 0x8_0010n, short))).toMatchObject({ code, nullified: true });
    expect(load((512n << shift) + 0x8_0010n, { ...short, asce: (asce) => (asce & ~3n) | 1n }).interruption).toBeUndefined();
  });

  const below = indexed.slice(0, 3);
  test.each(below)("a region entry above designation type %i: table offset and length bound the next index", (lower, shift, code) => {
    const type = lower + 1;
    const at = (index: bigint): bigint => (index << shift) + 0x8_0010n;
    const entry = lower === 0 ? BigInt(PAGE_TABLE) : designation(TABLE[lower - 1]!, lower);
    const entries = (length: number, offset: number): Record<number, bigint> => ({
      [TABLE[type]! + 8]: designation(TABLE[lower]!, type, length, offset),
      [TABLE[lower]! + 511 * 8]: entry,
      [TABLE[lower]! + 512 * 8]: entry,
      [TABLE[lower]! + 1024 * 8]: entry,
    });
    const shiftAbove = [31n, 42n, 53n][lower]!;
    const base = 1n << shiftAbove;
    // Blocks of 512 entries: offset 1 to length 1 means indices 512 to 1023.
    const space = { type, entries: entries(1, 1) };
    expect(refusal(load(base + at(511n), space))).toMatchObject({ code, nullified: true });
    expect(load(base + at(512n), space).interruption).toBeUndefined();
    expect(refusal(load(base + at(1024n), space))).toMatchObject({ code, nullified: true });
    expect(load(base + at(1024n), { type, entries: entries(2, 2) }).interruption).toBeUndefined();
  });

  test.each([
    [0, 31n],
    [1, 42n],
    [2, 53n],
  ] as const)("ASCE-type exception: designation type %i has no address at or above 2^%i", (type, shift) => {
    const address = 1n << shift;
    expect(refusal(load(address, { type }))).toEqual({ code: Code.asceType, nullified: true, identification: address | TEA_FETCH });
    expect(refusal(load(0xffff_ffff_ffff_f000n, { type })).code).toBe(Code.asceType);
  });

  test.each([1, 2, 3])("translation specification: a table entry of the wrong type below designation type %i", (type) => {
    // The second entry: the program itself is under the first.
    const state = load(1n << BigInt(20 + type * 11), { type, entries: { [TABLE[type]! + 8]: designation(TABLE[type - 1]!, type ^ 1) } });
    expect(refusal(state)).toMatchObject({ code: Code.specification, nullified: false });
    expect(state.psw.address).toBe(0x1_0006n);
  });

  test("translation specification: a segment-table entry of a region type", () => {
    expect(refusal(load(0x10_0000n, { entries: { [TABLE[0] + 8]: BigInt(PAGE_TABLE) | 4n } })).code).toBe(Code.specification);
  });

  test("page translation: an invalid page, for a load, a store and a fetch", () => {
    const entries = { [PAGE_TABLE + 0x80 * 8]: PAGE_INVALID };
    expect(refusal(load(0x8_0010n, { entries }))).toEqual({ code: Code.page, nullified: true, identification: 0x8_0000n | TEA_FETCH });
    expect(refusal(store(0x8_0010n, { entries }))).toEqual({ code: Code.page, nullified: true, identification: 0x8_0000n | TEA_STORE });
    const fetch = runTranslated("br %r2", 0x8_0010n, { entries });
    expect(fetch.interruption).toMatchObject({ code: Code.page, translationException: 0x8_0000n | TEA_FETCH });
    expect(fetch.psw.address).toBe(0x8_0010n);
  });

  test("translation specification: bit 52 of a page-table entry", () => {
    expect(refusal(load(0x8_0010n, { entries: { [PAGE_TABLE + 0x80 * 8]: 0x8_0800n } })).code).toBe(Code.specification);
  });

  test("an invalid entry counts before its other bits do", () => {
    expect(refusal(load(0x8_0010n, { entries: { [PAGE_TABLE + 0x80 * 8]: 0xc00n } })).code).toBe(Code.page);
    expect(refusal(load(0x8000_0000n, { type: 1, entries: { [TABLE[1] + 8]: ENTRY_INVALID } })).code).toBe(Code.regionThird);
  });

  test.each([0, 1, 2, 3])("addressing: a table of designation type %i outside storage", (type) => {
    // The instruction itself cannot be fetched.
    const state = load(0x8_0010n, { type, asce: (asce) => (asce & 0xfffn) | 0x20_0000n });
    expect(refusal(state)).toMatchObject({ code: Code.addressing, nullified: false });
    expect(refusal(load(0x8_0010n, { type, asce: (asce) => (asce & 0xfffn) | 0xffff_ffff_ffff_f000n })).code).toBe(Code.addressing);
  });

  test("addressing: a page table, and a page frame, outside storage", () => {
    expect(refusal(load(0x10_0010n, { entries: { [TABLE[0] + 8]: 0x20_0000n } }))).toMatchObject({
      code: Code.addressing,
      nullified: false,
    });
    expect(refusal(load(0x8_0010n, { entries: { [PAGE_TABLE + 0x80 * 8]: 0x20_0000n } })).code).toBe(Code.addressing);
    expect(refusal(load(0x8_0010n, { entries: { [PAGE_TABLE + 0x80 * 8]: 0x8000_0000_0008_0000n } })).code).toBe(Code.addressing);
  });

  test("a page table starts on any 2 KiB boundary", () => {
    const entries = { [TABLE[0] + 8]: BigInt(SPARE_PAGE_TABLE + 0x800), [SPARE_PAGE_TABLE + 0x800 + 3 * 8]: 0x9_0000n };
    expect(load(0x10_3010n, { entries, memory }).general[1]).toBe(0x1122_3344_5566_7788n);
  });
});

describe("PoP chapter 3, Enhanced DAT", () => {
  const memory = { 1193048: DATA };

  test("enhanced-DAT facility 1: a segment-table entry maps a frame of 1 MiB", () => {
    const entries = { [TABLE[0] + 3 * 8]: 0x10_0000n | FORMAT_CONTROL };
    expect(load(0x32_3458n, { entries, memory }).general[1]).toBe(0x1122_3344_5566_7788n);
    expect(store(0x32_3458n, { entries }).memory(0x12_3458, 8)).toBe("abcdef0123456789");
  });

  test("enhanced-DAT facility 2: a region-third-table entry maps a frame of 2 GiB", () => {
    const entries = { [TABLE[1] + 3 * 8]: FORMAT_CONTROL | 4n };
    expect(load(0x1_8012_3458n, { type: 1, entries, memory }).general[1]).toBe(0x1122_3344_5566_7788n);
    expect(refusal(load(0x1_8020_0000n, { type: 1, entries })).code).toBe(Code.addressing);
  });

  test("without the enhanced-DAT control format control and region protection mean nothing", () => {
    const cr0 = 0x4_0000n;
    // The segment-table entry then designates a page table: at 0x10_0400, in the segment table, which has only entry 0.
    const entries = { [TABLE[0] + 3 * 8]: BigInt(PAGE_TABLE) | FORMAT_CONTROL };
    expect(load(0x30_0000n, { cr0, entries: { ...entries, [PAGE_TABLE + 0x400]: 0x9_0000n }, memory: { 589824: DATA } }).general[1]).toBe(
      0n,
    );
    const protectedRegion = { [TABLE[1]]: designation(TABLE[0], 1) | ENTRY_PROTECT };
    expect(store(0x8_0000n, { cr0, type: 1, entries: protectedRegion }).interruption).toBeUndefined();
  });

  test.each([
    ["page-table entry", 0, { [PAGE_TABLE + 0x80 * 8]: 0x8_0000n | PAGE_PROTECT }, 0x8_0010n],
    ["segment-table entry", 0, { [TABLE[0]]: BigInt(PAGE_TABLE) | ENTRY_PROTECT }, 0x8_0010n],
    ["segment-table entry of a 1 MiB frame", 0, { [TABLE[0] + 8]: FORMAT_CONTROL | ENTRY_PROTECT }, 0x18_0010n],
    ["region-third-table entry", 1, { [TABLE[1]]: designation(TABLE[0], 1) | ENTRY_PROTECT }, 0x8_0010n],
    ["region-third-table entry of a 2 GiB frame", 1, { [TABLE[1] + 8]: FORMAT_CONTROL | ENTRY_PROTECT | 4n }, 0x8008_0010n],
    ["region-second-table entry", 2, { [TABLE[2]]: designation(TABLE[1], 2) | ENTRY_PROTECT }, 0x8_0010n],
    ["region-first-table entry", 3, { [TABLE[3]]: designation(TABLE[2], 3) | ENTRY_PROTECT }, 0x8_0010n],
  ])("DAT protection by a %s refuses stores alone", (_name, type, entries: Record<number, bigint>, address) => {
    const state = store(address, { type, entries });
    // Suppressed, with bit 61 of the identification.
    expect(refusal(state)).toEqual({ code: Code.protection, nullified: false, identification: page(address) | TEA_STORE | 4n });
    expect(state.psw.address).toBe(0x1_0006n);
    expect(load(address, { type, entries, memory: { 524304: DATA } }).general[1]).toBe(0x1122_3344_5566_7788n);
  });

  test("an instruction that only compares may still store: protection applies to COMPARE AND SWAP at all times", () => {
    const entries = { [PAGE_TABLE + 0x80 * 8]: 0x8_0000n | PAGE_PROTECT };
    expect(refusal(runTranslated("cs %r1,%r3,0(%r2)", 0x8_0010n, { entries })).code).toBe(Code.protection);
  });
});

describe("PoP chapter 3, Address-Space-Control Element", () => {
  test("a real-space ASCE makes virtual addresses real", () => {
    const state = load(0x12_3458n, { asce: () => REAL_SPACE, memory: { 1193048: DATA } });
    expect(state.general[1]).toBe(0x1122_3344_5566_7788n);
    expect(refusal(load(0x20_0000n, { asce: () => REAL_SPACE })).code).toBe(Code.addressing);
  });

  test("a common segment, or region, in a private space is a translation specification exception", () => {
    const entries = { [TABLE[0] + 8]: BigInt(PAGE_TABLE) | ENTRY_COMMON };
    expect(load(0x18_0000n, { entries }).interruption).toBeUndefined();
    expect(refusal(load(0x18_0000n, { entries, asce: (asce) => asce | PRIVATE_SPACE })).code).toBe(Code.specification);
    const region = { [TABLE[1] + 8]: FORMAT_CONTROL | ENTRY_COMMON | 4n };
    expect(load(0x8008_0000n, { type: 1, entries: region }).interruption).toBeUndefined();
    expect(refusal(load(0x8008_0000n, { type: 1, entries: region, asce: (asce) => asce | PRIVATE_SPACE })).code).toBe(Code.specification);
  });
});

describe("PoP chapter 3, operands that cross pages under translation", () => {
  const crossing = { [PAGE_TABLE + 0x80 * 8]: 0x9_1000n, [PAGE_TABLE + 0x81 * 8]: 0x8_f000n };

  test("each page has its own frame", () => {
    const memory = { 598013: "112233", 585728: "4455667788" };
    expect(load(0x8_0ffdn, { entries: crossing, memory }).general[1]).toBe(0x1122_3344_5566_7788n);
    const stored = store(0x8_0ffdn, { entries: crossing });
    expect(stored.memory(0x9_1ffd, 3) + stored.memory(0x8_f000, 5)).toBe("abcdef0123456789");
  });

  test("a fault in the second page stores nothing in the first, and names the second", () => {
    const entries = { ...crossing, [PAGE_TABLE + 0x81 * 8]: PAGE_INVALID };
    const stored = store(0x8_0ffdn, { entries });
    expect(refusal(stored)).toEqual({ code: Code.page, nullified: true, identification: 0x8_1000n | TEA_STORE });
    expect(stored.memory(0x9_1ffd, 3)).toBe("000000");
    const moved = runTranslated("mvc 0(8,%r2),0(%r3)", 0x8_0ffdn, { entries });
    expect(refusal(moved)).toEqual({ code: Code.page, nullified: true, identification: 0x8_1000n | TEA_STORE });
    expect(moved.memory(0x9_1ffd, 3)).toBe("000000");
  });

  test("the last page of a 64-bit space is followed by page 0", () => {
    // Region-first index 0x7ff and so on down to page 0xff: one table of each kind serves both ends.
    const entries = {
      [TABLE[3] + 0x7ff * 8]: designation(TABLE[2], 3),
      [TABLE[2] + 0x7ff * 8]: designation(TABLE[1], 2),
      [TABLE[1] + 0x7ff * 8]: designation(TABLE[0], 1),
      [TABLE[0] + 0x7ff * 8]: BigInt(SPARE_PAGE_TABLE),
      [SPARE_PAGE_TABLE + 0xff * 8]: 0x9_1000n,
      [PAGE_TABLE]: 0x9_2000n,
    };
    const memory = { 598012: "11223344", 598016: "55667788" };
    expect(load(0xffff_ffff_ffff_fffcn, { type: 3, entries, memory }).general[1]).toBe(0x1122_3344_5566_7788n);
    const stored = store(0xffff_ffff_ffff_fffcn, { type: 3, entries });
    expect(stored.memory(0x9_1ffc, 4) + stored.memory(0x9_2000, 4)).toBe("abcdef0123456789");
    const unmapped = { ...entries, [PAGE_TABLE]: PAGE_INVALID };
    expect(refusal(store(0xffff_ffff_ffff_fffcn, { type: 3, entries: unmapped }))).toMatchObject({
      code: Code.page,
      identification: TEA_STORE,
    });
  });

  test("the end of real storage: an operand that reaches behind it is refused whole", () => {
    const state = runProgram("stg %r1,0(%r2)", { general: { 1: -1n, 2: 0x1f_fffcn } });
    expect(state.interruption?.code).toBe(Code.addressing);
    expect(state.memory(0x1f_fffc, 4)).toBe("00000000");
    expect(runProgram("lg %r1,0(%r2)", { general: { 2: 0xffff_ffff_ffff_fffcn } }).interruption?.code).toBe(Code.addressing);
  });
});
