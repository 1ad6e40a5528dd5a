/**
 * An image holds a header, then one slot per program. It runs unchanged in both CPUs: as a static ELF executable under
 * qemu-s390x, and in real storage of ours. All addresses are absolute.
 */
export const IMAGE_ORIGIN = 0x10_0000;
/** Start-up code, signal handler, signal stack. */
export const HEADER_SIZE = 0x8000;
export const SLOT_SIZE = 0x4000;
export const FIRST_SLOT = IMAGE_ORIGIN + HEADER_SIZE;

/** Offsets in a slot. */
export const Slot = {
  /** Loads all registers from `initial`, then the program. */
  code: 0,
  /** Stores all registers to `result`; a trap continues here. */
  epilogue: 0x700,
  /** General registers (16 x 8), floating-point registers (16 x 8), access registers (16 x 4), FPC, program mask and condition code. */
  initial: 0x800,
  result: 0xa00,
  /** Signal number and instruction address of a trap, doublewords; zero without one. */
  trap: 0xb60,
  /** Program mask and condition code after each instruction, words. */
  conditionCodes: 0xb80,
  data: 0x1000,
  dataEnd: SLOT_SIZE,
} as const;

/** Offsets in `initial` and `result`. */
export const Block = { general: 0, floating: 128, access: 256, fpc: 320, conditionCode: 324, size: 328 } as const;
/** Instructions of a program at most: as many condition codes have room. */
export const MAXIMUM_INSTRUCTIONS = 32;

export function slotAddress(index: number): number {
  return FIRST_SLOT + index * SLOT_SIZE;
}

export function imageSize(programs: number): number {
  return HEADER_SIZE + programs * SLOT_SIZE;
}
