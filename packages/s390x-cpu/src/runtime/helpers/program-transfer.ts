import { ProgramCode } from "../../engine/context.ts";
import { hasPrimaryAuthority } from "../asn-translation.ts";
import { linkageTable, refuseNamed, requireAsn, requireInStorage, setKeyMaskAndSecondary, setPrimarySpace } from "../asn-use.ts";
import type { HelperMap } from "../core.ts";
import { BASIC_ADDRESSING, Psw } from "../psw.ts";
import { spaceSwitchEvent } from "../space-switch.ts";
import { requireReplaced } from "../subspace.ts";
import { branchInMode } from "./link.ts";

/** PROGRAM TRANSFER (PoP chapter 10): to the primary space, key mask, problem state and address that registers name. */
export const programTransferHelpers: HelperMap = {
  pt(core) {
    const { registers, operands } = core;
    const inPrimary = (registers.pswHigh & (Psw.translation | Psw.space)) === Psw.translation;
    if (!inPrimary) core.program(ProgramCode.specialOperation);
    linkageTable(core);
    const keyMask = registers.low(operands.r1) >>> 16;
    const asn = registers.low(operands.r1) & 0xffff;
    const high = registers.high(operands.r2);
    const low = registers.low(operands.r2);
    const toProblem = (low & 1) !== 0;
    if (core.problemState && !toProblem) core.program(ProgramCode.privilegedOperation);
    const isExtended = (registers.pswHigh & Psw.extendedAddressing) !== 0;
    core.specificationIf(!isExtended && (low & BASIC_ADDRESSING) === 0 && (low & 0x7f00_0000) !== 0);

    const oldAsn = registers.controlLow(4) & 0xffff;
    const oldAsce = registers.controlLow(1);
    if (asn !== oldAsn) {
      const found = requireAsn(core, asn);
      const authorized = requireInStorage(core, hasPrimaryAuthority(core, found.entry, registers.controlLow(4) >>> 16));
      if (!authorized) refuseNamed(core, ProgramCode.primaryAuthority, asn);
      setPrimarySpace(core, requireReplaced(core, found), asn);
    }
    registers.setControl(7, registers.controlHigh(1), registers.controlLow(1));
    setKeyMaskAndSecondary(core, (registers.controlLow(3) >>> 16) & keyMask, asn);
    registers.pswHigh = ((registers.pswHigh & ~Psw.problem) | (toProblem ? Psw.problem : 0)) >>> 0;
    branchInMode(core, high, (low & ~1) >>> 0);
    if (asn !== oldAsn) spaceSwitchEvent(core, oldAsn, oldAsce, registers.controlLow(1));
  },
};
