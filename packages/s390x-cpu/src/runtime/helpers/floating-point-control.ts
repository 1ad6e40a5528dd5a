import type { CpuCore, HelperMap } from "../core.ts";
import { dataException } from "../program-interruption.ts";
import { DXC_BFP_INSTRUCTION, DXC_DFP_INSTRUCTION, requireAfpRegisters } from "./bfp-operands.ts";
import { readOperand } from "./operand-access.ts";

/** FPC bits that must be zero (PoP chapter 9, "Floating-Point-Control Register"). */
const RESERVED = 0x0303_0088;
const BFP_ROUNDING = 0x0000_0007;
const DFP_ROUNDING = 0x0000_0070;
const FLAGS = 0x00ff_0000;

/** IEEE exceptions in the order of masks and flags, as in FPC bytes 0 and 1. */
const INVALID = 0x80;
const DIVIDE_BY_ZERO = 0x40;
const OVERFLOW = 0x20;
const UNDERFLOW = 0x10;
const INEXACT = 0x08;
const QUANTUM = 0x04;
/** What a data-exception code has in its right bits when the exception is simulated. */
const SIMULATED = 0x03;

/** A value for the FPC: no reserved bits, and a rounding mode that exists (4, 5 and 6 do not). */
function checkedFpc(core: CpuCore, value: number): number {
  const rounding = value & BFP_ROUNDING;
  core.specificationIf((value & RESERVED) !== 0 || (rounding >= 4 && rounding <= 6));
  return value;
}

function addressLow(core: CpuCore): number {
  const { operands } = core;
  core.addressHigh(operands.b2, operands.d2);
  return core.addressLow;
}

/** Data-exception code for the exceptions that are both signaled and enabled; 0 for none. */
function simulatedCode(signaled: number): number {
  if (signaled === 0) return 0;
  for (const first of [INVALID, DIVIDE_BY_ZERO]) if ((signaled & first) !== 0) return first | SIMULATED;
  for (const first of [OVERFLOW, UNDERFLOW]) if ((signaled & first) !== 0) return (signaled & (first | INEXACT)) | SIMULATED;
  return (signaled & INEXACT) !== 0 ? INEXACT | SIMULATED : QUANTUM | SIMULATED;
}

/** LOAD FPC AND SIGNAL, SET FPC AND SIGNAL: the old flags stay on, and those that the new masks enable are presented. */
function signal(core: CpuCore, value: number): void {
  const { registers } = core;
  const flags = registers.fpc & FLAGS;
  registers.fpc = (checkedFpc(core, value) | flags) >>> 0;
  const code = simulatedCode((flags >>> 16) & (value >>> 24) & 0xfc);
  if (code !== 0) dataException(registers, code);
}

function setRounding(core: CpuCore, mask: number, value: number): void {
  core.registers.fpc = ((core.registers.fpc & ~mask) | value) >>> 0;
}

/** Instructions on the floating-point-control register (PoP chapters 9 and 19). */
export const floatingPointControlHelpers: HelperMap = {
  lfpc(core) {
    requireAfpRegisters(core, DXC_BFP_INSTRUCTION);
    core.registers.fpc = checkedFpc(core, readOperand(core, 4).getUint32(0));
  },
  sfpc(core) {
    requireAfpRegisters(core, DXC_BFP_INSTRUCTION);
    core.registers.fpc = checkedFpc(core, core.registers.low(core.operands.r1));
  },
  srnm(core) {
    requireAfpRegisters(core, DXC_BFP_INSTRUCTION);
    setRounding(core, BFP_ROUNDING, addressLow(core) & 3);
  },
  srnmb(core) {
    requireAfpRegisters(core, DXC_BFP_INSTRUCTION);
    const rounding = addressLow(core) & 0xff;
    core.specificationIf(rounding > 7 || (rounding >= 4 && rounding <= 6));
    setRounding(core, BFP_ROUNDING, rounding);
  },
  srnmt(core) {
    requireAfpRegisters(core, DXC_DFP_INSTRUCTION);
    setRounding(core, DFP_ROUNDING, (addressLow(core) & 7) << 4);
  },
  lfas(core) {
    requireAfpRegisters(core, DXC_DFP_INSTRUCTION);
    signal(core, readOperand(core, 4).getUint32(0));
  },
  sfasr(core) {
    requireAfpRegisters(core, DXC_DFP_INSTRUCTION);
    signal(core, core.registers.low(core.operands.r1));
  },
};
