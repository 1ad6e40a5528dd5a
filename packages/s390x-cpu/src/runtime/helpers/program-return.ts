import { ProgramCode } from "../../engine/context.ts";
import { hasSecondaryAuthority } from "../asn-translation.ts";
import { refuseNamed, requireAsn, requireInStorage, setKeyMaskAndSecondary, setPrimarySpace } from "../asn-use.ts";
import type { CpuCore, HelperMap } from "../core.ts";
import { EntryType, fetchStateEntry, locateStateEntry, prepareToLeave, requireLinkage, StateEntry } from "../linkage-stack.ts";
import { Psw } from "../psw.ts";
import { spaceSwitchEvent } from "../space-switch.ts";
import { requireReplaced } from "../subspace.ts";

/** Finds the spaces that a program-call state entry leads back to. @returns what makes them current */
function spacesOfCaller(core: CpuCore, entry: DataView): () => void {
  const { registers } = core;
  const keyMask = entry.getUint16(StateEntry.pswKeyMask);
  const secondaryAsn = entry.getUint16(StateEntry.secondaryAsn);
  const primaryAsn = entry.getUint16(StateEntry.primaryAsn);
  const extendedAuthority = entry.getUint16(StateEntry.extendedAuthority);
  const isSwitched = primaryAsn !== (registers.controlLow(4) & 0xffff);
  const primary = isSwitched ? requireReplaced(core, requireAsn(core, primaryAsn)) : undefined;
  let secondaryHigh = primary ? primary.asceHigh : registers.controlHigh(1);
  let secondaryLow = primary ? primary.asceLow : registers.controlLow(1);
  if (secondaryAsn !== primaryAsn) {
    const found = requireAsn(core, secondaryAsn);
    const index = primary ? primary.authorizationIndex : registers.controlLow(4) >>> 16;
    const authorized = requireInStorage(core, hasSecondaryAuthority(core, found.entry, index));
    if (!authorized) refuseNamed(core, ProgramCode.secondaryAuthority, secondaryAsn);
    const secondary = requireReplaced(core, found);
    secondaryHigh = secondary.asceHigh;
    secondaryLow = secondary.asceLow;
  }
  return () => {
    if (primary) setPrimarySpace(core, primary, primaryAsn);
    setKeyMaskAndSecondary(core, keyMask, secondaryAsn);
    registers.setControl(7, secondaryHigh, secondaryLow);
    registers.setControl(8, registers.controlHigh(8), ((extendedAuthority << 16) | (registers.controlLow(8) & 0xffff)) >>> 0);
  };
}

/** PROGRAM RETURN (PoP chapter 10): back to where the last state entry of the linkage stack was made. */
export const programReturnHelpers: HelperMap = {
  pr(core) {
    requireLinkage(core, false);
    const { registers } = core;
    const located = locateStateEntry(core, true);
    const entry = fetchStateEntry(core, located, 0, StateEntry.descriptor);
    const leave = prepareToLeave(core, located);
    const oldAsn = registers.controlLow(4) & 0xffff;
    const oldAsce = registers.controlLow(1);
    if (located.type === EntryType.programCallState) spacesOfCaller(core, entry)();
    leave();
    for (let n = 2; n <= 14; n++) {
      registers.set(n, entry.getUint32(n * 8), entry.getUint32(n * 8 + 4));
      registers.setAccess(n, entry.getUint32(StateEntry.access + n * 4));
    }
    // The PER mask is not restored.
    const high = entry.getUint32(StateEntry.psw);
    const isValid = core.setPsw(
      ((high & ~Psw.per) | (registers.pswHigh & Psw.per)) >>> 0,
      entry.getUint32(StateEntry.psw + 4),
      entry.getUint32(StateEntry.pswAddress),
      entry.getUint32(StateEntry.pswAddress + 4),
    );
    core.reload = true;
    const isSwitched = oldAsn !== (registers.controlLow(4) & 0xffff);
    if (isSwitched && spaceSwitchEvent(core, oldAsn, oldAsce, registers.controlLow(1))) return;
    if (!isValid) core.interruptProgram(ProgramCode.specification, 0);
  },
};
