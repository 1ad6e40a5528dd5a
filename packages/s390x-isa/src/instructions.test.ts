import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { decode, formsOf, instruction, instructionLength, instructions, opcodeGroups } from "./index.ts";

describe("PoP appendix B, Lists of Instructions", () => {
  it("has 1,226 instructions with different mnemonics and opcodes", () => {
    expect(instructions).toHaveLength(1226);
    expect(new Set(instructions.map((each) => each.mnemonic)).size).toBe(1226);
    expect(new Set(instructions.map((each) => each.opcodeDigits.padEnd(12, "0"))).size).toBe(1226);
    expect(new Set(instructions.map((each) => each.opcode)).size).toBe(1226);
  });

  it("numbers them densely", () => {
    expect(instructions.every((each, i) => each.id === i)).toBe(true);
  });

  it("knows facility, level and authority", () => {
    expect(instruction("vlrl")).toMatchObject({ facility: "vector-packed-decimal", level: "z14", privileged: false });
    expect(instruction("lg")).toMatchObject({ level: "z900", privileged: false, semiprivileged: false });
    for (const name of ["lctlg", "sie", "stsi", "lpswe", "ssch", "servc", "diag"]) expect(instruction(name)?.privileged, name).toBe(true);
    for (const name of ["pc", "spka", "mvcp", "sacf"]) {
      expect(instruction(name), name).toMatchObject({ privileged: false, semiprivileged: true });
    }
    for (const each of instructions) expect(each.level, each.mnemonic).toMatch(/^(g5|z\d+|z9-109|z9-ec|zEC12)$/);
  });

  it("finds an instruction by a synonym with the same operands, but not by an extended mnemonic", () => {
    expect(instruction("prno")).toBe(instruction("ppno"));
    expect(instruction("jas")).toBe(instruction("bras"));
    expect(instruction("cdgbra")).toBe(instruction("cdgbr"));
    expect(instruction("jne")).toBeUndefined();
    expect(instruction("nosuch")).toBeUndefined();
  });
});

describe("PoP chapter 5, Instruction Formats: operation codes", () => {
  const halfwords = (digits: string): [number, number] => {
    const padded = digits.padEnd(12, "0");
    return [Number.parseInt(padded.slice(0, 4), 16), Number.parseInt(padded.slice(8), 16)];
  };

  it("decodes every opcode, whatever the operand bits are", () => {
    for (const each of instructions) {
      const [first, third] = halfwords(each.opcodeDigits);
      expect(decode(first, third), each.mnemonic).toBe(each);
      const bit = each.extension?.bit ?? 48;
      const ones = bit === 8 ? 0 : bit === 12 ? 0xf0 : 0xff;
      expect(decode(first | ones, bit === 40 ? third | 0xff00 : 0xffff), each.mnemonic).toBe(each);
    }
  });

  it("finds nothing at opcodes that are not assigned", () => {
    expect(decode(0x0000, 0)).toBeUndefined();
    expect(decode(0xb203, 0)).toBeUndefined();
    expect(decode(0xa5ff, 0)).toBe(instruction("llill"));
    expect(decode(0xc20e, 0)).toBe(instruction("clgfi"));
    expect(decode(0xc40a, 0)).toBeUndefined();
    expect(decode(0xe300, 0x00ff)).toBeUndefined();
    let assigned = 0;
    for (const group of opcodeGroups) if (group) assigned += group.ids.filter((id) => id >= 0).length;
    expect(assigned).toBe(1226);
  });

  it("takes the length from bits 0-1, for unassigned opcodes too", () => {
    expect([0x00, 0x3f, 0x40, 0xbf, 0xc0, 0xff].map(instructionLength)).toEqual([2, 2, 4, 4, 6, 6]);
  });
});

describe("requirements/isa/instructions.csv", () => {
  it("lists the same mnemonics with the same fixed bits", () => {
    const text = readFileSync(new URL("../../../requirements/isa/instructions.csv", import.meta.url), "utf8");
    const rows = text.trimEnd().split("\n").slice(1);
    const differing = rows.filter((row) => {
      const [mnemonic = "", digits = "", , , , alias, aliasOf = ""] = row.split(",");
      if (alias === "") return instruction(mnemonic)?.opcodeDigits !== digits;
      const first = Number.parseInt(digits.padEnd(4, "0").slice(0, 4), 16);
      return !formsOf(mnemonic).some((form) => form.value[0] === first && form.instruction.mnemonic === aliasOf);
    });
    expect(differing).toEqual([]);
    expect(rows).toHaveLength(2651);
  });
});
