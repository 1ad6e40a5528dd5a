/** Where {@link translationTables} puts the tables, by designation type: segment, region-third, -second, -first. */
export const TABLE = [0x10_0000, 0x10_4000, 0x10_8000, 0x10_c000] as const;
/** The page table for virtual 0 to 0xf_ffff. */
export const PAGE_TABLE = 0x11_0000;
/** A page table with only zeros, that is, with frame 0 for every page: free for a test to fill. */
export const SPARE_PAGE_TABLE = 0x11_1000;

/** PSW bits 0-63: translation on, 64-bit mode, supervisor state. Add the address-space control and the key. */
export const PSW_TRANSLATION = 0x0400_0001_8000_0000n;
/** CR0 bits 45 (AFP registers) and 40 (enhanced DAT). */
export const CR0_EDAT = 0x84_0000n;

export const PRIVATE_SPACE = 0x100n;
export const REAL_SPACE = 0x20n;
export const ENTRY_INVALID = 0x20n;
export const ENTRY_PROTECT = 0x200n;
export const ENTRY_COMMON = 0x10n;
export const FORMAT_CONTROL = 0x400n;
export const PAGE_INVALID = 0x400n;
export const PAGE_PROTECT = 0x200n;

/** Bits 56-57 table offset, 58 invalid, 60-61 table type, 62-63 table length of a region-table entry or an ASCE. */
export function designation(origin: number, type: number, length = 3, offset = 0): bigint {
  return BigInt(origin) | (BigInt(offset) << 6n) | (BigInt(type) << 2n) | BigInt(length);
}

/** A doubleword as hexadecimal digits, for the memory of a program. */
export function doubleword(value: bigint): string {
  return BigInt.asUintN(64, value).toString(16).padStart(16, "0");
}

export interface TranslationTables {
  readonly asce: bigint;
  readonly memory: Readonly<Record<number, string>>;
}

/**
 * Tables for an address space whose first MiB is mapped to the same real addresses.
 * @param type designation type of the ASCE: 0 segment table up to 3 region-first table
 * @param entries table entries by their absolute address, in place of or beside the usual ones
 */
export function translationTables(type = 0, entries: Readonly<Record<number, bigint>> = {}): TranslationTables {
  const memory: Record<number, string> = {};
  let pages = "";
  for (let page = 0; page < 256; page++) pages += doubleword(BigInt(page * 4096));
  memory[PAGE_TABLE] = pages;
  memory[TABLE[0]] = doubleword(BigInt(PAGE_TABLE));
  for (let level = 1; level <= 3; level++) memory[TABLE[level]!] = doubleword(designation(TABLE[level - 1]!, level));
  // Object keys that are integers are visited in ascending order, so a single entry would come before the table it lies in
  // only if its address were lower: it is not.
  for (const [address, entry] of Object.entries(entries)) memory[Number(address)] = patched(memory, Number(address), entry);
  return { asce: designation(TABLE[type]!, type), memory };
}

/** The page table and the first entry of each table are one string each: an entry at their start replaces its part. */
function patched(memory: Record<number, string>, address: number, entry: bigint): string {
  return doubleword(entry) + (memory[address] ?? "").slice(16);
}
