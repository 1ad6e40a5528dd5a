import type { GuestMemory } from "@zarch/guest-memory";
import type { InitialPsw } from "./ipl/ipl-program.ts";

/** Why a CPU came back from {@link CpuLike.run}. */
export type CpuExit =
  /** The budget is used up. */
  | "budget"
  /** {@link CpuLike.interruptRun} was called; nothing is lost, the next run goes on. */
  | "attention"
  /** An enabled wait: nothing to do until an interruption is pending. */
  | "wait"
  /** A wait with all interruptions off. */
  | "disabled-wait"
  /** The stopped state (SIGP stop). */
  | "stopped"
  /** Interruptions or program checks that lead to themselves for ever, or another check-stop condition. */
  | "check-stop";

/** What a machine needs of its CPU. `@zarch/s390x-cpu` is adapted to it; tests bring a CPU that plays a script. */
export interface CpuLike {
  readonly memory: GuestMemory;
  /** Runs at most about `budget` instructions. */
  run(budget: number): CpuExit;
  /** Makes a run that is under way return before its next instruction (`"attention"`), if it does not return for another reason. */
  interruptRun(): void;
  /** A source of interruptions around the CPU has something pending; the CPU polls its ports soon. */
  attention(): void;
  /** When a timer interruption will be accepted in the present wait, as a time of the machine's clock in ns; or undefined. */
  nextAlarm(): number | undefined;
  /** The resets of PoP chapter 4: CPU reset, initial CPU reset, clear reset (which also clears storage). */
  reset(kind: "cpu" | "initial-cpu" | "clear"): void;
  loadPsw(psw: InitialPsw): void;
  psw(): InitialPsw;
  /** Gives up what the CPU holds. It is not used afterwards. */
  dispose?(): void;
}
