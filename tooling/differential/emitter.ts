import type { FieldName, Instruction } from "../../packages/s390x-isa/src/index.ts";
import type { Body } from "./body.ts";

/** Emits one instruction, and before it what sets up its operands. */
export type Emitter = (body: Body, instruction: Instruction) => void;
/** Operand fields under construction. */
export type Fields = { [name in FieldName]?: number | string };
export type Emitters = readonly (readonly [string, Emitter])[];

/** The same emitter for several mnemonics, separated by blanks. */
export function forEach(mnemonics: string, emitter: Emitter): Emitters {
  return mnemonics.split(" ").map((mnemonic) => [mnemonic, emitter]);
}
