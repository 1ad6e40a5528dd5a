import { ProgramCode } from "../engine/context.ts";
import * as layout from "../engine/layout.ts";
import { type AddressSpace, describeSpace, translateAsn } from "./asn-translation.ts";
import type { CpuCore } from "./core.ts";
import { toAbsolute } from "./helpers/operand-access.ts";

/** CR14 bit 44: ASN-translation control. */
const CR14_ASN_TRANSLATION = 0x0008_0000;
/** Subsystem-linkage control in the linkage-table designation. */
const SUBSYSTEM_LINKAGE = 0x8000_0000;

/** Refuses the instruction while the ASN-translation control is off. */
export function requireAsnTranslation(core: CpuCore): void {
  if ((core.registers.controlLow(14) & CR14_ASN_TRANSLATION) === 0) core.program(ProgramCode.specialOperation);
}

/** Refuses the instruction with an exception that names an ASN or a PC number. */
export function refuseNamed(core: CpuCore, code: number, name: number): never {
  core.registers.setWord(layout.TRANSLATION_EXCEPTION + 4, 0);
  core.registers.setWord(layout.TRANSLATION_EXCEPTION, name);
  return core.program(code);
}

/** The space of an ASN, or the program-interruption code why there is none (AFX or ASX translation). */
export function findSpace(core: CpuCore, asn: number): AddressSpace | number {
  const entry = translateAsn(core, asn);
  if (entry === -ProgramCode.addressing) return core.program(ProgramCode.addressing);
  return entry < 0 ? -entry : requireSpace(core, entry);
}

/** The space of an ASN; refuses the instruction when there is none. */
export function requireAsn(core: CpuCore, asn: number): AddressSpace {
  requireAsnTranslation(core);
  const space = findSpace(core, asn);
  return typeof space === "number" ? refuseNamed(core, space, asn) : space;
}

/** The space whose ASN-second-table entry is at a real address. */
export function requireSpace(core: CpuCore, entry: number): AddressSpace {
  return describeSpace(core, entry) ?? core.program(ProgramCode.addressing);
}

/** The authority that was asked for; an authority table outside storage is an addressing exception. */
export function requireInStorage(core: CpuCore, authority: boolean | undefined): boolean {
  return authority ?? core.program(ProgramCode.addressing);
}

/** Words of control blocks at a real address; refuses the instruction when they are outside storage. */
export function requireWords(core: CpuCore, real: number, count: number): number[] {
  const absolute = toAbsolute(core, real);
  if (!core.memory.contains(absolute, count * 4)) core.program(ProgramCode.addressing);
  return Array.from({ length: count }, (_, i) => core.memory.loadUint32(absolute + i * 4, "big"));
}

/** Linkage-table designation of the primary space; refuses the instruction when the space has no subsystem linkage. */
export function linkageTable(core: CpuCore): number {
  const [designation] = requireWords(core, (core.registers.controlLow(5) & 0x7fff_ffc0) + 24, 1) as [number];
  if ((designation & SUBSYSTEM_LINKAGE) === 0) core.program(ProgramCode.specialOperation);
  return designation;
}

/** Sets the PSW-key mask and the secondary ASN in control register 3. */
export function setKeyMaskAndSecondary(core: CpuCore, keyMask: number, asn: number): void {
  core.registers.setControl(3, core.registers.controlHigh(3), ((keyMask << 16) | asn) >>> 0);
}

/** Makes a space the primary one: ASCE, ASN with authorization index, and the origin of its ASN-second-table entry. */
export function setPrimarySpace(core: CpuCore, space: AddressSpace, asn: number): void {
  const { registers } = core;
  registers.setControl(1, space.asceHigh, space.asceLow);
  registers.setControl(4, registers.controlHigh(4), ((space.authorizationIndex << 16) | asn) >>> 0);
  registers.setControl(5, registers.controlHigh(5), space.entry);
}
