import type { HelperMap } from "../core.ts";
import { EntryType, formStateEntry, requireLinkage, updatedPsw, withLinkAddress } from "../linkage-stack.ts";
import { BASIC_ADDRESSING, Psw } from "../psw.ts";

/** BRANCH AND STACK (PoP chapter 10). */
export const branchAndStackHelpers: HelperMap = {
  bakr(core) {
    requireLinkage(core, false);
    const { registers, operands, storage } = core;
    const updated = updatedPsw(core);
    const psw = operands.r1 === 0 ? updated : withLinkAddress(updated, registers.high(operands.r1), registers.low(operands.r1));
    const high = operands.r2 === 0 ? updated.addressHigh : registers.high(operands.r2);
    const low = operands.r2 === 0 ? updated.addressLow : registers.low(operands.r2);
    // The branch address is stacked with the addressing mode, as a link address is.
    const mode = (registers.pswHigh & Psw.extendedAddressing) !== 0 ? 1 : registers.pswLow & BASIC_ADDRESSING;
    formStateEntry(core, EntryType.branchState, psw, (high & storage.maskHigh) >>> 0, ((low & storage.maskLow) | mode) >>> 0);
    core.branch(high, low);
  },
};
