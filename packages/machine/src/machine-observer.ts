import type { CpuObserver, ObservedCpu } from "@zarch/s390x-cpu";

/** Is told what a machine does with the host's thread, for a profile: see `Profiler`. */
export interface MachineObserver {
  /** The machine's CPU was made. @returns who is told what it does */
  observeCpu(cpu: ObservedCpu): CpuObserver;
  /** The guest waits or is held: until {@link wakes}, the thread does only what others want of it. */
  sleeps(): void;
  wakes(): void;
}
