import { type Instruction, instructions, type OpcodeExtension } from "./instructions.ts";

/** How to find the instruction for one value of the first byte. */
export interface OpcodeGroup {
  readonly firstByte: number;
  /** Place of the opcode extension that all instructions of the group share; undefined: the first byte decides alone. */
  readonly extension: OpcodeExtension | undefined;
  /** Instruction id by extension value (a single entry without extension); -1 where the opcode is not assigned. */
  readonly ids: Int16Array;
}

function buildGroups(): readonly (OpcodeGroup | undefined)[] {
  const groups = new Array<OpcodeGroup | undefined>(256).fill(undefined);
  for (const each of instructions) {
    const known = groups[each.firstByte];
    const group = known ?? {
      firstByte: each.firstByte,
      extension: each.extension,
      ids: new Int16Array(each.extension ? 1 << each.extension.length : 1).fill(-1),
    };
    groups[each.firstByte] = group;
    group.ids[each.extensionValue] = each.id;
  }
  return groups;
}

/** Indexed by the first byte of the instruction; undefined where no opcode begins with that byte. */
export const opcodeGroups: readonly (OpcodeGroup | undefined)[] = buildGroups();

/** Length in bytes of an instruction from its first byte: bits 0-1 tell it (Principles of Operation, chapter 5, "Instruction Lengths"). */
export function instructionLength(firstByte: number): 2 | 4 | 6 {
  return firstByte < 0x40 ? 2 : firstByte < 0xc0 ? 4 : 6;
}

/** The instruction whose opcode stands in the first halfword and, for six-byte instructions, the third (ignored for shorter ones), or undefined. */
export function decode(halfword0: number, halfword2: number): Instruction | undefined {
  const group = opcodeGroups[(halfword0 >>> 8) & 0xff];
  if (!group) return undefined;
  const { extension, ids } = group;
  const value = !extension ? 0 : extension.bit === 40 ? halfword2 & 0xff : extension.bit === 12 ? halfword0 & 0xf : halfword0 & 0xff;
  const id = ids[value]!;
  return id < 0 ? undefined : instructions[id];
}
