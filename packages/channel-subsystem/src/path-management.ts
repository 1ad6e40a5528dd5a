/** Bits of PMCW word 1 bits 0-15 (PoP chapter 15, "Path-Management-Control Word"). */
export const PmcwFlags = {
  interruptionSubclassShift: 11,
  interruptionSubclass: 0x3800,
  enabled: 0x0080,
  limitMode: 0x0060,
  limitModeLow: 0x0020,
  limitModeHigh: 0x0040,
  measurementBlockUpdate: 0x0010,
  deviceConnectTime: 0x0008,
  multipath: 0x0004,
  timing: 0x0002,
  deviceNumberValid: 0x0001,
  reserved: 0xc700,
} as const;

/** Bits of PMCW word 6. */
export const PmcwCharacteristics = {
  subchannelType: 0x00e0_0000,
  measurementBlockFormat1: 0x0000_0004,
  extendedMeasurementWord: 0x0000_0002,
  concurrentSense: 0x0000_0001,
  reserved: 0xff1f_fff8,
} as const;

const modifiableFlags =
  PmcwFlags.interruptionSubclass |
  PmcwFlags.enabled |
  PmcwFlags.limitMode |
  PmcwFlags.measurementBlockUpdate |
  PmcwFlags.deviceConnectTime |
  PmcwFlags.multipath;
const modifiableCharacteristics = PmcwCharacteristics.measurementBlockFormat1 | PmcwCharacteristics.concurrentSense;

/** Bytes of a path-management-control word. */
export const pmcwLength = 28;

/** A channel path as a subchannel sees it. */
export interface ChannelPathAssignment {
  /** Channel-path identifier, 0 to 255. */
  readonly chpid: number;
  /** Channel-path type as CHSC reports it, for instance 0x32 for virtio. */
  readonly type: number;
}

/** The path-management-control word of an I/O subchannel (PoP chapter 15). */
export class PathManagementControlWord {
  /** Interruption parameter, 32 bits. */
  interruptionParameter = 0;
  /** {@link PmcwFlags} */
  flags: number = PmcwFlags.deviceNumberValid;
  readonly deviceNumber: number;
  logicalPathMask = 0;
  pathNotOperationalMask = 0;
  lastPathUsedMask = 0;
  readonly pathInstalledMask: number;
  measurementBlockIndex = 0;
  pathOperationalMask = 0xff;
  pathAvailableMask: number;
  readonly paths: readonly ChannelPathAssignment[];
  /** {@link PmcwCharacteristics} */
  characteristics = 0;

  /** @param paths one to eight channel paths; path n is bit 0x80 >> n of the masks */
  constructor(deviceNumber: number, paths: readonly ChannelPathAssignment[]) {
    this.deviceNumber = deviceNumber;
    this.paths = paths;
    this.pathInstalledMask = (0xff00 >> paths.length) & 0xff;
    this.pathAvailableMask = this.pathInstalledMask;
    this.logicalPathMask = this.pathInstalledMask;
  }

  get enabled(): boolean {
    return (this.flags & PmcwFlags.enabled) !== 0;
  }

  get interruptionSubclass(): number {
    return (this.flags & PmcwFlags.interruptionSubclass) >> PmcwFlags.interruptionSubclassShift;
  }

  get concurrentSense(): boolean {
    return (this.characteristics & PmcwCharacteristics.concurrentSense) !== 0;
  }

  /** Back to what a subsystem reset leaves. */
  reset(): void {
    this.interruptionParameter = 0;
    this.flags = PmcwFlags.deviceNumberValid;
    this.logicalPathMask = this.pathInstalledMask;
    this.pathNotOperationalMask = 0;
    this.lastPathUsedMask = 0;
    this.measurementBlockIndex = 0;
    this.pathOperationalMask = 0xff;
    this.characteristics = 0;
  }

  store(view: DataView, offset: number): void {
    view.setUint32(offset, this.interruptionParameter);
    view.setUint16(offset + 4, this.flags);
    view.setUint16(offset + 6, this.deviceNumber);
    view.setUint8(offset + 8, this.logicalPathMask);
    view.setUint8(offset + 9, this.pathNotOperationalMask);
    view.setUint8(offset + 10, this.lastPathUsedMask);
    view.setUint8(offset + 11, this.pathInstalledMask);
    view.setUint16(offset + 12, this.measurementBlockIndex);
    view.setUint8(offset + 14, this.pathOperationalMask);
    view.setUint8(offset + 15, this.pathAvailableMask);
    for (let path = 0; path < 8; path++) view.setUint8(offset + 16 + path, this.paths[path]?.chpid ?? 0);
    view.setUint32(offset + 24, this.characteristics);
  }

  /** Takes over the fields that MODIFY SUBCHANNEL may change; the others keep their values. */
  modify(view: DataView, offset: number): void {
    this.interruptionParameter = view.getUint32(offset);
    this.flags = (this.flags & ~modifiableFlags) | (view.getUint16(offset + 4) & modifiableFlags);
    this.logicalPathMask = view.getUint8(offset + 8);
    this.measurementBlockIndex = view.getUint16(offset + 12);
    this.pathOperationalMask = view.getUint8(offset + 14);
    this.characteristics =
      ((this.characteristics & ~modifiableCharacteristics) | (view.getUint32(offset + 24) & modifiableCharacteristics)) >>> 0;
  }
}
