import { assemble } from "@zarch/s390x-isa";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { PROGRAM_ORIGIN, resetSharedCpu } from "../testing/program.ts";

/** Operands lie around the ends of pages, and may overlap. */
const BASE = 0x2_0000;
const PAGES = 3;
const SIZE = PAGES * 4096;
const MODES = { 24: 0n, 31: 0x8000_0000n, 64: 0x1_8000_0000n } as const;
const UPPER = 0xdead_beef_0000_0000n;

interface Registers {
  general: bigint[];
  cc: number;
}

/**
 * What an instruction does to registers and to the bytes from BASE on, when it is executed until its condition code is not 3. Tells which of
 * registers 0 to 5 are as expected then: not those that are unchanged but for the progress of executions before the last.
 */
type Model = (registers: Registers, bytes: Uint8Array, l: number) => readonly number[];

const ALL = [0, 1, 2, 3, 4, 5];

const offset = (register: bigint): number => Number(register & 0xff_ffffn) - BASE;
const moved = (register: bigint, by: number): bigint => register + BigInt(by);

const models: Readonly<Record<string, { readonly line: string; readonly isLong?: boolean; readonly model: Model }>> = {
  srst: {
    line: "srst %r2,%r4",
    model: (registers, bytes) => {
      const [end, start] = [offset(registers.general[2]!), offset(registers.general[4]!)];
      const found = bytes.subarray(start, end).indexOf(Number(registers.general[0]! & 0xffn));
      registers.cc = found < 0 ? 2 : 1;
      if (found >= 0) registers.general[2] = moved(registers.general[4]!, found);
      return [0, 1, 2, 3, 5];
    },
  },
  clst: {
    line: "clst %r2,%r4",
    model: (registers, bytes) => {
      const [a, b] = [offset(registers.general[2]!), offset(registers.general[4]!)];
      const end = Number(registers.general[0]! & 0xffn);
      let i = 0;
      while (bytes[a + i] === bytes[b + i] && bytes[a + i] !== end) i++;
      const [x, y] = [bytes[a + i]!, bytes[b + i]!];
      registers.cc = x === y ? 0 : x === end || (y !== end && x < y) ? 1 : 2;
      if (registers.cc === 0) return [0, 1, 3, 5];
      for (const r of [2, 4]) registers.general[r] = moved(registers.general[r]!, i);
      return ALL;
    },
  },
  mvst: {
    line: "mvst %r2,%r4",
    model: (registers, bytes) => {
      const [to, from] = [offset(registers.general[2]!), offset(registers.general[4]!)];
      const end = Number(registers.general[0]! & 0xffn);
      let i = 0;
      for (; ; i++) {
        bytes[to + i] = bytes[from + i]!;
        if (bytes[to + i] === end) break;
      }
      registers.cc = 1;
      registers.general[2] = moved(registers.general[2]!, i);
      return [0, 1, 2, 3, 5];
    },
  },
  mvcle: {
    line: "mvcle %r2,%r4,0x77",
    isLong: true,
    model: (registers, bytes) => {
      const { general } = registers;
      const [to, from] = [offset(general[2]!), offset(general[4]!)];
      const [length, available] = [Number(general[3]! & 0xffff_ffffn), Number(general[5]! & 0xffff_ffffn)];
      const count = Math.min(length, available);
      bytes.copyWithin(to, from, from + count);
      bytes.fill(0x77, to + count, to + length);
      registers.cc = length === available ? 0 : length < available ? 1 : 2;
      general[2] = moved(general[2]!, length);
      general[3] = moved(general[3]!, -length);
      general[4] = moved(general[4]!, count);
      general[5] = moved(general[5]!, -count);
      return ALL;
    },
  },
  tr: {
    line: "ex %r6,0(%r8)",
    model: (registers, bytes, l) => {
      const [at, place] = [offset(registers.general[2]!), offset(registers.general[4]!)];
      for (let i = at; i <= at + l; i++) bytes[i] = bytes[place + bytes[i]!]!;
      return ALL;
    },
  },
  trt: {
    line: "ex %r6,0(%r8)",
    model: (registers, bytes, l) => {
      const { general } = registers;
      const [at, place] = [offset(general[2]!), offset(general[4]!)];
      registers.cc = 0;
      for (let i = 0; i <= l; i++) {
        const result = bytes[place + bytes[at + i]!]!;
        if (result === 0) continue;
        registers.cc = i === l ? 2 : 1;
        general[1] = moved(general[2]!, i);
        general[2] = (general[2]! & ~0xffn) | BigInt(result);
        return ALL;
      }
      return ALL;
    },
  },
};

describe("PoP chapter 7, instructions about strings: as a simple model of them", () => {
  const place = fc.oneof(fc.integer({ min: 4096 - 300, max: 4096 + 20 }), fc.integer({ min: 0, max: 4096 }));
  const setup = fc.record({
    mode: fc.constantFrom(24, 31, 64),
    first: place,
    second: place,
    length: fc.oneof(fc.nat(40), fc.nat(3000)),
    available: fc.oneof(fc.nat(40), fc.nat(3000)),
    l: fc.nat(255),
    /** How many different bytes there are, and which of them are zero in tables. */
    variety: fc.constantFrom(1, 2, 4, 200),
    seed: fc.nat(),
    /** Where the character is for certain. */
    end: fc.oneof(fc.nat(40), fc.nat(4000)),
    isSame: fc.boolean(),
  });
  type Setup = typeof setup extends fc.Arbitrary<infer T> ? T : never;

  /** Bytes of which none is zero, the ending character of the tests, but for one behind each operand at the latest. */
  const storageFor = ({ seed, variety, first, second, end, isSame }: Setup): Uint8Array => {
    let state = seed | 1;
    const next = (): number => {
      state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
      return (state >>> 16) & 0xff;
    };
    const bytes = Uint8Array.from({ length: SIZE }, () => (variety === 200 && next() < 3 ? 0 : 1 + (next() % variety)));
    if (isSame) bytes.copyWithin(second, first, first + end);
    bytes[first + end] = 0;
    bytes[second + end] = 0;
    bytes[SIZE - 1] = 0;
    return bytes;
  };

  it.each(Object.keys(models))("insn: %s: random operands around the ends of pages", (mnemonic) => {
    const { line, isLong, model } = models[mnemonic]!;
    const program = assemble(
      `j 0f
       line: ${mnemonic.startsWith("tr") ? mnemonic : "mvc"} 0(1,%r2),0(%r4)
       0: larl %r8,line
       ${line.startsWith("ex") ? line : `1: ${line}\n jo 1b`}
       svc 255`,
      { origin: PROGRAM_ORIGIN },
    );
    fc.assert(
      fc.property(setup, (values) => {
        const { mode, first, second, length, available, l } = values;
        const bytes = storageFor(values);
        const cpu = resetSharedCpu();
        const general = new Array<bigint>(16).fill(0n);
        general[1] = UPPER;
        general[2] = BigInt(BASE + first);
        general[4] = BigInt(BASE + second);
        general[6] = BigInt(l);
        if (mnemonic === "srst") general[2] = BigInt(BASE + second + length);
        if (isLong) {
          general[3] = BigInt(length);
          general[5] = BigInt(available);
          // A destructive overlap has no defined result.
          fc.pre(first <= second || first >= second + Math.min(length, available));
        }
        // A string that overwrites its own end goes on without one.
        if (mnemonic === "mvst") fc.pre(first <= second || first > second + values.end);
        const upper = mode === 64 ? 0n : UPPER;
        for (const r of [2, 3, 4, 5]) general[r] = general[r]! | upper;
        cpu.memory.write(BASE, bytes);
        cpu.memory.write(PROGRAM_ORIGIN, program.bytes);
        for (const [r, value] of general.entries()) cpu.setGeneral(r, value);
        cpu.setPsw(MODES[mode], BigInt(PROGRAM_ORIGIN));
        expect(cpu.run({ budget: 100_000 }).reason).toBe("disabled-wait");

        const expected = { general, cc: 0 };
        const settled = model(expected, bytes, l);
        const now = new Uint8Array(SIZE);
        cpu.memory.read(BASE, now);
        const { state } = cpu;
        for (const r of settled) expect(state.general[r], `register ${r}`).toBe(expected.general[r]);
        expect(Buffer.compare(now, bytes)).toBe(0);
        if (mnemonic !== "tr") {
          const old = cpu.memory.loadUint32(0x140, "big");
          expect((old >>> 12) & 3).toBe(expected.cc);
        }
      }),
      { numRuns: 400 },
    );
  });
});
