import { decode } from "./decode.ts";
import { type Format, parseShape } from "./formats.ts";
import type { Instruction } from "./instructions.ts";
import { layouts } from "./layouts.ts";
import { mnemonicTable } from "./mnemonic-table.ts";

/**
 * One assembler mnemonic with one operand list: an instruction itself (BRC), an extended mnemonic that fixes operands (JNE),
 * a synonym (BRAS, JAS), or a short operand list (CFDBR beside CFDBRA).
 */
export interface Form {
  readonly mnemonic: string;
  readonly instruction: Instruction;
  /** Operands as this mnemonic takes them. */
  readonly format: Format;
  /** Fixed bits of this mnemonic, as three halfwords from the left. */
  readonly value: readonly [number, number, number];
  /** Which bits are fixed: opcode, operands that the mnemonic implies, and bits that must be zero. */
  readonly mask: readonly [number, number, number];
  /** Sum of the mask bytes. GNU objdump prints the matching form for which this is greatest. */
  readonly weight: number;
}

function halfwords(digits: string): [number, number, number] {
  const padded = digits.padEnd(12, "0");
  const at = (i: number): number => Number.parseInt(padded.slice(i, i + 4), 16);
  return [at(0), at(4), at(8)];
}

/** Bits that all mnemonics of a line fix: everything but operands and unused bits that are not checked. */
function maskOf(format: Format, ignored: string | undefined): [number, number, number] {
  const bits = new Array<number>(48).fill(0).fill(1, 0, format.length * 8);
  for (const field of format.fields) {
    const twin = field.twin === undefined ? [] : layouts.get(format.name)!.fields.get(field.twin)!;
    for (const { bit, length } of [...field.parts, ...twin]) bits.fill(0, bit, bit + length);
  }
  if (ignored) {
    const [bit = 0, length = 0] = ignored.split(":").map(Number);
    bits.fill(0, bit, bit + length);
  }
  // RXB: extension bits of absent vector operands are not checked.
  if (/^V/.test(format.name)) bits.fill(0, 36, 40);
  const halfword = (i: number): number => bits.slice(i * 16, i * 16 + 16).reduce((sum, bit) => sum * 2 + bit, 0);
  return [halfword(0), halfword(1), halfword(2)];
}

function parseForms(): Form[] {
  const forms: Form[] = [];
  for (const line of mnemonicTable.trim().split("\n")) {
    // A format without operands has no second column: its mnemonics follow at once.
    const [name = "", ...columns] = line.split(" ");
    const text = columns[0]?.includes(":") && /^[a-z0-9]+:[0-9a-f]{2,12}$/.test(columns[0]) ? "" : columns.shift()!;
    const [shape = "", ignored] = text.split("~");
    const format = parseShape(name, shape);
    const [m0, m1, m2] = maskOf(format, ignored);
    for (const column of columns) {
      const [mnemonic = "", digits = ""] = column.split(":");
      const value = halfwords(digits);
      const mask = [m0 | value[0], m1 | value[1], m2 | value[2]] as const;
      const weight = mask.reduce((sum, half) => sum + (half >>> 8) + (half & 0xff), 0);
      forms.push({ mnemonic, instruction: decode(value[0], value[2])!, format, value, mask, weight });
    }
  }
  return forms;
}

let all: readonly Form[] | undefined;
let byName: Map<string, Form[]> | undefined;
let byOpcode: Map<number, Form[]> | undefined;

/** Every assembler form. The table is built at the first call. */
export function forms(): readonly Form[] {
  all ??= parseForms();
  return all;
}

function group<K>(key: (form: Form) => K): Map<K, Form[]> {
  const map = new Map<K, Form[]>();
  for (const form of forms()) {
    const list = map.get(key(form));
    if (list) list.push(form);
    else map.set(key(form), [form]);
  }
  return map;
}

/** Forms that a mnemonic (lower case) has; most have one. Empty when the mnemonic is unknown. */
export function formsOf(mnemonic: string): readonly Form[] {
  byName ??= group((form) => form.mnemonic);
  return byName.get(mnemonic) ?? [];
}

/** Forms of one instruction, those that the disassembler prefers first. */
export function formsOfInstruction(id: number): readonly Form[] {
  if (!byOpcode) {
    byOpcode = group((form) => form.instruction.id);
    for (const list of byOpcode.values()) list.sort((a, b) => b.weight - a.weight);
  }
  return byOpcode.get(id) ?? [];
}
