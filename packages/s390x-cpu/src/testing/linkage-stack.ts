import { type ProgramSetup, type ProgramState, runProgram } from "./program.ts";
import { designation, PAGE_INVALID, PAGE_TABLE, PSW_TRANSLATION, TABLE, translationTables } from "./tables.ts";

// A home space that has, other than the primary one, two pages at virtual 0x10_0000, which are apart in real storage.
const HOME_SEGMENTS = TABLE[0] + 0x1000;
const HOME_PAGES = 0x11_1000;
const FRAMES = [0x4_0000, 0x6_0000] as const;
const tables = translationTables(0, {
  [HOME_SEGMENTS]: BigInt(PAGE_TABLE),
  [HOME_SEGMENTS + 8]: BigInt(HOME_PAGES),
  [HOME_PAGES]: BigInt(FRAMES[0]),
  [HOME_PAGES + 8]: BigInt(FRAMES[1]),
  [HOME_PAGES + 16]: PAGE_INVALID,
});

export const PRIMARY_ASCE = tables.asce;
export const HOME_ASCE = designation(HOME_SEGMENTS, 0, 0);
/** Virtual address in the home space of the header of the stack's first section: an entry behind it crosses a page. */
export const HEADER = 0x10_0f00;
/** Where the second section has its header. */
export const NEXT_HEADER = 0x10_0400;
export const FIRST_DESCRIPTOR = HEADER + 8;
export const STATE_ENTRY_SIZE = 296;

/** Real address of a virtual one in the two pages of the home space. */
export function realOf(virtual: number): number {
  return FRAMES[(virtual >>> 12) & 1]! + (virtual & 0xfff);
}

/** Bytes of a state entry of the section at {@link HEADER}, by its number, as hexadecimal digits. */
export function stateEntry(state: ProgramState, number = 0): string {
  const at = FIRST_DESCRIPTOR + 8 + number * STATE_ENTRY_SIZE;
  const room = Math.min(STATE_ENTRY_SIZE, 4096 - (at & 0xfff));
  const rest = room < STATE_ENTRY_SIZE ? state.memory(realOf(at + room), STATE_ENTRY_SIZE - room) : "";
  return state.memory(realOf(at), room) + rest;
}

export interface StackSetup {
  /** Descriptor of the header of the first section, and its backward address. */
  readonly descriptor?: string;
  readonly backward?: string;
  /** Remaining free space of the first section, where its trailer lies. */
  readonly freeSpace?: number;
  readonly forward?: string;
  readonly nextDescriptor?: string;
}

/** A linkage stack with two sections. */
function sections({ freeSpace = 0x300, descriptor, backward = "", forward = "", nextDescriptor = "" }: StackSetup): Record<number, string> {
  return {
    [realOf(HEADER)]: backward.padStart(16, "0") + (descriptor ?? `0901${freeSpace.toString(16).padStart(4, "0")}00000000`),
    [realOf(HEADER + 16 + freeSpace)]: `${forward.padStart(16, "0")}0a01000000000000`,
    [realOf(NEXT_HEADER)]: `0000000000000000${nextDescriptor || "0902040000000000"}`,
  };
}

/** Runs a program with translation on and a linkage stack in the home space. */
export function runWithStack(source: string, setup: ProgramSetup = {}, stack: StackSetup = {}): ProgramState {
  return runProgram(source, {
    ...setup,
    psw: setup.psw ?? PSW_TRANSLATION,
    control: { 0: 0x0484_0000n, 1: PRIMARY_ASCE, 7: PRIMARY_ASCE, 13: HOME_ASCE, 15: BigInt(FIRST_DESCRIPTOR), ...setup.control },
    memory: { ...tables.memory, ...sections(stack), ...setup.memory },
  });
}
