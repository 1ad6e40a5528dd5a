export { decode, instructionLength, type OpcodeGroup, opcodeGroups } from "./decode.ts";
export { type DisassembledInstruction, type DisassembleOptions, disassemble } from "./disassembler.ts";
export { fieldValue, loadInstruction, withField } from "./fields.ts";
export type { FieldKind, FieldName, FieldPart, FieldSpec, Format, Operand } from "./formats.ts";
export { type Form, forms, formsOf } from "./forms.ts";
export { type Instruction, instruction, instructions, type OpcodeExtension } from "./instructions.ts";
