import type { RegisterAccess } from "@zarch/vmm-interface";

/** Program interruption codes that the handlers of this package ask for. */
export const ProgramInterruption = { addressing: 5, specification: 6 } as const;

/** A 64-bit register as a number; at or above 2^53 inexact, but never below 2^53. */
export function registerValue(registers: RegisterAccess, register: number): number {
  return registers.high(register) * 0x1_0000_0000 + registers.low(register);
}
