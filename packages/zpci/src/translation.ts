import type { GuestMemory } from "@zarch/guest-memory";

/** Why a DMA address has no translation: codes of PCI error events. */
export const DmaError = {
  invalidAddressSpace: 0x1,
  outOfRange: 0x2,
  protection: 0x4,
  invalidEntry: 0x7,
  entryType: 0x9,
} as const;

/** Fields of the I/O translation anchor, low word. */
const ANCHOR_TRANSLATE = 0x800;
const ANCHOR_PROTECTED = 0x200;

/** Designation types that name a translation table, with what the address bits above the first index are shifted by. */
const LEVELS = [
  { shift: 20, type: 0x0 }, // segment table
  { shift: 31, type: 0x4 }, // region-third table
  { shift: 42, type: 0x8 }, // region-second table
  { shift: 53, type: 0xc }, // region-first table
] as const;

/** Bits of table entries, low word. */
const INVALID = 0x20;
const PROTECTED = 0x200;
const FRAME = 0x400;
const TYPE = 0xc;
const PAGE_INVALID = 0x400;

const INDEX_COUNT = 2048;
const PAGE_INDEX_COUNT = 256;

/** Level of the table that an anchor names: 0 a segment table, 3 a region-first table; undefined if it names none. */
export function anchorLevel(anchorLow: number): number | undefined {
  const level = (anchorLow >>> 2) & 7;
  return (anchorLow & ANCHOR_TRANSLATE) !== 0 && level < LEVELS.length ? level : undefined;
}

/** Result of a translation: a frame's absolute address, or a negative {@link DmaError}; whether stores are allowed is in `protectedFrame`. */
export interface Translation {
  /** Absolute address of the 4 KiB frame, or minus the error code. */
  frame: number;
  protectedFrame: boolean;
}

/**
 * Walks the I/O translation tables for one page: region and segment tables of 2048 entries, page tables of 256, frames of 4 KiB, 1 MiB or 2 GiB.
 *
 * @param anchorHigh upper half of the anchor @param anchorLow lower half
 * @param page DMA address divided by 4096
 */
export function walkTables(memory: GuestMemory, anchorHigh: number, anchorLow: number, page: number, result: Translation): void {
  const first = anchorLevel(anchorLow);
  result.protectedFrame = (anchorLow & ANCHOR_PROTECTED) !== 0;
  if (first === undefined) {
    result.frame = -DmaError.invalidAddressSpace;
    return;
  }
  let table = anchorHigh * 0x1_0000_0000 + ((anchorLow & ~0xfff) >>> 0);
  for (let level = first; level >= 0; level--) {
    const { shift, type } = LEVELS[level] as (typeof LEVELS)[number];
    // Shifts are in bytes, and `page` is in units of 4096 of them.
    const units = 2 ** (shift - 12);
    const at = table + 8 * (Math.floor(page / units) % INDEX_COUNT);
    if (!memory.contains(at, 8)) {
      result.frame = -DmaError.invalidEntry;
      return;
    }
    const high = memory.loadUint32(at, "big");
    const low = memory.loadUint32(at + 4, "big");
    if ((low & INVALID) !== 0) {
      result.frame = -DmaError.invalidEntry;
      return;
    }
    if ((low & TYPE) !== type) {
      result.frame = -DmaError.entryType;
      return;
    }
    if ((low & PROTECTED) !== 0) result.protectedFrame = true;
    if (level <= 1 && (low & FRAME) !== 0) {
      // A frame of the size that one entry stands for.
      const size = 4096 * units;
      const base = Math.floor((high * 0x1_0000_0000 + low) / size) * size;
      result.frame = base + (page % units) * 4096;
      return;
    }
    const mask = level === 0 ? ~0x7ff : ~0x3fff;
    table = high * 0x1_0000_0000 + ((low & mask) >>> 0);
  }
  const at = table + 8 * (page % PAGE_INDEX_COUNT);
  if (!memory.contains(at, 8)) {
    result.frame = -DmaError.invalidEntry;
    return;
  }
  const low = memory.loadUint32(at + 4, "big");
  if ((low & PAGE_INVALID) !== 0) {
    result.frame = -DmaError.invalidEntry;
    return;
  }
  if ((low & PROTECTED) !== 0) result.protectedFrame = true;
  result.frame = memory.loadUint32(at, "big") * 0x1_0000_0000 + ((low & ~0xfff) >>> 0);
}
