import type { Instruction } from "@zarch/s390x-isa";
import type { RegionStatistics } from "./region-statistics.ts";

/**
 * What the host's thread does for a CPU, as far as it can be told apart:
 *
 * - `guest`: guest instructions, in the interpreter or in compiled regions; {@link GuestSample} tells how much of it was which
 * - `runtime`: the runtime's halves of instructions, and interruptions
 * - `devices`: what is around the CPU, called through its ports
 * - `compiler`: selection of regions and generation of their WebAssembly
 * - `host-compiler`: the host's compilation of it
 */
export type CpuActivity = "guest" | "runtime" | "devices" | "compiler" | "host-compiler";

/** Where a CPU is. The address has 64 bits, in two unsigned halves. */
export interface CpuLocation {
  readonly high: number;
  readonly low: number;
  /** The program runs in the problem state: in Linux, in user space. */
  readonly isProblemState: boolean;
}

/** A moment between two guest instructions. */
export interface GuestSample {
  /** Where the CPU has just been. The location is that of the next instruction. */
  readonly tier: "interpreter" | "compiled";
  /** Since the last sample: branches taken in the interpreter, and steps from block to block in regions. Both are some five instructions. */
  readonly branches: number;
  /** Since the last sample: nanoseconds of the activity `guest` that were spent in regions. An estimate, from some of the visits. */
  readonly compiledTime: number;
}

/** A region was compiled and will run from now on. */
export interface CompiledRegion {
  /** Virtual address of its first instruction. */
  readonly address: bigint;
  /** Guest instructions in it. */
  readonly instructions: number;
  /** Bytes of WebAssembly. */
  readonly bytes: number;
}

/** What an observer may ask of its CPU at any time. */
export interface ObservedCpu {
  /** The instruction whose half the runtime performs, or else the next one. */
  location(): CpuLocation;
  /** Undefined without a compiler. */
  readonly regionStatistics: Readonly<RegionStatistics> | undefined;
}

/**
 * Is told what a CPU does, for a profile of it. All calls come from within {@link Cpu.run} and its like, on the CPU's thread. An observer
 * must not throw, nor change anything of the CPU.
 */
export interface CpuObserver {
  /**
   * An activity begins. Activities nest: the outer one goes on at the inner one's {@link end}.
   * @param instruction with `runtime`: the one that the runtime performs; undefined for interruptions and all else
   */
  begin(activity: CpuActivity, instruction?: Instruction): void;
  end(): void;
  /**
   * Comes about every so many branches, at random ones.
   * @returns how many branches are to be taken before the next sample, 1 or more
   */
  sample(sample: GuestSample): number;
  /** Comes in the activity `compiler`. */
  regionCompiled(region: CompiledRegion): void;
}
