import type { FieldSpec } from "../src/formats.ts";
import type { Form } from "../src/forms.ts";
import { withField } from "../src/index.ts";

/** A small repeatable generator of 32-bit numbers (xorshift), so that a corpus can be made again. */
export function randomNumbers(seed: number): () => number {
  let state = seed | 1;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return state >>> 0;
  };
}

/** Bytes of a left-justified 48-bit instruction. */
export function instructionBytes(word: number, length: number): Uint8Array {
  return Uint8Array.from({ length }, (_, i) => Math.floor(word / 2 ** (40 - 8 * i)) % 256);
}

function fieldNumber(field: FieldSpec, random: number, pairs: boolean): number {
  const value = random % 2 ** field.width;
  if (pairs && field.pair) return field.kind === "fr" ? value & ~2 : value & ~1;
  return field.signed && value >= 2 ** (field.width - 1) ? value - 2 ** field.width : value;
}

/** A form with operands taken from `next`; with `pairs`, register pairs are valid ones. Bits that no operand covers stay zero. */
export function encodingOf(form: Form, next: () => number, pairs = false): Uint8Array {
  const [h0, h1, h2] = form.value;
  let word = (h0 * 65536 + h1) * 65536 + h2;
  for (const field of form.format.fields) {
    const value = fieldNumber(field, next(), pairs);
    word = withField(field, word, field.forced ? value & ~field.forced : value);
  }
  return instructionBytes(word, form.format.length);
}
