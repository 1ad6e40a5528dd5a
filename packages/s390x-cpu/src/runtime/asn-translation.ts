import { ProgramCode } from "../engine/context.ts";
import type { CpuCore } from "./core.ts";
import { toAbsolute } from "./helpers/operand-access.ts";

const INVALID = 0x8000_0000;
/** Bits 1-25 of a word: an origin on a 64-byte boundary. */
const ORIGIN_64 = 0x7fff_ffc0;

/** A word at a real address, or undefined outside storage. */
function realWord(core: CpuCore, real: number): number | undefined {
  const absolute = toAbsolute(core, real);
  return core.memory.contains(absolute, 4) ? core.memory.loadUint32(absolute, "big") : undefined;
}

/**
 * ASN translation (PoP chapter 3) by the ASN-first table that control register 14 designates.
 * @returns real address of the ASN-second-table entry, or the negative of a program-interruption code
 */
export function translateAsn(core: CpuCore, asn: number): number {
  // CR14 bits 45-63 are the origin, without its last 12 bits.
  const first = realWord(core, (core.registers.controlLow(14) & 0x7_ffff) * 4096 + (asn >>> 6) * 4);
  if (first === undefined) return -ProgramCode.addressing;
  if ((first & INVALID) !== 0) return -ProgramCode.afxTranslation;
  const entry = (first & ORIGIN_64) + (asn & 63) * 64;
  const second = realWord(core, entry);
  if (second === undefined) return -ProgramCode.addressing;
  return (second & INVALID) !== 0 ? -ProgramCode.asxTranslation : entry;
}

/**
 * Secondary authority (PoP chapter 3, "ASN Authorization"): whether the authority table of an ASN-second-table entry lets an
 * authorization index use its space. @returns undefined when the table is outside storage
 */
export function hasSecondaryAuthority(core: CpuCore, entry: number, authorizationIndex: number): boolean | undefined {
  const origin = realWord(core, entry);
  const length = realWord(core, entry + 4);
  if (origin === undefined || length === undefined) return undefined;
  if (authorizationIndex >>> 4 > ((length >>> 4) & 0xfff)) return false;
  // Two bits for each index: primary, secondary.
  const at = (origin & 0x7fff_fffc) + (authorizationIndex >>> 2);
  const word = realWord(core, at - (at & 3));
  if (word === undefined) return undefined;
  const byte = word >>> (24 - (at & 3) * 8);
  return (byte & (0x40 >>> ((authorizationIndex & 3) * 2))) !== 0;
}
