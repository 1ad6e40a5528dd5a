import { describe, expect, it } from "vitest";
import { instruction, instructions } from "./index.ts";
import { layouts } from "./layouts.ts";

function bitsOf(mnemonic: string): Record<string, string> {
  const fields = instruction(mnemonic)!.format.fields;
  return Object.fromEntries(fields.map((field) => [field.name, field.parts.map(({ bit, length }) => `${bit}:${length}`).join("+")]));
}

describe("PoP chapter 5, Instruction Formats", () => {
  it("gives each operand bit of an instruction to one field, and none to the opcode", () => {
    for (const each of instructions) {
      const owners = new Array<number>(48).fill(0);
      const claim = (bit: number, length: number): void => {
        for (let i = bit; i < bit + length; i++) owners[i]!++;
      };
      claim(0, 8);
      if (each.extension) claim(each.extension.bit, each.extension.length);
      for (const { parts } of each.format.fields) for (const { bit, length } of parts) claim(bit, length);
      expect(Math.max(...owners), each.mnemonic).toBe(1);
      expect(
        owners.slice(each.format.length * 8).every((count) => count === 0),
        each.mnemonic,
      ).toBe(true);
    }
  });

  it("tells the length of every format in bits 0-1 of the opcode", () => {
    for (const { firstByte, format, mnemonic } of instructions) {
      expect(format.length, mnemonic).toBe(firstByte < 0x40 ? 2 : firstByte < 0xc0 ? 4 : 6);
    }
  });

  it("uses every format of the table", () => {
    const used = new Set(instructions.map((each) => each.format.name));
    expect([...layouts.keys()].filter((name) => !used.has(name))).toEqual([]);
  });

  it("RR, RRE: registers in bits 8-15 and 24-31", () => {
    expect(bitsOf("ar")).toEqual({ r1: "8:4", r2: "12:4" });
    expect(bitsOf("agr")).toEqual({ r1: "24:4", r2: "28:4" });
  });

  it("RRD, RRF-a, RRF-b, RRF-c, RRF-e: places of R3 and the masks", () => {
    expect(bitsOf("madbr")).toEqual({ r1: "16:4", r3: "24:4", r2: "28:4" });
    expect(bitsOf("selgr")).toEqual({ r1: "24:4", r2: "28:4", r3: "16:4", m4: "20:4" });
    expect(bitsOf("idte")).toEqual({ r1: "24:4", r3: "16:4", r2: "28:4", m4: "20:4" });
    expect(bitsOf("locgr")).toEqual({ r1: "24:4", r2: "28:4", m3: "16:4" });
    expect(bitsOf("cgdbr")).toEqual({ r1: "24:4", m3: "16:4", r2: "28:4", m4: "20:4" });
  });

  it("RX-a and RXY-a: a 20-bit displacement is DH (bits 32-39) before DL (bits 20-31), and signed", () => {
    expect(bitsOf("l")).toEqual({ r1: "8:4", d2: "20:12", x2: "12:4", b2: "16:4" });
    expect(bitsOf("lg")).toEqual({ r1: "8:4", d2: "32:8+20:12", x2: "12:4", b2: "16:4" });
    expect(instruction("l")!.format.fields[1]!.signed).toBe(false);
    expect(instruction("lg")!.format.fields[1]!.signed).toBe(true);
  });

  it("TRACG, CVBG and CVDG have long displacements", () => {
    for (const name of ["tracg", "cvbg", "cvdg"]) expect(bitsOf(name).d2, name).toBe("32:8+20:12");
  });

  it("RXF: R3 in bits 8-11 and R1 in bits 32-35", () => {
    expect(bitsOf("madb")).toEqual({ r1: "32:4", r3: "8:4", d2: "20:12", x2: "12:4", b2: "16:4" });
  });

  it("RIE-b, RIE-c, RIE-f, RIS, RRS", () => {
    expect(bitsOf("cgrj")).toEqual({ r1: "8:4", r2: "12:4", m3: "32:4", ri4: "16:16" });
    expect(bitsOf("cgij")).toEqual({ r1: "8:4", i2: "32:8", m3: "12:4", ri4: "16:16" });
    expect(bitsOf("risbg")).toEqual({ r1: "8:4", r2: "12:4", i3: "16:8", i4: "24:8", i5: "32:8" });
    expect(bitsOf("cgib")).toEqual({ r1: "8:4", i2: "32:8", m3: "12:4", d4: "20:12", b4: "16:4" });
    expect(bitsOf("cgrb")).toEqual({ r1: "8:4", r2: "12:4", m3: "32:4", d4: "20:12", b4: "16:4" });
  });

  it("SS-a to SS-f, SSE, SSF: one or two lengths, registers in their places", () => {
    expect(bitsOf("mvc")).toEqual({ d1: "20:12", l: "8:8", b1: "16:4", d2: "36:12", b2: "32:4" });
    expect(bitsOf("ap")).toEqual({ d1: "20:12", l1: "8:4", b1: "16:4", d2: "36:12", l2: "12:4", b2: "32:4" });
    expect(bitsOf("srp")).toEqual({ d1: "20:12", l1: "8:4", b1: "16:4", d2: "36:12", b2: "32:4", i3: "12:4" });
    expect(bitsOf("mvck")).toEqual({ d1: "20:12", r1: "8:4", b1: "16:4", d2: "36:12", b2: "32:4", r3: "12:4" });
    expect(bitsOf("plo")).toEqual({ r1: "8:4", d2: "20:12", b2: "16:4", r3: "12:4", d4: "36:12", b4: "32:4" });
    expect(bitsOf("pka")).toEqual({ d1: "20:12", b1: "16:4", d2: "36:12", l2: "8:8", b2: "32:4" });
    expect(bitsOf("lpd")).toEqual({ r3: "8:4", d1: "20:12", b1: "16:4", d2: "36:12", b2: "32:4" });
  });

  it("MII and SMI: relative fields of 12, 24 and 16 bits", () => {
    expect(bitsOf("bprp")).toEqual({ m1: "8:4", ri2: "12:12", ri3: "24:24" });
    expect(bitsOf("bpp")).toEqual({ m1: "8:4", ri2: "32:16", d3: "20:12", b3: "16:4" });
  });

  it("VRR, VRI, VRS, VRX, VSI: the RXB bit that belongs to the place of a vector register is its leftmost bit", () => {
    expect(bitsOf("vperm")).toEqual({ v1: "36:1+8:4", v2: "37:1+12:4", v3: "38:1+16:4", v4: "39:1+32:4" });
    expect(bitsOf("vlgv")).toEqual({ r1: "8:4", v3: "37:1+12:4", d2: "20:12", b2: "16:4", m4: "32:4" });
    expect(bitsOf("vlrl")).toEqual({ v1: "39:1+32:4", d2: "20:12", b2: "16:4", i3: "8:8" });
    expect(bitsOf("vgef")).toEqual({ v1: "36:1+8:4", d2: "20:12", v2: "37:1+12:4", b2: "16:4", m3: "32:4" });
    expect(bitsOf("vfma")).toMatchObject({ v4: "39:1+32:4", m5: "28:4", m6: "20:4" });
    expect(bitsOf("vstrc")).toMatchObject({ m5: "20:4", m6: "24:4" });
    expect(bitsOf("vtp")).toEqual({ v1: "37:1+12:4" });
  });
});

describe("PoP chapters 7 to 24: operand kinds", () => {
  const kinds = (mnemonic: string): string[] =>
    instruction(mnemonic)!.format.fields.map(({ kind, pair }) => (pair ? `${kind} pair` : kind));

  it.each([
    ["ler", ["fr", "fr"]],
    ["cpya", ["ar", "ar"]],
    ["ear", ["gr", "ar"]],
    ["lctlg", ["cr", "cr", "displacement", "base"]],
    ["lam", ["ar", "ar", "displacement", "base"]],
    ["msr", ["gr", "gr"]],
    ["mr", ["gr pair", "gr"]],
    ["cdsg", ["gr pair", "gr pair", "displacement", "base"]],
    ["axbr", ["fr pair", "fr pair"]],
    ["lxdbr", ["fr pair", "fr"]],
    ["cgxbr", ["gr", "mask", "fr pair", "mask"]],
    ["ldgr", ["fr", "gr"]],
    ["vlvg", ["vr", "gr", "displacement", "base", "mask"]],
    ["lhi", ["gr", "immediate"]],
    ["brasl", ["gr", "relative"]],
    ["slda", ["gr pair", "displacement", "base"]],
  ])("%s", (mnemonic, expected) => {
    expect(kinds(mnemonic)).toEqual(expected);
  });
});
