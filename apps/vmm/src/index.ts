export { zarch } from "./cli.ts";
export { type DiskOption, parseDiskOption } from "./command-line/disk-option.ts";
export { ExitStatus } from "./command-line/exit-status.ts";
export { cacheDirectory, type DefaultGuest, type DefaultGuestOptions, loadDefaultGuest } from "./guest/default-guest.ts";
export { makeExt4Disk } from "./guest/disk-image.ts";
export { HostProcess } from "./host/process.ts";
export { answerMonitorLine, type MonitorTarget, runMonitorLine } from "./monitor/monitor.ts";
export { DiskSet } from "./session/disks.ts";
export { attachEntropyDevice, hostLogger } from "./session/machine.ts";
