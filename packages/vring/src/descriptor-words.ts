// A descriptor of either format as four 32-bit values, which is how the device side loads it: each byte once, in one access. The values
// are its address (two of them), its length, and two fields of 16 bits.

/** The 64-bit value that two consecutive 32-bit values are; inexact from 2^53 on, but never below it then. */
export function joinWords(first: number, second: number, little: boolean): number {
  const high = little ? second : first;
  const low = little ? first : second;
  return high === 0 ? low : high * 0x1_0000_0000 + low;
}

/** The 16-bit field that comes first in a 32-bit value. */
export function firstHalf(word: number, little: boolean): number {
  return little ? word & 0xffff : word >>> 16;
}

/** The 16-bit field that comes second. */
export function secondHalf(word: number, little: boolean): number {
  return little ? word >>> 16 : word & 0xffff;
}
