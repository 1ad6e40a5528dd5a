import type { Assembler } from "../../../packages/s390x-isa/src/index.ts";
import { Random } from "../random.ts";
import { Body } from "./body.ts";
import { emitters, pswMask } from "./emit.ts";
import { FRAME_COUNT, FRAMES, MAXIMUM_INSTRUCTIONS, OPEN_KEY, SEGMENT_TABLES, Slot, VALID_PAGES } from "./layout.ts";

export interface SystemProgram {
  readonly seed: number;
  /** General, access and control registers, PSW and storage keys, as at `Slot.general`. */
  readonly initial: Uint8Array;
  /** Page-table entries of the window in the three spaces. */
  readonly tables: Uint8Array;
  /** Assembles the program where the assembler stands, at the start of a slot. */
  emit(asm: Assembler): {
    readonly resume: readonly bigint[];
    readonly constants: readonly bigint[];
    readonly mnemonics: readonly string[];
  };
}

export interface ProgramOptions {
  readonly seed: number;
  readonly mnemonics?: readonly string[];
  /** Leaves out all instructions after so many, with everything before them unchanged. */
  readonly limit?: number;
  readonly slot: number;
}

/** Instructions under test in a program; what sets them up is not counted. */
export const LENGTH = 24;
const PAGE_INVALID = 0x400;
const PAGE_PROTECTED = 0x200;

/** The program that a seed names, for the slot at an address. */
export function generateProgram({ seed, mnemonics = Object.keys(emitters), limit = LENGTH, slot }: ProgramOptions): SystemProgram {
  if (limit > MAXIMUM_INSTRUCTIONS) throw new RangeError(`${limit} instructions are too many`);
  return {
    seed,
    initial: initialState(new Random(seed ^ 0x5e3d_0001), slot),
    tables: windowTables(new Random(seed ^ 0x5e3d_0002)),
    emit: (asm) => {
      const body = new Body(asm, new Random(seed ^ 0x5e3d_0003), slot);
      const resume: bigint[] = [];
      const chosen: string[] = [];
      for (let i = 0; i < limit; i++) {
        // Supervisor calls and new PSWs keep states and modes changing.
        const mnemonic = body.random.pick(body.random.oneIn(5) ? ["svc", "svc", "lpswe"] : mnemonics);
        emitters[mnemonic]!(body, mnemonic);
        chosen.push(mnemonic);
        resume.push(asm.location);
        asm.a("ipm", 10).a("rllg", 11, 11, 7).a("xgr", 11, 10);
      }
      asm.a("svc", 0);
      return { resume, constants: body.constants, mnemonics: chosen };
    },
  };
}

function initialState(random: Random, slot: number): Uint8Array {
  const bytes = new Uint8Array(Slot.keys + FRAME_COUNT - Slot.general);
  const view = new DataView(bytes.buffer);
  const control = (n: number, value: bigint): void => view.setBigUint64(Slot.control - Slot.general + n * 8, value);
  for (let n = 0; n < 16; n++) {
    view.setBigUint64(n * 8, random.edge64());
    view.setUint32(Slot.access - Slot.general + n * 4, random.edge32());
  }
  // Low-address protection, extraction authority, fetch-protection override; secondary space and storage-protection override always.
  const oneOf = (bit: number): number => (random.oneIn(2) ? bit : 0);
  control(0, BigInt(0x4_0000 + oneOf(0x1000_0000) + 0x0400_0000 + oneOf(0x0800_0000) + oneOf(0x0200_0000) + 0x0100_0000));
  for (const [space, n] of [1, 7, 13].entries()) control(n, BigInt(SEGMENT_TABLES + space * 0x1000));
  control(3, BigInt(random.next() & 0xffff) << 16n);
  control(8, BigInt(random.next() & 0xffff));
  view.setBigUint64(Slot.psw - Slot.general, pswMask({ random }, random.oneIn(6)));
  view.setBigUint64(Slot.psw - Slot.general + 8, BigInt(slot + Slot.code));
  for (let n = 0; n < FRAME_COUNT; n++) bytes[Slot.keys - Slot.general + n] = OPEN_KEY | (random.below(2) << 3);
  return bytes;
}

function windowTables(random: Random): Uint8Array {
  const bytes = new Uint8Array(3 * FRAME_COUNT * 8);
  const view = new DataView(bytes.buffer);
  for (let at = 0; at < bytes.length; at += 8) {
    const replaceable = (at / 8) % FRAME_COUNT >= VALID_PAGES;
    const flags = replaceable && random.oneIn(6) ? PAGE_INVALID : random.oneIn(5) ? PAGE_PROTECTED : 0;
    view.setBigUint64(at, BigInt(FRAMES + random.below(FRAME_COUNT) * 0x1000 + flags));
  }
  return bytes;
}
