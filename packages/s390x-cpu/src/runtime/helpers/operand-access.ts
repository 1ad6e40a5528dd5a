import type { CpuCore } from "../core.ts";

/** Scratch for operands of up to a doubleword pair. */
const buffer = new Uint8Array(128);
const view = new DataView(buffer.buffer);

/** Reads `length` bytes at base + displacement (operand 2 of S, RS and RSY formats) into a shared view. */
export function readOperand(core: CpuCore, length: number, alignment = 1): DataView {
  const { operands } = core;
  const high = core.addressHigh(operands.b2, operands.d2);
  const low = core.addressLow;
  if (alignment > 1) core.specificationIf((low & (alignment - 1)) !== 0);
  core.storage.read(high, low, buffer.subarray(0, length), operands.b2 & 15);
  return view;
}

/** A shared view to fill before {@link writeOperand}. */
export function outgoing(): DataView {
  return view;
}

/** Writes the first `length` bytes of the shared view at base + displacement. */
export function writeOperand(core: CpuCore, length: number, alignment = 1): void {
  const { operands } = core;
  const high = core.addressHigh(operands.b2, operands.d2);
  const low = core.addressLow;
  if (alignment > 1) core.specificationIf((low & (alignment - 1)) !== 0);
  core.storage.write(high, low, buffer.subarray(0, length), operands.b2 & 15);
}

/** Real address to absolute address (prefixing). */
export function toAbsolute(core: CpuCore, real: number): number {
  const { prefix } = core.registers;
  if (real < 8192) return real + prefix;
  return real >= prefix && real < prefix + 8192 ? real - prefix : real;
}

/** A general register as a storage address in the current addressing mode; beyond 2^53 it is inexact, but never inside storage. */
export function registerAddress(core: CpuCore, register: number): number {
  const { registers, storage } = core;
  return ((registers.high(register) & storage.maskHigh) >>> 0) * 0x1_0000_0000 + ((registers.low(register) & storage.maskLow) >>> 0);
}
