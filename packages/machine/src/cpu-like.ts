import type { GuestMemory } from "@zarch/guest-memory";
import type { InitialPsw } from "./ipl/ipl-program.ts";

/** Why a CPU came back from {@link CpuLike.run}. */
export type CpuExit =
  /** The budget is used up. */
  | "budget"
  /** An enabled wait: nothing to do until an interruption is pending. */
  | "wait"
  /** A wait with all interruptions off. */
  | "disabled-wait"
  /** The stopped state, by SIGP stop or {@link CpuLike.stop}. */
  | "stopped"
  /** Interruptions or program checks that lead to themselves for ever, or another check-stop condition. */
  | "check-stop";

/** What a CPU has compiled of its guest's code, if it compiles. */
export interface CompiledCode {
  /** Pieces of compiled code there are now. */
  readonly present: number;
  /** Pieces ever compiled, and how many of them were given up as the guest changed its code. */
  readonly compiled: number;
  readonly changed: number;
}

/** What a machine needs of its CPU. `@zarch/s390x-cpu` is adapted to it; tests bring a CPU that plays a script. */
export interface CpuLike {
  readonly memory: GuestMemory;
  /** Runs for about as long as `budget` says, in units of the CPU's choice (instructions, branches). */
  run(budget: number): CpuExit;
  /** Stops the CPU before its next instruction. It leaves the stopped state by {@link loadPsw}. */
  stop(): void;
  /** A source of interruptions around the CPU has something pending; the CPU polls its ports soon. */
  attention(): void;
  /** When a timer interruption will be accepted in the present wait, as a time of the machine's clock in ns; or undefined. */
  nextAlarm(): number | undefined;
  /** The resets of PoP chapter 4: CPU reset, initial CPU reset, clear reset (which also clears storage). */
  reset(kind: "cpu" | "initial-cpu" | "clear"): void;
  loadPsw(psw: InitialPsw): void;
  psw(): InitialPsw;
  readonly compiledCode?: CompiledCode | undefined;
  /** Gives up what the CPU holds. It is not used afterwards. */
  dispose?(): void;
}
