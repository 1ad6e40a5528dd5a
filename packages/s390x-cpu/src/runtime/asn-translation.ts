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

/** An address space as its ASN-second-table entry describes it. */
export interface AddressSpace {
  /** Real address of the entry. */
  readonly entry: number;
  readonly authorizationIndex: number;
  readonly asceHigh: number;
  readonly asceLow: number;
  /** The entry's sequence number. */
  readonly sequence: number;
}

/** What the ASN-second-table entry at a real address says, or undefined outside storage. */
export function describeSpace(core: CpuCore, entry: number): AddressSpace | undefined {
  const absolute = toAbsolute(core, entry);
  const { memory } = core;
  if (!memory.contains(absolute, 64)) return undefined;
  return {
    entry,
    authorizationIndex: memory.loadUint16(absolute + 4, "big"),
    asceHigh: memory.loadUint32(absolute + 8, "big"),
    asceLow: memory.loadUint32(absolute + 12, "big"),
    sequence: memory.loadUint32(absolute + 20, "big"),
  };
}

/**
 * ASN authorization (PoP chapter 3): whether the authority table of an ASN-second-table entry lets an authorization index
 * use its space. @returns undefined when the table is outside storage
 */
function hasAuthority(core: CpuCore, entry: number, authorizationIndex: number, leftmost: number): boolean | undefined {
  const origin = realWord(core, entry);
  const length = realWord(core, entry + 4);
  if (origin === undefined || length === undefined) return undefined;
  if (authorizationIndex >>> 4 > ((length >>> 4) & 0xfff)) return false;
  // Two bits for each index: primary, secondary.
  const at = (origin & 0x7fff_fffc) + (authorizationIndex >>> 2);
  const word = realWord(core, at - (at & 3));
  if (word === undefined) return undefined;
  const byte = word >>> (24 - (at & 3) * 8);
  return (byte & (leftmost >>> ((authorizationIndex & 3) * 2))) !== 0;
}

/** Primary authority; see above. */
export function hasPrimaryAuthority(core: CpuCore, entry: number, authorizationIndex: number): boolean | undefined {
  return hasAuthority(core, entry, authorizationIndex, 0x80);
}

/** Secondary authority; see above. */
export function hasSecondaryAuthority(core: CpuCore, entry: number, authorizationIndex: number): boolean | undefined {
  return hasAuthority(core, entry, authorizationIndex, 0x40);
}
