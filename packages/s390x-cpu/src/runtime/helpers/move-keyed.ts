import { ProgramCode } from "../../engine/context.ts";
import * as layout from "../../engine/layout.ts";
import type { CpuCore, HelperMap } from "../core.ts";
import { ProgramInterruptionSignal } from "../program-interruption.ts";
import { Psw } from "../psw.ts";
import { READ, WRITE } from "../storage.ts";
import { checkKey, KeyedOperand, moveKeyed, pswKey, pswSpace, Space } from "./keyed-access.ts";
import { is64Bit } from "./operand-cursor.ts";

const target = new KeyedOperand();
const source = new KeyedOperand();

/** CR0 bit 37: secondary-space control. */
const CR0_SECONDARY_SPACE = 0x0400_0000;

/** Sets an operand at base + displacement. */
function setOperand(core: CpuCore, operand: KeyedOperand, base: number, displacement: number, key: number, space: number): void {
  const high = core.addressHigh(base, displacement);
  operand.set(core, high, core.addressLow, key, space, base & 15);
}

/** Length in a register: all of it in 64-bit mode; more than `limit` counts as `limit`, with condition code 3. */
function trueLength(core: CpuCore, register: number, limit: number): number {
  const { registers } = core;
  const low = registers.low(register);
  const isLonger = low > limit || (is64Bit(core) && registers.high(register) !== 0);
  registers.cc = isLonger ? 3 : 0;
  return isLonger ? limit : low;
}

/** MVCP and MVCS: between the primary and the secondary space; the secondary one is accessed with the key in r3. */
function moveBetweenSpaces(core: CpuCore, toPrimary: boolean): void {
  const { operands, registers } = core;
  const space = pswSpace(core);
  const isAllowed = (registers.pswHigh & Psw.translation) !== 0 && (space === Space.primary || space === Space.secondary);
  if (!isAllowed || (registers.controlLow(0) & CR0_SECONDARY_SPACE) === 0) core.program(ProgramCode.specialOperation);
  const key = (registers.low(operands.r3) >>> 4) & 15;
  checkKey(core, key);
  setOperand(core, target, operands.b1, operands.d1, toPrimary ? pswKey(core) : key, toPrimary ? Space.primary : Space.secondary);
  setOperand(core, source, operands.b2, operands.d2, toPrimary ? key : pswKey(core), toPrimary ? Space.secondary : Space.primary);
  finishMove(core, operands.r1, 256);
}

/** Moves, and sets the condition code only when that succeeded. */
function finishMove(core: CpuCore, lengthRegister: number, limit: number): void {
  const { registers } = core;
  const before = registers.cc;
  const length = trueLength(core, lengthRegister, limit);
  const cc = registers.cc;
  registers.cc = before;
  moveKeyed(core, target, source, length);
  registers.cc = cc;
}

/** MVCSK and MVCDK: one operand with the key in register 1, length less one in register 0. */
function moveWithOneKey(core: CpuCore, isSourceKeyed: boolean): void {
  const { operands, registers } = core;
  const key = (registers.low(1) >>> 4) & 15;
  checkKey(core, key);
  const space = pswSpace(core);
  setOperand(core, target, operands.b1, operands.d1, isSourceKeyed ? pswKey(core) : key, space);
  setOperand(core, source, operands.b2, operands.d2, isSourceKeyed ? key : pswKey(core), space);
  moveKeyed(core, target, source, (registers.low(0) & 0xff) + 1);
}

/** Moves between spaces or with access keys (PoP chapter 10). */
export const moveKeyedHelpers: HelperMap = {
  mvcp: (core) => moveBetweenSpaces(core, true),
  mvcs: (core) => moveBetweenSpaces(core, false),
  mvck(core) {
    const { operands, registers } = core;
    const key = (registers.low(operands.r3) >>> 4) & 15;
    checkKey(core, key);
    const space = pswSpace(core);
    setOperand(core, target, operands.b1, operands.d1, pswKey(core), space);
    setOperand(core, source, operands.b2, operands.d2, key, space);
    finishMove(core, operands.r1, 256);
  },
  mvcsk: (core) => moveWithOneKey(core, true),
  mvcdk: (core) => moveWithOneKey(core, false),
  /**
   * MOVE WITH OPTIONAL SPECIFICATIONS. Register 0 has an operand-access control for each operand: key (4 bits), space
   * (bits 8-9), and whether they hold (bits 14 and 15); what does not is taken from the PSW.
   */
  mvcos(core) {
    const { operands, registers } = core;
    if ((registers.pswHigh & Psw.translation) === 0) core.program(ProgramCode.specialOperation);
    const controls = registers.low(0);
    const space1 = (controls & 0x1_0000) !== 0 ? (controls >>> 22) & 3 : pswSpace(core);
    const space2 = (controls & 0x1) !== 0 ? (controls >>> 6) & 3 : pswSpace(core);
    const key1 = (controls & 0x2_0000) !== 0 ? controls >>> 28 : pswKey(core);
    const key2 = (controls & 0x2) !== 0 ? (controls >>> 12) & 15 : pswKey(core);
    if (core.problemState && (controls & 0x1_0000) !== 0 && space1 === Space.home) core.program(ProgramCode.specialOperation);
    if ((space1 === Space.secondary || space2 === Space.secondary) && (registers.controlLow(0) & CR0_SECONDARY_SPACE) === 0)
      core.program(ProgramCode.specialOperation);
    checkKey(core, key1);
    checkKey(core, key2);
    setOperand(core, target, operands.b1, operands.d1, key1, space1);
    setOperand(core, source, operands.b2, operands.d2, key2, space2);
    finishMove(core, operands.r3, 4096);
  },
  /** MOVE PAGE. Register 0: bits 48-51 zero, a key for one of the operands, and condition codes for invalid pages. */
  mvpg(core) {
    const { operands, registers, storage } = core;
    const options = registers.low(0);
    const isTargetKeyed = (options & 0x800) !== 0;
    const isSourceKeyed = (options & 0x400) !== 0;
    core.specificationIf((options & 0xf000) !== 0 || (isTargetKeyed && isSourceKeyed));
    const key = (options >>> 4) & 15;
    if (isTargetKeyed || isSourceKeyed) checkKey(core, key);
    const space = pswSpace(core);
    const set = (operand: KeyedOperand, register: number, isKeyed: boolean): void => {
      const low = (registers.low(register) & storage.maskLow & ~0xfff) >>> 0;
      operand.set(core, (registers.high(register) & storage.maskHigh) >>> 0, low, isKeyed ? key : pswKey(core), space, register);
    };
    set(target, operands.r1, isTargetKeyed);
    set(source, operands.r2, isSourceKeyed);
    if ((options & 0x100) !== 0) {
      if (!isPageValid(core, source, READ)) {
        registers.cc = 2;
        return;
      }
      if (!isPageValid(core, target, WRITE)) {
        registers.cc = 1;
        return;
      }
    }
    moveKeyed(core, target, source, 4096);
    registers.cc = 0;
  },
};

/** Resolves a page; answers a page-translation exception with false. */
function isPageValid(core: CpuCore, operand: KeyedOperand, access: typeof READ | typeof WRITE): boolean {
  try {
    operand.resolve(core, 4096, access);
    return true;
  } catch (error) {
    if (!(error instanceof ProgramInterruptionSignal) || core.registers.word(layout.PROGRAM_CODE) !== ProgramCode.pageTranslation)
      throw error;
    return false;
  }
}
