import type { GuestMemory } from "@zarch/guest-memory";
import type { InitialPsw } from "./ipl/ipl-program.ts";

/**
 * The PSW that a load takes from absolute location 0, where it stands in the short format of 8 bytes: bit 12 is inverted,
 * and the address has 31 bits.
 */
export function loadedFromStorage(memory: GuestMemory): InitialPsw {
  const mask = memory.loadUint32(0, "big");
  const address = memory.loadUint32(4, "big");
  return {
    maskHigh: (mask & ~0x0008_0000) >>> 0,
    maskLow: (address & 0x8000_0000) >>> 0,
    addressHigh: 0,
    addressLow: address & 0x7fff_ffff,
  };
}
