export {
  type CcwAddress,
  type CcwDevice,
  type CcwOptions,
  ccw,
  formatCcwAddress,
  parseCcwAddress,
  type RingOptions,
} from "@zarch/transport-ccw";
export type { CompiledCode, CpuExit, CpuLike } from "./cpu-like.ts";
export { createMachine } from "./create-machine.ts";
export {
  type DeviceAddress,
  formatDeviceAddress,
  type PageDeviceAddress,
  type PciDeviceAddress,
  parseDeviceAddress,
} from "./device-address.ts";
export type { Diag308Reset } from "./diagnose/diag-308.ts";
export type { Hypercall } from "./diagnose/diag-500.ts";
export { type InitialPsw, type IplProgram, pswFor64BitMode, type RawProgramOptions, rawProgram } from "./ipl/ipl-program.ts";
export { type ImageFile, isLinux, type LinuxOptions, linux } from "./ipl/linux.ts";
export type { Machine, MachineState } from "./machine.ts";
export type { AttachedDevice, DeviceBus, DeviceHost, MachineDevice } from "./machine-device.ts";
export type { MachineEvents, MachineExit, ResetKind } from "./machine-events.ts";
export type { MachineObserver } from "./machine-observer.ts";
export type {
  ConsoleOutput,
  CpuEngine,
  CpuFactory,
  CpuPorts,
  LineModeConsoleMachineOptions,
  MachineConsoleOptions,
  MachineOptions,
} from "./machine-options.ts";
export { type PciOptions, pci } from "./pci.ts";
export { type CpuProfile, type CpuProfileNode, cpuProfile } from "./profile/cpu-profile.ts";
export { type HotPlace, hotPlaces } from "./profile/hot-places.ts";
export {
  guestTiers,
  type Profile,
  type ProfiledCompilation,
  type ProfiledInstruction,
  type ProfilePlace,
  type ProfileSample,
  type ProfileTotals,
  type Tier,
  type TierTimes,
  tiers,
} from "./profile/profile.ts";
export { Profiler, type ProfilerOptions } from "./profile/profiler.ts";
export { profileReport } from "./profile/report.ts";
export type { CodeSymbol, SymbolFile } from "./profile/symbol-file.ts";
export { type NamedPlace, readSymbols, SymbolTable } from "./profile/symbols.ts";
export { type TraceEvent, type TraceFile, traceEvents } from "./profile/trace-events.ts";
export { s390Legacy } from "./s390-legacy.ts";
export { systemClock, systemEntropy } from "./system.ts";
