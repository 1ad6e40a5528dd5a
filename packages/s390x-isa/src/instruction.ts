import { formsOf } from "./forms.ts";
import { type Instruction, instructions } from "./instructions.ts";

let byMnemonic: ReadonlyMap<string, Instruction> | undefined;

/**
 * The instruction with this mnemonic (lower case), or undefined. Synonyms that take the same operands (PRNO, JAS, CDGBRA) count;
 * extended mnemonics that fix operands (JNE) do not.
 */
export function instruction(mnemonic: string): Instruction | undefined {
  byMnemonic ??= new Map(instructions.map((each) => [each.mnemonic, each]));
  // The table of all assembler mnemonics is only built for names that are not in the opcode table.
  return byMnemonic.get(mnemonic) ?? formsOf(mnemonic).find((form) => form.format.shape === form.instruction.format.shape)?.instruction;
}
