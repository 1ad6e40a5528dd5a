export * from "./adapter-interruptions.ts";
export { type Ccw, CcwFlags, CommonCommand } from "./ccw.ts";
export type { CcwDataStream } from "./ccw-data-stream.ts";
export * from "./channel-device.ts";
export * from "./channel-driver.ts";
export { type ChannelReport, ErrorRecovery, ReportingSource } from "./channel-report.ts";
export type { StorageKeyCheck } from "./channel-storage.ts";
export * from "./channel-subsystem.ts";
export { ChscCommand, ChscResponse } from "./chsc.ts";
export type { NotificationType } from "./event-information.ts";
export { irbLength } from "./irb.ts";
export { orbLength } from "./orb.ts";
export { type ChannelPathAssignment, type PathManagementControlWord, PmcwCharacteristics, PmcwFlags } from "./path-management.ts";
export { schibLength } from "./schib.ts";
export type { Subchannel } from "./subchannel.ts";
export {
  ActivityControl,
  DeviceStatus,
  FunctionControl,
  ScswFlags,
  StatusControl,
  SubchannelStatus,
  type SubchannelStatusWord,
} from "./subchannel-status.ts";
