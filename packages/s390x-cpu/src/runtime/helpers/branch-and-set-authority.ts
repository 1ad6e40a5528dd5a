import { ProgramCode } from "../../engine/context.ts";
import { requireWords } from "../asn-use.ts";
import type { CpuCore, HelperMap } from "../core.ts";
import { isPswValid, Psw } from "../psw.ts";
import { changeDispatchableUnit, dispatchableUnit } from "../subspace.ts";
import { branchInMode, linkInMode } from "./link.ts";

/** Offsets in the dispatchable-unit control table, and bits of its word 5. */
const AUTHORITY = 20;
const RETURN_ADDRESS = 32;
const REDUCED_AUTHORITY = 0x08;
const PROBLEM_STATE = 0x01;

/** Into reduced authority: what r1 takes away is kept in the control table. */
function reduceAuthority(core: CpuCore, table: number): void {
  const { registers, operands, memory } = core;
  if (operands.r2 === 0) core.program(ProgramCode.specialOperation);
  const given = registers.low(operands.r1);
  const keyMask = registers.controlLow(3) & 0xffff_0000;
  const key = (given >>> 4) & 15;
  if (core.problemState && (keyMask & (0x8000_0000 >>> key)) === 0) core.program(ProgramCode.privilegedOperation);
  const high = registers.high(operands.r2);
  const low = registers.low(operands.r2);
  const ownKey = (registers.pswHigh & Psw.key) >>> Psw.keyShift;
  const authority = keyMask | (ownKey << 4) | REDUCED_AUTHORITY | (core.problemState ? PROBLEM_STATE : 0);
  memory.storeUint32(table + AUTHORITY, authority >>> 0, "big");
  core.advance();
  const isExtended = (registers.pswHigh & Psw.extendedAddressing) !== 0;
  memory.storeUint32(table + RETURN_ADDRESS, registers.addressHigh, "big");
  memory.storeUint32(
    table + RETURN_ADDRESS + 4,
    isExtended ? registers.addressLow : (registers.addressLow | registers.pswLow) >>> 0,
    "big",
  );
  registers.setControl(3, registers.controlHigh(3), (registers.controlLow(3) & (given | 0xffff)) >>> 0);
  registers.pswHigh = ((registers.pswHigh & ~Psw.key) | (key << Psw.keyShift) | Psw.problem) >>> 0;
  branchInMode(core, high, low);
}

/** Back to base authority, where it was left. */
function restoreAuthority(core: CpuCore, table: number, authority: number): void {
  const { registers, operands, memory } = core;
  if (operands.r2 !== 0) core.program(ProgramCode.specialOperation);
  const high = memory.loadUint32(table + RETURN_ADDRESS, "big");
  const low = memory.loadUint32(table + RETURN_ADDRESS + 4, "big");
  memory.storeUint32(table + AUTHORITY, (authority & ~REDUCED_AUTHORITY) >>> 0, "big");
  linkInMode(core, operands.r1);
  registers.setControl(3, registers.controlHigh(3), ((authority & 0xffff_0000) | (registers.controlLow(3) & 0xffff)) >>> 0);
  const state = (((authority >>> 4) & 15) << Psw.keyShift) | ((authority & PROBLEM_STATE) !== 0 ? Psw.problem : 0);
  registers.pswHigh = ((registers.pswHigh & ~(Psw.key | Psw.problem)) | state) >>> 0;
  const isExtended = (registers.pswHigh & Psw.extendedAddressing) !== 0;
  branchInMode(core, high, low);
  // An address that does not fit 24 bits: the PSW is in place nevertheless.
  if (!isExtended && !isPswValid(registers.pswHigh, registers.pswLow, 0, registers.addressLow))
    core.interruptProgram(ProgramCode.specification, 0);
}

/** BRANCH AND SET AUTHORITY (PoP chapter 10). */
export const branchAndSetAuthorityHelpers: HelperMap = {
  bsa(core) {
    const table = changeDispatchableUnit(core);
    const [authority] = requireWords(core, dispatchableUnit(core) + AUTHORITY, 1) as [number];
    if ((authority & REDUCED_AUTHORITY) === 0) reduceAuthority(core, table);
    else restoreAuthority(core, table, authority);
  },
};
