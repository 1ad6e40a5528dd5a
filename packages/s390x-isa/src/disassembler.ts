import { BugError } from "@zarch/vmm-interface";
import { decode, instructionLength } from "./decode.ts";
import { fieldValue, loadInstruction } from "./fields.ts";
import type { FieldSpec, Operand } from "./formats.ts";
import { type Form, formsOfInstruction } from "./forms.ts";
import type { Instruction } from "./instructions.ts";

export interface DisassembleOptions {
  /** Address of the first byte, for the targets of relative operands. Default 0. */
  readonly address?: number;
  /** Text for the target address of a relative operand, for example with a symbol. Default: hexadecimal with 0x. */
  readonly formatAddress?: (address: number) => string;
  /**
   * Show instructions in which bits that must be zero are ones, as the CPU would execute most of them. Default false: such bytes
   * are data, as for objdump.
   */
  readonly ignoreReserved?: boolean;
  /**
   * How many bytes one piece of data has: "word", four, as objdump does; or "instruction", the length that bits 0-1 tell, as the CPU
   * would go on after an operation exception (objdump -M insnlength). Default "word".
   */
  readonly dataLength?: "word" | "instruction";
}

/** One line of a disassembly. */
export interface DisassembledInstruction {
  /** Bytes that this line covers. */
  readonly length: number;
  /** Mnemonic, a tab, and operands, as GNU objdump prints them; `.long`, `.short` or `.byte` when no instruction is known. */
  readonly text: string;
  /** The instruction, or undefined for data. */
  readonly instruction: Instruction | undefined;
  /** Target address of the last relative operand, if any. */
  readonly target: number | undefined;
}

const registerPrefix: Readonly<Record<string, string>> = { gr: "%r", fr: "%f", ar: "%a", cr: "%c", vr: "%v", base: "%r", index: "%r" };

/** Hexadecimal text of a 64-bit address given as a safe integer; addresses below zero wrap as the CPU's do. */
function hexAddress(address: number): string {
  return `0x${address < 0 ? BigInt.asUintN(64, BigInt(address)).toString(16) : address.toString(16)}`;
}

function plainText(field: FieldSpec, value: number): string {
  const prefix = registerPrefix[field.kind];
  if (prefix !== undefined) return `${prefix}${value}`;
  if (field.kind === "length") return String(value + 1);
  return String(field.forced ? value & ~field.forced : value);
}

function storageText(operand: Operand, word: number): string {
  const [displacement, ...rest] = operand.fields;
  const base = rest.at(-1)!;
  const middle = rest.length > 1 ? rest[0]! : undefined;
  const baseValue = fieldValue(base, word);
  let inner = "";
  if (middle) {
    const value = fieldValue(middle, word);
    // objdump also leaves out a vector index of zero.
    if ((middle.kind !== "index" && middle.kind !== "vr") || value !== 0) inner = plainText(middle, value);
  }
  if (baseValue !== 0) inner += `${inner && ","}%r${baseValue}`;
  else if (inner) inner += ",%r0";
  return `${fieldValue(displacement!, word)}${inner && `(${inner})`}`;
}

function operandsText(form: Form, word: number, options: DisassembleOptions): { text: string; target: number | undefined } {
  let target: number | undefined;
  const texts = form.format.operands.map((operand) => {
    const field = operand.fields[0]!;
    if (operand.storage) return storageText(operand, word);
    if (field.kind === "relative") {
      target = (options.address ?? 0) + 2 * fieldValue(field, word);
      return (options.formatAddress ?? hexAddress)(target);
    }
    return plainText(field, fieldValue(field, word));
  });
  let count = texts.length;
  while (count > 0 && form.format.operands[count - 1]!.fields[0]!.optional && fieldIsZero(form, count - 1, word)) count--;
  return { text: texts.slice(0, count).join(","), target };
}

function fieldIsZero(form: Form, index: number, word: number): boolean {
  const [field] = form.format.operands[index]!.fields;
  // objdump leaves out masks and registers, but prints the I5 of RISBG and the address of NOP even when zero.
  return (field!.kind === "mask" || field!.kind === "gr") && (fieldValue(field!, word) & ~field!.forced) === 0;
}

function matches(form: Form, h0: number, h1: number, h2: number): boolean {
  const { mask, value } = form;
  return (h0 & mask[0]) === value[0] && (h1 & mask[1]) === value[1] && (h2 & mask[2]) === value[2];
}

function data(bytes: Uint8Array, offset: number, options: DisassembleOptions): DisassembledInstruction {
  const wanted = options.dataLength === "instruction" ? instructionLength(bytes[offset]!) : 4;
  const length = Math.min(wanted, bytes.length - offset);
  const hex = Array.from(bytes.subarray(offset, offset + length), (byte) => byte.toString(16).padStart(2, "0"));
  const text =
    length === 4
      ? `.long\t0x${hex.join("")}`
      : length === 2
        ? `.short\t0x${hex.join("")}`
        : `.byte\t${hex.map((byte) => `0x${byte}`).join(",")}`;
  return { length, text, instruction: undefined, target: undefined };
}

/**
 * The instruction at `offset` in the syntax of GNU objdump for 64-bit s390, with extended mnemonics. Bytes that are no
 * instruction become data of four bytes, or what is left of them, as objdump does. `offset` must be within `bytes`.
 */
export function disassemble(bytes: Uint8Array, offset = 0, options: DisassembleOptions = {}): DisassembledInstruction {
  if (!(offset >= 0 && offset < bytes.length)) throw new BugError(`offset ${offset} is outside ${bytes.length} bytes`);
  const word = loadInstruction(bytes, offset);
  const h0 = Math.floor(word / 2 ** 32);
  const h1 = Math.floor(word / 2 ** 16) & 0xffff;
  const h2 = word % 65536;
  const instruction = decode(h0, h2);
  if (!instruction || offset + instruction.format.length > bytes.length) return data(bytes, offset, options);
  const candidates = formsOfInstruction(instruction.id);
  // The last form is the one with the fewest fixed bits.
  const form = candidates.find((each) => matches(each, h0, h1, h2)) ?? (options.ignoreReserved ? candidates.at(-1) : undefined);
  if (!form) return data(bytes, offset, options);
  const { text, target } = operandsText(form, word, options);
  return { length: instruction.format.length, text: text ? `${form.mnemonic}\t${text}` : form.mnemonic, instruction, target };
}

/** One line of `disassembleAll`. */
export interface DisassemblyLine extends DisassembledInstruction {
  /** Address of the first byte of the line. */
  readonly address: number;
  /** Offset of the first byte of the line in the buffer. */
  readonly offset: number;
}

/** Disassemble a whole buffer, whose first byte has the address `options.address`. */
export function* disassembleAll(bytes: Uint8Array, options: DisassembleOptions = {}): Generator<DisassemblyLine> {
  const start = options.address ?? 0;
  for (let offset = 0; offset < bytes.length; ) {
    const address = start + offset;
    const line = disassemble(bytes, offset, { ...options, address });
    yield { ...line, address, offset };
    offset += line.length;
  }
}
