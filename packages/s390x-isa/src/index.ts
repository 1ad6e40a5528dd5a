export { decode, instructionLength, type OpcodeGroup, opcodeGroups } from "./decode.ts";
export type { FieldKind, FieldName, FieldPart, FieldSpec, Format, Operand } from "./formats.ts";
export { type Instruction, instruction, instructions, type OpcodeExtension } from "./instructions.ts";
