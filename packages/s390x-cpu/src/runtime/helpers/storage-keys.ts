import { ProgramCode } from "../../engine/context.ts";
import * as layout from "../../engine/layout.ts";
import type { CpuCore, HelperMap } from "../core.ts";
import { Psw } from "../psw.ts";
import { registerAddress, toAbsolute } from "./operand-access.ts";

const REFERENCE = 0x04;
const CHANGE = 0x02;
const KEY_BITS = 0xfe;
/** Bits 32-45, 55 and 63 of the first operand of PERFORM FRAME MANAGEMENT FUNCTION. */
const FRAME_RESERVED = 0xfffc_0101;
/** CR0 bit 36. */
const CR0_EXTRACTION_AUTHORITY = 0x0800_0000;
const CR0_LOW_ADDRESS_PROTECTION = 0x1000_0000;

/** Low-address protection of an instruction that clears a frame at a real address. */
function refuseLowFrame(core: CpuCore, real: number): void {
  if ((core.registers.controlLow(0) & CR0_LOW_ADDRESS_PROTECTION) === 0 || real >= 8192) return;
  core.registers.setWord(layout.TRANSLATION_EXCEPTION + 4, 0);
  core.registers.setWord(layout.TRANSLATION_EXCEPTION, (real & 0x1000) | TEA_STORE);
  core.registers.setWord(layout.EXCEPTION_ACCESS, 0);
  core.program(ProgramCode.protection);
}
/** Translation-exception identification bit 53: the access was a store. */
const TEA_STORE = 0x400;

function frameOf(core: CpuCore, register: number): number {
  const real = registerAddress(core, register);
  if (!core.memory.contains(real, 1)) core.program(ProgramCode.addressing);
  const absolute = toAbsolute(core, real);
  if (!core.memory.contains(absolute, 1)) core.program(ProgramCode.addressing);
  return Math.floor(absolute / 4096);
}

/**
 * Sets a key. Translations that were made under a stricter or more permissive one, or that counted as recorded, go; the
 * caller then ends with contextChanged, as instructions may come from that frame.
 */
function setKey(core: CpuCore, frame: number, key: number): void {
  const old = core.storageKeys[frame]!;
  core.storageKeys[frame] = key;
  const stricter = ((old ^ key) & 0xf8) !== 0 || (old & ~key & (REFERENCE | CHANGE)) !== 0;
  if (stricter) core.engine.forgetFrame(frame * 4096);
}

/** Storage-key instructions (PoP chapter 10). */
export const storageKeyHelpers: HelperMap = {
  sske(core) {
    core.privileged();
    const { registers, operands } = core;
    const key = registers.low(operands.r1) & KEY_BITS;
    const bypassReference = (operands.m3 & 4) !== 0;
    const bypassChange = (operands.m3 & 2) !== 0;
    const multiple = (operands.m3 & 1) !== 0;
    const setOne = (frame: number): boolean => {
      const old = core.storageKeys[frame]!;
      if (bypassReference || bypassChange) {
        // Conditional SSKE: nothing is set when only bits differ that the mask says not to care about.
        const ignored = (bypassReference ? REFERENCE : 0) | (bypassChange ? CHANGE : 0);
        if (((old ^ key) & KEY_BITS & ~ignored) === 0) return false;
      }
      setKey(core, frame, key);
      return true;
    };
    if (!multiple) {
      const frame = frameOf(core, operands.r2);
      const old = core.storageKeys[frame]!;
      const set = setOne(frame);
      if (bypassReference || bypassChange) {
        registers.setLow(operands.r1, ((registers.low(operands.r1) & ~0xff00) | (old << 8)) >>> 0);
        registers.cc = set ? 1 : 0;
      }
      core.contextChanged();
      return;
    }
    // Multiple-block control: an absolute address, to the end of the megabyte; r2 shows how far, its last 12 bits stay.
    const absolute = registerAddress(core, operands.r2);
    if (!core.memory.contains(absolute, 1)) core.program(ProgramCode.addressing);
    const first = Math.floor(absolute / 4096);
    const end = (Math.floor(first / 256) + 1) * 256;
    for (let frame = first; frame < end; frame++) setOne(frame);
    const low = registers.low(operands.r2);
    const next = end * 4096 + (low & 0xfff);
    const high = Math.floor(next / 0x1_0000_0000);
    if ((registers.pswHigh & 1) !== 0) registers.set(operands.r2, high, next >>> 0);
    else registers.setLow(operands.r2, (next & core.storage.maskLow) >>> 0);
    if (bypassReference || bypassChange) registers.cc = 3;
    core.contextChanged();
  },
  iske(core) {
    core.privileged();
    const { registers, operands } = core;
    const key = core.storageKeys[frameOf(core, operands.r2)]!;
    registers.setLow(operands.r1, ((registers.low(operands.r1) & ~0xff) | key) >>> 0);
  },
  ivsk(core) {
    const { registers, operands, storage } = core;
    if ((registers.pswHigh & Psw.translation) === 0) core.program(ProgramCode.specialOperation);
    if (core.problemState && (registers.controlLow(0) & CR0_EXTRACTION_AUTHORITY) === 0) core.privileged();
    const high = (registers.high(operands.r2) & storage.maskHigh) >>> 0;
    const low = (registers.low(operands.r2) & storage.maskLow) >>> 0;
    const absolute = storage.resolve(high, low, 0, operands.r2);
    const key = core.storageKeys[Math.floor(absolute / 4096)]! & 0xf8;
    registers.setLow(operands.r1, ((registers.low(operands.r1) & ~0xff) | key) >>> 0);
  },
  rrbe(core) {
    core.privileged();
    const { registers, operands } = core;
    const frame = frameOf(core, operands.r2);
    const old = core.storageKeys[frame]!;
    registers.cc = (old & (REFERENCE | CHANGE)) >>> 1;
    setKey(core, frame, old & ~REFERENCE);
    core.contextChanged();
  },
  tb(core) {
    core.privileged();
    const { registers, operands, memory } = core;
    const frame = frameOf(core, operands.r2);
    refuseLowFrame(core, registerAddress(core, operands.r2));
    memory.fill(frame * 4096, 4096, 0);
    registers.set(0, 0, 0);
    registers.cc = 0;
  },
  pfmf(core) {
    core.privileged();
    const { registers, operands, memory } = core;
    const control = registers.low(operands.r1);
    const sizeCode = (control >>> 12) & 7;
    core.specificationIf((control & FRAME_RESERVED) !== 0 || sizeCode > 2);
    const setsKey = (control & 0x2_0000) !== 0;
    const clears = (control & 0x1_0000) !== 0;
    const key = control & KEY_BITS;
    const bypassReference = (control & 0x400) !== 0;
    const bypassChange = (control & 0x200) !== 0;
    const real = registerAddress(core, operands.r2);
    if (!memory.contains(real, 1)) core.program(ProgramCode.addressing);
    if (sizeCode === 0 && clears) refuseLowFrame(core, real);
    const bytes = sizeCode === 0 ? 4096 : sizeCode === 1 ? 0x10_0000 : 0x8000_0000;
    const first = Math.floor(real / 4096) * 4096;
    const end = sizeCode === 0 ? first + 4096 : (Math.floor(first / bytes) + 1) * bytes;
    // One frame of 4 KiB is a real address; larger frames are absolute.
    const start = sizeCode === 0 ? toAbsolute(core, first) : first;
    const stop = sizeCode === 0 ? start + 4096 : end;
    for (let at = start; at < stop; at += 4096) {
      if (!memory.contains(at, 4096)) core.program(ProgramCode.addressing);
      if (clears) memory.fill(at, 4096, 0);
      if (setsKey) {
        const ignored = (bypassReference ? REFERENCE : 0) | (bypassChange ? CHANGE : 0);
        const old = core.storageKeys[at / 4096]!;
        if (ignored === 0 || ((old ^ key) & KEY_BITS & ~ignored) !== 0) setKey(core, at / 4096, key);
      }
    }
    if (sizeCode !== 0) {
      const high = Math.floor(end / 0x1_0000_0000);
      if ((registers.pswHigh & 1) !== 0) registers.set(operands.r2, high, end >>> 0);
      else registers.setLow(operands.r2, (end & core.storage.maskLow) >>> 0);
    }
    core.contextChanged();
  },
};
