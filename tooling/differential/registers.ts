import { Slot } from "./layout.ts";

/** Registers that hold addresses in the data area; programs never change them. */
export const BASES = [12, 13, 14, 15] as const;
/** Offset in the slot that each base holds. */
export const baseOffsets: readonly number[] = [Slot.data + 0x10, Slot.data + 0xf03, Slot.data + 0x1008, Slot.data + 0x1cfe];
/** A register with a small number for use as an index. */
export const INDEX = 11;
export const INDEX_VALUE = 0x31;
