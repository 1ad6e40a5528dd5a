import { ProgramCode } from "../engine/context.ts";
import * as layout from "../engine/layout.ts";
import type { AddressSpace } from "./asn-translation.ts";
import { requireSpace, requireWords } from "./asn-use.ts";
import type { CpuCore } from "./core.ts";
import { toAbsolute } from "./helpers/operand-access.ts";
import { WRITE } from "./storage.ts";

const ORIGIN_64 = 0x7fff_ffc0;
/** ASCE bit 54: subspace-group control. */
export const SUBSPACE_GROUP = 0x200;
/** ASCE bits 56 and 57, which stay those of the base space: storage-alteration- and space-switch-event controls. */
const EVENT_CONTROLS = 0xc0;
const ENTRY_INVALID = 0x8000_0000;
/** Word 1 of the dispatchable-unit control table: a subspace is in use. */
export const SUBSPACE_ACTIVE = 0x8000_0000;
const REAL_SPACE = 0x20;

/** Real address of the dispatchable-unit control table (PoP chapter 5), from control register 2. */
export function dispatchableUnit(core: CpuCore): number {
  return core.registers.controlLow(2) & ORIGIN_64;
}

/** Absolute address of the dispatchable-unit control table for changing it: only low-address protection applies. */
export function changeDispatchableUnit(core: CpuCore): number {
  const { registers, storage } = core;
  const key = registers.word(layout.ACCESS_KEY);
  registers.setWord(layout.ACCESS_KEY, 0);
  registers.setWord(layout.EXCEPTION_ACCESS, 0);
  try {
    return storage.resolveIn(0, dispatchableUnit(core), WRITE, 0, 0, REAL_SPACE);
  } finally {
    registers.setWord(layout.ACCESS_KEY, key);
  }
}

/** Real address of the ASN-second-table entry of the base space. */
export function baseSpace(words: readonly number[]): number {
  return words[0]! & ORIGIN_64;
}

/** The ASCE of a base space with all but its event controls replaced by those of a subspace. */
export function replacedAsceLow(baseLow: number, subspaceLow: number): number {
  return ((baseLow & EVENT_CONTROLS) | (subspaceLow & ~EVENT_CONTROLS)) >>> 0;
}

/**
 * The subspace that the dispatchable unit used last, from the first four words of its control table.
 * @returns the program-interruption code when that is no longer valid (ASTE validity or ASTE sequence)
 */
export function lastSubspace(core: CpuCore, words: readonly number[]): AddressSpace | number {
  const space = requireSpace(core, words[1]! & ORIGIN_64);
  const invalid = core.memory.loadUint32(toAbsolute(core, space.entry), "big") & ENTRY_INVALID;
  if (invalid !== 0) return ProgramCode.asteValidity;
  return space.sequence === words[3] ? space : ProgramCode.asteSequence;
}

/**
 * Subspace replacement (PoP chapter 5, "Subspace-Replacement Operations") of a space that an instruction is about to use.
 * @returns the space, with the ASCE of the subspace where the dispatchable unit is in one; or a program-interruption code
 */
export function replaceBySubspace(core: CpuCore, space: AddressSpace): AddressSpace | number {
  if ((space.asceLow & SUBSPACE_GROUP) === 0) return space;
  const words = requireWords(core, dispatchableUnit(core), 4);
  if ((words[1]! & SUBSPACE_ACTIVE) === 0 || space.entry !== baseSpace(words)) return space;
  const subspace = lastSubspace(core, words);
  if (typeof subspace === "number") return subspace;
  return { ...space, asceHigh: subspace.asceHigh, asceLow: replacedAsceLow(space.asceLow, subspace.asceLow) };
}

/** The same, with an exception that refuses the instruction. */
export function requireReplaced(core: CpuCore, space: AddressSpace): AddressSpace {
  const replaced = replaceBySubspace(core, space);
  if (typeof replaced !== "number") return replaced;
  core.registers.setWord(layout.EXCEPTION_ACCESS, 0);
  return core.program(replaced);
}

/** Words of the dispatchable-unit control table. */
export function dispatchableUnitWords(core: CpuCore, count: number): number[] {
  return requireWords(core, dispatchableUnit(core), count);
}
