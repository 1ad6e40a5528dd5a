import { describe, expect, it } from "vitest";
import { type ProgramSetup, type ProgramState, runProgram } from "../../testing/program.ts";

const A = 0x2_0000;
const B = 0x3_0000;
/** Storage ends here. */
const END = 0x20_0000;
const MODE_24 = 0n;
const MODE_31 = 0x8000_0000n;
const MODE_64 = 0x1_8000_0000n;
/** PSW bit 21. */
const DECIMAL_OVERFLOW_MASK = 0x0000_0400_0000_0000n;

const ADDRESSING = 5;
const SPECIFICATION = 6;
const DATA_EXCEPTION = 7;
const FIXED_POINT_DIVIDE = 9;
const DECIMAL_OVERFLOW = 10;
const DECIMAL_DIVIDE = 11;

/** Operand 1 at A by register 1, operand 2 at B by register 2. */
function run(source: string, first: string, second = "", setup: ProgramSetup = {}): ProgramState {
  return runProgram(source, {
    ...setup,
    general: { 1: BigInt(A), 2: BigInt(B), ...setup.general },
    memory: { [A]: first, [B]: second, ...setup.memory },
  });
}

function code(state: ProgramState): number | undefined {
  return state.interruption?.code;
}

describe("decimal instructions (PoP chapter 8)", () => {
  it("insn: AP, SP, ZAP, CP: results, signs and condition codes", () => {
    const cases = [
      ["ap 0(3,%r1),0(2,%r2)", "00123c", "045d", "00078c", 2],
      ["ap 0(2,%r1),0(2,%r2)", "100c", "100d", "000c", 0],
      ["sp 0(2,%r1),0(2,%r2)", "100f", "101a", "001d", 1],
      ["zap 0(3,%r1),0(2,%r2)", "ffffff", "045b", "00045d", 1],
      ["zap 0(1,%r1),0(2,%r2)", "ff", "000d", "0c", 0],
      ["cp 0(2,%r1),0(3,%r2)", "000c", "00000d", "000c", 0],
      ["cp 0(2,%r1),0(3,%r2)", "001d", "00001c", "001d", 1],
      ["cp 0(2,%r1),0(3,%r2)", "999c", "00998c", "999c", 2],
    ] as const;
    for (const [source, first, second, result, cc] of cases) {
      const state = run(source, first, second);
      expect([state.memory(A, first.length / 2), state.cc, code(state)], source).toEqual([result, cc, undefined]);
    }
  });

  it("insn: AP, SP, ZAP, SRP: overflow is condition code 3, and a completing interruption if the program mask asks for it", () => {
    for (const source of ["ap 0(2,%r1),0(2,%r2)", "zap 0(1,%r1),0(2,%r2)", "srp 0(2,%r1),1,0"]) {
      const quiet = run(source, "999c", "999c");
      expect([quiet.cc, code(quiet)], source).toEqual([3, undefined]);
      const told = run(source, "999c", "999c", { psw: MODE_64 | DECIMAL_OVERFLOW_MASK });
      expect([told.cc, code(told), told.memory(A, 2)], source).toEqual([3, DECIMAL_OVERFLOW, quiet.memory(A, 2)]);
      expect(told.psw.address).toBe(0x1_0006n);
    }
  });

  it("insn: AP, CP, MP, DP, SRP, CVB, CVBG, ED: invalid digits and signs are data exceptions with code 0 that suppress", () => {
    for (const source of [
      "ap 0(2,%r1),0(2,%r2)",
      "cp 0(2,%r1),0(2,%r2)",
      "zap 0(2,%r1),0(2,%r2)",
      "mp 0(4,%r1),0(2,%r2)",
      "dp 0(4,%r1),0(2,%r2)",
      "srp 0(2,%r2),1,0",
      "cvb %r3,0(%r2)",
      "cvbg %r3,0(%r2)",
      "ed 0(4,%r1),0(%r2)",
    ]) {
      const state = run(source, "2020202c", "a00c", { general: { 3: 5n }, fpc: 0x0000_ff00 });
      expect(state.interruption, source).toMatchObject({ code: DATA_EXCEPTION, dxc: 0 });
      expect([state.memory(A, 4), state.general[3]], source).toEqual(["2020202c", 5n]);
    }
    expect(run("srp 0(2,%r1),1,10", "001c").interruption).toMatchObject({ code: DATA_EXCEPTION, dxc: 0 });
    expect(run("ap 0(2,%r1),0(2,%r2)", "001c", "0010", { fpc: 0x0000_ff00 }).fpc, "the code goes to the FPC as well").toBe(0);
  });

  it("insn: MP: product in place of the multiplicand", () => {
    expect(run("mp 0(4,%r1),0(2,%r2)", "0000999c", "999d").memory(A, 4)).toBe("0998001d");
    expect(code(run("mp 0(2,%r1),0(2,%r2)", "001c", "001c"))).toBe(SPECIFICATION);
    expect(code(run("mp 0(16,%r1),0(9,%r2)", "00"))).toBe(SPECIFICATION);
    expect(code(run("mp 0(4,%r1),0(2,%r2)", "0100000c", "001c")), "too few zeros on the left").toBe(DATA_EXCEPTION);
  });

  it("insn: DP: quotient and remainder; a quotient that does not fit, or a zero divisor, is a decimal-divide exception", () => {
    expect(run("dp 0(5,%r1),0(2,%r2)", "000000123d", "010c").memory(A, 5)).toBe("00012d003d");
    for (const divisor of ["000c", "001c"]) {
      const state = run("dp 0(4,%r1),0(2,%r2)", "9999999c", divisor);
      expect([code(state), state.memory(A, 4)]).toEqual([DECIMAL_DIVIDE, "9999999c"]);
    }
    expect(code(run("dp 0(9,%r1),0(9,%r2)", "00"))).toBe(SPECIFICATION);
  });

  it("insn: SRP: shifts by the rightmost six bits of the address", () => {
    expect(run("srp 0(3,%r1),2,5", "00123c").memory(A, 3)).toBe("12300c");
    expect(run("srp 0(3,%r1),63,5", "00125d").memory(A, 3)).toBe("00013d");
    expect(run("srp 0(3,%r1),64-2(%r3),5", "12345c", "", { general: { 3: 0xffff_ff80n } }).memory(A, 3)).toBe("00123c");
  });

  it("insn: TP: tests digits and sign, and nothing else", () => {
    for (const [digits, cc] of [
      ["00123c", 0],
      ["001230", 1],
      ["00a23c", 2],
      ["00a230", 3],
    ] as const)
      expect(run("tp 0(3,%r1)", digits).cc).toBe(cc);
  });

  it("insn: ED: an amount with fill, point, sign and field separator", () => {
    const state = run("ed 0(13,%r1),0(%r2)", "4020206b2020214b2020602220", "0012345d 5c");
    expect(state.memory(A, 13)).toBe("40404040f1f2f34bf4f56040f5");
    expect(state.cc).toBe(2);
  });

  it("insn: ED: source over two pages; nothing is stored when its second page is refused", () => {
    const pattern = "4020202020";
    const across = run("ed 0(5,%r1),4095(%r2)", pattern, "", { memory: { [B + 4095]: "12345c" } });
    // The significance indicator is on at the end: no plus sign was met.
    expect([across.memory(A, 5), across.cc]).toEqual(["40f1f2f3f4", 1]);
    const refused = run("ed 0(5,%r1),0(%r2)", pattern, "", { general: { 2: BigInt(END - 1) }, memory: { [END - 1]: "12" } });
    expect([code(refused), refused.memory(A, 5)]).toEqual([ADDRESSING, pattern]);
    // The source ends where the pattern needs no more digits.
    const last = run("ed 0(3,%r1),0(%r2)", "402020", "", { general: { 2: BigInt(END - 1) }, memory: { [END - 1]: "12" } });
    expect([code(last), last.memory(A, 3)]).toEqual([undefined, "40f1f2"]);
  });

  it("insn: EDMK: the address of the first significant digit, by the addressing mode", () => {
    const edit = (psw: bigint, digits = "0123"): bigint | undefined =>
      run("edmk 0(5,%r1),0(%r2)", "4020202020", digits, { psw, general: { 1: 0xaaaa_aaaa_0002_0000n, 2: 0xbbbb_bbbb_0003_0000n } })
        .general[1];
    expect(edit(MODE_31)).toBe(0xaaaa_aaaa_0002_0002n);
    expect(run("edmk 0(5,%r1),0(%r2)", "4020202020", "0123", { psw: MODE_24, general: { 1: 0xaaaa_aaaa_bb02_0000n } }).general[1]).toBe(
      0xaaaa_aaaa_bb02_0002n,
    );
    expect(run("edmk 0(5,%r1),0(%r2)", "4020202020", "0123").general[1]).toBe(0x2_0002n);
    expect(edit(MODE_31, "0000"), "no significant digit").toBe(0xaaaa_aaaa_0002_0000n);
  });

  it("insn: AP, CP, ZAP: operands over two pages; a refused second page leaves the first alone", () => {
    const across = run("ap 4094(4,%r1),0(1,%r2)", "", "1c", { memory: { [A + 4094]: "0000999c" } });
    expect(across.memory(A + 4094, 4)).toBe("0001000c");
    const refused = run("ap 0(4,%r3),0(1,%r2)", "", "1c", { general: { 3: BigInt(END - 2) }, memory: { [END - 2]: "0000" } });
    expect([code(refused), refused.memory(END - 2, 2)]).toEqual([ADDRESSING, "0000"]);
    expect(code(run("cp 0(1,%r1),0(4,%r3)", "1c", "", { general: { 3: BigInt(END - 2) } }))).toBe(ADDRESSING);
  });
});

describe("conversions and moves of decimal data (PoP chapter 7)", () => {
  it("insn: CVB, CVBY: 32 bits, the left half stays", () => {
    for (const source of ["cvb %r3,0(%r2)", "cvby %r3,-8(%r4,%r2)"]) {
      const setup = { general: { 3: 0xaaaa_aaaa_bbbb_bbbbn, 4: 8n } };
      expect(run(source, "", "000002147483647c", setup).general[3]).toBe(0xaaaa_aaaa_7fff_ffffn);
      expect(run(source, "", "000002147483648d", setup).general[3]).toBe(0xaaaa_aaaa_8000_0000n);
      const large = run(source, "", "000002147483648c", setup);
      expect([code(large), large.general[3]], "completes").toEqual([FIXED_POINT_DIVIDE, 0xaaaa_aaaa_8000_0000n]);
    }
  });

  it("insn: CVBG: 64 bits; a number out of range suppresses", () => {
    expect(run("cvbg %r3,0(%r2)", "", "0000000000009223372036854775807c".slice(-32)).general[3]).toBe(2n ** 63n - 1n);
    expect(run("cvbg %r3,0(%r2)", "", "0000000000009223372036854775808d".slice(-32)).general[3]).toBe(2n ** 63n);
    const large = run("cvbg %r3,0(%r2)", "", "0000000000009223372036854775808c".slice(-32), { general: { 3: 5n } });
    expect([code(large), large.general[3]]).toEqual([FIXED_POINT_DIVIDE, 5n]);
  });

  it("insn: CVD, CVDY, CVDG: to packed decimal, also across pages", () => {
    expect(run("cvd %r3,4092(%r1)", "", "", { general: { 3: 0x1_ffff_ff85n } }).memory(A + 4092, 8)).toBe("000000000000123d");
    expect(run("cvdy %r3,-4(%r1)", "", "", { general: { 3: 0x7fff_ffffn } }).memory(A - 4, 8)).toBe("000002147483647c");
    expect(run("cvdg %r3,4095(%r1)", "", "", { general: { 3: 2n ** 63n } }).memory(A + 4095, 16)).toBe(
      "0000000000009223372036854775808d".slice(-32),
    );
  });

  it("insn: PACK, UNPK: zoned and packed", () => {
    expect(run("pack 0(4,%r1),0(5,%r2)", "", "f1f2f3f4c5").memory(A, 4)).toBe("0012345c");
    expect(run("unpk 0(5,%r1),0(3,%r2)", "", "12345d").memory(A, 5)).toBe("f1f2f3f4d5");
    expect(run("unpk 0(3,%r1),0(3,%r2)", "", "12345d").memory(A, 4)).toBe("f3f4d500");
  });

  it("insn: PKA, PKU, UNPKA, UNPKU: ASCII and Unicode digits; lengths are checked", () => {
    expect(run("pka 0(%r1),0(5,%r2)", "", "3132333435").memory(A, 16)).toBe("0000000000000000000000000012345c");
    expect(run("pku 0(%r1),0(6,%r2)", "", "003100320033").memory(A, 16)).toBe("0000000000000000000000000000123c");
    const ascii = run("unpka 0(5,%r1),0(%r2)", "", "0000000000000000000000000012345d");
    expect([ascii.memory(A, 6), ascii.cc]).toEqual(["313233343500", 1]);
    const unicode = run("unpku 0(6,%r1),0(%r2)", "", "00000000000000000000000000123450");
    expect([unicode.memory(A, 6), unicode.cc]).toEqual(["003300340035", 3]);
    for (const source of [
      "pka 0(%r1),0(33,%r2)",
      "pku 0(%r1),0(65,%r2)",
      "pku 0(%r1),0(3,%r2)",
      "unpka 0(33,%r1),0(%r2)",
      "unpku 0(7,%r1),0(%r2)",
    ])
      expect(code(run(source, "")), source).toBe(SPECIFICATION);
  });

  it("insn: MVO, MVN, MVZ: halves of bytes", () => {
    expect(run("mvo 0(4,%r1),0(3,%r2)", "7788990c", "123456").memory(A, 4)).toBe("0123456c");
    expect(run("mvn 0(3,%r1),0(%r2)", "a1b2c3", "445566").memory(A, 3)).toBe("a4b5c6");
    expect(run("mvz 0(3,%r1),0(%r2)", "a1b2c3", "445566").memory(A, 3)).toBe("415263");
    const long = run("mvn 4000(256,%r1),0(%r2)", "", "0a".repeat(256));
    expect(long.memory(A + 3999, 258)).toBe(`00${"0a".repeat(256)}00`);
  });

  it("insn: MVN, PACK, UNPKA: a refused second page leaves the first alone", () => {
    for (const source of ["mvn 0(256,%r3),0(%r2)", "pack 0(16,%r3),0(16,%r2)", "unpka 0(32,%r3),0(%r2)"]) {
      const state = run(source, "", "1f".repeat(256), { general: { 3: BigInt(END - 4) } });
      expect([code(state), state.memory(END - 4, 4)], source).toEqual([ADDRESSING, "00000000"]);
    }
  });

  it("insn: ZAP, MVZ: instructions that the result overwrites are decoded anew", () => {
    for (const [write, source] of [
      ["zap 0(2,%r4),0(2,%r2)", "070c"],
      ["mvz 0(2,%r4),0(%r2)", "0000"],
    ]) {
      // First LR 8,3; then BCR 0,12, which does nothing, or from MVZ the unassigned operation code 08.
      const state = run(
        `       lghi %r9,2
                larl %r4,place
        place:  lr %r8,%r3
                lghi %r3,9
                ${write}
                brctg %r9,place`,
        "",
        source,
        { general: { 3: 5n } },
      );
      expect(state.general[8], write).toBe(5n);
    }
  });
});
