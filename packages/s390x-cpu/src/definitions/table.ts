import { instruction } from "@zarch/s390x-isa";
import type { Context, Definition } from "../engine/context.ts";
import type { DefinedInstruction, Specialization } from "../engine/handlers.ts";

export interface DefinitionOptions {
  /** The definition ends in branchRelativeIf. */
  readonly relativeBranch?: boolean;
  readonly isHelper?: boolean;
  readonly specializations?: readonly Specialization[];
}

/** Collects the definitions of all instructions. */
export class DefinitionTable {
  readonly #defined = new Map<string, DefinedInstruction>();

  /** @param mnemonic lower case, as in the instruction table */
  define(mnemonic: string, definition: Definition, options: DefinitionOptions = {}): void {
    const known = instruction(mnemonic);
    if (!known) throw new RangeError(`no instruction ${mnemonic}`);
    if (this.#defined.has(mnemonic)) throw new RangeError(`${mnemonic} is defined twice`);
    this.#defined.set(mnemonic, {
      instruction: known,
      definition,
      relativeBranch: options.relativeBranch ?? false,
      isHelper: options.isHelper ?? false,
      specializations: options.specializations ?? [],
    });
  }

  /** Instructions whose work is done by the TypeScript runtime. */
  helpers(mnemonics: readonly string[]): void {
    for (const mnemonic of mnemonics) this.define(mnemonic, (c: Context) => c.helper(), { isHelper: true });
  }

  list(): readonly DefinedInstruction[] {
    return [...this.#defined.values()];
  }

  has(mnemonic: string): boolean {
    return this.#defined.has(mnemonic);
  }
}
