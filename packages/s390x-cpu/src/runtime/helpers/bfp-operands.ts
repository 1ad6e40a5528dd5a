import { BfpContext } from "../../bfp/index.ts";
import type { CpuCore } from "../core.ts";
import { dataException } from "../program-interruption.ts";

/** Control register 0 bit 45: AFP-register control. */
const AFP_REGISTER_CONTROL = 0x0004_0000;
export const DXC_BFP_INSTRUCTION = 2;
export const DXC_DFP_INSTRUCTION = 3;
/** M4 bit 1: the inexact exception is suppressed. */
const SUPPRESS_INEXACT = 4;

/** Environment and result of the BFP operation at hand. */
export const bfp = new BfpContext();
/** Words of the second operand, left-aligned. */
export const second = new Int32Array(4);

const buffer = new Uint8Array(8);
const view = new DataView(buffer.buffer);
const wordBuffer = buffer.subarray(0, 4);

/** Refuses a floating-point instruction of another class than HFP while the AFP-register control is off. */
export function requireAfpRegisters(core: CpuCore, dxc: number): void {
  if ((core.registers.controlLow(0) & AFP_REGISTER_CONTROL) === 0) dataException(core.registers, dxc);
}

/** Begins a BFP instruction. */
export function begin(core: CpuCore): void {
  requireAfpRegisters(core, DXC_BFP_INSTRUCTION);
  bfp.fpc = core.registers.fpc | 0;
}

/** The word, or both words, of a storage operand 2 with base and index. */
export function loadStorage(core: CpuCore, bytes: 4 | 8): void {
  const { operands } = core;
  const high = core.addressHigh(operands.b2, operands.d2, operands.x2);
  core.storage.read(high, core.addressLow, bytes === 8 ? buffer : wordBuffer, operands.b2 & 15);
  second[0] = view.getInt32(0);
  if (bytes === 8) second[1] = view.getInt32(4);
}

/** Where operand 2 comes from; it is left in {@link second}. */
export type Source = (core: CpuCore) => void;

export const shortRegister: Source = (core) => {
  second[0] = core.registers.floatHigh(core.operands.r2);
};
export const shortStorage: Source = (core) => loadStorage(core, 4);
export const longRegister: Source = (core) => {
  const { registers, operands } = core;
  second[0] = registers.floatHigh(operands.r2);
  second[1] = registers.floatLow(operands.r2);
};
export const longStorage: Source = (core) => loadStorage(core, 8);
export const extendedRegister: Source = (core) => {
  const { registers, operands } = core;
  second[0] = registers.floatHigh(operands.r2);
  second[1] = registers.floatLow(operands.r2);
  second[2] = registers.floatHigh(operands.r2 + 2);
  second[3] = registers.floatLow(operands.r2 + 2);
};

/** Rounding method in M3, or another field of that kind. Method 2 and those from 8 on do not exist. */
export function roundingMethod(core: CpuCore, m: number = core.operands.m3): number {
  core.specificationIf(m === 2 || m > 7);
  return m;
}

export function inexactIsSuppressed(core: CpuCore): boolean {
  return (core.operands.m4 & SUPPRESS_INEXACT) !== 0;
}

/** Places a result in operand 1. */
export type Target = (core: CpuCore) => void;

export const toShort: Target = ({ registers, operands }) => registers.setFloat(operands.r1, bfp.r0 >>> 0, registers.floatLow(operands.r1));
export const toLong: Target = ({ registers, operands }) => registers.setFloat(operands.r1, bfp.r0 >>> 0, bfp.r1 >>> 0);
export const toExtended: Target = (core) => {
  const { registers, operands } = core;
  toLong(core);
  registers.setFloat(operands.r1 + 2, bfp.r2 >>> 0, bfp.r3 >>> 0);
};
export const toFixed32: Target = ({ registers, operands }) => registers.setLow(operands.r1, bfp.r0 >>> 0);
export const toFixed64: Target = ({ registers, operands }) => registers.set(operands.r1, bfp.r0 >>> 0, bfp.r1 >>> 0);
export const toNothing: Target = () => {};

/**
 * Ends a BFP instruction: places the result, condition code and flags, and presents the data exception of a trap, before
 * which a suppressed operation changes nothing.
 */
export function finish(core: CpuCore, target: Target, setsCc: boolean): void {
  const { registers } = core;
  if (!bfp.completed) dataException(registers, bfp.dxc);
  target(core);
  if (setsCc) registers.cc = bfp.cc;
  registers.fpc = bfp.fpc >>> 0;
  if (bfp.dxc !== 0) dataException(registers, bfp.dxc);
}
