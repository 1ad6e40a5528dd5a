import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { encodingOf, randomNumbers } from "../test/encodings.ts";
import { forms } from "./forms.ts";
import { assemble, disassemble } from "./index.ts";

/** Assembles what the disassembler prints for `bytes`, at the same address. */
function again(bytes: Uint8Array, address: number): Uint8Array {
  const { text } = disassemble(bytes, 0, { address });
  return assemble(text, { origin: address, checkPairs: false }).bytes;
}

describe("assemble(disassemble(x)) = x", () => {
  it("for every mnemonic, with all operand bits zero, all one, and pseudo-random", () => {
    const next = randomNumbers(370);
    const differing: string[] = [];
    for (const form of forms()) {
      const encodings = [
        encodingOf(form, () => 0),
        encodingOf(form, () => 0xffffffff),
        ...Array.from({ length: 4 }, () => encodingOf(form, next)),
      ];
      for (const bytes of encodings) {
        const result = again(bytes, 0x10_0000_0000);
        if (Buffer.compare(result, bytes) !== 0) {
          differing.push(`${Buffer.from(bytes).toString("hex")} ${disassemble(bytes).text} gives ${Buffer.from(result).toString("hex")}`);
        }
      }
    }
    expect(differing).toEqual([]);
  });

  it("for any operands at any address", () => {
    const all = forms();
    const operands = fc.array(fc.nat(0xffffffff), { minLength: 12, maxLength: 12 });
    fc.assert(
      fc.property(fc.nat(all.length - 1), operands, fc.nat(2 ** 46), (index, numbers, half) => {
        let i = 0;
        const bytes = encodingOf(all[index]!, () => numbers[i++]!);
        expect(again(bytes, half * 2)).toEqual(bytes);
      }),
      { numRuns: 2000 },
    );
  });

  it("for data in words", () => {
    const bytes = Uint8Array.of(0x00, 0x01, 0xff, 0xff);
    expect(again(bytes, 0)).toEqual(bytes);
  });
});
