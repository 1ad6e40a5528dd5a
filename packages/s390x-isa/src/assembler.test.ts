import { describe, expect, it } from "vitest";
import { Assembler, AssemblerError, type AssemblerErrorCode, AssemblerSourceError, disassembleAll, mem, type Program } from "./index.ts";

const listing = (program: Program): string[] =>
  [...disassembleAll(program.bytes, { address: program.origin })].map(
    ({ address, text }) => `${address.toString(16)} ${text.replace("\t", " ")}`,
  );

const hex = (program: Program): string => Buffer.from(program.bytes).toString("hex");

function codeOf(use: () => unknown): AssemblerErrorCode | undefined {
  try {
    use();
  } catch (error) {
    if (error instanceof AssemblerSourceError) return error.diagnostics[0]!.code;
    if (error instanceof AssemblerError) return error.code;
    throw error;
  }
  return undefined;
}

describe("assembler builder: PoP chapter 5, Instruction Formats", () => {
  it("takes operands in assembler order, as text, and by field name", () => {
    const forms = [
      new Assembler().a("lg", 1, mem(8, 2, 15)),
      new Assembler().a("LG", "%r1", "8(%r2,%r15)"),
      new Assembler().a("lg", "1", mem("4+4", "%r2", "%r15")),
      new Assembler().a("lg", { r1: 1, d2: 8, x2: 2, b2: 15 }),
    ];
    expect(forms.map((each) => hex(each.assemble()))).toEqual(new Array(4).fill("e312f0080004"));
  });

  it("counts lengths in bytes, encodes one less", () => {
    expect(hex(new Assembler().a("mvc", mem(0, 256, 1), mem(0, 2)).assemble())).toBe("d2ff10002000");
    expect(hex(new Assembler().a("mvc", { d1: 0, l: 1, b1: 1, d2: 0, b2: 2 }).assemble())).toBe("d20010002000");
    expect(codeOf(() => new Assembler().a("mvc", mem(0, 0, 1), mem(0, 2)))).toBe("ERR_ASM_RANGE");
    expect(codeOf(() => new Assembler().a("mvc", mem(0, 257, 1), mem(0, 2)))).toBe("ERR_ASM_RANGE");
    expect(codeOf(() => new Assembler().a("mvc", 0, mem(0, 2)))).toBe("ERR_ASM_OPERAND_COUNT");
    expect(codeOf(() => new Assembler().a("mvc", { d1: 0, b1: 1, d2: 0, b2: 2 }))).toBe("ERR_ASM_OPERAND_COUNT");
  });

  it("uses all five bits of vector register numbers", () => {
    expect(hex(new Assembler().a("vperm", 31, 16, 15, 17).assemble())).toBe("e7f0f0001d8c");
    expect(codeOf(() => new Assembler().a("vlr", 32, 0))).toBe("ERR_ASM_RANGE");
  });

  it("wraps relative branches at 2^64", () => {
    const program = new Assembler({ origin: 0 }).a("j", 2n ** 64n - 4n).assemble();
    expect(hex(program)).toBe("a7f4fffe");
  });

  it.each<[AssemblerErrorCode, () => unknown]>([
    ["ERR_ASM_MNEMONIC", () => new Assembler().a("nosuch", 1)],
    ["ERR_ASM_OPERAND_COUNT", () => new Assembler().a("lgr", 1)],
    ["ERR_ASM_OPERAND_COUNT", () => new Assembler().a("lgr", { r1: 1, r3: 2 })],
    ["ERR_ASM_OPERAND_COUNT", () => new Assembler().a("l", 1, mem(0, 1, 2, 3))],
    ["ERR_ASM_OPERAND_KIND", () => new Assembler().a("lgr", "%f1", 2)],
    ["ERR_ASM_OPERAND_KIND", () => new Assembler().a("lgr", mem(0, 1), 2)],
    ["ERR_ASM_OPERAND_KIND", () => new Assembler().a("l", 1, "%r2")],
    ["ERR_ASM_OPERAND_KIND", () => new Assembler().a("lgr", "%r16", 2)],
    ["ERR_ASM_OPERAND_KIND", () => new Assembler().a("lgr", { r1: "8(%r1)", r2: 2 })],
    ["ERR_ASM_RANGE", () => new Assembler().a("lgr", 16, 2)],
    ["ERR_ASM_RANGE", () => new Assembler().a("l", 1, mem(4096, 2))],
    ["ERR_ASM_RANGE", () => new Assembler().a("ly", 1, mem(-524289, 2))],
    ["ERR_ASM_RANGE", () => new Assembler().a("lhi", 1, 32768)],
    ["ERR_ASM_RANGE", () => new Assembler().a("lhi", 1, 1.5)],
    ["ERR_ASM_RANGE", () => new Assembler().a("j", 0x10000)],
    ["ERR_ASM_ALIGNMENT", () => new Assembler().a("j", 3)],
    ["ERR_ASM_ALIGNMENT", () => new Assembler().byte(1).a("lr", 1, 2)],
    ["ERR_ASM_ALIGNMENT", () => new Assembler().align(3)],
    ["ERR_ASM_REGISTER_PAIR", () => new Assembler().a("dlgr", 3, 2)],
    ["ERR_ASM_REGISTER_PAIR", () => new Assembler().a("axbr", 1, 2)],
    ["ERR_ASM_SYNTAX", () => new Assembler().a("l", 1, "8(%r2")],
    ["ERR_ASM_SYNTAX", () => new Assembler().label("a b")],
    ["ERR_ASM_DUPLICATE_SYMBOL", () => new Assembler().label("a").label("a")],
    ["ERR_ASM_DUPLICATE_SYMBOL", () => new Assembler().label("a").set("a", 1)],
    ["ERR_ASM_LOCATION", () => new Assembler({ origin: 16 }).org(8)],
    ["ERR_ASM_TOO_LARGE", () => new Assembler({ maximumSize: 16 }).space(17)],
    ["ERR_ASM_TOO_LARGE", () => new Assembler().org(2n ** 60n)],
    ["ERR_ASM_UNDEFINED_SYMBOL", () => new Assembler().a("j", "nowhere").assemble()],
    ["ERR_ASM_UNDEFINED_SYMBOL", () => new Assembler().assemble().address("nowhere")],
  ])("refuses with %s", (code, use) => {
    expect(codeOf(use)).toBe(code);
  });

  it("assembles odd registers for tests of the specification exception when told so", () => {
    expect(hex(new Assembler({ checkPairs: false }).a("dlgr", 3, 2).a("axbr", 2, 3).assemble())).toBe("b9870032b34a0023");
  });
});

describe("assembler builder: labels, data, literals", () => {
  it("resolves labels before and after their use", () => {
    const program = new Assembler({ origin: 0x1000 })
      .label("start")
      .a("larl", 1, "table")
      .a("lghi", 2, "count")
      .label("loop")
      .a("lg", 3, mem("table-start", 0, 12))
      .a("brctg", 2, "loop")
      .a("j", "start")
      .align(8)
      .label("table")
      .quad(1n, "start", "table+8")
      .label("end")
      .set("count", "(end-table)/8")
      .assemble();
    expect(listing(program).slice(0, 5)).toEqual([
      "1000 larl %r1,0x1018",
      "1006 lghi %r2,3",
      "100a lg %r3,24(%r12)",
      "1010 brctg %r2,0x100a",
      "1014 j 0x1000",
    ]);
    expect(Buffer.from(program.bytes.subarray(0x18)).toString("hex")).toBe("000000000000000100000000000010000000000000001020");
    expect(program.address("table")).toBe(0x1018);
    expect(program.symbols.get("count")).toBe(3n);
    expect([...program.symbols.keys()]).toEqual(["start", "loop", "table", "end", "count"]);
  });

  it("finds numeric labels backwards and forwards", () => {
    const program = new Assembler().label("1").a("j", "1f").a("j", "1b").label("1").a("j", "1b").a("j", "1f").label("1").assemble();
    expect(listing(program)).toEqual(["0 j 0x8", "4 j 0x0", "8 j 0x8", "c j 0x10"]);
  });

  it("puts literals into a pool, equal constants once, aligned to their size", () => {
    const program = new Assembler()
      .a("lgrl", 1, "=quad(0x0123456789abcdef)")
      .a("lrl", 2, "=long(7)")
      .a("lgrl", 3, "=quad(0x0123456789abcdef)")
      .a("lhrl", 4, "=short(-1)")
      .literalPool()
      .a("lgrl", 5, "=quad(later)")
      .label("later")
      .assemble();
    expect(listing(program).slice(0, 4)).toEqual(["0 lgrl %r1,0x18", "6 lrl %r2,0x20", "c lgrl %r3,0x18", "12 lhrl %r4,0x24"]);
    expect(Buffer.from(program.bytes.subarray(0x18)).toString("hex")).toBe(
      "0123456789abcdef00000007ffff" + "c45800000005" + "00000000" + "000000000000002c",
    );
    expect(program.address("later")).toBe(0x2c);
  });

  it("stores data big-endian, checks its range, and does not align it", () => {
    const program = new Assembler()
      .byte(-1, 255)
      .short(0x1234)
      .long(-2)
      .quad(2n ** 64n - 1n)
      .ascii("hé")
      .asciz("a")
      .bytes(Uint8Array.of(9))
      .assemble();
    expect(hex(program)).toBe("ffff1234fffffffeffffffffffffffff68c3a9610009");
    expect(codeOf(() => new Assembler().byte(256))).toBe("ERR_ASM_RANGE");
    expect(codeOf(() => new Assembler().quad(2n ** 64n))).toBe("ERR_ASM_RANGE");
    expect(
      codeOf(() =>
        new Assembler()
          .long("x")
          .set("x", 2n ** 32n)
          .assemble(),
      ),
    ).toBe("ERR_ASM_RANGE");
  });

  it("pads code with NOPR and other gaps with zeros", () => {
    const program = new Assembler({ origin: 2 })
      .align(8)
      .byte(1)
      .align(4, 0)
      .org(16)
      .space(2, 0xee)
      .fill(Uint8Array.of(1, 2), 2)
      .assemble();
    expect(hex(program)).toBe("070707070707" + "01000000" + "00000000" + "eeee" + "01020102");
  });

  it("reports all unresolved statements at once", () => {
    const assembler = new Assembler().a("j", "a").quad("b");
    try {
      assembler.assemble();
      expect.unreachable();
    } catch (error) {
      expect((error as AssemblerSourceError).diagnostics.map((each) => each.message)).toEqual([
        "symbol a is not defined",
        "symbol b is not defined",
      ]);
    }
  });

  it("refuses symbols that are defined by themselves", () => {
    expect(codeOf(() => new Assembler().set("a", "b").set("b", "a+1").quad("a").assemble())).toBe("ERR_ASM_SYNTAX");
  });
});
