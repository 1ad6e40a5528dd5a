import { ProgramCode } from "../../engine/context.ts";
import * as layout from "../../engine/layout.ts";
import { Alet, extendedAuthorizationIndex, translateAlet } from "../access-register-translation.ts";
import type { CpuCore, HelperMap } from "../core.ts";
import { ProgramInterruptionSignal } from "../program-interruption.ts";
import { Psw } from "../psw.ts";
import type { Registers } from "../registers.ts";
import { READ, WRITE } from "../storage.ts";
import { toAbsolute } from "./operand-access.ts";

const PTE_INVALID = 0x400;
/** Translation-exception identification bit 52: the access was a fetch. */
const TEA_FETCH = 0x800;
const ENTRY_INVALID = 0x20;
const REAL_SPACE = 0x20;
/** Access-list entry: what TEST ACCESS says of a list is in the ALET itself. */
const ALET_PRIMARY_LIST = 0x0100_0000;

/** Real address of an operand, or why there is none. */
type RealAddress =
  | { readonly code: 0; readonly high: number; readonly low: number }
  /** `entry`: the halves are the address of the invalid segment- or page-table entry. */
  | { readonly code: number; readonly entry: boolean; readonly high: number; readonly low: number };

/** Translates an operand address by the address-space control of the PSW, whether translation is on or not. */
function translate(core: CpuCore, high: number, low: number, base: number): RealAddress {
  const { registers, engine } = core;
  const space = (registers.pswHigh & Psw.space) >>> Psw.spaceShift;
  let control = space === 2 ? 7 : space === 3 ? 13 : 1;
  const alet = space === 1 && base !== 0 && base < 16 ? registers.access(base) : Alet.primary;
  if (alet === Alet.secondary) control = 7;
  let asceHigh = registers.controlHigh(control);
  let asceLow = registers.controlLow(control);
  if (alet !== Alet.primary && alet !== Alet.secondary) {
    const found = translateAlet(core, alet, extendedAuthorizationIndex(core));
    if (!("asceHigh" in found)) return { code: found.code, entry: false, high: 0, low: 0 };
    ({ asceHigh, asceLow } = found);
  }
  const done = engine.translateParts(high, low, asceHigh, asceLow) === 0;
  const result = { high: registers.word(layout.TRANSLATION_RESULT + 4), low: registers.word(layout.TRANSLATION_RESULT) };
  if (done) return { code: 0, ...result };
  return { code: registers.word(layout.PROGRAM_CODE), entry: result.high !== 0 || result.low !== 0, ...result };
}

/** Translation failed with an exception that no condition code stands for. */
function isUnconditional(code: number): boolean {
  return code === ProgramCode.addressing || code === ProgramCode.translationSpecification;
}

function loadRealAddress(core: CpuCore, alwaysWide: boolean): void {
  core.privileged();
  const { registers, operands } = core;
  const high = core.addressHigh(operands.b2, operands.d2, operands.x2);
  const result = translate(core, high, core.addressLow, operands.b2);
  const wide = alwaysWide || (registers.pswHigh & Psw.extendedAddressing) !== 0;
  const fits = wide || (result.high === 0 && (result.low & 0x8000_0000) === 0);
  if (result.code === 0) {
    if (!fits) core.program(ProgramCode.specialOperation);
    setAddress(registers, operands.r1, wide, result.high, result.low);
    registers.cc = 0;
    return;
  }
  if (isUnconditional(result.code)) core.program(result.code);
  if ("entry" in result && result.entry && fits) {
    setAddress(registers, operands.r1, wide, result.high, result.low);
    registers.cc = result.code === ProgramCode.segmentTranslation ? 1 : 2;
    return;
  }
  // Condition code 3: the register tells the interruption code.
  registers.setLow(operands.r1, (0x8000_0000 | result.code) >>> 0);
  registers.cc = 3;
}

function setAddress(registers: Registers, register: number, wide: boolean, high: number, low: number): void {
  if (wide) registers.set(register, high, low);
  else registers.setLow(register, low);
}

/** Invalidates one page-table entry at table origin + index. */
function invalidatePage(core: CpuCore, originHigh: number, originLow: number, indexLow: number): void {
  const { memory } = core;
  const origin = originHigh * 0x1_0000_0000 + ((originLow & 0xffff_f800) >>> 0);
  const entry = toAbsolute(core, origin + ((indexLow >>> 9) & 0x7f8));
  if (!memory.contains(entry, 8)) core.program(ProgramCode.addressing);
  memory.storeUint32(entry + 4, (memory.loadUint32(entry + 4, "big") | PTE_INVALID) >>> 0, "big");
}

/** Index of an address in a segment (0), region-third, -second or -first (3) table: 11 bits of it. */
function tableIndex(type: number, high: number, low: number): number {
  switch (type) {
    case 0:
      return (low >>> 20) & 0x7ff;
    case 1:
      return (((high & 0x3ff) << 1) | (low >>> 31)) & 0x7ff;
    case 2:
      return (high >>> 10) & 0x7ff;
    default:
      return (high >>> 21) & 0x7ff;
  }
}

/** Translation instructions (PoP chapter 10). */
export const translationHelpers: HelperMap = {
  lra: (core) => loadRealAddress(core, false),
  lray: (core) => loadRealAddress(core, false),
  lrag: (core) => loadRealAddress(core, true),
  ptlb(core) {
    core.privileged();
    core.banks.purge();
    core.contextChanged();
  },
  ipte(core) {
    core.privileged();
    const { registers, operands } = core;
    const originHigh = registers.high(operands.r1);
    const originLow = registers.low(operands.r1);
    // With the range facility r3 gives the number of additional entries.
    const additional = operands.r3 === 0 ? 0 : registers.low(operands.r3) & 0xff;
    let address = registers.low(operands.r2);
    for (let i = 0; i <= additional; i++) {
      invalidatePage(core, originHigh, originLow, address);
      core.engine.forgetPageIndex(address);
      address = ((address & 0xffff_f000) + 4096) >>> 0;
    }
    core.contextChanged();
  },
  idte(core) {
    core.privileged();
    const { registers, operands, memory } = core;
    const optionLow = registers.low(operands.r2);
    // Bits 44-51 of the second operand are reserved.
    core.specificationIf((optionLow & 0x000f_f000) !== 0);
    if ((optionLow & 0x800) === 0) {
      // Invalidation and clearing: entries of the region or segment table whose origin and type r1 gives.
      const origin = registers.high(operands.r1) * 0x1_0000_0000 + ((registers.low(operands.r1) & 0xffff_f000) >>> 0);
      const type = (registers.low(operands.r1) >>> 2) & 3;
      const high = registers.high(operands.r2);
      const index = tableIndex(type, high, optionLow);
      const additional = optionLow & 0x7ff;
      for (let i = 0; i <= additional; i++) {
        const entry = toAbsolute(core, origin + ((index + i) & 0x7ff) * 8);
        if (!memory.contains(entry, 8)) core.program(ProgramCode.addressing);
        memory.storeUint32(entry + 4, (memory.loadUint32(entry + 4, "big") | ENTRY_INVALID) >>> 0, "big");
      }
    }
    core.banks.purge();
    core.contextChanged();
  },
  /** COMPARE AND REPLACE DAT TABLE ENTRY: the entry that r2 (table and its kind) and r2 + 1 (address) designate. */
  crdte(core) {
    core.privileged();
    const { registers, operands, memory } = core;
    core.specificationIf(((operands.r1 | operands.r2) & 1) !== 0);
    const kind = (registers.low(operands.r2) >>> 2) & 7;
    // 0 a page table; 4 to 7 a segment, region-third, -second or -first table.
    core.specificationIf(kind > 0 && kind < 4);
    const high = registers.high(operands.r2 + 1);
    const low = registers.low(operands.r2 + 1);
    const originMask = kind === 0 ? 0xffff_f800 : 0xffff_f000;
    const origin = registers.high(operands.r2) * 0x1_0000_0000 + ((registers.low(operands.r2) & originMask) >>> 0);
    const index = kind === 0 ? (low >>> 12) & 0xff : tableIndex(kind & 3, high, low);
    const entry = toAbsolute(core, origin + index * 8);
    if (!memory.contains(entry, 8)) core.program(ProgramCode.addressing);
    const oldHigh = memory.loadUint32(entry, "big");
    const oldLow = memory.loadUint32(entry + 4, "big");
    if (oldHigh === registers.high(operands.r1) && oldLow === registers.low(operands.r1)) {
      memory.storeUint32(entry, registers.high(operands.r1 + 1), "big");
      memory.storeUint32(entry + 4, registers.low(operands.r1 + 1), "big");
      core.banks.purge();
      registers.cc = 0;
    } else {
      registers.set(operands.r1, oldHigh, oldLow);
      registers.cc = 1;
    }
    core.contextChanged();
  },
  csp: (core) => compareAndSwapAndPurge(core, 4),
  cspg: (core) => compareAndSwapAndPurge(core, 8),
  lura: (core) => loadUsingReal(core, 4),
  lurag: (core) => loadUsingReal(core, 8),
  stura: (core) => storeUsingReal(core, 4),
  sturg: (core) => storeUsingReal(core, 8),
  tar: testAccess,
  strag: storeRealAddress,
  palb(core) {
    // Nothing of access-register translation is kept.
    core.privileged();
    core.contextChanged();
  },
  tprot(core) {
    core.privileged();
    const { registers, operands, storage } = core;
    const high = core.addressHigh(operands.b1, operands.d1);
    const low = core.addressLow;
    core.addressHigh(operands.b2, operands.d2);
    const key = (core.addressLow >>> 4) & 15;
    const saved = registers.word(layout.ACCESS_KEY);
    let frame = -1;
    const attempt = (access: typeof READ | typeof WRITE): number => {
      // Nothing is stored: the change bit stays as it is.
      const storageKey = frame < 0 ? 0 : core.storageKeys[frame]!;
      try {
        const absolute = storage.resolve(high, low, access, operands.b1 & 15);
        if (frame >= 0) core.storageKeys[frame] = storageKey;
        frame = absolute >>> 12;
        return 0;
      } catch (error) {
        if (!(error instanceof ProgramInterruptionSignal)) throw error;
        return registers.word(layout.PROGRAM_CODE);
      }
    };
    registers.setWord(layout.ACCESS_KEY, key);
    const read = attempt(READ);
    const write = read === 0 ? attempt(WRITE) : read;
    registers.setWord(layout.ACCESS_KEY, saved);
    if (read === ProgramCode.protection) registers.cc = 2;
    else if (read !== 0) {
      // Translation not available is condition code 3; an address outside storage is still an exception.
      if (isUnconditional(read)) core.program(read);
      registers.cc = 3;
    } else registers.cc = write === ProgramCode.protection ? 1 : 0;
  },
};

function compareAndSwapAndPurge(core: CpuCore, bytes: 4 | 8): void {
  core.privileged();
  const { registers, operands, storage, memory } = core;
  core.specificationIf((operands.r1 & 1) !== 0);
  const high = (registers.high(operands.r2) & storage.maskHigh) >>> 0;
  const purge = registers.low(operands.r2) & 3;
  const low = (registers.low(operands.r2) & storage.maskLow & -bytes) >>> 0;
  const absolute = storage.resolve(high, low, WRITE, operands.r2);
  const wide = bytes === 8;
  const oldHigh = wide ? memory.loadUint32(absolute, "big") : 0;
  const oldLow = memory.loadUint32(wide ? absolute + 4 : absolute, "big");
  const equal = oldLow === registers.low(operands.r1) && (!wide || oldHigh === registers.high(operands.r1));
  if (equal) {
    if (wide) memory.storeUint32(absolute, registers.high(operands.r1 + 1), "big");
    memory.storeUint32(wide ? absolute + 4 : absolute, registers.low(operands.r1 + 1), "big");
    registers.cc = 0;
    if (purge !== 0) core.banks.purge();
  } else {
    if (wide) registers.set(operands.r1, oldHigh, oldLow);
    else registers.setLow(operands.r1, oldLow);
    registers.cc = 1;
  }
  core.contextChanged();
}

/** Absolute address of a real-address operand in a register; protection and storage keys apply. */
function realOperand(core: CpuCore, bytes: number, access: typeof READ | typeof WRITE): number {
  core.privileged();
  const { registers, operands, storage } = core;
  const high = (registers.high(operands.r2) & storage.maskHigh) >>> 0;
  const low = (registers.low(operands.r2) & storage.maskLow) >>> 0;
  core.specificationIf((low & (bytes - 1)) !== 0);
  return storage.resolveIn(high, low, access, 0, 0, REAL_SPACE);
}

function loadUsingReal(core: CpuCore, bytes: 4 | 8): void {
  const absolute = realOperand(core, bytes, READ);
  const { registers, operands, memory } = core;
  if (bytes === 8) registers.set(operands.r1, memory.loadUint32(absolute, "big"), memory.loadUint32(absolute + 4, "big"));
  else registers.setLow(operands.r1, memory.loadUint32(absolute, "big"));
}

function storeUsingReal(core: CpuCore, bytes: 4 | 8): void {
  const absolute = realOperand(core, bytes, WRITE);
  const { registers, operands, memory } = core;
  if (bytes === 8) {
    memory.storeUint32(absolute, registers.high(operands.r1), "big");
    memory.storeUint32(absolute + 4, registers.low(operands.r1), "big");
  } else memory.storeUint32(absolute, registers.low(operands.r1), "big");
}

/** TEST ACCESS: whether an ALET would be of use under the EAX in r2. */
function testAccess(core: CpuCore): void {
  const { registers, operands } = core;
  const alet = registers.access(operands.r1);
  if (alet === Alet.primary) registers.cc = 0;
  else if (alet === Alet.secondary) registers.cc = 3;
  else {
    const result = translateAlet(core, alet, registers.low(operands.r2) >>> 16);
    if (isUnconditional(result.code)) core.program(result.code);
    registers.cc = result.code !== 0 ? 3 : (alet & ALET_PRIMARY_LIST) !== 0 ? 2 : 1;
  }
}

/** STORE REAL ADDRESS: like LOAD REAL ADDRESS, with exceptions instead of condition codes. */
function storeRealAddress(core: CpuCore): void {
  core.privileged();
  const { operands, registers, storage } = core;
  const targetHigh = core.addressHigh(operands.b1, operands.d1);
  const targetLow = core.addressLow;
  core.specificationIf((targetLow & 7) !== 0);
  const high = core.addressHigh(operands.b2, operands.d2);
  const low = core.addressLow;
  const result = translate(core, high, low, operands.b2);
  if (result.code !== 0) {
    const space = (registers.pswHigh & Psw.space) >>> Psw.spaceShift;
    registers.setWord(layout.TRANSLATION_EXCEPTION + 4, high);
    registers.setWord(layout.TRANSLATION_EXCEPTION, ((low & 0xffff_f000) | TEA_FETCH | space) >>> 0);
    registers.setWord(layout.EXCEPTION_ACCESS, space === 1 ? operands.b2 & 15 : 0);
    core.program(result.code);
  }
  const bytes = new DataView(new ArrayBuffer(8));
  bytes.setUint32(0, result.high);
  bytes.setUint32(4, result.low);
  storage.write(targetHigh, targetLow, new Uint8Array(bytes.buffer), operands.b1 & 15);
}
