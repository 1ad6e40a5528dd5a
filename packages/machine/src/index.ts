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
export { isLinux, type LinuxOptions, linux } from "./ipl/linux.ts";
export type { Machine, MachineState } from "./machine.ts";
export type { AttachedDevice, DeviceBus, DeviceHost, MachineDevice } from "./machine-device.ts";
export type { MachineEvents, MachineExit, ResetKind } from "./machine-events.ts";
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
export { s390Legacy } from "./s390-legacy.ts";
export { systemClock, systemEntropy } from "./system.ts";
