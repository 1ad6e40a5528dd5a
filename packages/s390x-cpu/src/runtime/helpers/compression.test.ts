import { describe, expect, it } from "vitest";
import { buildDictionaries } from "../../testing/compression-dictionary.ts";
import { PROGRAM_ORIGIN, type ProgramSetup, type ProgramState, runProgram } from "../../testing/program.ts";
import { designation, doubleword, PAGE_INVALID, PSW_TRANSLATION, SPARE_PAGE_TABLE, translationTables } from "../../testing/tables.ts";

const TARGET = 0x8_0000;
const SOURCE = 0x4_0000;
const DICTIONARY = 0x2_0000;
const AWAY = 0xc_0000;
const END = 0x20_0000;
const MODE_31 = 0x8000_0000n;
const ADDRESSING = 5;
const SPECIFICATION = 6;
const DATA = 7;

const EXPANSION = 0x100;
const FORMAT_1 = 0x200;
const TRANSLATION = 0x1_0000;

const ascii = (text: string): number[] => Array.from(text, (c) => c.charCodeAt(0));
const hex = (bytes: ArrayLike<number>): string => Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
const WORDS = ["compression", "compare", "expansion", "call", "dictionary", " the ", "of ", "and "].map(ascii);
const TEXT = Uint8Array.from(ascii("compression and expansion of the data, comparedictionary call the end: #a#e#f#k#l#m#q#r#s#~#"));

/** Target by registers 2 and 3, source by 4 and 5. */
function call(
  flags: number,
  source: ArrayLike<number>,
  dictionary: Uint8Array,
  targetLength: number,
  setup: ProgramSetup = {},
  program = "cmpsc %r2,%r4",
): ProgramState {
  return runProgram(program, {
    ...setup,
    general: {
      0: BigInt(flags),
      1: BigInt(DICTIONARY),
      2: BigInt(TARGET),
      3: BigInt(targetLength),
      4: BigInt(SOURCE),
      5: BigInt(source.length),
      ...setup.general,
    },
    memory: { [DICTIONARY]: dictionary, [SOURCE]: hex(source), ...setup.memory },
  });
}

function registers({ general }: ProgramState): readonly (bigint | undefined)[] {
  return general.slice(1, 6);
}

describe("PoP chapter 7, COMPRESSION CALL", () => {
  for (let cdss = 1; cdss <= 5; cdss++) {
    for (const format1 of [0, FORMAT_1]) {
      it(`insn: CMPSC: round trip of symbols of ${8 + cdss} bits, sibling descriptors of format ${format1 >> 9}, over page boundaries`, () => {
        const flags = (cdss << 12) | format1;
        const pairs = Array.from({ length: 30 }, (_, i) => [0x23, 0x61 + i]);
        const { both, expansion, strings } = buildDictionaries([...WORDS, ...pairs], 8 + cdss, format1 !== 0);
        const odd = { 2: BigInt(TARGET + 0xffd), 4: BigInt(SOURCE + 0xfe1) };
        const compressed = call(flags, TEXT, both, 100, {
          general: { ...odd, 1: BigInt(DICTIONARY + 3) },
          memory: { [SOURCE]: "", [SOURCE + 0xfe1]: TEXT },
        });
        expect([compressed.cc, compressed.general[4], compressed.general[5]]).toEqual([0, BigInt(SOURCE + 0xfe1 + TEXT.length), 0n]);
        const size = Number(compressed.general[2]) - (TARGET + 0xffd);
        expect(size).toBeLessThan(TEXT.length);
        expect(compressed.general[3]).toBe(BigInt(100 - size));
        const bits = size * 8 + Number(compressed.general[1]! & 7n) - 3;
        expect(bits % (8 + cdss)).toBe(0);
        expect(compressed.general[1]! >> 3n).toBe(BigInt(DICTIONARY >> 3));
        const data = compressed
          .memory(TARGET + 0xffd, size + 1)
          .match(/../g)!
          .map((each) => Number.parseInt(each, 16));
        const first = ((data[0]! << 16) | (data[1]! << 8) | data[2]!) >> (24 - 3 - (8 + cdss));
        expect(strings[first]).toEqual(ascii("compression"));

        const expanded = call(flags | EXPANSION, [], expansion, TEXT.length + 1, {
          general: { ...odd, 1: BigInt(DICTIONARY + 3), 5: BigInt(size + 1) },
          memory: { [SOURCE]: "", [SOURCE + 0xfe1]: hex(data) },
        });
        expect(expanded.memory(TARGET + 0xffd, TEXT.length + 1)).toBe(`${hex(TEXT)}00`);
        expect([expanded.cc, expanded.general[3], expanded.general[1]]).toEqual([0, 1n, compressed.general[1]]);
        expect([expanded.general[4], expanded.general[5]]).toEqual([BigInt(SOURCE + 0xfe1 + size), 1n]);
      });
    }
  }

  it("insn: CMPSC: symbol translation by the table behind the dictionary; expansion does not look at it", () => {
    const { both, expansion } = buildDictionaries(WORDS, 9, false);
    const table = new Uint8Array(1024);
    for (let i = 0; i < 512; i++) new DataView(table.buffer).setUint16(i * 2, i ^ 0x1ff);
    // Offset 0x41 times 128 bytes.
    const offset = 0x41 * 128;
    const general = { 1: BigInt(DICTIONARY + (0x41 << 3)) };
    const state = call(0x1000 | TRANSLATION, ascii("ab"), both, 8, { general, memory: { [DICTIONARY + offset]: table } });
    // 19E and 19D.
    expect([state.cc, state.memory(TARGET, 3), state.general[1]]).toEqual([0, "cf6740", BigInt(DICTIONARY + (0x41 << 3) + 2)]);
    const expanded = call(0x1000 | TRANSLATION | EXPANSION, [0x30, 0x80], expansion, 8, { memory: { [DICTIONARY + offset]: table } });
    expect(expanded.memory(TARGET, 2)).toBe("6100");
  });

  it("insn: CMPSC: condition code 1 with the registers at the symbol for which there is no room; the rest follows", () => {
    const { both, expansion } = buildDictionaries(WORDS, 9, false);
    const once = call(0x1000, ascii("callcallcall"), both, 3);
    expect([once.cc, ...registers(once)]).toEqual([1, ...[DICTIONARY + 2, TARGET + 2, 1, SOURCE + 8, 4].map(BigInt)]);
    const twice = runProgram("cmpsc %r2,%r4\n aghi %r3,9\n cmpsc %r2,%r4", {
      general: { 0: 0x1000n, 1: BigInt(DICTIONARY), 2: BigInt(TARGET), 3: 3n, 4: BigInt(SOURCE), 5: 12n },
      memory: { [DICTIONARY]: both, [SOURCE]: hex(ascii("callcallcall")) },
    });
    const whole = call(0x1000, ascii("callcallcall"), both, 12);
    expect(twice.memory(TARGET, 12)).toBe(whole.memory(TARGET, 12));
    expect([twice.cc, ...registers(twice)]).toEqual([0, ...registers(whole)]);
    const compressed = whole
      .memory(TARGET, 4)
      .match(/../g)!
      .map((each) => Number.parseInt(each, 16));
    const short = call(0x1000 | EXPANSION, compressed, expansion, 11);
    expect([short.cc, ...registers(short)]).toEqual([1, ...[DICTIONARY + 2, TARGET + 8, 3, SOURCE + 2, 2].map(BigInt)]);
    expect(short.memory(TARGET, 12)).toBe(hex([...ascii("callcall"), 0, 0, 0, 0]));
  });

  it("insn: CMPSC: condition code 3 after some work; repeating it does all", () => {
    const { both, expansion } = buildDictionaries(WORDS, 10, false);
    const text = Uint8Array.from({ length: 0x1_0000 }, (_, i) => TEXT[i % TEXT.length]!);
    expect(call(0x2000, text, both, 0x1_0000).cc).toBe(3);
    const loop = "1: cmpsc %r2,%r4\n jo 1b";
    const compressed = call(0x2000, text, both, 0x1_0000, {}, loop);
    expect([compressed.cc, compressed.general[5]]).toEqual([0, 0n]);
    const size = 0x1_0000 - Number(compressed.general[3]);
    const data = compressed
      .memory(TARGET, size + 1)
      .match(/../g)!
      .map((each) => Number.parseInt(each, 16));
    const setup = { general: { 5: BigInt(size + (Number(compressed.general[1]! & 7n) > 0 ? 1 : 0)) } };
    expect(call(0x2000 | EXPANSION, data, expansion, 0x2_0000, setup).cc).toBe(3);
    const expanded = call(0x2000 | EXPANSION, data, expansion, 0x2_0000, setup, loop);
    expect([expanded.cc, expanded.general[2]]).toEqual([0, BigInt(TARGET + text.length)]);
    expect(expanded.memory(TARGET, text.length) === hex(text)).toBe(true);
  });

  it("insn: CMPSC: in 31-bit mode lengths are 32 bits, the left halves stay, and the dictionary's address is of 31 bits", () => {
    const { both } = buildDictionaries(WORDS, 9, false);
    const left = 0xaaaa_aaaa_0000_0000n;
    const general = Object.fromEntries(
      [0x8000_1000, 0x8000_0000 + DICTIONARY, TARGET, 9, SOURCE, 4].map((value, i) => [i, left | BigInt(value)]),
    );
    const state = call(0, ascii("call"), both, 0, { psw: MODE_31, general });
    expect([state.cc, ...registers(state)]).toEqual([
      0,
      ...[0x8000_0001 + DICTIONARY, TARGET + 1, 8, SOURCE + 4, 0].map((value) => left | BigInt(value)),
    ]);
    expect(state.memory(TARGET, 1)).not.toBe("00");
  });

  it("insn: CMPSC: in 24-bit mode addresses are of 24 bits, and a target without storage at its start is not stored at location 0", () => {
    const state = call(0x1000, [], new Uint8Array(8192), 100, { psw: 0n, general: { 4: 0x20_0000n - 2n + 0xff00_0000n, 5: 2n } });
    expect([state.cc, state.general[4]]).toEqual([0, 0x20_0000n]);
    // At the top of the address space there is no storage; the address that follows is 0.
    const before = runProgram("nopr").memory(0, 4);
    const refused = call(0x1000, ascii("a"), new Uint8Array(8192), 100, { psw: 0n, general: { 2: 0xff_ffffn } });
    expect(refused.interruption?.code).toBe(ADDRESSING);
    expect([refused.memory(0, 4), refused.general[4]]).toEqual([before, BigInt(SOURCE)]);
  });

  it("insn: CMPSC: a refused access leaves the registers at the last whole symbol", () => {
    const { both, expansion } = buildDictionaries(WORDS, 9, false);
    const source = hex(ascii("callcallcal"));
    const start = END - 11;
    const fetched = call(0x1000, [], both, 100, { general: { 4: BigInt(start), 5: 100n }, memory: { [SOURCE]: "", [start]: source } });
    expect(fetched.interruption?.code).toBe(ADDRESSING);
    expect(registers(fetched)).toEqual([DICTIONARY + 2, TARGET + 2, 98, END - 3, 92].map(BigInt));
    const stored = call(0x1000, ascii("callcallcall"), both, 100, { general: { 2: BigInt(END - 2) } });
    expect(stored.interruption?.code).toBe(ADDRESSING);
    expect(registers(stored)).toEqual([DICTIONARY + 1, END - 1, 99, SOURCE + 4, 8].map(BigInt));
    const compressed = call(0x1000, ascii("callcallcall"), both, 12)
      .memory(TARGET, 4)
      .match(/../g)!
      .map((each) => Number.parseInt(each, 16));
    const expanded = call(0x1000 | EXPANSION, compressed, expansion, 100, {
      general: { 2: BigInt(END - 6) },
      memory: { [END - 6]: "eeeeeeeeeeee" },
    });
    expect(expanded.interruption?.code).toBe(ADDRESSING);
    expect(registers(expanded)).toEqual([DICTIONARY + 1, END - 2, 96, SOURCE + 1, 3].map(BigInt));
    expect(expanded.memory(END - 6, 6)).toBe(`${hex(ascii("call"))}eeee`);
    const outside = call(0x1000, ascii("call"), both, 100, { general: { 1: BigInt(END + 5) } });
    expect(outside.interruption?.code).toBe(ADDRESSING);
    expect(registers(outside)).toEqual([END + 5, TARGET, 100, SOURCE, 4].map(BigInt));
  });

  it("insn: CMPSC: an invalid dictionary entry is a data exception with DXC 0, after the symbols before it", () => {
    const { both, expansion } = buildDictionaries(WORDS, 9, false);
    both.set([0xe0], 0x7a * 8);
    const state = call(0x1000, ascii("callz"), both, 100);
    expect(state.interruption).toMatchObject({ code: DATA, dxc: 0, length: 4 });
    expect(registers(state)).toEqual([DICTIONARY + 1, TARGET + 1, 99, SOURCE + 4, 1].map(BigInt));
    const expanded = call(0x1000 | EXPANSION, [0x30, 0xff, 0xff], expansion, 100);
    expect(expanded.interruption).toMatchObject({ code: DATA, dxc: 0 });
    expect(registers(expanded)).toEqual([DICTIONARY + 1, TARGET + 1, 99, SOURCE + 1, 2].map(BigInt));
  });

  it("insn: CMPSC: odd registers and symbol sizes that there are not are specification exceptions", () => {
    for (const registersByte of ["34", "25"]) {
      const program = `b26300${registersByte}`.replaceAll(/../g, ".byte 0x$&\n");
      expect(call(0x1000, [], new Uint8Array(0), 0, {}, program).interruption?.code).toBe(SPECIFICATION);
    }
    for (let cdss = 0; cdss < 16; cdss++)
      expect(call(cdss << 12, [], new Uint8Array(0), 0).interruption?.code).toBe(cdss >= 1 && cdss <= 5 ? undefined : SPECIFICATION);
  });

  it("insn: CMPSC: instructions that the target overwrites are decoded anew", () => {
    // Expands 07 07, the BCR 0,7 that was executed before, over an LR 8,3 in its place.
    const state = runProgram(
      `        lghi %r9,2
        lghi %r0,0x1100
        lgr %r10,%r1
again:  lgr %r1,%r10
        larl %r2,place
        lghi %r3,2
        larl %r4,source
        lghi %r5,3
place:  lr %r8,%r11
        cmpsc %r2,%r4
        lghi %r11,9
        brctg %r9,again
        svc 255
source: .byte 0x03,0x81,0xc0,0`,
      { general: { 1: BigInt(AWAY), 11: 5n, 8: 1n } },
    );
    expect(state.memory(state.address("place"), 2)).toBe("0707");
    expect([state.cc, state.general[8]]).toEqual([0, 5n]);
  });

  it("insn: CMPSC: storage-alteration events for the bytes that it stores only", () => {
    const source = ascii("a".repeat(3000));
    // Nine bits each: 3375 bytes from the end of a page on.
    const events = (start: number): number | undefined => {
      const control = { 0: 0x4_0000n, 9: 0x2000_0000n, 10: BigInt(start), 11: BigInt(start) };
      const general = { 2: BigInt(TARGET + 0xffd) };
      return call(0x1000, source, new Uint8Array(8192), 0x1000, { psw: 0x4000_0001_8000_0000n, control, general }).interruption?.code;
    };
    const last = TARGET + 0xffd + 3374;
    for (const start of [TARGET + 0xffd, TARGET + 0x1000, TARGET + 0x1800, last]) expect(events(start)).toBe(0x80);
    for (const start of [TARGET + 0xffc, last + 1, DICTIONARY, SOURCE]) expect(events(start)).toBeUndefined();
  });

  it("insn: CMPSC: more target in one execution than blocks are known at a time", () => {
    // Each symbol is 260 characters of two entries, with a gap of zeros between.
    const expansion = new Uint8Array(4096);
    expansion.set([0xa1, 1, 0x62, 0x63, 0x64, 0x65, 0x66, 255], 256 * 8);
    expansion.set([1, 0x61], 257 * 8);
    const count = 2000;
    const source = Uint8Array.from({ length: (count * 9) / 8 }, (_, i) => 0x80 >> (i % 9));
    source.forEach((_, i) => {
      if (i % 9 === 8) source[i] = 0;
    });
    const state = call(0x1100, source, expansion, 0x10_0000);
    expect([state.cc, state.general[2], state.general[5]]).toEqual([0, BigInt(TARGET + count * 260), 0n]);
    const symbol = `61${"00".repeat(254)}6263646566`;
    expect(state.memory(TARGET, count * 260) === symbol.repeat(count)).toBe(true);
  });

  it("insn: CMPSC: in access-register mode dictionary and source are in the space of the second operand; page faults nullify", () => {
    const { both } = buildDictionaries(WORDS, 9, false);
    const whole = call(0x1000, ascii("callcall"), both, 9);
    const secondaryTable = 0x11_4000;
    const tables = translationTables();
    // The secondary space has the dictionary's page, the source's, and no other one.
    const inSecondary = (withDictionary: boolean): ProgramState => {
      const pages = Array.from({ length: 256 }, (_, page) => {
        if (page === DICTIONARY >> 12 && withDictionary) return BigInt(AWAY);
        return page === SOURCE >> 12 ? BigInt(AWAY + 0x1000) : PAGE_INVALID;
      });
      return call(0x1000, ascii("callcall"), new Uint8Array(4096).fill(0xff), 9, {
        psw: PSW_TRANSLATION | (1n << 46n),
        control: { 0: 0x4_0000n, 1: tables.asce, 7: designation(secondaryTable, 0, 0) },
        access: { 4: 1 },
        memory: {
          ...tables.memory,
          [SOURCE]: "ff".repeat(8),
          [secondaryTable]: doubleword(BigInt(SPARE_PAGE_TABLE)),
          [SPARE_PAGE_TABLE]: pages.map(doubleword).join(""),
          [AWAY]: both.subarray(0, 4096),
          [AWAY + 0x1000]: hex(ascii("callcall")),
        },
      });
    };
    const state = inSecondary(true);
    expect([state.interruption, state.cc, ...registers(state)]).toEqual([undefined, 0, ...registers(whole)]);
    expect(state.memory(TARGET, 4)).toBe(whole.memory(TARGET, 4));
    const refused = inSecondary(false);
    expect([refused.interruption?.code, ...registers(refused)]).toEqual([0x11, ...[DICTIONARY, TARGET, 9, SOURCE, 8].map(BigInt)]);
    // Nullified: the instruction is executed again.
    expect(refused.psw.address).toBe(BigInt(PROGRAM_ORIGIN));
  });
});
