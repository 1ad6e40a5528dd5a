import type { FieldSpec } from "./formats.ts";

// An instruction is handled as a number of 48 bits, left-justified as in the manual: bit 0 weighs 2^47.
const powers: readonly number[] = Array.from({ length: 49 }, (_, n) => 2 ** n);

/** The instruction at `offset` as a left-justified number of 48 bits; bytes past the end of `bytes` count as zero. */
export function loadInstruction(bytes: Uint8Array, offset: number): number {
  let word = 0;
  for (let i = 0; i < 6; i++) word = word * 256 + (bytes[offset + i] ?? 0);
  return word;
}

/** Value of a field in a left-justified 48-bit instruction. Relative fields are in halfwords, lengths as encoded. */
export function fieldValue(field: FieldSpec, word: number): number {
  let value = 0;
  for (const { bit, length } of field.parts) {
    value = value * powers[length]! + (Math.floor(word / powers[48 - bit - length]!) % powers[length]!);
  }
  return field.signed && value >= powers[field.width - 1]! ? value - powers[field.width]! : value;
}

/** Add the bits of `value` (as `fieldValue` gives it) to a 48-bit instruction whose bits are zero there. */
export function withField(field: FieldSpec, word: number, value: number): number {
  let rest = value < 0 ? value + powers[field.width]! : value;
  let result = word;
  for (let i = field.parts.length - 1; i >= 0; i--) {
    const { bit, length } = field.parts[i]!;
    result += (rest % powers[length]!) * powers[48 - bit - length]!;
    rest = Math.floor(rest / powers[length]!);
  }
  return result;
}
