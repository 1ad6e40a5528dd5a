import type { CpuCore, HelperMap } from "../core.ts";
import { homeSpan, offsetBy, storeSpan } from "../home-space.ts";
import { EntryType, fetchStateEntry, type LocatedEntry, locateStateEntry, requireLinkage, StateEntry } from "../linkage-stack.ts";
import { WRITE } from "../storage.ts";

/** Extraction codes of EXTRACT STACKED STATE; 5 comes with the ASN-and-LX-reuse facility, which is not offered. */
const Extraction = { shortPsw: 1, psw: 4 } as const;
/** Bit 12 of a short PSW is one. */
const SHORT_PSW = 0x0008_0000;

function lastStateEntry(core: CpuCore): LocatedEntry {
  requireLinkage(core, true);
  return locateStateEntry(core, false);
}

/** EXTRACT STACKED REGISTERS: general and access registers r1 to r2, wrapping from 15 to 0. */
function extractRegisters(core: CpuCore, wide: boolean): void {
  const { registers, operands } = core;
  const entry = lastStateEntry(core);
  const general = fetchStateEntry(core, entry, StateEntry.general, 128);
  const access = fetchStateEntry(core, entry, StateEntry.access, 64);
  for (let n = operands.r1; ; n = (n + 1) & 15) {
    if (wide) registers.setHigh(n, general.getUint32(n * 8));
    registers.setLow(n, general.getUint32(n * 8 + 4));
    registers.setAccess(n, access.getUint32(n * 4));
    if (n === operands.r2) return;
  }
}

/** Instructions that look at the last state entry of the linkage stack (PoP chapter 10). */
export const stackedStateHelpers: HelperMap = {
  ereg: (core) => extractRegisters(core, false),
  eregg: (core) => extractRegisters(core, true),
  esta(core) {
    requireLinkage(core, true);
    const { registers, operands } = core;
    const code = registers.low(operands.r2) & 0xff;
    core.specificationIf((operands.r1 & 1) !== 0 || code > Extraction.psw);
    const entry = locateStateEntry(core, false);
    const set = (high: number, low: number): void => {
      registers.setLow(operands.r1, high);
      registers.setLow(operands.r1 + 1, low);
    };
    if (code === Extraction.shortPsw || code === Extraction.psw) {
      const view = fetchStateEntry(core, entry, StateEntry.psw, 40);
      const address = StateEntry.pswAddress - StateEntry.psw;
      const [high, low] = [view.getUint32(0), view.getUint32(4)];
      const [addressHigh, addressLow] = [view.getUint32(address), view.getUint32(address + 4)];
      if (code === Extraction.psw) {
        registers.set(operands.r1, high, low);
        registers.set(operands.r1 + 1, addressHigh, addressLow);
      } else {
        // An address that does not fit is told by the rightmost bit.
        const tooLong = addressHigh !== 0 || (addressLow & 0x8000_0000) !== 0 ? 1 : 0;
        set((high | SHORT_PSW) >>> 0, ((low & 0x8000_0000) | (addressLow & 0x7fff_ffff) | tooLong) >>> 0);
      }
    } else {
      const view = fetchStateEntry(core, entry, StateEntry.pswKeyMask + code * 8, 8);
      set(view.getUint32(0), view.getUint32(4));
    }
    registers.cc = entry.type === EntryType.programCallState ? 1 : 0;
  },
  msta(core) {
    requireLinkage(core, true);
    const { registers, operands } = core;
    core.specificationIf((operands.r1 & 1) !== 0);
    const { start } = locateStateEntry(core, false);
    const target = homeSpan(core, offsetBy(start, StateEntry.modifiable), 8, WRITE);
    const bytes = new DataView(new ArrayBuffer(8));
    bytes.setUint32(0, registers.low(operands.r1));
    bytes.setUint32(4, registers.low(operands.r1 + 1));
    storeSpan(core, target, new Uint8Array(bytes.buffer));
  },
};
