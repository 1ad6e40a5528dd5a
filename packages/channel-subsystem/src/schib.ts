import { type PathManagementControlWord, PmcwCharacteristics, PmcwFlags, pmcwLength } from "./path-management.ts";
import { type SubchannelStatusWord, scswLength } from "./subchannel-status.ts";

/** Bytes of a subchannel-information block (PoP chapter 15): PMCW, SCSW, and the measurement-block address or zeros. */
export const schibLength = 52;

const modelDependentOffset = pmcwLength + scswLength;

/** Stores the block that STORE SUBCHANNEL shows. `measurementBlock`: absolute address in two 32-bit halves. */
export function storeSchib(
  schib: Uint8Array,
  pmcw: PathManagementControlWord,
  scsw: SubchannelStatusWord,
  measurementBlockHigh: number,
  measurementBlockLow: number,
): void {
  const view = viewOf(schib);
  schib.fill(0, 0, schibLength);
  pmcw.store(view, 0);
  scsw.store(view, pmcwLength);
  view.setUint32(modelDependentOffset, measurementBlockHigh);
  view.setUint32(modelDependentOffset + 4, measurementBlockLow);
}

/** The measurement-block address (words 10 and 11) of a block given to MODIFY SUBCHANNEL, in two 32-bit halves. */
export function measurementBlockOf(schib: Uint8Array): { high: number; low: number } {
  const view = viewOf(schib);
  return { high: view.getUint32(modelDependentOffset), low: view.getUint32(modelDependentOffset + 4) };
}

/** Whether MODIFY SUBCHANNEL accepts the block; if not, it ends with an operand exception. */
export function isValidSchib(schib: Uint8Array): boolean {
  const view = viewOf(schib);
  const flags = view.getUint16(4);
  const characteristics = view.getUint32(24);
  if ((flags & PmcwFlags.reserved) !== 0) return false;
  if ((flags & PmcwFlags.limitMode) === PmcwFlags.limitMode) return false;
  if ((characteristics & PmcwCharacteristics.reserved) !== 0) return false;
  if ((characteristics & PmcwCharacteristics.extendedMeasurementWord) !== 0) return false;
  return (characteristics & PmcwCharacteristics.measurementBlockFormat1) === 0 || (view.getUint32(44) & 0x3f) === 0;
}

export function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
