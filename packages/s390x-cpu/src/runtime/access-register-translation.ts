import { ProgramCode } from "../engine/context.ts";
import * as layout from "../engine/layout.ts";
import { hasSecondaryAuthority } from "./asn-translation.ts";
import type { CpuCore } from "./core.ts";
import { toAbsolute } from "./helpers/operand-access.ts";

/** ALET: bits 0-6 zero, bit 7 primary list, bits 8-15 sequence number, bits 16-31 entry number. */
const ALET_RESERVED = 0xfe00_0000;
const ALET_PRIMARY_LIST = 0x0100_0000;
const ENTRY_INVALID = 0x8000_0000;
const ENTRY_FETCH_ONLY = 0x0200_0000;
const ENTRY_PRIVATE = 0x0100_0000;
/** Bits 1-25 of a word: an origin on a 64-byte boundary. */
const ORIGIN_64 = 0x7fff_ffc0;

export const Alet = { primary: 0, secondary: 1 } as const;

/** What access-register translation found: the halves of an ASCE, or the program interruption that it ends in. */
export type AccessRegisterResult =
  | { readonly code: 0; readonly asceHigh: number; readonly asceLow: number; readonly fetchOnly: boolean }
  | { readonly code: number };

/** Where an ALET leads: the first word of its access-list entry, and the real address of the ASN-second-table entry. */
type LocatedSpace = { readonly code: 0; readonly first: number; readonly entry: number } | { readonly code: number; readonly entry: -1 };

/** Words at real addresses; `outside` tells that one was not in storage. */
class RealWords {
  readonly #core: CpuCore;
  outside = false;

  constructor(core: CpuCore) {
    this.#core = core;
  }

  at(real: number): number {
    const absolute = toAbsolute(this.#core, real);
    if (this.#core.memory.contains(absolute, 4)) return this.#core.memory.loadUint32(absolute, "big");
    this.outside = true;
    return 0;
  }
}

/** The part of access-register translation before any authority is looked at, of an ALET other than 0 and 1. */
export function locateSpace(core: CpuCore, alet: number): LocatedSpace {
  const { registers } = core;
  const words = new RealWords(core);
  const refused = (code: number): LocatedSpace => ({ code: words.outside ? ProgramCode.addressing : code, entry: -1 });

  if ((alet & ALET_RESERVED) !== 0) return refused(ProgramCode.aletSpecification);
  // The list of the dispatchable unit (CR2) or of the primary address space (CR5): both designated at offset 16.
  const holder = registers.controlLow((alet & ALET_PRIMARY_LIST) !== 0 ? 5 : 2) & ORIGIN_64;
  const list = words.at(holder + 16);
  const number = alet & 0xffff;
  if (words.outside || number >>> 3 > (list & 0x7f)) return refused(ProgramCode.alenTranslation);
  const listEntry = (list & 0x7fff_ff80) + number * 16;
  const first = words.at(listEntry);
  if (words.outside || (first & ENTRY_INVALID) !== 0) return refused(ProgramCode.alenTranslation);
  if (((first ^ alet) & 0x00ff_0000) !== 0) return refused(ProgramCode.aleSequence);
  const entry = words.at(listEntry + 8) & ORIGIN_64;
  const spaceFirst = words.at(entry);
  if (words.outside || (spaceFirst & ENTRY_INVALID) !== 0) return refused(ProgramCode.asteValidity);
  if (words.at(entry + 20) !== words.at(listEntry + 12) || words.outside) return refused(ProgramCode.asteSequence);
  return { code: 0, first, entry };
}

/**
 * Access-register translation (PoP chapter 5) of an ALET other than 0 and 1: access list, ASN-second-table entry and the
 * authority of `extendedAuthority` (the EAX of control register 8, or the one that TEST ACCESS names).
 */
export function translateAlet(core: CpuCore, alet: number, extendedAuthority: number): AccessRegisterResult {
  const found = locateSpace(core, alet);
  if (!("first" in found)) return { code: found.code };
  const { first, entry } = found;
  if ((first & ENTRY_PRIVATE) !== 0 && (first & 0xffff) !== extendedAuthority) {
    const authorized = hasSecondaryAuthority(core, entry, extendedAuthority);
    if (authorized === undefined) return { code: ProgramCode.addressing };
    if (!authorized) return { code: ProgramCode.extendedAuthority };
  }
  const words = new RealWords(core);
  const asceHigh = words.at(entry + 8);
  const asceLow = words.at(entry + 12);
  if (words.outside) return { code: ProgramCode.addressing };
  return { code: 0, asceHigh, asceLow, fetchOnly: (first & ENTRY_FETCH_ONLY) !== 0 };
}

/** The EAX in control register 8. */
export function extendedAuthorizationIndex(core: CpuCore): number {
  return core.registers.controlLow(8) >>> 16;
}

/** The engine's half: the ASCE, or -1 with the program interruption prepared; tells whether stores are refused. */
export function accessRegisterAsce(core: CpuCore, alet: number): bigint {
  const { registers } = core;
  const result = translateAlet(core, alet >>> 0, extendedAuthorizationIndex(core));
  if (!("asceHigh" in result)) {
    registers.setWord(layout.PROGRAM_CODE, result.code);
    return -1n;
  }
  registers.setWord(layout.FETCH_ONLY, result.fetchOnly ? 1 : 0);
  return (BigInt(result.asceHigh) << 32n) | BigInt(result.asceLow);
}
