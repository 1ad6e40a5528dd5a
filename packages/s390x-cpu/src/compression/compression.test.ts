import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { operandOf } from "../decimal/operand.ts";
import { buildDictionaries, type Dictionaries } from "../testing/compression-dictionary.ts";
import { type CompressionOperands, CompressionResult, compress, expand } from "./index.ts";

const DATA_EXCEPTION = 7;
const LIMIT = 1e6;

interface Setup {
  readonly symbolSize?: number;
  readonly bitNumber?: number;
  readonly format1?: boolean;
  readonly targetLength?: number;
  readonly target?: Uint8Array;
  readonly limit?: number;
  readonly sourceLength?: number;
  readonly translation?: Uint8Array;
}

interface Outcome {
  readonly result: CompressionResult;
  readonly target: Uint8Array;
}

function run(operation: typeof compress, dictionary: Uint8Array, source: Uint8Array, setup: Setup = {}): Outcome {
  const target = setup.target ?? new Uint8Array(setup.targetLength ?? 0x1_0000);
  const result = new CompressionResult();
  const operands: CompressionOperands = {
    target: operandOf(target),
    targetLength: setup.targetLength ?? target.length,
    source: operandOf(source),
    sourceLength: setup.sourceLength ?? source.length,
    dictionary: operandOf(dictionary),
    symbolSize: setup.symbolSize ?? 9,
    bitNumber: setup.bitNumber ?? 0,
    format1: setup.format1 ?? false,
    translation: setup.translation && operandOf(setup.translation),
  };
  operation(result, operands, setup.limit ?? LIMIT);
  return { result, target };
}

const bytes = (text: string): Uint8Array => Uint8Array.from(text, (c) => c.charCodeAt(0));
const codes = (...texts: string[]): number[][] => texts.map((text) => [...bytes(text)]);

/** Symbols in compressed data. */
function symbols({ result, target }: Outcome, symbolSize = 9, bitNumber = 0): number[] {
  const digits = [...target.subarray(0, result.produced + 1)].map((byte) => byte.toString(2).padStart(8, "0")).join("");
  const all: number[] = [];
  for (let at = bitNumber; at + symbolSize <= result.produced * 8 + result.bitNumber; at += symbolSize)
    all.push(Number.parseInt(digits.slice(at, at + symbolSize), 2));
  return all;
}

/** A dictionary of nine-bit symbols with the entries given as hexadecimal digits. */
function handMade(entries: Readonly<Record<number, string>>): Uint8Array {
  const dictionary = new Uint8Array(512 * 16);
  for (const [index, digits] of Object.entries(entries))
    dictionary.set(
      digits
        .replaceAll(" ", "")
        .match(/../g)!
        .map((each) => Number.parseInt(each, 16)),
      Number(index) * 8,
    );
  return dictionary;
}

/** Letters that repeat, so that strings of the dictionary occur. */
const letters = fc.array(fc.integer({ min: 0x61, max: 0x66 }), { minLength: 2, maxLength: 40 });
const manyCharacters = fc.tuple(fc.integer({ min: 0x61, max: 0x63 }), fc.integer({ min: 0, max: 255 }), fc.integer({ min: 0, max: 3 }));
const dictionaryCase = fc.record({
  strings: fc.array(fc.oneof(letters, manyCharacters), { maxLength: 80 }),
  symbolSize: fc.integer({ min: 9, max: 13 }),
  format1: fc.boolean(),
});

/** Data made of pieces of the dictionary's strings, and of anything. */
function dataFor(strings: readonly (readonly number[])[]): fc.Arbitrary<Uint8Array> {
  const anything = fc.array(fc.integer({ min: 0, max: 255 }), { maxLength: 6 });
  const piece = strings.length === 0 ? anything : fc.oneof(fc.constantFrom(...strings.map((each) => [...each])), anything);
  return fc.array(piece, { maxLength: 30 }).map((pieces) => Uint8Array.from(pieces.flat()));
}

const roundTripCase = dictionaryCase.chain((base) =>
  fc.record({ base: fc.constant(base), data: dataFor(base.strings), bitNumber: fc.integer({ min: 0, max: 7 }) }),
);

function dictionariesOf({
  strings,
  symbolSize,
  format1,
}: {
  strings: readonly (readonly number[])[];
  symbolSize: number;
  format1: boolean;
}): Dictionaries {
  return buildDictionaries(strings, symbolSize, format1);
}

describe("PoP 7, COMPRESSION CALL: compression and expansion", () => {
  it("insn: CMPSC expands what it compressed, for all symbol sizes, bit numbers and formats of sibling descriptors", () => {
    let shorter = 0;
    fc.assert(
      fc.property(roundTripCase, ({ base, data, bitNumber }) => {
        const { both, expansion, strings } = dictionariesOf(base);
        const setup = { symbolSize: base.symbolSize, bitNumber };
        const compressed = run(compress, both, data, { ...setup, format1: base.format1 });
        expect(compressed.result).toMatchObject({ cc: 0, exception: 0, consumed: data.length });
        const indices = symbols(compressed, base.symbolSize, bitNumber);
        expect(indices.flatMap((index) => strings[index]!)).toEqual([...data]);
        shorter += data.length - indices.length;
        const { result, target } = compressed;
        const source = target.subarray(0, result.produced + (result.bitNumber > 0 ? 1 : 0));
        const expanded = run(expand, expansion, source, setup);
        expect(expanded.result).toMatchObject({ cc: 0, exception: 0, produced: data.length });
        expect(expanded.result).toMatchObject({ consumed: result.produced, bitNumber: result.bitNumber });
        expect(expanded.target.subarray(0, data.length)).toEqual(data);
      }),
      { numRuns: 200 },
    );
    expect(shorter).toBeGreaterThan(1000);
  });

  it("insn: CMPSC in small steps, with little room (1) and few entries at a time (3), gives the same", () => {
    fc.assert(
      fc.property(
        roundTripCase,
        fc.integer({ min: 1, max: 4 }),
        fc.integer({ min: 2, max: 9 }),
        ({ base, data, bitNumber }, limit, room) => {
          const { both } = dictionariesOf(base);
          const setup = { symbolSize: base.symbolSize, format1: base.format1 };
          const atOnce = run(compress, both, data, { ...setup, bitNumber });
          const target = new Uint8Array(0x1_0000);
          let [consumed, produced, bit] = [0, 0, bitNumber];
          for (let steps = 0; ; steps++) {
            // Every other time there is enough room.
            const targetLength = steps & 1 ? room : 20;
            const { result } = run(compress, both, data.subarray(consumed), {
              ...setup,
              bitNumber: bit,
              limit,
              target: target.subarray(produced),
              targetLength,
            });
            consumed += result.consumed;
            produced += result.produced;
            bit = result.bitNumber;
            if (result.cc === 0) break;
            expect([1, 3]).toContain(result.cc);
            expect(steps).toBeLessThan(2 * data.length + 2);
          }
          expect([consumed, produced, bit]).toEqual([data.length, atOnce.result.produced, atOnce.result.bitNumber]);
          expect(target).toEqual(atOnce.target);
        },
      ),
      { numRuns: 50 },
    );
  });

  it("insn: CMPSC expands in small steps, a symbol as a whole or not at all", () => {
    fc.assert(
      fc.property(roundTripCase, fc.integer({ min: 1, max: 45 }), ({ base, data, bitNumber }, room) => {
        const { both, expansion } = dictionariesOf(base);
        const setup = { symbolSize: base.symbolSize, format1: base.format1 };
        const compressed = run(compress, both, data, { ...setup, bitNumber });
        const source = compressed.target.subarray(0, compressed.result.produced + 1);
        const sourceLength = compressed.result.produced + (compressed.result.bitNumber > 0 ? 1 : 0);
        const expanded: number[] = [];
        let [consumed, bit] = [0, bitNumber];
        for (let steps = 0; ; steps++) {
          const targetLength = steps & 1 ? room : 40;
          const { result, target } = run(expand, expansion, source.subarray(consumed, sourceLength), {
            ...setup,
            bitNumber: bit,
            limit: 3,
            targetLength,
          });
          expanded.push(...target.subarray(0, result.produced));
          expect(target.subarray(result.produced).every((byte) => byte === 0)).toBe(true);
          consumed += result.consumed;
          bit = result.bitNumber;
          if (result.cc === 0) break;
          expect([1, 3]).toContain(result.cc);
          expect(steps).toBeLessThan(2 * data.length + 2);
        }
        expect(expanded).toEqual([...data]);
      }),
      { numRuns: 50 },
    );
  });

  it("insn: CMPSC takes the longest string, over additional extension characters, children and sibling descriptors", () => {
    for (const format1 of [false, true]) {
      const many = Array.from({ length: 60 }, (_, i) => [0x7a, 0x20 + i]);
      const { both, strings } = buildDictionaries([...codes("abcdefgh", "abcdxy", "ab"), ...many], 9, format1);
      const matched = (text: string): string[] =>
        symbols(run(compress, both, bytes(text), { format1 })).map((index) => String.fromCharCode(...strings[index]!));
      expect(matched("abcdefghabcdxyabq")).toEqual(["abcdefgh", "abcdxy", "ab", "q"]);
      expect(matched("abcdefg")[0]).toBe("abcd");
      expect(matched("z\x20z\x24z\x25z\x2bz\x2cz\x32z\x33z\x34z\x5bz\x5cz")).toEqual([
        ..."\x20\x24\x25\x2b\x2c\x32\x33\x34\x5b".split("").map((character) => `z${character}`),
        "z",
        "\x5c",
        "z",
      ]);
    }
  });

  it("insn: CMPSC tries first children of the same character one after the other", () => {
    // "a" has the children "bcd" and "b" in its entry, and "x" between does not continue the search.
    const dictionary = handMade({ 97: "50 01 00 6262 000000", 256: "00 40 00 6364 000000", 257: "00 00 00 0000000000" });
    expect(symbols(run(compress, dictionary, bytes("abcd")))).toEqual([256]);
    expect(symbols(run(compress, dictionary, bytes("abce")))).toEqual([257, 0x63, 0x65]);
    expect(symbols(run(compress, dictionary, bytes("abc")))).toEqual([257, 0x63]);
    const other = handMade({ 97: "78 01 00 786262 0000", 257: "00 40 00 6364 000000" });
    expect(symbols(run(compress, other, bytes("abcd")))).toEqual([257]);
    expect(symbols(run(compress, other, bytes("abce")))).toEqual([0x61, 0x62, 0x63, 0x65]);
  });

  it("insn: CMPSC does not look at children whose examine bit is zero", () => {
    const dictionary = handMade({ 97: "20 01 00 62 00000000", 256: "ffff ffffffffffff" });
    expect(symbols(run(compress, dictionary, bytes("abb")))).toEqual([256, 0x62]);
    dictionary[0x61 * 8] = 0x30;
    expect(run(compress, dictionary, bytes("abb")).result).toMatchObject({ exception: DATA_EXCEPTION, consumed: 0, produced: 0 });
  });

  it("insn: CMPSC ends the search with the last child character in the entry if all were equal and none of them matched", () => {
    const dictionary = handMade({
      97: "df 01 00 6262626262",
      ...Object.fromEntries([256, 257, 258, 259, 260].map((index) => [index, "00 20 00 63"])),
      261: "20 62",
    });
    expect(symbols(run(compress, dictionary, bytes("abd")))).toEqual([0x61, 0x62, 0x64]);
    expect(symbols(run(compress, dictionary, bytes("abc")))).toEqual([256]);
    dictionary[0x61 * 8 + 7] = 0x65;
    expect(symbols(run(compress, dictionary, bytes("abd")))).toEqual([262, 0x64]);
  });

  it("insn: CMPSC compares additional extension characters within the source only", () => {
    const dictionary = handMade({ 97: "30 01 00 62", 256: "00 40 00 6364" });
    expect(symbols(run(compress, dictionary, bytes("abcd"), { sourceLength: 3 }))).toEqual([0x61, 0x62, 0x63]);
    expect(symbols(run(compress, dictionary, bytes("abcd"), { sourceLength: 4 }))).toEqual([256]);
    const sibling = handMade({ 97: "c0 01 00", 261: "30 62", 262: "00 40 00 6364" });
    expect(symbols(run(compress, sibling, bytes("abcd"), { sourceLength: 3 }))).toEqual([0x61, 0x62, 0x63]);
    expect(symbols(run(compress, sibling, bytes("abcd"), { sourceLength: 4 }))).toEqual([262]);
  });

  for (const [format, perDescriptor] of [0, 1].map((each) => [each, each ? 14 : 7] as const)) {
    it(`insn: CMPSC examines siblings by the bits of format-${format} descriptors, the last two by those of the parent or always`, () => {
      // Two descriptors: characters 41 hex on in the first, 61 hex on in the second. Invalid entries tell who was looked at.
      const characters = (from: number): number[] => Array.from({ length: perDescriptor }, (_, i) => from + i);
      const bitsOf = (descriptorBits: number, yBits: number): Uint8Array => {
        const dictionary = handMade({ 49: "c0 01 00" });
        dictionary[0x31 * 8 + 1]! |= yBits << 6;
        let at = 261;
        for (const from of [0x41, 0x61]) {
          const all = characters(from);
          const isLast = from === 0x61;
          if (format === 0) dictionary.set([((isLast ? 7 : 0) << 5) | descriptorBits, ...all], at * 8);
          else {
            dictionary.set([((isLast ? 14 : 15) << 4) | (descriptorBits >> 8), descriptorBits & 0xff, ...all.slice(0, 6)], at * 8);
            dictionary.set(all.slice(6), (512 + at) * 8);
          }
          for (let i = 1; i <= perDescriptor; i++) dictionary[(at + i) * 8] = 0xe0;
          at += perDescriptor + 1;
        }
        return dictionary;
      };
      const examined = (dictionary: Uint8Array, from: number): string =>
        characters(from)
          .map((character, i) => {
            const outcome = run(compress, dictionary, Uint8Array.of(0x31, character), { format1: format === 1 });
            if (outcome.result.exception === 0) expect(symbols(outcome)).toEqual([(from === 0x41 ? 262 : 263 + perDescriptor) + i]);
            return outcome.result.exception === 0 ? "0" : "1";
          })
          .join("");
      const width = perDescriptor - 2;
      for (const descriptorBits of [0, 1, 1 << (width - 1), 0b10110, (1 << width) - 1]) {
        const own = descriptorBits.toString(2).padStart(width, "0");
        for (const yBits of [0, 1, 2, 3]) {
          const dictionary = bitsOf(descriptorBits, yBits);
          expect(examined(dictionary, 0x41)).toBe(own + yBits.toString(2).padStart(2, "0"));
          expect(examined(dictionary, 0x61)).toBe(`${own}11`);
        }
      }
    });
  }

  it("insn: CMPSC with symbol translation stores the rightmost bits of the table's halfwords", () => {
    const { both } = buildDictionaries(codes("abc"), 10, false);
    const translation = new Uint8Array(2048);
    for (let i = 0; i < 1024; i++) new DataView(translation.buffer).setUint16(i * 2, 0xfc00 | (i ^ 4));
    const outcome = run(compress, both, bytes("abcz"), { symbolSize: 10, translation });
    expect(symbols(outcome, 10)).toEqual([260, 0x7e]);
  });

  it("insn: CMPSC leaves the bits left of the first symbol, and clears those right of the last", () => {
    const target = new Uint8Array(8).fill(0xff);
    const { result } = run(compress, new Uint8Array(8192), Uint8Array.of(0), { bitNumber: 5, target });
    expect([...target]).toEqual([0xf8, 0, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff]);
    expect(result).toMatchObject({ cc: 0, produced: 1, bitNumber: 6, consumed: 1 });
    target.fill(0xff);
    // 7 + 10 bits reach into a third byte.
    run(compress, new Uint8Array(16384), Uint8Array.of(0), { bitNumber: 7, symbolSize: 10, target });
    expect([...target.subarray(0, 4)]).toEqual([0xfe, 0, 0, 0xff]);
  });

  it("insn: CMPSC condition codes: source used up goes before target full", () => {
    const dictionary = new Uint8Array(8192);
    for (const operation of [compress, expand]) {
      expect(run(operation, dictionary, new Uint8Array(0), { targetLength: 0 }).result.cc).toBe(0);
      expect(run(operation, dictionary, new Uint8Array(2), { targetLength: 0 }).result.cc).toBe(1);
      expect(run(operation, dictionary, new Uint8Array(4), { limit: 1 }).result).toMatchObject({ cc: 3 });
    }
    expect(run(compress, dictionary, new Uint8Array(1), { targetLength: 2 }).result).toMatchObject({ cc: 0, produced: 1, bitNumber: 1 });
    expect(run(compress, dictionary, new Uint8Array(2), { targetLength: 2 }).result).toMatchObject({ cc: 1, consumed: 1, bitNumber: 1 });
    // Of two bytes only seven symbols' starts leave room for nine bits.
    expect(run(compress, dictionary, new Uint8Array(1), { targetLength: 2, bitNumber: 7 }).result.cc).toBe(0);
    expect(run(expand, dictionary, new Uint8Array(2), { bitNumber: 7 }).result).toMatchObject({
      cc: 0,
      consumed: 2,
      bitNumber: 0,
      produced: 1,
    });
    expect(run(expand, dictionary, new Uint8Array(1), { bitNumber: 0 }).result).toMatchObject({ cc: 0, consumed: 0, produced: 0 });
  });

  it("insn: CMPSC ends with condition code 1 before it follows an expansion for which there is no room", () => {
    const dictionary = handMade({ 256: "4101 6162 000000 09", 257: "00" });
    expect(run(expand, dictionary, Uint8Array.of(0x80, 0), { targetLength: 10 }).result).toMatchObject({ cc: 1, exception: 0 });
    expect(run(expand, dictionary, Uint8Array.of(0x80, 0), { targetLength: 11 }).result.exception).toBe(DATA_EXCEPTION);
  });

  it("insn: CMPSC expands characters without a look at their entries, and nothing shows where entries leave gaps", () => {
    const dictionary = handMade({ 97: "ff", 256: "4061 7879 000000 09", 257: "2101 7a 00000000 03", 258: "01" });
    dictionary.set([2, 0x31, 0x32], 0x61 * 8);
    const source = Uint8Array.of(0x30, 0xc0, 0x00);
    const { result, target } = run(expand, dictionary, source.subarray(0, 3));
    expect([result.cc, ...target.subarray(0, 12)]).toEqual([0, 0x61, 0x31, 0x32, 0, 0, 0, 0, 0, 0, 0, 0x78, 0x79]);
  });
});

describe("PoP 7, COMPRESSION CALL: data exceptions", () => {
  const refuses = (operation: typeof compress, dictionary: Uint8Array, source: Uint8Array, format1 = false): void => {
    const { result, target } = run(operation, dictionary, source, { format1 });
    expect(result).toMatchObject({ exception: DATA_EXCEPTION, consumed: 0, produced: 0, bitNumber: 0 });
    expect(target.every((byte) => byte === 0)).toBe(true);
  };
  /** The symbol 256. */
  const symbol256 = Uint8Array.of(0x80, 0);

  it("insn: CMPSC refuses character entries with too many characters, and pointers out of the dictionary", () => {
    for (const entry of ["00 a0", "20 a1", "c0 21", "e0 01", "20 02 00 62", "40 1f ff 62 62"])
      refuses(compress, handMade({ 97: entry }), bytes("ab"));
    // The last entry has a child behind the end.
    refuses(compress, handMade({ 97: "40 01 ff 78 62" }), bytes("ab"));
    refuses(compress, handMade({ 97: "c0 01 fb" }), bytes("ab"));
  });

  it("insn: CMPSC refuses format-1 descriptors without characters, and more than 260 children", () => {
    const descriptors: Record<number, string> = { 97: "c0 01 00" };
    refuses(compress, handMade(descriptors), bytes("ab"), true);
    for (let index = 261; index < 512; index += 8) descriptors[index] = "00 00000000000000";
    refuses(compress, handMade(descriptors), bytes("ab"));
    const big = new Uint8Array(1024 * 16);
    big.set([0xc0, 1, 0], 0x61 * 8);
    // Five children, and 36 times seven: 257, the last of them the one that matches; then 264.
    let at = 261;
    for (let i = 0; i < 36; i++, at += 8) big[at * 8] = i === 35 ? 0xe0 : 0;
    big[(at - 8) * 8 + 7] = 0x62;
    const accepted = run(compress, big, bytes("ab"), { symbolSize: 10 });
    expect([accepted.result.exception, ...symbols(accepted, 10)]).toEqual([0, at - 1]);
    big[(at - 8) * 8] = 0;
    big[(at - 8) * 8 + 7] = 0;
    big[at * 8] = 0xe0;
    big[at * 8 + 3] = 0x62;
    expect(symbols(run(compress, big, bytes("ab"), { symbolSize: 10 }), 10)).toEqual([at + 3]);
    big.copyWithin(at * 8 + 4, at * 8 + 3, at * 8 + 4);
    big[at * 8 + 3] = 0;
    expect(run(compress, big, bytes("ab"), { symbolSize: 10 }).result.exception).toBe(DATA_EXCEPTION);
  });

  it("insn: CMPSC refuses symbols of more than 260 characters, also where entries are their own children", () => {
    const circle = handMade({ 97: "30 01 00 61", 256: "30 01 00 61" });
    refuses(compress, circle, new Uint8Array(261).fill(0x61));
    const { result } = run(compress, circle, new Uint8Array(260).fill(0x61));
    expect(result).toMatchObject({ cc: 0, exception: 0, consumed: 260 });
  });

  it("insn: CMPSC refuses expansion entries of wrong lengths, and pointers out of the dictionary", () => {
    for (const entry of ["00", "08", "09 61", "11 61", "c0 61", "e0 61", "22 00 61"]) refuses(expand, handMade({ 256: entry }), symbol256);
  });

  it("insn: CMPSC refuses expansion by more than 127 entries, and circles", () => {
    refuses(expand, handMade({ 256: "2100 61 00000000 05" }), symbol256);
    const chain: Record<number, string> = {};
    for (let i = 0; i < 126; i++) chain[256 + i] = `${(0x2101 + i).toString(16)} 62 00000000 ${(126 - i).toString(16).padStart(2, "0")}`;
    chain[382] = "01 61";
    const whole = run(expand, handMade(chain), symbol256);
    expect([whole.result.produced, whole.target[0], whole.target[126]]).toEqual([127, 0x61, 0x62]);
    chain[382] = "217f 61 00000000 00";
    chain[383] = "01 61";
    refuses(expand, handMade(chain), symbol256);
  });

  it("insn: CMPSC with any dictionary and any data ends, and within its operands", () => {
    const random = fc.uint8Array({ minLength: 64, maxLength: 64 });
    fc.assert(
      fc.property(random, random, fc.boolean(), fc.integer({ min: 0, max: 7 }), (seed, source, format1, bitNumber) => {
        // Entries mostly of few children, so that some are valid.
        const dictionary = Uint8Array.from(
          { length: 8192 },
          (_, i) => (seed[(i * 7 + (i >> 6)) & 63]! ^ (i * 31)) & (i % 8 < 2 ? 0x7b : 0xff) & (i % 8 === 1 ? 0x01 : 0xff),
        );
        for (const operation of [compress, expand]) {
          const target = new Uint8Array(400).fill(0xee);
          const { result } = run(operation, dictionary, source, { format1, bitNumber, target, targetLength: 300 });
          expect(result.consumed).toBeLessThanOrEqual(64);
          expect(result.produced).toBeLessThanOrEqual(300);
          expect(target.subarray(300).every((byte) => byte === 0xee)).toBe(true);
          expect([0, DATA_EXCEPTION]).toContain(result.exception);
        }
      }),
    );
  });
});
