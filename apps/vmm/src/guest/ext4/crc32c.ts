/**
 * CRC-32C (Castagnoli, reflected polynomial 0x82f63b78) as ext4 uses it: begun with all ones or an earlier result, and not
 * inverted at the end.
 */
export function crc32c(crc: number, bytes: Uint8Array): number {
  let state = crc;
  for (const byte of bytes) state = (state >>> 8) ^ TABLE[(state ^ byte) & 0xff]!;
  return state >>> 0;
}

/** {@link crc32c} over a little-endian 32-bit value. */
export function crc32cOfUint32(crc: number, value: number): number {
  return crc32c(crc, Uint8Array.of(value, value >>> 8, value >>> 16, value >>> 24));
}

const TABLE = Uint32Array.from({ length: 256 }, (_, index) => {
  let state = index;
  for (let bit = 0; bit < 8; bit++) state = (state >>> 1) ^ (state & 1 ? 0x82f63b78 : 0);
  return state;
});
