import type { FieldName, FieldSpec, Format } from "@zarch/s390x-isa";
import { ZERO_REGISTER } from "./layout.ts";

/**
 * A predecoded instruction, 16 bytes: handler number (u16 at 0), instruction length (u8 at 2), then the operand fields.
 * Fields of up to eight bits take a byte slot from offset 3 on, longer ones a word at 8 or 12. A relative field takes
 * the doubleword at 8: a byte offset, or for a branch within its page an offset between records.
 */
export const HANDLER_SLOT = 0;
export const LENGTH_SLOT = 2;
export const FIRST_BYTE_SLOT = 3;
export const FIRST_WORD_SLOT = 8;
export const RELATIVE_SLOT = 8;
/** Of an EXECUTE that was interpreted: how far its last target is from it, in bytes modulo 2^32. Its own fields end before. */
export const EXECUTE_TARGET_SLOT = 12;

export interface FieldSlot {
  readonly spec: FieldSpec;
  readonly offset: number;
  /** Bytes of the slot. */
  readonly size: 1 | 4 | 8;
}

/** What a register number is multiplied with in its slot, so that it is an offset into the register file. */
export function slotScale(spec: FieldSpec): number {
  switch (spec.kind) {
    case "gr":
    case "cr":
    case "base":
    case "index":
      return 8;
    case "ar":
      return 4;
    case "fr":
      return 16;
    default:
      return 1;
  }
}

/** Slot value of a base or index field that names no register. */
export const NO_REGISTER = ZERO_REGISTER * 8;

const layouts = new WeakMap<Format, ReadonlyMap<FieldName, FieldSlot>>();

/** Where the fields of a format lie in a record. */
export function recordLayout(format: Format): ReadonlyMap<FieldName, FieldSlot> {
  const known = layouts.get(format);
  if (known) return known;
  const slots = new Map<FieldName, FieldSlot>();
  let byte = FIRST_BYTE_SLOT;
  let word = FIRST_WORD_SLOT;
  const relative = format.fields.find((spec) => spec.kind === "relative");
  for (const spec of format.fields) {
    if (slots.has(spec.name)) continue;
    if (spec === relative) {
      slots.set(spec.name, { spec, offset: RELATIVE_SLOT, size: 8 });
      word = 16;
    } else if (spec.width <= 8) {
      if (byte > 7) throw new RangeError(`too many byte fields in format ${format.name}`);
      slots.set(spec.name, { spec, offset: byte++, size: 1 });
    } else if (spec.kind !== "relative") {
      // Only branch prediction hints have a relative field and a displacement; nothing reads the latter.
      if (word > 12 && relative) continue;
      if (word > 12) throw new RangeError(`too many word fields in format ${format.name}`);
      slots.set(spec.name, { spec, offset: word, size: 4 });
      word += 4;
    }
  }
  layouts.set(format, slots);
  return slots;
}
