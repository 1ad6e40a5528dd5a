import type { Instruction } from "@zarch/s390x-isa";
import { recordLayout, slotScale } from "../engine/records.ts";

/** Fields by their place in {@link Operands.values}. */
const fields = [
  "r1",
  "r2",
  "r3",
  "x1",
  "x2",
  "b1",
  "b2",
  "b3",
  "b4",
  "d1",
  "d2",
  "d3",
  "d4",
  "i1",
  "i2",
  "i3",
  "i4",
  "i5",
  "l",
  "l1",
  "l2",
  "m1",
  "m2",
  "m3",
  "m4",
  "m5",
  "m6",
  "v1",
  "v2",
  "v3",
  "v4",
] as const;

/**
 * Operand fields of the instruction at hand. Registers are numbers; a base or index that names none is 16. The fields lie in
 * one typed array, which is much faster to fill than properties by name.
 */
export class Operands {
  readonly values = new Int32Array(fields.length);
  /** Length of the instruction in bytes. */
  length = 0;

  get r1(): number {
    return this.values[0] as number;
  }
  get r2(): number {
    return this.values[1] as number;
  }
  get r3(): number {
    return this.values[2] as number;
  }
  get x1(): number {
    return this.values[3] as number;
  }
  get x2(): number {
    return this.values[4] as number;
  }
  get b1(): number {
    return this.values[5] as number;
  }
  get b2(): number {
    return this.values[6] as number;
  }
  set b2(value: number) {
    this.values[6] = value;
  }
  get b3(): number {
    return this.values[7] as number;
  }
  get b4(): number {
    return this.values[8] as number;
  }
  get d1(): number {
    return this.values[9] as number;
  }
  get d2(): number {
    return this.values[10] as number;
  }
  set d2(value: number) {
    this.values[10] = value;
  }
  get d3(): number {
    return this.values[11] as number;
  }
  get d4(): number {
    return this.values[12] as number;
  }
  get i1(): number {
    return this.values[13] as number;
  }
  get i2(): number {
    return this.values[14] as number;
  }
  get i3(): number {
    return this.values[15] as number;
  }
  get i4(): number {
    return this.values[16] as number;
  }
  get i5(): number {
    return this.values[17] as number;
  }
  get l(): number {
    return this.values[18] as number;
  }
  get l1(): number {
    return this.values[19] as number;
  }
  get l2(): number {
    return this.values[20] as number;
  }
  get m1(): number {
    return this.values[21] as number;
  }
  get m2(): number {
    return this.values[22] as number;
  }
  get m3(): number {
    return this.values[23] as number;
  }
  get m4(): number {
    return this.values[24] as number;
  }
  get m5(): number {
    return this.values[25] as number;
  }
  get m6(): number {
    return this.values[26] as number;
  }
  get v1(): number {
    return this.values[27] as number;
  }
  get v2(): number {
    return this.values[28] as number;
  }
  get v3(): number {
    return this.values[29] as number;
  }
  get v4(): number {
    return this.values[30] as number;
  }
}

export type OperandReader = (operands: Operands, record: number) => void;

/** Builds the function that reads an instruction's operand fields out of a predecoded record. */
export function operandReader(instruction: Instruction, bytes: Uint8Array, words: Int32Array): OperandReader {
  const slots = [...recordLayout(instruction.format).values()].filter(({ spec }) => spec.kind !== "relative");
  const narrow = slots.filter(({ size }) => size === 1);
  const wide = slots.filter(({ size }) => size !== 1);
  const indexOf = (name: string): number => (fields as readonly string[]).indexOf(name);
  // Parallel arrays: field, offset in the record, and for register numbers the shift that undoes their scale.
  const narrowFields = Uint8Array.from(narrow, ({ spec }) => indexOf(spec.name));
  const narrowOffsets = Uint8Array.from(narrow, ({ offset }) => offset);
  const narrowShifts = Uint8Array.from(narrow, ({ spec }) => Math.log2(slotScale(spec)));
  const wideFields = Uint8Array.from(wide, ({ spec }) => indexOf(spec.name));
  const wideOffsets = Uint8Array.from(wide, ({ offset }) => offset);
  const length = instruction.format.length;
  return (operands, record) => {
    operands.length = length;
    const { values } = operands;
    for (let i = 0; i < narrowFields.length; i++)
      values[narrowFields[i] as number] = (bytes[record + (narrowOffsets[i] as number)] as number) >>> (narrowShifts[i] as number);
    for (let i = 0; i < wideFields.length; i++)
      values[wideFields[i] as number] = words[(record + (wideOffsets[i] as number)) >>> 2] as number;
  };
}
