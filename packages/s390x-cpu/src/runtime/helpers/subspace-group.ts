import { ProgramCode } from "../../engine/context.ts";
import * as layout from "../../engine/layout.ts";
import { Alet, locateSpace } from "../access-register-translation.ts";
import type { AddressSpace } from "../asn-translation.ts";
import { requireSpace, requireWords, setKeyMaskAndSecondary } from "../asn-use.ts";
import type { CpuCore, HelperMap } from "../core.ts";
import { Psw } from "../psw.ts";
import {
  baseSpace,
  changeDispatchableUnit,
  dispatchableUnit,
  lastSubspace,
  replacedAsceLow,
  SUBSPACE_ACTIVE,
  SUBSPACE_GROUP,
} from "../subspace.ts";
import { branchInMode, linkInMode } from "./link.ts";

/** Bit 31 of the first word of an ASN-second-table entry: the base space of a subspace group. */
const BASE_SPACE = 1;

function refuse(core: CpuCore, code: number): never {
  core.registers.setWord(layout.EXCEPTION_ACCESS, core.operands.r2);
  return core.program(code);
}

/** The destination that an ALET names: the base space, the subspace used last, or one of the access list. */
function destination(core: CpuCore, alet: number, words: readonly number[]): AddressSpace {
  if (alet === Alet.primary) return requireSpace(core, baseSpace(words));
  if (alet === Alet.secondary) {
    if ((words[1]! & ~SUBSPACE_ACTIVE) >>> 6 === 0) core.program(ProgramCode.specialOperation);
    const subspace = lastSubspace(core, words);
    return typeof subspace === "number" ? refuse(core, subspace) : subspace;
  }
  // Without a look at the authority to use the entry.
  const found = locateSpace(core, alet);
  if (found.code !== 0) refuse(core, found.code);
  const space = requireSpace(core, found.entry);
  const [first] = requireWords(core, space.entry, 1) as [number];
  const isSubspace = (space.asceLow & SUBSPACE_GROUP) !== 0 && (first & BASE_SPACE) === 0;
  if (space.entry !== baseSpace(words) && !isSubspace) core.program(ProgramCode.specialOperation);
  return space;
}

/** BRANCH IN SUBSPACE GROUP (PoP chapter 10). */
export const subspaceGroupHelpers: HelperMap = {
  bsg(core) {
    const { registers, operands, memory } = core;
    if ((registers.pswHigh & Psw.translation) === 0) core.program(ProgramCode.specialOperation);
    const table = changeDispatchableUnit(core);
    const words = requireWords(core, dispatchableUnit(core), 4);
    const base = baseSpace(words);
    if ((registers.controlLow(5) & 0x7fff_ffc0) !== base) core.program(ProgramCode.specialOperation);
    const alet = operands.r2 === 0 ? Alet.primary : registers.access(operands.r2);
    const space = destination(core, alet, words);
    const isBase = alet !== Alet.secondary && space.entry === base;

    const high = registers.high(operands.r2);
    const low = registers.low(operands.r2);
    registers.setControl(1, space.asceHigh, isBase ? space.asceLow : replacedAsceLow(registers.controlLow(1), space.asceLow));
    registers.setControl(7, registers.controlHigh(1), registers.controlLow(1));
    setKeyMaskAndSecondary(core, registers.controlLow(3) >>> 16, registers.controlLow(4) & 0xffff);
    if (isBase) memory.storeUint32(table + 4, (words[1]! & ~SUBSPACE_ACTIVE) >>> 0, "big");
    else if (alet === Alet.secondary) memory.storeUint32(table + 4, (words[1]! | SUBSPACE_ACTIVE) >>> 0, "big");
    else {
      memory.storeUint32(table + 4, (space.entry | SUBSPACE_ACTIVE) >>> 0, "big");
      memory.storeUint32(table + 12, space.sequence, "big");
    }
    linkInMode(core, operands.r1);
    branchInMode(core, high, low);
  },
};
