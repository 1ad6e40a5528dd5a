import type { FieldName, Instruction } from "@zarch/s390x-isa";
import { recordLayout, slotScale } from "../engine/records.ts";

/** Operand fields of the instruction at hand. Registers are numbers; a base or index that names none is 16. */
export class Operands {
  r1 = 0;
  r2 = 0;
  r3 = 0;
  x1 = 0;
  x2 = 0;
  b1 = 0;
  b2 = 0;
  b3 = 0;
  b4 = 0;
  d1 = 0;
  d2 = 0;
  d3 = 0;
  d4 = 0;
  i1 = 0;
  i2 = 0;
  i3 = 0;
  i4 = 0;
  i5 = 0;
  l = 0;
  l1 = 0;
  l2 = 0;
  m1 = 0;
  m2 = 0;
  m3 = 0;
  m4 = 0;
  m5 = 0;
  m6 = 0;
  v1 = 0;
  v2 = 0;
  v3 = 0;
  v4 = 0;
  /** Length of the instruction in bytes. */
  length = 0;
}

export type OperandReader = (operands: Operands, record: number) => void;

/** Builds the function that reads an instruction's operand fields out of a predecoded record. */
export function operandReader(instruction: Instruction, bytes: Uint8Array, words: Int32Array): OperandReader {
  const slots = [...recordLayout(instruction.format).values()]
    .filter(({ spec }) => spec.kind !== "relative")
    .map(({ spec, offset, size }) => ({
      name: spec.name as Exclude<FieldName, `ri${number}`> & keyof Operands,
      offset,
      size,
      scale: slotScale(spec),
    }));
  const length = instruction.format.length;
  return (operands, record) => {
    operands.length = length;
    for (const { name, offset, size, scale } of slots)
      operands[name] = size === 1 ? (bytes[record + offset] as number) / scale : (words[(record + offset) >>> 2] as number);
  };
}
