/**
 * Storage of the image, the same in both machines. All addresses are absolute. A fixed part holds the runtime (start, program
 * interruptions, supervisor calls, what is recorded), the translation tables and the data frames; then comes one slot per program.
 */
export const ORIGIN = 0x1_0000;
export const MEMORY_SIZE = 0x80_0000;
/** Other prefix areas that programs may choose. */
export const PREFIXES = [0, 0x4000, 0x6000] as const;
/** Three segment tables of 512 entries: primary, secondary, home. */
export const SEGMENT_TABLES = 0x2_0000;
/** Page tables of what all spaces share: all of real storage, each page at its real address. */
export const SHARED_PAGE_TABLES = 0x2_4000;
/** A page table for each space of the window. */
export const WINDOW_PAGE_TABLES = 0x2_8000;
export const FRAMES = 0x3_0000;
export const FRAME_COUNT = 16;
export const FRAMES_SIZE = FRAME_COUNT * 0x1000;
/** Contents of the frames when a program starts. */
export const TEMPLATE = 0x4_0000;
/** Virtual address of the pages that differ from space to space. No storage is there when translation is off. */
export const WINDOW = 0x80_0000;
/** Pages of the window that are valid in all spaces; the others may be invalid or become so. */
export const VALID_PAGES = 4;
export const REPLACEABLE_PAGES = [4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15] as const;
export const FIRST_SLOT = 0x10_0000;
export const SLOT_SIZE = 0x2000;
/** QEMU's firmware is loaded there. */
const FIRMWARE = 0x60_0000;
export const MAXIMUM_PROGRAMS = (FIRMWARE - FIRST_SLOT) / SLOT_SIZE;
export const MAXIMUM_INSTRUCTIONS = 32;
export const MAXIMUM_LOG = 24;
export const LOG_SIZE = 64;

/** Offsets in a slot. */
export const Slot = {
  code: 0,
  /** Where to go on after a program interruption: addresses behind each instruction under test, ascending, then zero. */
  resume: 0xc00,
  general: 0xe00,
  access: 0xe80,
  control: 0xec0,
  psw: 0xf40,
  keys: 0xf50,
  /** Page-table entries of the window, 16 for each space. */
  tables: 0x1000,
  /** Operands that are not to be changed. */
  constants: 0x1200,
  result: 0x1400,
  resultControl: 0x1480,
  resultAccess: 0x1500,
  resultPsw: 0x1540,
  resultPrefix: 0x1550,
  interruptions: 0x1558,
  resultKeys: 0x1560,
  resultFrames: 0x1580,
  resultTables: 0x1600,
  log: 0x1780,
  resultSegments: 0x1d80,
  end: 0x1d98,
} as const;

/** Offsets in an entry of the log. */
export const Log = { identification: 0, translation: 8, psw: 16, access: 32, monitorCode: 40, monitorClass: 48 } as const;

export function slotAddress(index: number): number {
  return FIRST_SLOT + index * SLOT_SIZE;
}

/** A storage key that storage-protection override opens to every access. */
export const OPEN_KEY = 0x90;
