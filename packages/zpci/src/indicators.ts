import type { GuestMemory } from "@zarch/guest-memory";

/** Where a function reports its interruptions, as registered with MODIFY PCI FUNCTION CONTROLS. */
export interface InterruptionIndicators {
  /** Interruption subclass. */
  readonly subclass: number;
  /** Number of vectors. */
  readonly count: number;
  /** Absolute address of the bit vector, and the first bit that is the function's: one bit per vector, leftmost first. */
  readonly vector: number;
  readonly vectorOffset: number;
  /** Whether there is a summary bit, where its doubleword is, and which bit of it. */
  readonly summary: boolean;
  readonly summaryAddress: number;
  readonly summaryOffset: number;
}

/** Sets a bit, counted from the leftmost. Returns whether it was set before. */
export function setBit(memory: GuestMemory, address: number, bit: number): boolean {
  const at = address + (bit >>> 3);
  const mask = 0x80 >> (bit & 7);
  const old = memory.loadUint8(at);
  if ((old & mask) !== 0) return true;
  memory.storeUint8(at, old | mask);
  return false;
}

/** Whether all indicators lie in memory. */
export function indicatorsFit(
  memory: GuestMemory,
  { vector, vectorOffset, count, summary, summaryAddress }: InterruptionIndicators,
): boolean {
  return memory.contains(vector, Math.ceil((vectorOffset + count) / 8)) && (!summary || memory.contains(summaryAddress, 8));
}
