import type { ChannelDevice, ChannelDevicePort, CommandEnd } from "./channel-device.ts";
import { ChannelStorage } from "./channel-storage.ts";
import { ControlUnit } from "./control-unit.ts";
import { storeIrb } from "./irb.ts";
import type { ChannelMonitor } from "./measurement.ts";
import type { OperationRequestBlock } from "./orb.ts";
import { type ChannelPathAssignment, PathManagementControlWord, PmcwCharacteristics, PmcwFlags } from "./path-management.ts";
import { measurementBlockOf, storeSchib, viewOf } from "./schib.ts";
import { StartFunction, type StartFunctionEnd, type StartFunctionListener } from "./start-function.ts";
import type { SubchannelEnvironment } from "./subchannel-environment.ts";
import {
  ActivityControl,
  DeviceStatus,
  FunctionControl,
  ScswFlags,
  StatusControl,
  SubchannelStatus,
  SubchannelStatusWord,
} from "./subchannel-status.ts";

const pendingFunctions =
  ActivityControl.resumePending |
  ActivityControl.startPending |
  ActivityControl.haltPending |
  ActivityControl.clearPending |
  ActivityControl.suspended;

/**
 * An I/O subchannel with the device behind it. Each method named after an I/O instruction returns its condition code
 * (PoP chapter 14); operands were checked before.
 */
export class Subchannel implements ChannelDevicePort {
  readonly scsw = new SubchannelStatusWord();
  readonly pmcw: PathManagementControlWord;
  readonly controlUnit: ControlUnit;
  readonly subsystemId: number;
  readonly cssid: number;
  readonly ssid: number;
  /** Subchannel number, 16 bits. */
  readonly number: number;
  /** Whether an I/O interruption for this subchannel is pending; kept by the environment's queue. */
  interruptionQueued = false;

  readonly #environment: SubchannelEnvironment<Subchannel>;
  readonly #monitor: ChannelMonitor;
  #measurementBlock = { high: 0, low: 0 };
  #start: StartFunction | undefined;
  /** Settles when the device is done with a command that was halted or cleared. */
  #deviceBusy: Promise<void> | undefined;
  /** Status that waits until the subchannel can take it. */
  #deferredAlert: CommandEnd | undefined;
  #attached = true;

  constructor(
    device: ChannelDevice,
    identity: { cssid: number; ssid: number; number: number; deviceNumber: number; paths: readonly ChannelPathAssignment[] },
    environment: SubchannelEnvironment<Subchannel>,
    monitor: ChannelMonitor,
  ) {
    this.controlUnit = new ControlUnit(device);
    this.cssid = identity.cssid;
    this.ssid = identity.ssid;
    this.number = identity.number;
    this.subsystemId = (0x0001_0000 | (identity.ssid << 17) | identity.number) >>> 0;
    this.pmcw = new PathManagementControlWord(identity.deviceNumber, identity.paths);
    this.#environment = environment;
    this.#monitor = monitor;
  }

  get deviceNumber(): number {
    return this.pmcw.deviceNumber;
  }

  get #statusPending(): boolean {
    return this.scsw.has(StatusControl.pending);
  }

  // ---- I/O instructions ----

  store(schib: Uint8Array): 0 {
    storeSchib(schib, this.pmcw, this.scsw, this.#measurementBlock.high, this.#measurementBlock.low);
    return 0;
  }

  modify(schib: Uint8Array): 0 | 1 | 2 {
    if (this.#statusPending) return 1;
    if (this.scsw.has(FunctionControl.all)) return 2;
    const wasEnabled = this.pmcw.enabled;
    this.pmcw.modify(viewOf(schib), 0);
    this.#measurementBlock = measurementBlockOf(schib);
    if (!this.pmcw.enabled) this.#deferredAlert = undefined;
    if (this.pmcw.enabled !== wasEnabled) this.controlUnit.device.enabledChanged?.(this.pmcw.enabled);
    return 0;
  }

  start(orb: OperationRequestBlock): 0 | 1 | 2 | 3 {
    const { scsw, pmcw } = this;
    if (!pmcw.enabled) return 3;
    if (this.#statusPending) return 1;
    if (scsw.has(FunctionControl.all | ActivityControl.deviceActive)) return 2;
    pmcw.interruptionParameter = orb.interruptionParameter;
    scsw.clear();
    scsw.flags = orb.controls & orbBitsInScsw;
    scsw.control = FunctionControl.start | ActivityControl.startPending;
    this.#measure();
    const start = new StartFunction(orb, this.#startEnvironment(orb), this.#listener);
    this.#start = start;
    this.#whenDeviceIsFree(start);
    return 0;
  }

  /** Fills the interruption-response block and clears the status that it shows. */
  test(irb: Uint8Array): 0 | 1 | 3 {
    const { scsw, pmcw } = this;
    if (!pmcw.enabled) return 3;
    if (!this.#statusPending) {
      storeIrb(irb, scsw, 0, undefined);
      return 1;
    }
    const withSense = (scsw.deviceStatus & DeviceStatus.unitCheck) !== 0 && pmcw.concurrentSense;
    if (withSense) scsw.flags |= ScswFlags.extendedControl;
    storeIrb(irb, scsw, pmcw.lastPathUsedMask, withSense ? this.controlUnit.takeSense() : undefined);
    this.#clearTestedStatus();
    this.#environment.withdrawInterruption(this);
    this.#presentDeferred();
    return 0;
  }

  clear(): 0 | 3 {
    if (!this.pmcw.enabled) return 3;
    this.#stop();
    this.#environment.withdrawInterruption(this);
    this.#deferredAlert = undefined;
    this.controlUnit.reset();
    this.controlUnit.device.clear?.();
    this.pmcw.pathNotOperationalMask = 0;
    this.pmcw.lastPathUsedMask = 0;
    this.pmcw.pathOperationalMask = 0xff;
    this.scsw.clear();
    this.scsw.control = FunctionControl.clear | StatusControl.pending;
    this.#environment.queueInterruption(this);
    return 0;
  }

  halt(): 0 | 1 | 2 | 3 {
    const { scsw } = this;
    if (!this.pmcw.enabled) return 3;
    const status = scsw.control & StatusControl.all;
    if (status === StatusControl.pending || (status & (StatusControl.alert | StatusControl.primary | StatusControl.secondary)) !== 0) {
      return 1;
    }
    if (scsw.has(FunctionControl.halt | FunctionControl.clear)) return 2;
    const started = scsw.has(FunctionControl.start);
    const active = scsw.has(ActivityControl.subchannelActive | ActivityControl.deviceActive);
    if (this.#start) scsw.ccwAddress = this.#start.ccwAddress;
    this.#stop();
    if (active) this.controlUnit.device.halt?.();
    scsw.deviceStatus = active ? DeviceStatus.channelEnd | DeviceStatus.deviceEnd : 0;
    scsw.control = (scsw.control & FunctionControl.all) | FunctionControl.halt | StatusControl.pending;
    if (started || active) scsw.control |= StatusControl.primary | StatusControl.secondary;
    this.#environment.queueInterruption(this);
    return 0;
  }

  resume(): 0 | 1 | 2 | 3 {
    const { scsw } = this;
    if (!this.pmcw.enabled) return 3;
    if (this.#statusPending) return 1;
    const start = this.#start;
    const onlyStarted = (scsw.control & FunctionControl.all) === FunctionControl.start;
    if (!start?.orb.suspendControl || !onlyStarted || scsw.has(ActivityControl.resumePending)) return 2;
    this.#measure();
    scsw.control |= ActivityControl.resumePending;
    if (scsw.has(ActivityControl.suspended)) this.#resume(start);
    return 0;
  }

  cancel(): 0 | 1 | 2 | 3 {
    const { scsw } = this;
    if (!this.pmcw.enabled) return 3;
    if (this.#statusPending) return 1;
    const cancellable = ActivityControl.resumePending | ActivityControl.startPending | ActivityControl.suspended;
    const onlyStarted = (scsw.control & FunctionControl.all) === FunctionControl.start;
    if (!onlyStarted || !scsw.has(cancellable) || scsw.has(ActivityControl.subchannelActive)) return 2;
    this.#stop();
    scsw.clear();
    this.#presentDeferred();
    return 0;
  }

  // ---- ChannelDevicePort ----

  present(status: number, sense?: Uint8Array): void {
    if (!this.pmcw.enabled || !this.#attached) return;
    const end: CommandEnd = sense === undefined ? { status } : { status, sense };
    if ((status & DeviceStatus.deviceEnd) !== 0 && this.#deviceEnd(end)) return;
    if (status === 0 && this.#statusPending) return;
    if (this.#statusPending || this.scsw.has(FunctionControl.all | ActivityControl.deviceActive)) {
      const waiting = this.#deferredAlert;
      this.#deferredAlert = waiting === undefined ? end : { ...waiting, ...end, status: waiting.status | status };
    } else this.#alert(end);
  }

  // ---- what the environment does with a subchannel ----

  /** Subsystem reset. */
  reset(): void | Promise<void> {
    const wasEnabled = this.pmcw.enabled;
    this.#quiesce();
    this.pmcw.reset();
    this.#measurementBlock = { high: 0, low: 0 };
    if (wasEnabled) this.controlUnit.device.enabledChanged?.(false);
    return this.controlUnit.device.reset?.();
  }

  detach(): void {
    this.#quiesce();
    this.#attached = false;
    this.controlUnit.device.attached?.(undefined);
  }

  /** Changes the path-available mask. I/O under way goes on. */
  setPathAvailable(chpid: number, available: boolean): void {
    for (const [index, path] of this.pmcw.paths.entries()) {
      if (path.chpid !== chpid) continue;
      const bit = 0x80 >> index;
      this.pmcw.pathAvailableMask = available ? this.pmcw.pathAvailableMask | bit : this.pmcw.pathAvailableMask & ~bit;
    }
  }

  /** A promise that settles when the device is done with all commands, or undefined if it is. */
  get busy(): Promise<void> | undefined {
    return this.#start?.pending ?? this.#deviceBusy;
  }

  #quiesce(): void {
    this.#stop();
    this.#environment.withdrawInterruption(this);
    this.#deferredAlert = undefined;
    this.controlUnit.reset();
    this.scsw.clear();
  }

  // ---- the start function ----

  readonly #listener: StartFunctionListener = {
    commandStarted: (first) => {
      const { scsw } = this;
      scsw.control &= ~ActivityControl.startPending;
      scsw.control |= ActivityControl.subchannelActive | ActivityControl.deviceActive;
      if (!first || (scsw.flags & ScswFlags.initialStatusInterruption) === 0) return;
      scsw.flags |= ScswFlags.zeroConditionCode;
      this.#intermediate(0);
    },
    programControlledInterruption: () => this.#intermediate(SubchannelStatus.programControlledInterruption),
    suspended: () => {
      const { scsw } = this;
      const resume = scsw.has(ActivityControl.resumePending);
      scsw.control &= ~(ActivityControl.all & ~ActivityControl.resumePending);
      scsw.control |= ActivityControl.suspended;
      const start = this.#start;
      if (resume && start) this.#environment.defer(() => this.#resumeLater(start));
      else if ((scsw.flags & ScswFlags.suppressSuspendedInterruption) === 0) this.#intermediate(0);
      else scsw.ccwAddress = start?.ccwAddress ?? 0;
    },
    ended: (end) => this.#startEnded(end),
  };

  #startEnvironment(orb: OperationRequestBlock) {
    const { memory, storageKeys, defer, logger } = this.#environment;
    const storage = new ChannelStorage(memory, storageKeys, orb.key, this.#addressLimit(orb));
    return { storage, controlUnit: this.controlUnit, defer, logger };
  }

  #addressLimit(orb: OperationRequestBlock) {
    const mode = this.pmcw.flags & PmcwFlags.limitMode;
    const limit = this.#environment.addressLimit();
    if (!orb.addressLimitChecking || mode === 0) return { mode: "none", limit } as const;
    return { mode: mode === PmcwFlags.limitModeLow ? "low" : "high", limit } as const;
  }

  /** A device executes one command at a time, also when the program has given up on the last one. */
  #whenDeviceIsFree(start: StartFunction): void {
    if (this.#deviceBusy !== undefined) {
      void this.#deviceBusy.then(() => {
        if (this.#start === start) this.#whenDeviceIsFree(start);
      });
    } else if (this.#selectPath(start.orb.logicalPathMask)) start.run();
    else this.#noPath(start.orb.logicalPathMask);
  }

  #selectPath(logicalPathMask: number): boolean {
    const usable = logicalPathMask & this.pmcw.pathAvailableMask & this.pmcw.pathInstalledMask;
    if (usable === 0) return false;
    this.pmcw.lastPathUsedMask = 0x80 >> (Math.clz32(usable) - 24);
    this.pmcw.pathOperationalMask |= this.pmcw.lastPathUsedMask;
    return true;
  }

  /** Deferred condition code 3: no path is operational. */
  #noPath(tried: number): void {
    this.pmcw.pathNotOperationalMask |= tried & this.pmcw.pathInstalledMask;
    this.#start = undefined;
    const { scsw } = this;
    scsw.flags |= ScswFlags.pathNotOperational | (3 << ScswFlags.deferredConditionCodeShift);
    scsw.control = FunctionControl.start | StatusControl.alert | StatusControl.primary | StatusControl.secondary | StatusControl.pending;
    this.#environment.queueInterruption(this);
  }

  #startEnded(end: StartFunctionEnd): void {
    const { scsw } = this;
    scsw.ccwAddress = this.#start?.ccwAddress ?? 0;
    this.#start = undefined;
    scsw.deviceStatus = end.deviceStatus;
    scsw.subchannelStatus |= end.subchannelStatus;
    scsw.count = end.count;
    if (!end.begun) scsw.flags |= 1 << ScswFlags.deferredConditionCodeShift;
    if (end.sense) this.controlUnit.keepSense(end.sense);
    // Only channel end: the device is still at work and ends later, with secondary status.
    const deviceActive = (end.deviceStatus & (DeviceStatus.channelEnd | DeviceStatus.deviceEnd)) === DeviceStatus.channelEnd;
    const unusual = (end.deviceStatus & ~(DeviceStatus.channelEnd | DeviceStatus.deviceEnd)) !== 0 || end.subchannelStatus !== 0;
    scsw.control &= ~ActivityControl.all;
    scsw.control |= StatusControl.primary | StatusControl.pending;
    scsw.control |= deviceActive ? ActivityControl.deviceActive : StatusControl.secondary;
    if (unusual) scsw.control |= StatusControl.alert;
    this.#environment.queueInterruption(this);
  }

  /** Device end after channel end. Returns whether something waited for it. */
  #deviceEnd(end: CommandEnd): boolean {
    if (this.#start) return this.#start.deviceEnd(end);
    const { scsw } = this;
    if (!scsw.has(ActivityControl.deviceActive)) return false;
    scsw.control &= ~ActivityControl.deviceActive;
    scsw.deviceStatus = (this.#statusPending ? scsw.deviceStatus : 0) | end.status;
    scsw.control |= StatusControl.secondary | StatusControl.pending;
    if ((end.status & ~DeviceStatus.deviceEnd) !== 0) scsw.control |= StatusControl.alert;
    if (end.sense) this.controlUnit.keepSense(end.sense);
    this.#environment.queueInterruption(this);
    return true;
  }

  #resume(start: StartFunction): void {
    this.scsw.control &= ~(ActivityControl.resumePending | ActivityControl.suspended);
    this.scsw.control |= ActivityControl.subchannelActive;
    start.run();
  }

  #resumeLater(start: StartFunction): void {
    if (this.#start === start && this.scsw.has(ActivityControl.suspended) && this.scsw.has(ActivityControl.resumePending))
      this.#resume(start);
  }

  #stop(): void {
    const start = this.#start;
    this.#start = undefined;
    if (!start) return;
    start.stop();
    if (start.pending === undefined) return;
    const busy = start.pending.then(() => {
      if (this.#deviceBusy === busy) this.#deviceBusy = undefined;
    });
    this.#deviceBusy = busy;
  }

  // ---- status ----

  #intermediate(subchannelStatus: number): void {
    const { scsw } = this;
    scsw.ccwAddress = this.#start?.ccwAddress ?? 0;
    scsw.subchannelStatus |= subchannelStatus;
    scsw.control |= StatusControl.intermediate | StatusControl.pending;
    this.#environment.queueInterruption(this);
  }

  #alert(end: CommandEnd): void {
    const { scsw } = this;
    scsw.clear();
    scsw.deviceStatus = end.status;
    scsw.control = StatusControl.alert | StatusControl.pending;
    if (end.sense) this.controlUnit.keepSense(end.sense);
    this.#environment.queueInterruption(this);
  }

  #presentDeferred(): void {
    const end = this.#deferredAlert;
    if (end === undefined || this.#statusPending || this.scsw.has(FunctionControl.all | ActivityControl.deviceActive)) return;
    this.#deferredAlert = undefined;
    this.#alert(end);
  }

  /** PoP chapter 14, TEST SUBCHANNEL: which conditions are cleared depends on the status that was pending. */
  #clearTestedStatus(): void {
    const { scsw } = this;
    const status = scsw.control & StatusControl.all;
    scsw.control &= ~StatusControl.all;
    scsw.subchannelStatus &= ~SubchannelStatus.programControlledInterruption;
    if (status === (StatusControl.intermediate | StatusControl.pending)) {
      scsw.flags &= ~ScswFlags.zeroConditionCode;
      if (scsw.has(ActivityControl.suspended)) scsw.control &= ~ActivityControl.resumePending;
      return;
    }
    scsw.control &= ~(FunctionControl.all | pendingFunctions);
    scsw.flags &= ~(ScswFlags.pathNotOperational | ScswFlags.zeroConditionCode | ScswFlags.extendedControl);
    scsw.deviceStatus = 0;
    scsw.subchannelStatus = 0;
    this.pmcw.pathNotOperationalMask = 0;
  }

  #measure(): void {
    const { pmcw } = this;
    if ((pmcw.flags & PmcwFlags.measurementBlockUpdate) === 0) return;
    const format1 = (pmcw.characteristics & PmcwCharacteristics.measurementBlockFormat1) !== 0;
    const { high, low } = this.#measurementBlock;
    const counted = format1
      ? this.#monitor.countFormat1(high * 0x1_0000_0000 + low)
      : this.#monitor.countFormat0(pmcw.measurementBlockIndex);
    // A block that cannot be stored ends the measurement.
    if (!counted) pmcw.flags &= ~PmcwFlags.measurementBlockUpdate;
  }
}

/** Key, S, F, P, I, A and U of the ORB show up in the subchannel-status word, at the same bits but for the format-2 and transport bits. */
const orbBitsInScsw =
  0xf000 |
  ScswFlags.suspendControl |
  ScswFlags.format1 |
  ScswFlags.prefetch |
  ScswFlags.initialStatusInterruption |
  ScswFlags.addressLimitChecking |
  ScswFlags.suppressSuspendedInterruption;
