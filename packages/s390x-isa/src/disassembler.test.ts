import { readFileSync } from "node:fs";
import { BugError } from "@zarch/vmm-interface";
import { describe, expect, it } from "vitest";
import { assemble, disassemble, disassembleAll, instructions } from "./index.ts";

/** Instructions of hypervisors that GNU binutils 2.40 does not list. */
const notInBinutils = new Set("servc chsc pcistb sic clp pcistg pcilg rpcit mpcifc stpcifc".split(" "));

const bytesOf = (hex: string): Uint8Array => Uint8Array.from(hex.match(/../g) ?? [], (byte) => Number.parseInt(byte, 16));

describe("disassembler: the texts that GNU objdump gives (test/objdump-corpus.txt)", () => {
  const lines = readFileSync(new URL("../test/objdump-corpus.txt", import.meta.url), "utf8")
    .trimEnd()
    .split("\n");
  const entries = lines.filter((line) => !line.startsWith("#"));
  const results = entries.map((line, i) => {
    const [hex = "", mnemonic = "", operands] = line.split(" ");
    const padded = bytesOf(hex.padEnd(32, "07"));
    const { text, instruction } = disassemble(padded, 0, { address: 16 * i });
    return { hex, expected: operands === undefined ? mnemonic : `${mnemonic}\t${operands}`, text, instruction };
  });

  it("agrees with objdump on every entry of the corpus", () => {
    const differing = results
      .filter(({ expected, text, instruction }) => text !== expected && !(instruction && notInBinutils.has(instruction.mnemonic)))
      // objdump 2.40 loses the end of a NOP operand with an index and no base.
      .filter(({ expected }) => !/^nop\t\d+\(%r\d+$/.test(expected));
    expect(differing).toEqual([]);
    expect(entries.length).toBeGreaterThan(3500);
  });

  it("has every instruction that objdump knows, as test/opcodes-tested.json says", () => {
    const named = new Set(results.flatMap(({ expected, instruction }) => (expected.startsWith(".") ? [] : [instruction!.mnemonic])));
    const declared = JSON.parse(readFileSync(new URL("../test/opcodes-tested.json", import.meta.url), "utf8")) as { mnemonics: string[] };
    expect([...named].sort()).toEqual(declared.mnemonics);
    const missing = instructions.filter((each) => !named.has(each.mnemonic)).map((each) => each.mnemonic);
    expect(missing.sort()).toEqual([...notInBinutils].sort());
  });
});

describe("disassembler", () => {
  it.each([
    ["SERVC", "b2200012", "servc\t%r1,%r2"],
    ["CHSC", "b25f0010", "chsc\t%r1"],
    ["CLP", "b9a00012", "clp\t%r1,%r2"],
    ["PCISTG", "b9d00012", "pcistg\t%r1,%r2"],
    ["PCILG", "b9d20012", "pcilg\t%r1,%r2"],
    ["RPCIT", "b9d30012", "rpcit\t%r1,%r2"],
    ["PCISTB", "eb12300880d0", "pcistb\t%r1,%r2,-524280(%r3)"],
    ["SIC", "eb12300800d1", "sic\t%r1,%r2,8(%r3)"],
    ["MPCIFC", "e312300800d0", "mpcifc\t%r1,8(%r2,%r3)"],
    ["STPCIFC", "e312300800d4", "stpcifc\t%r1,8(%r2,%r3)"],
  ])("insn: %s, which objdump 2.40 does not know", (_, hex, text) => {
    expect(disassemble(bytesOf(hex)).text).toBe(text);
    expect([...assemble(text).bytes]).toEqual([...bytesOf(hex)]);
  });

  it("gives relative operands as addresses that wrap at 2^64, and through formatAddress", () => {
    expect(disassemble(bytesOf("a7f4fffe"), 0, { address: 0 })).toMatchObject({ text: "j\t0xfffffffffffffffc", target: -4 });
    expect(disassemble(bytesOf("c0e500000010"), 0, { address: 0x1000, formatAddress: (a) => `<${a - 0x1000}>` })).toMatchObject({
      text: "brasl\t%r14,<32>",
      target: 0x1020,
    });
  });

  it("prints an instruction that ends past the buffer as data, and an empty buffer as nothing", () => {
    expect(disassemble(bytesOf("e310"))).toMatchObject({ text: ".short\t0xe310", length: 2, instruction: undefined });
    expect(disassemble(bytesOf("e31020"))).toMatchObject({ text: ".byte\t0xe3,0x10,0x20", length: 3 });
    expect(disassemble(bytesOf("e310200000"))).toMatchObject({ text: ".long\t0xe3102000", length: 4 });
    expect([...disassembleAll(new Uint8Array(0))]).toEqual([]);
    expect(() => disassemble(bytesOf("0707"), 2)).toThrow(BugError);
  });

  it("shows instructions with ones in reserved bits only on request", () => {
    const ones = bytesOf("b904ff12");
    expect(disassemble(ones).text).toBe(".long\t0xb904ff12");
    expect(disassemble(ones, 0, { ignoreReserved: true }).text).toBe("lgr\t%r1,%r2");
    expect(disassemble(bytesOf("b2030000"), 0, { ignoreReserved: true }).instruction).toBeUndefined();
  });

  it("walks over code and data", () => {
    const lines = [...disassembleAll(bytesOf("a7180001000007fe"), { address: 0x200 })];
    expect(lines.map(({ address, text }) => [address, text])).toEqual([
      [0x200, "lhi\t%r1,1"],
      [0x204, ".long\t0x000007fe"],
    ]);
    const byLength = [...disassembleAll(bytesOf("a7180001000007fe"), { address: 0x200, dataLength: "instruction" })];
    expect(byLength.map(({ address, text }) => [address, text])).toEqual([
      [0x200, "lhi\t%r1,1"],
      [0x204, ".short\t0x0000"],
      [0x206, "br\t%r14"],
    ]);
  });
});
