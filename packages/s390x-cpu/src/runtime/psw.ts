/** Fields of PSW bits 0-31 (PoP chapter 4, "Program-Status Word"). */
export const Psw = {
  per: 0x4000_0000,
  translation: 0x0400_0000,
  io: 0x0200_0000,
  external: 0x0100_0000,
  keyShift: 20,
  key: 0x00f0_0000,
  machineCheck: 0x0004_0000,
  wait: 0x0002_0000,
  problem: 0x0001_0000,
  spaceShift: 14,
  space: 0x0000_c000,
  cc: 0x0000_3000,
  ccShift: 12,
  programMask: 0x0000_0f00,
  extendedAddressing: 0x0000_0001,
} as const;

/** PSW bit 32. */
export const BASIC_ADDRESSING = 0x8000_0000;

/** Bits 0-31 that must be zero: 0, 2-4, 12, 24-30. Bit 12 is the one that a short PSW inverts. */
const RESERVED_HIGH = 0xb808_00fe;

/** Whether a PSW may be loaded; if not, a specification exception follows its introduction (an early one). */
export function isPswValid(high: number, low: number, addressHigh: number, addressLow: number): boolean {
  if ((high & RESERVED_HIGH) !== 0 || (low & 0x7fff_ffff) !== 0) return false;
  const extended = (high & Psw.extendedAddressing) !== 0;
  const basic = (low & BASIC_ADDRESSING) !== 0;
  if (extended) return basic;
  if (basic) return addressHigh === 0 && (addressLow & 0x8000_0000) === 0;
  return addressHigh === 0 && addressLow >>> 24 === 0;
}
