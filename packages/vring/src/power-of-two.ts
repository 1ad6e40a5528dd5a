/** Whether `value` is a power of two of at most 2^31. */
export function isPowerOfTwo(value: number): boolean {
  return Number.isSafeInteger(value) && value > 0 && value <= 0x8000_0000 && (value & (value - 1)) === 0;
}
