import { type AddressSpace, hasSecondaryAuthority } from "../asn-translation.ts";
import { findSpace, requireAsnTranslation, requireInStorage, setKeyMaskAndSecondary } from "../asn-use.ts";
import type { CpuCore, HelperMap } from "../core.ts";
import { replaceBySubspace } from "../subspace.ts";

/** Bits 61-63 of the second-operand address. */
const Bits = { forceTranslation: 4, givenAuthorizationIndex: 2, skipAuthorization: 1 } as const;
const SPACE_SWITCH_EVENT = 0x40;

/** The space of an ASN with its subspace replacement, or undefined where that is not to be had. */
function translate(core: CpuCore, asn: number): AddressSpace | undefined {
  const space = findSpace(core, asn);
  if (typeof space === "number") return undefined;
  const replaced = replaceBySubspace(core, space);
  return typeof replaced === "number" ? undefined : replaced;
}

/** LOAD ADDRESS SPACE PARAMETERS (PoP chapter 10). */
export const addressSpaceParameterHelpers: HelperMap = {
  lasp(core) {
    core.privileged();
    requireAsnTranslation(core);
    const { registers, operands, storage } = core;
    const high = core.addressHigh(operands.b1, operands.d1);
    const low = core.addressLow;
    core.specificationIf((low & 7) !== 0);
    core.addressHigh(operands.b2, operands.d2);
    const functions = core.addressLow & 7;
    const view = new DataView(new ArrayBuffer(8));
    storage.read(high, low, new Uint8Array(view.buffer), operands.b1 & 15);
    const [keyMask, secondaryAsn] = [view.getUint16(0), view.getUint16(2)];
    const [givenIndex, primaryAsn] = [view.getUint16(4), view.getUint16(6)];
    const force = (functions & Bits.forceTranslation) !== 0;

    let primary: AddressSpace = {
      entry: registers.controlLow(5),
      authorizationIndex: registers.controlLow(4) >>> 16,
      asceHigh: registers.controlHigh(1),
      asceLow: registers.controlLow(1),
      sequence: 0,
    };
    if (force || primaryAsn !== (registers.controlLow(4) & 0xffff)) {
      const found = translate(core, primaryAsn);
      if (!found) {
        registers.cc = 1;
        return;
      }
      // An event would be due, which this instruction does not present.
      if (((registers.controlLow(1) | found.asceLow) & SPACE_SWITCH_EVENT) !== 0) {
        registers.cc = 3;
        return;
      }
      primary = found;
    }
    const index = (functions & Bits.givenAuthorizationIndex) !== 0 ? givenIndex : primary.authorizationIndex;

    let secondary: Pick<AddressSpace, "asceHigh" | "asceLow"> = primary;
    const skip = (functions & Bits.skipAuthorization) !== 0;
    if (secondaryAsn !== primaryAsn) {
      if (!force && skip && secondaryAsn === (registers.controlLow(3) & 0xffff))
        secondary = { asceHigh: registers.controlHigh(7), asceLow: registers.controlLow(7) };
      else {
        const found = translate(core, secondaryAsn);
        if (!found || !(skip || requireInStorage(core, hasSecondaryAuthority(core, found.entry, index)))) {
          registers.cc = 2;
          return;
        }
        secondary = found;
      }
    }
    registers.setControl(1, primary.asceHigh, primary.asceLow);
    setKeyMaskAndSecondary(core, keyMask, secondaryAsn);
    registers.setControl(4, registers.controlHigh(4), ((index << 16) | primaryAsn) >>> 0);
    registers.setControl(5, registers.controlHigh(5), primary.entry);
    registers.setControl(7, secondary.asceHigh, secondary.asceLow);
    registers.cc = 0;
    core.contextChanged();
  },
};
