/**
 * Facility bits that STORE FACILITY LIST gives (PoP chapter 4, "Facility Indications"): what is implemented, at the z196
 * level. Bit 0 is the leftmost bit of the first doubleword.
 */
export const facilityBits: readonly number[] = [
  0, // instructions marked N3 are installed
  1, // z/Architecture is installed
  2, // z/Architecture is active
  3, // DAT enhancement (IDTE)
  4, // IDTE invalidates combined region and segment tables
  7, // STORE FACILITY LIST EXTENDED
  8, // enhanced DAT 1
  9, // sense running status
  10, // conditional SSKE
  13, // IPTE range
  14, // nonquiescing key setting
  16, // extended translation 2
  17, // message-security assist (query functions)
  18, // long displacement
  19, // long displacement is fast
  21, // extended immediate
  22, // extended translation 3
  24, // extended translation 2 enhancement
  25, // STORE CLOCK FAST
  26, // parsing enhancement
  27, // move with optional specifications
  28, // TOD-clock steering
  30, // extended translation 3 enhancement
  31, // extract CPU time
  32, // compare and swap and store
  33, // compare and swap and store 2
  34, // general-instructions extension
  35, // execute extensions
  37, // floating-point extension
  40, // load program parameter
  41, // floating-point-support enhancements
  45, // distinct operands, high word, load/store on condition, interlocked access 1, population count
  75, // access-exception fetch/store indication
  78, // enhanced DAT 2
];

/** Bits that are there with a `PciPort`: PCI, adapter-event notification, adapter-interruption suppression. */
export const pciFacilityBits: readonly number[] = [69, 71, 72];

/** The list as big-endian bytes, a whole number of doublewords. */
export function facilityList(bits: readonly number[]): Uint8Array {
  const list = new Uint8Array((Math.floor(Math.max(...bits) / 64) + 1) * 8);
  for (const bit of bits) list[bit >>> 3]! |= 0x80 >> (bit & 7);
  return list;
}
