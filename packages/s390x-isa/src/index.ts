export { Assembler, type AssemblerOptions, type NamedOperands, type Program, type ValueInput } from "./assembler.ts";
export { type AssemblerDiagnostic, AssemblerError, type AssemblerErrorCode, AssemblerSourceError } from "./assembler-error.ts";
export { decode, instructionLength, type OpcodeGroup, opcodeGroups } from "./decode.ts";
export {
  type DisassembledInstruction,
  type DisassembleOptions,
  type DisassemblyLine,
  disassemble,
  disassembleAll,
} from "./disassembler.ts";
export { instructionsByFacility, type OpcodeTableOptions, opcodeTables, operandNotation } from "./documentation.ts";
export { fieldValue, loadInstruction, withField } from "./fields.ts";
export type { FieldKind, FieldName, FieldSpec, Format, Operand } from "./formats.ts";
export { type Form, forms, formsOf } from "./forms.ts";
export { instruction } from "./instruction.ts";
export { type Instruction, instructions, type OpcodeExtension } from "./instructions.ts";
export type { FieldPart } from "./layouts.ts";
export { type MemoryOperand, mem, type OperandInput } from "./operands.ts";
export { assemble } from "./text-assembler.ts";
