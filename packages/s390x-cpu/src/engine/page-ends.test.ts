import { describe, expect, test } from "vitest";
import { assembled, EnginePair } from "../testing/engine-pair.ts";

const loads = { llgc: 1, llgh: 2, llgf: 4, lg: 8 };
const stores = { stcy: 1, sthy: 2, sty: 4, stg: 8 };
const value = 0x0123_4567_89ab_cdefn;
const storage = Uint8Array.from({ length: 8192 }, (_, index) => (index * 7) ^ (index >> 8));

/** The rightmost bytes of a number, leftmost first. */
const bytesOf = (number: bigint, length: number): number[] =>
  Array.from({ length }, (_, index) => Number(BigInt.asUintN(8, number >> BigInt(8 * (length - 1 - index)))));
const numberOf = (bytes: Iterable<number>): bigint => [...bytes].reduce((number, byte) => (number << 8n) | BigInt(byte), 0n);

describe.each(["jit", "lockstep"] as const)("PoP chapter 3, operands at the end of a page whose successor is elsewhere (%s)", (engine) => {
  const pair = new EnginePair(engine);
  const run = (instruction: string) => {
    const registers = new Array<bigint>(16).fill(0n).with(1, value);
    // What comes first puts the first page into the lookaside bank, for loads and for stores.
    const text = assembled(`lg %r2,8(%r12)\nstg %r2,8(%r12)\nagain:\n${instruction}\nbrctg %r11,again\nsvc 0`);
    return Object.values(pair.run({ text, registers, storage, isTranslated: true }));
  };
  const offsets = (length: number): number[] => Array.from({ length: length + 1 }, (_, index) => 4096 - length - 1 + index);

  test.each(Object.entries(loads))("%s takes its bytes from both", (mnemonic, length) => {
    for (const offset of offsets(length))
      for (const { state } of run(`${mnemonic} %r1,${offset}(%r12)`))
        expect(state.general[1], `at ${offset}`).toBe(numberOf(storage.subarray(offset, offset + length)));
  });

  test.each(Object.entries(stores))("%s stores into both, and nowhere else", (mnemonic, length) => {
    for (const offset of offsets(length)) {
      const expected = storage.slice();
      expected.set(bytesOf(value, length), offset);
      for (const { storage } of run(`${mnemonic} %r1,${offset}(%r12)`)) expect(storage, `at ${offset}`).toEqual(expected);
    }
  });
});
