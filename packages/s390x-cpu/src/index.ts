export { MAXIMUM_STORAGE } from "./engine/layout.ts";
export type { RegionCompiler, RegionReply, RegionRequest } from "./jit/region-request.ts";
export { createRegionServer } from "./jit/region-server.ts";
export { type LockstepDifference, LockstepError, type LockstepReport } from "./lockstep/lockstep-error.ts";
export type { CpuPorts } from "./runtime/core.ts";
export { Cpu, type CpuOptions, type CpuState, createCpu, type JitOptions, type RunResult } from "./runtime/cpu.ts";
export type { CpuIdentity } from "./runtime/identity.ts";
export type { CompiledRegion, CpuActivity, CpuLocation, CpuObserver, GuestSample, ObservedCpu } from "./runtime/observer.ts";
export type { RegionStatistics } from "./runtime/region-statistics.ts";
