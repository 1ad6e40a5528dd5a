import type { GuestMemory } from "@zarch/guest-memory";
import {
  type AttentionPort,
  type ChannelSubsystemPort,
  HostError,
  type IoInterruption,
  type IoResult,
  type Logger,
  silentLogger,
} from "@zarch/vmm-interface";
import { AdapterInterruptions } from "./adapter-interruptions.ts";
import type { ChannelDevice } from "./channel-device.ts";
import { ChannelReports, ErrorRecovery, ReportingSource } from "./channel-report.ts";
import type { StorageKeyCheck } from "./channel-storage.ts";
import { type ChscContext, executeChsc, isValidRequestLength } from "./chsc.ts";
import { EventInformation, type NotificationType } from "./event-information.ts";
import { InterruptionQueue } from "./interruption-queue.ts";
import { ChannelMonitor } from "./measurement.ts";
import { parseOrb } from "./orb.ts";
import type { ChannelPathAssignment } from "./path-management.ts";
import { isValidSchib, schibLength } from "./schib.ts";
import { Subchannel } from "./subchannel.ts";
import type { SubchannelEnvironment } from "./subchannel-environment.ts";

export interface ChannelSubsystemOptions {
  readonly memory: GuestMemory;
  /** Called whenever an interruption or a channel report becomes pending. */
  readonly attention: AttentionPort;
  /**
   * Runs work after the host has had a chance to do something else, for instance `(work) => setTimeout(work)`. Needed for channel
   * programs that run long, or for ever.
   */
  readonly defer: (work: () => void) => void;
  /** Key-controlled protection for channel programs. Without it every key fits. */
  readonly storageKeys?: StorageKeyCheck;
  readonly logger?: Logger;
  /** The channel subsystem that the program sees as its own, number 0. Default 0xfe, the one for virtual devices. */
  readonly defaultCssid?: number;
}

export interface AttachOptions {
  /** Channel-subsystem image, 0 to 255. Default: the default one. */
  readonly cssid?: number;
  /** Subchannel set, 0 to 3. Default 0. */
  readonly ssid?: number;
  /** Device number, 16 bits. Default: the lowest free one. */
  readonly devno?: number;
  /** Subchannel number, 16 bits. Default: the lowest free one. */
  readonly schid?: number;
  /** One to eight channel paths. Default: CHPID 0 of type 0x32, the virtual path of virtio devices. */
  readonly paths?: readonly ChannelPathAssignment[];
  /** Whether a channel report tells the program. Default: if it has used the channel subsystem since the last reset. */
  readonly report?: boolean;
}

const operandException = -0x15;
const multipleCssBit = 0x0008_0000;
const reservedIdBits = 0x0070_0000;
const virtualPath: ChannelPathAssignment = { chpid: 0, type: 0x32 };

/**
 * The channel subsystem: subchannels and their devices, behind the I/O instructions of a CPU (PoP chapters 13 to 17).
 *
 * Nothing here throws for what the program did. Channel programs are executed within START SUBCHANNEL as far as they get without
 * waiting, and go on by themselves when a device completes a command asynchronously.
 */
export class ChannelSubsystem implements ChannelSubsystemPort {
  readonly adapterInterruptions: AdapterInterruptions;

  readonly #memory: GuestMemory;
  readonly #interruptions: InterruptionQueue;
  readonly #reports: ChannelReports;
  readonly #events = new EventInformation();
  readonly #monitor: ChannelMonitor;
  readonly #environment: SubchannelEnvironment<Subchannel>;
  readonly #defaultCssid: number;
  readonly #subchannels = new Map<number, Subchannel>();
  /** Highest subchannel number in use, by channel subsystem and set. */
  readonly #highest = new Map<number, number>();
  readonly #unavailablePaths = new Set<number>();
  readonly #resets = new Set<Promise<void>>();
  #addressLimit = 0;
  #multipleSets = false;
  #multipleCss = false;
  #used = false;

  constructor(options: ChannelSubsystemOptions) {
    this.#memory = options.memory;
    this.#defaultCssid = options.defaultCssid ?? 0xfe;
    this.#interruptions = new InterruptionQueue(options.attention);
    this.#reports = new ChannelReports(options.attention);
    this.#monitor = new ChannelMonitor(options.memory);
    this.adapterInterruptions = new AdapterInterruptions(this.#interruptions);
    this.#environment = {
      memory: options.memory,
      storageKeys: options.storageKeys,
      logger: options.logger ?? silentLogger,
      defer: options.defer,
      addressLimit: () => this.#addressLimit,
      queueInterruption: (subchannel) => this.#interruptions.add(subchannel),
      withdrawInterruption: (subchannel) => this.#interruptions.withdraw(subchannel),
    };
  }

  // ---- devices ----

  /**
   * Puts a device behind a new subchannel.
   * @throws HostError with code ERR_CHANNEL_ADDRESS if a number is out of range, taken, or none is free
   */
  attach(device: ChannelDevice, options: AttachOptions = {}): Subchannel {
    const cssid = checkRange("channel subsystem", options.cssid ?? this.#defaultCssid, 0xff);
    const ssid = checkRange("subchannel set", options.ssid ?? 0, 3);
    const paths = options.paths ?? [virtualPath];
    if (paths.length < 1 || paths.length > 8) throw addressError("a device has one to eight channel paths");
    for (const { chpid } of paths) checkRange("channel path", chpid, 0xff);
    const usedDevices = this.#deviceNumbers(cssid, ssid);
    const deviceNumber = this.#allot("device number", options.devno, (value) => usedDevices.has(value));
    const number = this.#allot("subchannel number", options.schid, (value) => this.#subchannels.has(keyOf(cssid, ssid, value)));
    const subchannel = new Subchannel(device, { cssid, ssid, number, deviceNumber, paths }, this.#environment, this.#monitor);
    for (const { chpid } of paths) if (this.#unavailablePaths.has((cssid << 8) | chpid)) subchannel.setPathAvailable(chpid, false);
    this.#subchannels.set(keyOf(cssid, ssid, number), subchannel);
    this.#highest.set(keyOf(cssid, ssid, 0), Math.max(number, this.#highest.get(keyOf(cssid, ssid, 0)) ?? 0));
    device.attached?.(subchannel);
    if (options.report ?? this.#used) this.#reportSubchannel(subchannel);
    return subchannel;
  }

  /** Takes a device away. What it had under way ends without status. Does nothing for a device that is not attached. */
  detach(device: ChannelDevice, options: { readonly report?: boolean } = {}): void {
    for (const [key, subchannel] of this.#subchannels) {
      if (subchannel.controlUnit.device !== device) continue;
      this.#subchannels.delete(key);
      this.#updateHighest(subchannel.cssid, subchannel.ssid);
      subchannel.detach();
      if (options.report ?? this.#used) this.#reportSubchannel(subchannel);
      return;
    }
  }

  /**
   * The subchannel that a subsystem-identification word names, as in general register 1 of an I/O instruction (32 bits); undefined
   * if there is none or the word is invalid.
   */
  find(subsystemId: number): Subchannel | undefined {
    return this.#find(subsystemId) ?? undefined;
  }

  /** All subchannels with a device, in no particular order. */
  subchannels(): IterableIterator<Subchannel> {
    return this.#subchannels.values();
  }

  /** Takes a channel path away, or brings it back, and reports that to the program. */
  setChannelPathAvailable(cssid: number, chpid: number, available: boolean): void {
    const key = (checkRange("channel subsystem", cssid, 0xff) << 8) | checkRange("channel path", chpid, 0xff);
    if (available) this.#unavailablePaths.delete(key);
    else this.#unavailablePaths.add(key);
    for (const subchannel of this.#subchannels.values()) if (subchannel.cssid === cssid) subchannel.setPathAvailable(chpid, available);
    if (!this.#used) return;
    const recovery = available ? ErrorRecovery.initialized : ErrorRecovery.permanentErrorInitialized;
    this.#reports.add({ source: ReportingSource.channelPath, recovery, sourceId: chpid });
  }

  /**
   * Queues an event for STORE EVENT INFORMATION and reports it.
   * @param data see {@link EventInformation.add}
   */
  postEvent(type: NotificationType, data: Uint8Array): void {
    this.#events.add(type, data);
    this.#reports.add({ source: ReportingSource.channelSubsystem, recovery: ErrorRecovery.eventInformationPending, sourceId: 0 });
  }

  /** Settles when no device has a command or a reset under way. */
  async idle(): Promise<void> {
    const busy = [...this.#subchannels.values()].flatMap((subchannel) => subchannel.busy ?? []);
    await Promise.all([...busy, ...this.#resets]);
  }

  // ---- I/O instructions ----

  startSubchannel(id: number, orb: Uint8Array): IoResult {
    this.#used = true;
    const request = parseOrb(orb);
    const subchannel = this.#find(id);
    if (subchannel === null || request === undefined) return operandException;
    return subchannel?.start(request) ?? 3;
  }

  testSubchannel(id: number, irb: Uint8Array): IoResult {
    const subchannel = this.#find(id);
    if (subchannel === null) return operandException;
    return subchannel?.test(irb) ?? 3;
  }

  storeSubchannel(id: number, schib: Uint8Array): IoResult {
    this.#used = true;
    const subchannel = this.#find(id);
    if (subchannel === null) return operandException;
    if (subchannel) return subchannel.store(schib);
    if (!this.#isProvided(id)) return 3;
    schib.fill(0, 0, schibLength);
    return 0;
  }

  modifySubchannel(id: number, schib: Uint8Array): IoResult {
    this.#used = true;
    const subchannel = this.#find(id);
    if (subchannel === null || !isValidSchib(schib)) return operandException;
    if (subchannel) return subchannel.modify(schib);
    return this.#isProvided(id) ? 0 : 3;
  }

  clearSubchannel(id: number): IoResult {
    const subchannel = this.#find(id);
    if (subchannel === null) return operandException;
    return subchannel?.clear() ?? 3;
  }

  haltSubchannel(id: number): IoResult {
    const subchannel = this.#find(id);
    if (subchannel === null) return operandException;
    return subchannel?.halt() ?? 3;
  }

  resumeSubchannel(id: number): IoResult {
    const subchannel = this.#find(id);
    if (subchannel === null) return operandException;
    return subchannel?.resume() ?? 3;
  }

  cancelSubchannel(id: number): IoResult {
    const subchannel = this.#find(id);
    if (subchannel === null) return operandException;
    return subchannel?.cancel() ?? 3;
  }

  storeChannelReportWord(): number {
    return this.#reports.take();
  }

  channelSubsystemCall(address: number): IoResult {
    this.#used = true;
    if (!this.#memory.contains(address, 4096)) return operandException;
    const length = this.#memory.loadUint16(address, "big");
    if (!isValidRequestLength(length)) return operandException;
    const request = new Uint8Array(length);
    this.#memory.read(address, request);
    const response = executeChsc(request, this.#chscContext);
    this.#memory.write(address + length, response);
    return 0;
  }

  setAddressLimit(limit: number): IoResult {
    if ((limit & 0x8000_ffff) !== 0) return operandException;
    this.#addressLimit = limit >>> 0;
    return 0;
  }

  setChannelMonitor(control: number, originHigh: number, originLow: number): IoResult {
    const updating = (control & 0x2) !== 0;
    if ((control & 0x0fff_fffc) !== 0 || (updating && (originLow & 0x1f) !== 0)) return operandException;
    this.#monitor.set(updating, (originHigh >>> 0) * 0x1_0000_0000 + (originLow >>> 0));
    return 0;
  }

  resetChannelPath(path: number): IoResult {
    if ((path & 0xff00_ff00) !== 0) return operandException;
    const cssid = this.#resolveCssid(this.#multipleCss, (path >>> 16) & 0xff);
    if (cssid === undefined) return operandException;
    const chpid = path & 0xff;
    if (!this.#channelPaths(cssid).some((assignment) => assignment.chpid === chpid)) return 3;
    this.#reports.add({
      source: ReportingSource.channelPath,
      recovery: ErrorRecovery.initialized,
      sourceId: this.#multipleCss ? (cssid << 8) | chpid : chpid,
      solicited: true,
    });
    return 0;
  }

  // ---- interruptions ----

  pendingInterruptionSubclasses(): number {
    return this.#interruptions.pending;
  }

  takeInterruption(mask: number): IoInterruption | undefined {
    return this.#interruptions.take(mask);
  }

  channelReportPending(): boolean {
    return this.#reports.pending;
  }

  channelReportPresented(): void {
    this.#reports.presented();
  }

  reset(): void {
    for (const subchannel of this.#subchannels.values()) {
      const pending = subchannel.reset();
      if (pending === undefined) continue;
      const tracked = pending.catch((error: unknown) =>
        this.#environment.logger.log("error", "a channel device failed in its reset", { error }),
      );
      this.#resets.add(tracked);
      void tracked.finally(() => this.#resets.delete(tracked));
    }
    this.#interruptions.reset();
    this.#reports.reset();
    this.#events.reset();
    this.#monitor.reset();
    this.#addressLimit = 0;
    this.#multipleSets = false;
    this.#multipleCss = false;
    this.#used = false;
  }

  // ---- inside ----

  /** Null if the word is invalid: an operand exception. */
  #find(id: number): Subchannel | undefined | null {
    const cssid = this.#cssidOf(id);
    if (cssid < 0) return null;
    return this.#subchannels.get(keyOf(cssid, (id >>> 17) & 3, id & 0xffff));
  }

  #cssidOf(id: number): number {
    if ((id & 0x0001_0000) === 0 || (id & reservedIdBits) !== 0) return -1;
    if ((id & 0x0006_0000) !== 0 && !this.#multipleSets) return -1;
    const cssid = id >>> 24;
    if ((id & multipleCssBit) !== 0) return this.#multipleCss ? cssid : -1;
    return cssid === 0 ? this.#defaultCssid : -1;
  }

  /** Whether there is a subchannel without a device at this number: all up to the highest in use are provided. */
  #isProvided(id: number): boolean {
    return (id & 0xffff) <= (this.#highest.get(keyOf(this.#cssidOf(id), (id >>> 17) & 3, 0)) ?? -1);
  }

  #updateHighest(cssid: number, ssid: number): void {
    let highest = -1;
    for (const other of this.#subchannels.values()) {
      if (other.cssid === cssid && other.ssid === ssid) highest = Math.max(highest, other.number);
    }
    this.#highest.set(keyOf(cssid, ssid, 0), highest);
  }

  #deviceNumbers(cssid: number, ssid: number): Set<number> {
    const numbers = new Set<number>();
    for (const other of this.#subchannels.values()) if (other.cssid === cssid && other.ssid === ssid) numbers.add(other.deviceNumber);
    return numbers;
  }

  #allot(what: string, wish: number | undefined, isTaken: (value: number) => boolean): number {
    if (wish !== undefined) {
      if (isTaken(checkRange(what, wish, 0xffff))) throw addressError(`${what} ${wish.toString(16).padStart(4, "0")} is in use`);
      return wish;
    }
    for (let value = 0; value <= 0xffff; value++) if (!isTaken(value)) return value;
    throw addressError(`no ${what} is free`);
  }

  #reportSubchannel(subchannel: Subchannel): void {
    if (subchannel.cssid !== this.#defaultCssid && !this.#multipleCss) return;
    const report = {
      source: ReportingSource.subchannel,
      recovery: ErrorRecovery.installedParametersInitialized,
      sourceId: subchannel.number,
    };
    const guestCssid = this.#multipleCss ? subchannel.cssid : 0;
    if (this.#multipleSets || this.#multipleCss)
      this.#reports.add({ ...report, chainedSourceId: (guestCssid << 8) | (subchannel.ssid << 4) });
    else if (subchannel.ssid === 0) this.#reports.add(report);
  }

  #resolveCssid(multiple: boolean, cssid: number): number | undefined {
    if (cssid === 0 && !multiple) return this.#defaultCssid;
    if (!multiple) return undefined;
    for (const subchannel of this.#subchannels.values()) if (subchannel.cssid === cssid) return cssid;
    return undefined;
  }

  #channelPaths(cssid: number): ChannelPathAssignment[] {
    const types = new Map<number, number>();
    for (const subchannel of this.#subchannels.values()) {
      if (subchannel.cssid === cssid) for (const { chpid, type } of subchannel.pmcw.paths) types.set(chpid, type);
    }
    return [...types].map(([chpid, type]) => ({ chpid, type })).sort((a, b) => a.chpid - b.chpid);
  }

  readonly #chscContext: ChscContext = {
    events: this.#events,
    resolveCssid: (multiple, cssid) => this.#resolveCssid(multiple, cssid),
    channelPaths: (cssid) => this.#channelPaths(cssid),
    subchannel: (ssid, number) => this.#subchannels.get(keyOf(this.#defaultCssid, ssid, number)),
    enableMultipleChannelSubsystems: () => {
      this.#multipleCss = true;
    },
    enableMultipleSubchannelSets: () => {
      this.#multipleSets = true;
    },
  };
}

function keyOf(cssid: number, ssid: number, number: number): number {
  return (cssid << 18) | (ssid << 16) | number;
}

function addressError(message: string): HostError {
  return new HostError("ERR_CHANNEL_ADDRESS", message);
}

function checkRange(what: string, value: number, maximum: number): number {
  if (!Number.isInteger(value) || value < 0 || value > maximum) throw addressError(`${what} ${value} is not in 0 to ${maximum}`);
  return value;
}
