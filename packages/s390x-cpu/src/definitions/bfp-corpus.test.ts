/** The instructions themselves against the corpus of the BFP algorithms: native halves, slow halves, register and storage forms. */
import { readFileSync } from "node:fs";
import { Assembler, type Instruction, instruction, mem } from "@zarch/s390x-isa";
import { describe, expect, it } from "vitest";
import { PROGRAM_ORIGIN, resetSharedCpu, sharedCpu } from "../testing/program.ts";

const OPERAND = 0x2_0000;
const INEXACT_FLAG = 0x0008_0000;
/** What stands to the right of a short operand, and must stay there. */
const RIGHT = 0x5a5a_5a5an;
const MODE_64 = 0x0000_0001_8000_0000n;

interface Vector {
  readonly line: string;
  readonly m3: number;
  readonly m4: number;
  readonly fpc: number;
  readonly operands: readonly string[];
  readonly result: string;
  readonly fpcAfter: number;
  readonly cc: number;
}

function readVectors(): ReadonlyMap<string, readonly Vector[]> {
  const vectors = new Map<string, Vector[]>();
  const text = readFileSync(new URL("../bfp/corpus/vectors.txt", import.meta.url), "utf8");
  for (const line of text.trimEnd().split("\n")) {
    const [left, right] = line.split(" = ") as [string, string];
    const [name, modes, ...operands] = left.split(" ") as [string, string, ...string[]];
    const [result, fpc, cc] = right.split(" ") as [string, string, string];
    const vector = {
      line,
      m3: Number(modes[0]),
      m4: modes[1] === "x" ? 4 : 0,
      fpc: Number(modes[2]),
      operands,
      result,
      fpcAfter: Number.parseInt(fpc, 16),
      cc: Number(cc),
    };
    const list = vectors.get(name);
    if (list) list.push(vector);
    else vectors.set(name, [vector]);
  }
  return vectors;
}

const vectors = readVectors();

function fieldKind(known: Instruction, name: string): string | undefined {
  return known.format.fields.find((field) => field.name === name)?.kind;
}

/** Operand 1 is in register 0, operand 3 in 8; operand 2 in floating-point register 4, general register 2, or storage. */
function code(known: Instruction, name: string, vector: Vector): Uint8Array {
  const has = (name: string): boolean => fieldKind(known, name) !== undefined;
  const { m3, m4, operands } = vector;
  const assembler = new Assembler({ origin: PROGRAM_ORIGIN });
  if (known.mnemonic.startsWith("tc")) assembler.a(known.mnemonic, 0, mem(Number.parseInt(operands[1]!, 16)));
  else if (has("d2")) assembler.a(known.mnemonic, 0, ...(has("r3") ? [8] : []), mem(0, 1));
  // The corpus names the form that has M3 and M4 (CGEBRA), which some mnemonics (CGEBR) leave out.
  else
    assembler.a(name, {
      r1: 0,
      r2: fieldKind(known, "r2") === "gr" ? 2 : 4,
      ...(has("r3") ? { r3: 8 } : {}),
      ...(has("m3") ? { m3, m4 } : {}),
    });
  return assembler.a("svc", 255).assemble().bytes;
}

const cpu = sharedCpu();

function setPair(register: number, digits: string): void {
  const value = BigInt(`0x${digits}`);
  if (digits.length === 8) cpu.setFloatingPoint(register, (value << 32n) | RIGHT);
  else if (digits.length === 16) cpu.setFloatingPoint(register, value);
  else {
    cpu.setFloatingPoint(register, value >> 64n);
    cpu.setFloatingPoint(register + 2, BigInt.asUintN(64, value));
  }
}

/** Runs one vector and gives its right side as the corpus writes it. */
function run(known: Instruction, vector: Vector, program: Uint8Array, fpc: number): string {
  const { memory } = cpu;
  memory.write(PROGRAM_ORIGIN, program);
  for (const register of [0, 2, 4, 6, 8]) cpu.setFloatingPoint(register, RIGHT);
  const { operands } = vector;
  const isMask = known.mnemonic.startsWith("tc");
  const secondIndex = operands.length === 1 ? 0 : 1;
  if (operands.length > 1 || isMask) setPair(0, operands[0]!);
  if (operands.length === 3) setPair(8, operands[2]!);
  const second = operands[secondIndex]!;
  cpu.setGeneral(1, BigInt(OPERAND));
  cpu.setGeneral(2, second.length === 8 ? BigInt(`0xa5a5a5a5${second}`) : BigInt(`0x${second.slice(0, 16)}`));
  cpu.setGeneral(0, 0xa5a5_a5a5_a5a5_a5a5n);
  if (!isMask) setPair(4, second);
  memory.write(
    OPERAND,
    Uint8Array.from(second.match(/../g)!, (digits) => Number.parseInt(digits, 16)),
  );
  cpu.setFpc(fpc);
  cpu.setPsw(MODE_64, BigInt(PROGRAM_ORIGIN));
  expect(cpu.run({ budget: 1000 })).toMatchObject({ reason: "disabled-wait", address: 0x1c0n });
  const { general, floatingPoint, fpc: fpcAfter } = cpu.state;
  let result = "";
  if (vector.result.length === 32) result = hex(floatingPoint[0]!) + hex(floatingPoint[2]!);
  else if (fieldKind(known, "r1") === "gr") result = hex(general[0]!).slice(-vector.result.length);
  else result = hex(floatingPoint[0]!).slice(0, vector.result.length);
  // A 32-bit result leaves the other half of the register alone.
  if (vector.result.length === 8) {
    const rest = fieldKind(known, "r1") === "gr" ? general[0]! >> 32n : BigInt.asUintN(32, floatingPoint[0]!);
    expect(rest, vector.line).toBe(fieldKind(known, "r1") === "gr" ? 0xa5a5_a5a5n : RIGHT);
  }
  const cc = (memory.loadUint8(0x142) >> 4) & 3;
  return `${result} ${fpcAfter.toString(16)} ${cc}`;
}

function hex(value: bigint): string {
  return value.toString(16).padStart(16, "0");
}

function check(known: Instruction, name: string, list: readonly Vector[]): void {
  const programs = new Map<string, Uint8Array>();
  const wrong: string[] = [];
  for (const vector of list) {
    const key = `${vector.m3} ${vector.m4} ${known.mnemonic.startsWith("tc") ? vector.operands[1] : ""}`;
    const program = programs.get(key) ?? code(known, name, vector);
    programs.set(key, program);
    // Once as it stands, and once with the inexact flag on, where the native halves serve more operands.
    for (const flags of [0, INEXACT_FLAG]) {
      const expected = `${vector.result} ${(vector.fpcAfter | flags).toString(16)} ${vector.cc}`;
      const got = run(known, vector, program, vector.fpc | flags);
      if (got !== expected) wrong.push(`${known.mnemonic}: ${vector.line} with ${flags.toString(16)}, not ${got}`);
    }
  }
  expect(wrong).toEqual([]);
}

describe("BFP instructions by the corpus (PoP chapter 19)", () => {
  for (const [name, list] of vectors) {
    const known = instruction(name)!;
    const storageForm = name.endsWith("br") ? instruction(name.slice(0, -1)) : undefined;
    const names = [known, ...(storageForm ? [storageForm] : [])];
    it(`insn: ${names.map((each) => each.mnemonic.toUpperCase()).join(", ")}: answers as the corpus says`, () => {
      resetSharedCpu();
      for (const each of names) check(each, name, list);
    });
  }
});
