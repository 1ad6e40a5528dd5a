import * as layout from "../engine/layout.ts";
import type { Registers } from "./registers.ts";

/**
 * Thrown by the runtime's half of an instruction to refuse it. One object for all, without a stack: the interruption's
 * data is in the CPU's state. Caught where the engine called the helper, never seen by users of the package.
 */
export class ProgramInterruptionSignal {
  readonly name = "ProgramInterruptionSignal";
}

const signal = new ProgramInterruptionSignal();

/** Refuses the current instruction with a program interruption. */
export function programInterruption(registers: Registers, code: number): never {
  registers.setWord(layout.PROGRAM_CODE, code);
  throw signal;
}

/** Refuses the current instruction with the program interruption that the engine has prepared already. */
export function preparedInterruption(): never {
  throw signal;
}

/** Data exception (code 7) with a data-exception code. */
export function dataException(registers: Registers, dxc: number): never {
  registers.setWord(layout.DXC, dxc);
  programInterruption(registers, 7);
}
