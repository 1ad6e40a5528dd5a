import { ProgramCode } from "../../engine/context.ts";
import {
  linkageTable,
  refuseNamed,
  requireAsnTranslation,
  requireSpace,
  requireWords,
  setKeyMaskAndSecondary,
  setPrimarySpace,
} from "../asn-use.ts";
import type { CpuCore, HelperMap } from "../core.ts";
import { EntryType, formStateEntry, requireLinkage, updatedPsw } from "../linkage-stack.ts";
import { BASIC_ADDRESSING, Psw } from "../psw.ts";
import { spaceSwitchEvent } from "../space-switch.ts";
import { requireReplaced } from "../subspace.ts";
import { linkInMode } from "./link.ts";

const INVALID = 0x8000_0000;
const PROBLEM_STATE = 1;
/** Word 4 of an entry-table entry. */
const Entry = {
  stacking: 0x8000_0000,
  extendedAddressing: 0x4000_0000,
  key: 0x1000_0000,
  replaceKeyMask: 0x0800_0000,
  extendedAuthority: 0x0400_0000,
  accessRegisterMode: 0x0200_0000,
  secondaryIsNew: 0x0100_0000,
} as const;

/** PC-number translation (PoP chapter 5): the eight words of the entry-table entry of a 20-bit PC number. */
function translateNumber(core: CpuCore, number: number): number[] {
  const designation = linkageTable(core);
  const linkageIndex = number >>> 8;
  // Entries come in blocks of 32.
  if (linkageIndex >>> 5 > (designation & 0x7f)) refuseNamed(core, ProgramCode.lxTranslation, number);
  const [linkage] = requireWords(core, (designation & 0x7fff_ff80) + linkageIndex * 4, 1) as [number];
  if ((linkage & INVALID) !== 0) refuseNamed(core, ProgramCode.lxTranslation, number);
  const entryIndex = number & 0xff;
  if (entryIndex >>> 2 > (linkage & 0x3f)) refuseNamed(core, ProgramCode.exTranslation, number);
  return requireWords(core, (linkage & 0x7fff_ffc0) + entryIndex * 32, 8);
}

/** PROGRAM CALL (PoP chapter 10), basic and stacking, to the present primary space or another. */
export const programCallHelpers: HelperMap = {
  pc(core) {
    requireLinkage(core, false);
    const { registers, operands } = core;
    core.addressHigh(operands.b2, operands.d2);
    const number = core.addressLow & 0xf_ffff;
    const words = translateNumber(core, number) as [number, number, number, number, number, number, number, number];
    const flags = words[4];
    const isStacking = (flags & Entry.stacking) !== 0;
    const toExtended = (flags & Entry.extendedAddressing) !== 0;
    const isExtended = (registers.pswHigh & Psw.extendedAddressing) !== 0;
    const isAccessRegister = (registers.pswHigh & Psw.space) !== 0;
    // The basic form neither knows access-register mode nor goes into or out of 64-bit mode.
    if (!isStacking && (isAccessRegister || toExtended !== isExtended)) core.program(ProgramCode.specialOperation);
    const is24 = !toExtended && (words[1] & BASIC_ADDRESSING) === 0;
    if (is24 && (words[1] & 0x7f00_0000) !== 0) core.program(ProgramCode.pcTranslationSpecification);
    const keyMask = registers.controlLow(3) >>> 16;
    if (core.problemState && (keyMask & (words[2] >>> 16)) === 0) core.program(ProgramCode.privilegedOperation);

    const oldAsn = registers.controlLow(4) & 0xffff;
    const oldAsceHigh = registers.controlHigh(1);
    const oldAsce = registers.controlLow(1);
    const asn = words[2] & 0xffff;
    let space: ReturnType<typeof requireSpace> | undefined;
    if (asn !== 0) {
      requireAsnTranslation(core);
      const entry = words[5] & 0x7fff_ffc0;
      const [first] = requireWords(core, entry, 1) as [number];
      if ((first & INVALID) !== 0) refuseNamed(core, ProgramCode.asxTranslation, asn);
      space = requireReplaced(core, requireSpace(core, entry));
    }

    if (isStacking) {
      const calledSpace = space ? ((asn << 16) | (space.sequence & 0xffff)) >>> 0 : 0;
      const identification = (number | (toExtended ? 0x8000_0000 : 0)) >>> 0;
      formStateEntry(core, EntryType.programCallState, updatedPsw(core), calledSpace, identification);
      if ((flags & Entry.key) !== 0) registers.pswHigh = ((registers.pswHigh & ~Psw.key) | (((flags >>> 20) & 15) << Psw.keyShift)) >>> 0;
      if ((flags & Entry.extendedAuthority) !== 0)
        registers.setControl(8, registers.controlHigh(8), ((flags << 16) | (registers.controlLow(8) & 0xffff)) >>> 0);
      const mode = (flags & Entry.accessRegisterMode) !== 0 ? 1 << Psw.spaceShift : 0;
      registers.pswHigh = ((registers.pswHigh & ~Psw.space) | mode) >>> 0;
    } else {
      linkInMode(core, 14);
      registers.setLow(14, (registers.low(14) | (core.problemState ? PROBLEM_STATE : 0)) >>> 0);
      registers.setLow(3, ((keyMask << 16) | oldAsn) >>> 0);
    }
    if (toExtended) registers.setHigh(4, words[6]);
    registers.setLow(4, words[7]);
    const entryKeyMask = words[3] >>> 16;
    const newKeyMask = isStacking && (flags & Entry.replaceKeyMask) !== 0 ? entryKeyMask : keyMask | entryKeyMask;
    const isSecondaryNew = space !== undefined && isStacking && (flags & Entry.secondaryIsNew) !== 0;
    setKeyMaskAndSecondary(core, newKeyMask, isSecondaryNew ? asn : oldAsn);
    if (space) setPrimarySpace(core, space, asn);
    if (isSecondaryNew) registers.setControl(7, registers.controlHigh(1), registers.controlLow(1));
    else registers.setControl(7, oldAsceHigh, oldAsce);

    const state = ((words[1] & PROBLEM_STATE) !== 0 ? Psw.problem : 0) | (toExtended ? Psw.extendedAddressing : 0);
    registers.pswHigh = ((registers.pswHigh & ~(Psw.problem | Psw.extendedAddressing)) | state) >>> 0;
    registers.pswLow = toExtended ? BASIC_ADDRESSING : (words[1] & BASIC_ADDRESSING) >>> 0;
    core.updateMode();
    if (toExtended) core.branch(words[0], (words[1] & ~PROBLEM_STATE) >>> 0);
    else core.branch(0, words[1] & 0x7fff_fffe);
    if (space) spaceSwitchEvent(core, oldAsn, oldAsce, registers.controlLow(1));
  },
};
