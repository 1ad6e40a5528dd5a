/** Function-control bits of SCSW bits 17-19, as they lie in the halfword of bits 16-31 (PoP chapter 16). */
export const FunctionControl = { start: 0x4000, halt: 0x2000, clear: 0x1000, all: 0x7000 } as const;

/** Activity-control bits of SCSW bits 20-26, in the same halfword. */
export const ActivityControl = {
  resumePending: 0x0800,
  startPending: 0x0400,
  haltPending: 0x0200,
  clearPending: 0x0100,
  subchannelActive: 0x0080,
  deviceActive: 0x0040,
  suspended: 0x0020,
  all: 0x0fe0,
} as const;

/** Status-control bits of SCSW bits 27-31, in the same halfword. */
export const StatusControl = {
  alert: 0x0010,
  intermediate: 0x0008,
  primary: 0x0004,
  secondary: 0x0002,
  pending: 0x0001,
  all: 0x001f,
} as const;

/** Bits 0-15 of the SCSW. */
export const ScswFlags = {
  keyShift: 12,
  suspendControl: 0x0800,
  extendedStatusFormat: 0x0400,
  deferredConditionCode: 0x0300,
  deferredConditionCodeShift: 8,
  format1: 0x0080,
  prefetch: 0x0040,
  initialStatusInterruption: 0x0020,
  addressLimitChecking: 0x0010,
  suppressSuspendedInterruption: 0x0008,
  zeroConditionCode: 0x0004,
  extendedControl: 0x0002,
  pathNotOperational: 0x0001,
} as const;

/** Device-status byte (PoP chapter 16, "Device Status"). */
export const DeviceStatus = {
  attention: 0x80,
  statusModifier: 0x40,
  controlUnitEnd: 0x20,
  busy: 0x10,
  channelEnd: 0x08,
  deviceEnd: 0x04,
  unitCheck: 0x02,
  unitException: 0x01,
} as const;

/** Subchannel-status byte (PoP chapter 16, "Subchannel Status"). */
export const SubchannelStatus = {
  programControlledInterruption: 0x80,
  incorrectLength: 0x40,
  programCheck: 0x20,
  protectionCheck: 0x10,
  channelDataCheck: 0x08,
  channelControlCheck: 0x04,
  interfaceControlCheck: 0x02,
  chainingCheck: 0x01,
} as const;

/** Bytes of a subchannel-status word. */
export const scswLength = 12;

/** The subchannel-status word of a command-mode subchannel (PoP chapter 16). */
export class SubchannelStatusWord {
  /** Bits 0-15: {@link ScswFlags}. */
  flags = 0;
  /** Bits 16-31: {@link FunctionControl}, {@link ActivityControl} and {@link StatusControl}. */
  control = 0;
  /** Absolute address of the last channel-command word used, plus 8. */
  ccwAddress = 0;
  /** {@link DeviceStatus} */
  deviceStatus = 0;
  /** {@link SubchannelStatus} */
  subchannelStatus = 0;
  /** Residual count of the last channel-command word used, in bytes. */
  count = 0;

  clear(): void {
    this.flags = 0;
    this.control = 0;
    this.ccwAddress = 0;
    this.deviceStatus = 0;
    this.subchannelStatus = 0;
    this.count = 0;
  }

  has(bits: number): boolean {
    return (this.control & bits) !== 0;
  }

  /** Writes the twelve bytes of the word at `offset`. */
  store(view: DataView, offset: number): void {
    view.setUint16(offset, this.flags);
    view.setUint16(offset + 2, this.control);
    view.setUint32(offset + 4, this.ccwAddress);
    view.setUint8(offset + 8, this.deviceStatus);
    view.setUint8(offset + 9, this.subchannelStatus);
    view.setUint16(offset + 10, this.count);
  }
}
