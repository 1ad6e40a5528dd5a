import type { CpuCore } from "../core.ts";
import { BASIC_ADDRESSING, Psw } from "../psw.ts";

/** Link information as BRANCH IN SUBSPACE GROUP leaves it: the next address, in 24- and 31-bit mode with the mode in bit 32. */
export function linkInMode(core: CpuCore, register: number): void {
  const { registers } = core;
  core.advance();
  if (register === 0) return;
  if ((registers.pswHigh & Psw.extendedAddressing) !== 0) registers.set(register, registers.addressHigh, registers.addressLow);
  else registers.setLow(register, (registers.addressLow | registers.pswLow) >>> 0);
}

/** Branches to such an address: a 64-bit mode stays, else bit 32 sets the mode. Ends the instruction with a changed context. */
export function branchInMode(core: CpuCore, high: number, low: number): void {
  const { registers } = core;
  if ((registers.pswHigh & Psw.extendedAddressing) !== 0) {
    core.updateMode();
    core.branch(high, low);
    return;
  }
  registers.pswLow = (low & BASIC_ADDRESSING) >>> 0;
  core.updateMode();
  core.branch(0, low & 0x7fff_ffff);
}
