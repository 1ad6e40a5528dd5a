import { describe, expect, it } from "vitest";
import { type ProgramSetup, type ProgramState, runProgram } from "../../testing/program.ts";

const TARGET = 0x2_0000;
const SOURCE = 0x4_0000;
const END = 0x20_0000;
const MODE_31 = 0x8000_0000n;
const ADDRESSING = 5;
const SPECIFICATION = 6;

/** "aß€𐎀" in the three encodings. */
const UTF8 = "61c39fe282acf0908e80";
const UTF16 = "006100df20acd800df80";
const UTF32 = "00000061000000df000020ac00010380";

/** Target by registers 2 and 3, source by 4 and 5. */
function convert(mnemonic: string, source: string, targetLength: number, setup: ProgramSetup = {}, m3 = ""): ProgramState {
  return runProgram(`${mnemonic} %r2,%r4${m3}`, {
    ...setup,
    general: { 2: BigInt(TARGET), 3: BigInt(targetLength), 4: BigInt(SOURCE), 5: BigInt(source.length / 2), ...setup.general },
    memory: { [SOURCE]: source, ...setup.memory },
  });
}

function registers({ general }: ProgramState): readonly (bigint | undefined)[] {
  return general.slice(2, 6);
}

describe("PoP chapter 7, conversions between Unicode encodings", () => {
  for (const [mnemonic, source, target] of [
    ["cu12", UTF8, UTF16],
    ["cu14", UTF8, UTF32],
    ["cu21", UTF16, UTF8],
    ["cu24", UTF16, UTF32],
    ["cu41", UTF32, UTF8],
    ["cu42", UTF32, UTF16],
  ] as const) {
    const [consumed, produced] = [source.length / 2, target.length / 2];
    it(`insn: ${mnemonic.toUpperCase()}: converts and moves the registers on`, () => {
      const state = convert(mnemonic, source, 100);
      expect(state.memory(TARGET, produced + 1)).toBe(`${target}00`);
      expect(state.cc).toBe(0);
      expect(registers(state)).toEqual([TARGET + produced, 100 - produced, SOURCE + consumed, 0].map(BigInt));
    });

    it(`insn: ${mnemonic.toUpperCase()}: condition code 1 when the next character does not fit`, () => {
      const state = convert(mnemonic, source, produced - 1);
      expect(state.cc).toBe(1);
      expect(Number(state.general[3])).toBeGreaterThan(0);
      expect(Number(state.general[5])).toBeGreaterThan(0);
      expect(state.memory(TARGET + produced - 1, 1)).toBe("00");
    });

    it(`insn: ${mnemonic.toUpperCase()}: operands over page boundaries`, () => {
      const general = { 2: BigInt(TARGET + 0x1000 - 3), 4: BigInt(SOURCE + 0x1000 - 3) };
      const state = convert(mnemonic, source, 100, { general, memory: { [SOURCE]: "", [SOURCE + 0x1000 - 3]: source } });
      expect([state.memory(TARGET + 0x1000 - 3, produced), state.cc]).toEqual([target, 0]);
    });

    it(`insn: ${mnemonic.toUpperCase()}: condition code 3 after some characters; repeating it converts all`, () => {
      const many = 3000;
      const character = source.slice(0, { 1: 2, 2: 4, 4: 8 }[mnemonic[2] as "1" | "2" | "4"]);
      const once = convert(mnemonic, character.repeat(many), 0x1_0000);
      expect(once.cc).toBe(3);
      expect(Number(once.general[5])).toBeGreaterThan(0);
      const all = runProgram(`1: ${mnemonic} %r2,%r4\n jo 1b`, {
        general: { 2: BigInt(TARGET), 3: 0x1_0000n, 4: BigInt(SOURCE), 5: BigInt((character.length / 2) * many) },
        memory: { [SOURCE]: character.repeat(many) },
      });
      expect([all.cc, all.general[5]]).toEqual([0, 0n]);
      const size = Number(all.general[2]) - TARGET;
      expect(all.memory(TARGET, size)).toBe(target.slice(0, (size / many) * 2).repeat(many));
    });

    it(`insn: ${mnemonic.toUpperCase()}: a refused access leaves the registers at the character`, () => {
      const unit = source.slice(0, { 1: 2, 2: 4, 4: 8 }[mnemonic[2] as "1" | "2" | "4"]);
      const start = END - (unit.length / 2) * 3;
      const state = convert(mnemonic, "", 100, { general: { 4: BigInt(start), 5: 100n }, memory: { [start]: unit.repeat(3) } });
      expect(state.interruption?.code).toBe(ADDRESSING);
      expect(registers(state).slice(2)).toEqual([BigInt(END), BigInt(100 - (unit.length / 2) * 3)]);
      const size = Number(state.general[2]) - TARGET;
      expect(state.memory(TARGET, size)).toBe(target.slice(0, (size / 3) * 2).repeat(3));
      expect(state.general[3]).toBe(BigInt(100 - size));
      const full = convert(mnemonic, unit.repeat(3), 100, { general: { 2: BigInt(END - size / 3) } });
      expect(full.interruption?.code).toBe(ADDRESSING);
      expect([full.general[2], full.general[4]]).toEqual([BigInt(END), BigInt(SOURCE + unit.length / 2)]);
    });

    it(`insn: ${mnemonic.toUpperCase()}: odd registers are specification exceptions`, () => {
      const opcode = { cu12: "b2a7", cu14: "b9b0", cu21: "b2a6", cu24: "b9b1", cu41: "b9b2", cu42: "b9b3" }[mnemonic];
      for (const operands of ["0034", "0025"])
        expect(runProgram((opcode + operands).replaceAll(/../g, ".byte 0x$&\n")).interruption?.code).toBe(SPECIFICATION);
    });
  }

  it("insn: CU12, CU21: in 31-bit mode lengths are 32 bits and the left halves stay", () => {
    const left = 0xaaaa_aaaa_0000_0000n;
    const state = convert("cu12", UTF8, 0, {
      psw: MODE_31,
      general: { 2: left | BigInt(TARGET), 3: left | 100n, 4: left | BigInt(SOURCE), 5: left | 10n },
    });
    expect([state.memory(TARGET, 10), state.cc]).toEqual([UTF16, 0]);
    expect(registers(state)).toEqual([left | BigInt(TARGET + 10), left | 90n, left | BigInt(SOURCE + 10), left]);
  });

  it("insn: CU12, CU21: M3 asks for the well-formedness check", () => {
    expect(convert("cu12", "c080", 100)).toMatchObject({ cc: 0 });
    expect(convert("cu12", "c080", 100, {}, ",1")).toMatchObject({ cc: 2 });
    expect(convert("cu21", "d8000041", 100)).toMatchObject({ cc: 0 });
    expect(convert("cu21", "d8000041", 100, {}, ",1")).toMatchObject({ cc: 2 });
  });

  it("insn: CU14, CU41, CU42: an invalid character is condition code 2, and the registers show where", () => {
    const state = convert("cu14", "4142ff43", 100);
    expect([state.cc, state.general[4], state.general[2]]).toEqual([2, BigInt(SOURCE + 2), BigInt(TARGET + 8)]);
    expect(convert("cu41", "00110000", 100).cc).toBe(2);
    expect(convert("cu42", "0000d800", 100).cc).toBe(2);
  });

  it("insn: CU12, CU14, CU21, CU42: a character whose end is refused changes nothing", () => {
    for (const [mnemonic, source, room] of [
      ["cu12", "f0908e80", 2],
      ["cu14", "61", 3],
      ["cu21", "20ac", 2],
      ["cu42", "00010380", 3],
    ] as const) {
      const start = END - room;
      const state = convert(mnemonic, source, 100, { general: { 2: BigInt(start) }, memory: { [start]: "ee".repeat(room) } });
      expect(state.interruption?.code, mnemonic).toBe(ADDRESSING);
      expect(state.memory(start, room), mnemonic).toBe("ee".repeat(room));
      expect(registers(state), mnemonic).toEqual([start, 100, SOURCE, source.length / 2].map(BigInt));
    }
  });

  it("insn: CU21: a character whose start is refused changes nothing", () => {
    // The target begins at the end of the address space, where there is no storage, and goes on at location 0.
    const start = 0xffff_ffff_ffff_fffen;
    const before = runProgram("nopr").memory(0, 4);
    const state = convert("cu21", "20ac", 100, { general: { 2: start } });
    expect(state.interruption).toBeDefined();
    expect([state.memory(0, 4), state.general[2]]).toEqual([before, start]);
  });

  it("insn: CU21: instructions that the target overwrites are decoded anew", () => {
    // Converts "\u0007\u0007" into the BCR 0,7 that was executed before, over an LR 2,3 in its place.
    const state = runProgram(
      `        lghi %r9,2
again:  lgr %r2,%r3
        larl %r4,place
        lghi %r5,2
        larl %r6,source
        lghi %r7,4
place:  lr %r8,%r3
        cu21 %r4,%r6
        lghi %r3,9
        brctg %r9,again
        svc 255
source: .short 7,7`,
      { general: { 3: 5n, 8: 1n } },
    );
    expect(state.general[8]).toBe(5n);
    expect(state.memory(state.address("place"), 2)).toBe("0707");
    expect(state.cc).toBe(0);
  });
});
