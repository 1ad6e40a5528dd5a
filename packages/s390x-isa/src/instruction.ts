import { formsOf } from "./forms.ts";
import type { Instruction } from "./instructions.ts";

/**
 * The instruction with this mnemonic (lower case), or undefined. Synonyms that take the same operands (PRNO, JAS, CDGBRA) count;
 * extended mnemonics that fix operands (JNE) do not.
 */
export function instruction(mnemonic: string): Instruction | undefined {
  for (const { instruction: found, format } of formsOf(mnemonic)) {
    if (found.mnemonic === mnemonic || found.format.shape === format.shape) return found;
  }
  return undefined;
}
