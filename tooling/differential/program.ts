import type { Assembler } from "../../packages/s390x-isa/src/index.ts";
import { instruction } from "../../packages/s390x-isa/src/index.ts";
import { Body } from "./body.ts";
import { emitInstruction } from "./emit.ts";
import { Block, MAXIMUM_INSTRUCTIONS, Slot } from "./layout.ts";
import { Random } from "./random.ts";
import { BASES, baseOffsets, INDEX, INDEX_VALUE } from "./registers.ts";

export interface TestProgram {
  readonly seed: number;
  /** Contents of the data area. */
  readonly data: Uint8Array;
  /** Initial registers of a program in the slot at an address. */
  initial(address: number): Uint8Array;
  /** Assembles the program in that slot. @returns mnemonics of the instructions under test */
  emit(asm: Assembler, address: number): string[];
}

export interface ProgramOptions {
  readonly seed: number;
  /** Mnemonics to choose from. */
  readonly mnemonics: readonly string[];
  /** Instructions under test; set-up between them is not counted. */
  readonly length?: number;
  /** Leaves out all instructions after so many, with everything before them unchanged. */
  readonly limit?: number;
}

const DEFAULT_LENGTH = 14;

/** The program that a seed and a list of mnemonics name. */
export function generateProgram({ seed, mnemonics, length = DEFAULT_LENGTH, limit = length }: ProgramOptions): TestProgram {
  if (length > MAXIMUM_INSTRUCTIONS) throw new RangeError(`${length} instructions are too many`);
  return {
    seed,
    data: dataArea(new Random(seed ^ 0x5eed_0001)),
    initial: (address) => initialRegisters(new Random(seed ^ 0x5eed_0002), address),
    emit: (asm, address) => {
      const random = new Random(seed ^ 0x5eed_0003);
      const body = new Body(asm, random, address);
      const chosen: string[] = [];
      for (let i = 0; i < Math.min(length, limit); i++) {
        const mnemonic = random.pick(mnemonics);
        const known = instruction(mnemonic);
        if (!known) throw new RangeError(`no instruction ${mnemonic}`);
        chosen.push(mnemonic);
        emitInstruction(body, known);
        asm.a("ipm", body.scratch).a("strl", body.scratch, address + Slot.conditionCodes + 4 * i);
      }
      return chosen;
    },
  };
}

/** Random bytes with runs of equal ones, for strings and for carries and borrows over many bytes. */
function dataArea(random: Random): Uint8Array {
  const data = new Uint8Array(Slot.dataEnd - Slot.data);
  for (let at = 0; at < data.length; ) {
    if (random.oneIn(3)) {
      const run = 1 + random.below(24);
      data.fill(random.pick([0, 0, 0xff, 0x40, 0x61, 0x80, 0x7f, random.below(256)]), at, at + run);
      at += run;
    } else {
      const word = random.next();
      for (let i = 0; i < 4 && at < data.length; i++) data[at++] = word >>> (24 - 8 * i);
    }
  }
  return data;
}

function initialRegisters(random: Random, address: number): Uint8Array {
  const bytes = new Uint8Array(Block.size);
  const view = new DataView(bytes.buffer);
  for (let n = 0; n < 16; n++) {
    view.setBigUint64(Block.general + n * 8, random.edge64());
    view.setBigUint64(Block.floating + n * 8, random.oneIn(3) ? random.edge64() : random.edgeFloat());
    view.setUint32(Block.access + n * 4, random.edge32());
  }
  for (const [i, base] of BASES.entries()) view.setBigUint64(Block.general + base * 8, BigInt(address + baseOffsets[i]!));
  view.setBigUint64(Block.general + INDEX * 8, BigInt(INDEX_VALUE));
  // Flags and a rounding mode; traps off.
  view.setUint32(Block.fpc, (random.below(32) << 19) | random.pick([0, 0, 0, 1, 2, 3, 7]));
  view.setUint32(Block.conditionCode, random.below(4) << 28);
  return bytes;
}
