import { type Instruction, instructions, loadInstruction, opcodeGroups, withField } from "@zarch/s390x-isa";
import { describe, expect, test } from "vitest";
import { definedInstructions } from "../definitions/all.ts";
import { resetSharedCpu } from "../testing/program.ts";

const AT = 0x1_0000;
const MODE_64 = 0x1_8000_0000n;
const PROBLEM_STATE = 1n << 48n;
const cpu = resetSharedCpu();
const { memory } = cpu;

/** Runs one instruction, left-aligned in six bytes, and gives the program interruption: code, length, address behind. */
function interruption(bytes: Uint8Array, mask: bigint): string {
  memory.write(AT, bytes);
  memory.storeUint32(0x8c, 0xffff_ffff, "big");
  cpu.setPsw(mask, BigInt(AT));
  // A conditional branch may lead anywhere: one instruction only.
  cpu.step();
  return `${memory.loadUint16(0x8e, "big").toString(16)} ${memory.loadUint16(0x8c, "big")} ${(memory.loadUint32(0x15c, "big") - AT).toString()}`;
}

function withExtension(firstByte: number, extension: { bit: number } | undefined, value: number): Uint8Array {
  const bytes = new Uint8Array(6);
  bytes[0] = firstByte;
  if (extension?.bit === 8) bytes[1] = value;
  if (extension?.bit === 12) bytes[1] = value;
  if (extension?.bit === 40) bytes[5] = value;
  return bytes;
}

const lengthOf = (firstByte: number): number => (firstByte < 0x40 ? 2 : firstByte < 0xc0 ? 4 : 6);
const defined = new Set(definedInstructions().map((each) => each.instruction.id));
const offered = new Set(["g5", "z900", "z990", "z9-109", "z9-ec", "z10", "z196"]);
const isOffered = (instruction: Instruction | undefined): boolean =>
  instruction !== undefined && defined.has(instruction.id) && (offered.has(instruction.level) || instruction.facility === "enhanced-DAT 2");

describe("PoP chapter 6, Operation Exception", () => {
  test("every operation code that is not offered is refused, with the length that its first two bits tell", () => {
    const wrong: string[] = [];
    for (let firstByte = 0; firstByte < 256; firstByte++) {
      const group = opcodeGroups[firstByte];
      const length = lengthOf(firstByte);
      const extension = group?.extension;
      const values = extension ? (extension.length === 4 ? 16 : 256) : 1;
      for (let value = 0; value < values; value++) {
        const id = group?.ids[extension ? value : 0];
        if (isOffered(id === undefined || id < 0 ? undefined : instructions[id])) continue;
        const bytes = withExtension(firstByte, extension, value);
        const told = interruption(bytes, MODE_64);
        if (told !== `1 ${length} ${length}`) wrong.push(`${Array.from(bytes, (byte) => byte.toString(16)).join(" ")}: ${told}`);
      }
    }
    expect(wrong).toEqual([]);
  });

  test("in the problem state too, before anything else is looked at", () => {
    expect(interruption(Uint8Array.from([0xb2, 0xfe, 0, 0, 0, 0]), MODE_64 | PROBLEM_STATE)).toBe("1 4 4");
  });
});

describe("PoP chapter 6, Privileged-Operation Exception", () => {
  const privileged = instructions.filter((instruction) => instruction.privileged && isOffered(instruction));

  test("there are as many as the manual makes one expect", () => {
    expect(privileged.length).toBeGreaterThan(55);
  });

  test.each(privileged.map((each) => [each.mnemonic, each] as const))("%s: is refused in the problem state", (_name, instruction) => {
    const digits = instruction.opcodeDigits.padEnd(12, "0");
    const bytes = Uint8Array.from(digits.match(/../g)!, (each) => Number.parseInt(each, 16));
    const length = instruction.format.length;
    expect(interruption(bytes, MODE_64 | PROBLEM_STATE)).toBe(`2 ${length} ${length}`);
    // And of no effect: nothing but the old PSW and the interruption code is stored.
    expect(cpu.state.psw).toEqual({ mask: 0x0002_0001_8000_0000n, address: 0x1d0n });
  });
});

describe("PoP chapter 6, Specification Exception: register pairs", () => {
  const paired = instructions.filter((instruction) => isOffered(instruction) && instruction.format.fields.some((field) => field.pair));

  test.each(paired.map((each) => [each.mnemonic, each] as const))("%s: a register that heads no pair is refused", (_name, instruction) => {
    const digits = instruction.opcodeDigits.padEnd(12, "0");
    const base = loadInstruction(
      Uint8Array.from(digits.match(/../g)!, (each) => Number.parseInt(each, 16)),
      0,
    );
    const length = instruction.format.length;
    cpu.setControl(0, 0x4_00e0n);
    for (const field of instruction.format.fields.filter((each) => each.pair)) {
      for (const register of field.kind === "fr" ? [2, 3, 6, 15] : [1, 5, 15]) {
        const word = withField(field, base, register);
        const bytes = Uint8Array.from({ length: 6 }, (_, i) => Math.floor(word / 2 ** (40 - i * 8)) % 256);
        expect(interruption(bytes, MODE_64)).toBe(`6 ${length} ${length}`);
      }
    }
  });
});
