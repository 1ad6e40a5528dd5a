import { assemble, type Instruction, instructions, withField } from "@zarch/s390x-isa";
import { describe, expect, test } from "vitest";
import { definedInstructions } from "../definitions/all.ts";
import { TestMachine } from "../testing/machine.ts";
import { doubleword, translationTables } from "../testing/tables.ts";

const CODE = 0x1_0000;
const HANDLER = 0x3000;
const MODE_64 = 0x1_8000_0000n;
const INSTRUCTIONS = 60;
const BUDGET = 3000;

/** A generator of 32-bit numbers (xorshift), so that a failure names its seed. */
function generator(seed: number): () => number {
  let state = (seed * 0x9e37_79b1) | 1;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return state >>> 0;
  };
}

const known: readonly Instruction[] = (() => {
  const defined = new Set(definedInstructions().map((each) => each.instruction.id));
  return instructions.filter((instruction) => defined.has(instruction.id));
})();

/** An instruction with random fields; branches are kept near, bases mostly in range. */
function randomInstruction(random: () => number): Uint8Array {
  const instruction = known[random() % known.length]!;
  let word = 0;
  const digits = instruction.opcodeDigits.padEnd(12, "0");
  word = Number.parseInt(digits, 16);
  const seen = new Set<string>();
  for (const field of instruction.format.fields) {
    if (seen.has(field.name)) continue;
    seen.add(field.name);
    const value =
      field.kind === "relative" ? random() % 16 : field.kind === "displacement" ? random() % 64 : random() % 2 ** Math.min(field.width, 20);
    word = withField(field, word, value);
  }
  return Uint8Array.from({ length: instruction.format.length }, (_, i) => Math.floor(word / 2 ** (40 - i * 8)) % 256);
}

/** Values that operands and table entries like to have trouble with. */
function randomValue(random: () => number): bigint {
  const kinds = [
    () => BigInt(random() % 0x20_0000),
    () => BigInt(random() & 0x1f_fff8),
    () => (BigInt(random()) << 32n) | BigInt(random()),
    () => BigInt(random() % 256),
    () => -1n,
    () => 0x1f_ffffn,
    () => 0x7fff_ffffn,
    () => 0x8000_0000_0000_0000n,
  ];
  return BigInt.asUintN(64, kinds[random() % kinds.length]!());
}

/** Returns from a program interruption; after one that nullifies, codes from 0x10 on, to the next instruction nevertheless; ends the program outside its 8 KiB. */
const handler = assemble(
  `
        stmg    %r0,%r2,0x400
        mvc     0x420(16),0x150
        lh      %r1,0x8e
        nilf    %r1,0x7f
        chi     %r1,0x10
        jl      1f
        lg      %r0,0x428
        llgh    %r2,0x8c
        algr    %r0,%r2
        stg     %r0,0x428
1:      lg      %r0,0x428
        srlg    %r1,%r0,13
        cghi    %r1,${CODE >> 13}
        jne     2f
        lmg     %r0,%r2,0x400
        lpswe   0x420
2:      svc     0
`,
  { origin: HANDLER },
).bytes;

const machine = new TestMachine();
const { cpu } = machine;
machine.diagnose.set(0x500, () => 0);

function prepare(seed: number): void {
  const random = generator(seed);
  machine.reset();
  cpu.core.engine.setTod(0x7d91_048b, 0xca00_0000);
  const { asce, memory } = translationTables(seed & 3);
  for (const [address, content] of Object.entries(memory)) machine.write(Number(address), content);
  let at = CODE + (random() % 2) * 0xfc0;
  const start = at;
  for (let i = 0; i < INSTRUCTIONS; i++) {
    // Now and then no instruction at all.
    const bytes = random() % 16 === 0 ? Uint8Array.from({ length: 2 }, () => random() & 0xff) : randomInstruction(random);
    cpu.memory.write(at, bytes);
    at += bytes.length;
  }
  machine.write(at, "0aff");
  for (let n = 0; n < 16; n++) {
    cpu.setGeneral(n, randomValue(random));
    cpu.setAccess(n, random() % 4);
    cpu.setFloatingPoint(n, randomValue(random));
    if (n !== 1 && n !== 7 && n !== 13) cpu.setControl(n, random() % 2 ? randomValue(random) : 0n);
  }
  cpu.setControl(0, BigInt(random() & 0x5fff_ffff) & ~0xff00n);
  for (const space of [1, 7, 13]) cpu.setControl(space, asce);
  // No program-event recording here: it is far slower.
  cpu.setControl(9, 0n);
  for (let i = 0; i < 40; i++) cpu.core.storageKeys[random() % 512] = random() & 0xfe;
  // Program interruptions return behind the instruction.
  machine.write(0x1d0, doubleword(MODE_64) + doubleword(BigInt(HANDLER)));
  cpu.memory.write(HANDLER, handler);
  const mask = [0n, 1n, 2n, 4n, 5n, 7n][random() % 6]! << 56n;
  const problem = random() % 4 === 0 ? 1n << 48n : 0n;
  const mode = [MODE_64, MODE_64, MODE_64, 0x8000_0000n, 0n][random() % 5]!;
  const space = (mask & (4n << 56n)) !== 0n ? BigInt(random() & 3) << 46n : 0n;
  cpu.setPsw(
    mask | problem | mode | space | (BigInt(random() % 3 ? 0 : random() & 0xf) << 52n) | (BigInt(random() & 15) << 40n),
    BigInt(start),
  );
}

/** The state after a run that ended: what both engines must agree on. */
function outcome(): string {
  const { state } = cpu;
  let sum = 0;
  const bytes = new Uint8Array(0x20_0000);
  cpu.memory.read(0, bytes);
  for (let i = 0; i < bytes.length; i += 4) {
    const word = (bytes[i]! << 24) | (bytes[i + 1]! << 16) | (bytes[i + 2]! << 8) | bytes[i + 3]!;
    if (word !== 0) sum = (Math.imul(sum ^ word, 0x0100_0193) + i) | 0;
  }
  return [
    ...[state.psw.mask, state.psw.address, ...state.general, ...state.control, ...state.floatingPoint].map((value) => value.toString(16)),
    ...[state.fpc, state.prefix, ...state.access, sum].map((value) => value.toString(16)),
    Array.from(cpu.core.storageKeys, (key) => key.toString(16)).join(""),
  ].join(" ");
}

const SEEDS = 300;

describe("hostile guests: any instruction in any state has an answer of the architecture, the same in both engines", () => {
  test.each(Array.from({ length: 10 }, (_, part) => part))("part %i", (part) => {
    for (let seed = 1 + part * (SEEDS / 10); seed < 1 + (part + 1) * (SEEDS / 10); seed++) {
      prepare(seed);
      const fast = cpu.run({ budget: BUDGET });
      const afterFast = outcome();
      prepare(seed);
      const exact = cpu.runExactly(BUDGET);
      if (fast.reason === "budget" || exact.reason === "budget") continue;
      expect([seed, fast]).toEqual([seed, exact]);
      expect([seed, outcome()]).toEqual([seed, afterFast]);
    }
  });
});
