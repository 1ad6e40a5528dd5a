import {
  type CcwDataStream,
  type ChannelDevice,
  type ChannelDevicePort,
  type CommandEnd,
  commandReject,
  type DeviceCommand,
  normalEnd,
  type SenseId,
} from "@zarch/channel-subsystem";
import type { GuestMemory } from "@zarch/guest-memory";
import {
  F_ADMIN_VQ,
  F_NOTIFICATION_DATA,
  F_RING_RESET,
  type Personality,
  type RingOptions,
  type TransportInterrupts,
  unpackNotification,
  type VirtioDevice,
  VirtioFrontend,
} from "@zarch/virtio";
import { pmem } from "@zarch/virtio/device-types";
import { HostError, type Logger, silentLogger } from "@zarch/vmm-interface";
import { MAX_REVISION, VIRTIO_CONTROL_UNIT_TYPE, VirtioCcwCommand } from "./commands.ts";
import {
  ADAPTER_INDICATORS_LENGTH,
  type AdapterIndicators,
  CLASSIC_INDICATOR_BITS,
  CLASSIC_INDICATOR_LENGTH,
  loadAddress,
  parseAdapterIndicators,
  setAdapterIndicator,
  setClassicIndicator,
} from "./indicators.ts";

export interface VirtioCcwOptions {
  /** Which drivers the device serves. Default `"transitional"`: those of revision 0 (legacy, big-endian) and of virtio 1.x. */
  readonly personality?: Personality;
  /** The highest revision that a driver may set. Default 2. 0: only the legacy interface, although SET_VIRTIO_REV is known. */
  readonly maxRevision?: 0 | 1 | 2;
  /** Whether the driver may use two-stage indicators and adapter interruptions. Default true; old hosts knew classic ones only. */
  readonly adapterIndicators?: boolean;
  /** What the device offers of its virtqueues: packed rings, indirect descriptors, event indices, use in order. */
  readonly ring?: RingOptions;
  /** Feature bits to offer beyond those of the device and the usual ones, for instance NOTIFICATION_DATA. */
  readonly extraFeatures?: Iterable<number>;
  /** Feature bits not to offer. */
  readonly withoutFeatures?: Iterable<number>;
  readonly logger?: Logger;
}

/** What a virtio-ccw device needs around it. */
export interface VirtioCcwHost {
  readonly memory: GuestMemory;
  /** Where adapter interruptions go; a `ChannelSubsystem` has one. */
  readonly adapterInterruptions: { raise(subclass: number): void };
}

const EINVAL = 22;
const LEGACY_VIRTQUEUE_LENGTH = 16;
const VIRTQUEUE_LENGTH = 32;

/** Features that this transport does not support (virtio 4.3.4), those about shared memory included. */
function unsupportedFeatures(device: VirtioDevice): number[] {
  return [F_ADMIN_VQ, F_RING_RESET, ...(device.deviceId === pmem.ID ? [pmem.F_SHMEM_REGION] : [])];
}

/**
 * A virtio device behind a subchannel: virtio over channel I/O (virtio 4.3). Attach it to a channel subsystem.
 *
 * A command that is unknown, not part of the revision in use, malformed or too short for its data ends with unit check and command
 * reject, and changes nothing. A count longer than the command's data is the channel subsystem's to judge: incorrect length, unless
 * suppressed.
 */
export class VirtioCcwDevice implements ChannelDevice {
  readonly senseId: SenseId;
  readonly frontend: VirtioFrontend;
  readonly #memory: GuestMemory;
  readonly #host: VirtioCcwHost;
  readonly #logger: Logger;
  readonly #personality: Personality;
  readonly #maxRevision: number;
  readonly #adapterIndicatorsAllowed: boolean;
  #port: ChannelDevicePort | undefined;
  /** The revision in use; undefined until the driver sets it, or issues its first command without doing so. */
  #revision: number | undefined;
  #revisionImplied = false;
  #queueIndicators = 0;
  #configIndicators = 0;
  #adapterIndicators: AdapterIndicators | undefined;

  constructor(device: VirtioDevice, host: VirtioCcwHost, options: VirtioCcwOptions = {}) {
    this.senseId = { controlUnitType: VIRTIO_CONTROL_UNIT_TYPE, controlUnitModel: device.deviceId };
    this.#host = host;
    this.#memory = host.memory;
    this.#logger = options.logger ?? silentLogger;
    this.#personality = options.personality ?? "transitional";
    if (this.#personality === "modern" && options.maxRevision === 0) {
      throw new HostError("ERR_VIRTIO_OPTIONS", "a device without a legacy interface cannot be limited to revision 0");
    }
    this.#maxRevision = this.#personality === "legacy" ? 0 : (options.maxRevision ?? MAX_REVISION);
    this.#adapterIndicatorsAllowed = options.adapterIndicators ?? true;
    this.frontend = new VirtioFrontend(device, {
      memory: host.memory,
      interrupts: this.#interrupts,
      personality: this.#personality,
      legacyEndian: "big",
      extraFeatures: options.extraFeatures ?? [],
      withoutFeatures: [...unsupportedFeatures(device), ...(options.withoutFeatures ?? [])],
      ring: options.ring ?? {},
      logger: this.#logger,
    });
  }

  /** The revision that the driver uses, 0 to 2; undefined until that is known. */
  get revision(): number | undefined {
    return this.#revision;
  }

  /** Subsystem-identification word, while attached. */
  get subsystemId(): number | undefined {
    return this.#port?.subsystemId;
  }

  /**
   * An available buffer notification (virtio 4.3.3.2).
   * @param data general register 3: the queue index, or with NOTIFICATION_DATA the index in bits 0-15 from the right, and more
   * @returns 0, or a negative error number
   */
  notify(data: number): number {
    const index = this.frontend.features.has(F_NOTIFICATION_DATA) ? unpackNotification(data).queue : data;
    return this.frontend.queueEnabled(index) && this.frontend.notifyValue(data) ? 0 : -EINVAL;
  }

  // ---- ChannelDevice ----

  execute(ccw: DeviceCommand, data: CcwDataStream): CommandEnd | Promise<CommandEnd> {
    // A subsystem reset does not wait for I/O in flight, so what comes after it does.
    const { resetting } = this.frontend;
    return resetting === undefined ? this.#execute(ccw, data) : resetting.then(() => this.#execute(ccw, data));
  }

  #execute(ccw: DeviceCommand, data: CcwDataStream): CommandEnd | Promise<CommandEnd> {
    if (ccw.command === VirtioCcwCommand.setRevision) return this.#setRevision(data);
    if (!virtioCommands.has(ccw.command)) return commandReject;
    if (this.#revision !== undefined) return this.#executeCommand(ccw.command, data);
    // No revision set: a legacy driver, if such are served.
    if (this.#personality === "modern") return this.#reject("a command before the revision is set");
    this.#revisionImplied = true;
    const pending = this.#useRevision(0);
    return pending === undefined ? this.#executeCommand(ccw.command, data) : pending.then(() => this.#executeCommand(ccw.command, data));
  }

  enabledChanged(): void {
    this.#forgetRevision();
  }

  reset(): void | Promise<void> {
    this.#forgetRevision();
    this.#dropIndicators();
    return this.frontend.reset();
  }

  attached(port: ChannelDevicePort | undefined): void {
    this.#port = port;
  }

  // ---- revision (4.3.2.1) ----

  #forgetRevision(): void {
    this.#revision = undefined;
    this.#revisionImplied = false;
  }

  #setRevision(data: CcwDataStream): CommandEnd | Promise<CommandEnd> {
    const payload = readPayload(data, 4);
    if (payload === undefined) return this.#reject("SET_VIRTIO_REV is too short");
    const revision = payload.getUint16(0);
    const length = payload.getUint16(2);
    if (this.#personality === "legacy") return this.#reject("SET_VIRTIO_REV is unknown to a legacy device");
    if (this.#revision !== undefined && (this.#revisionImplied || revision !== this.#revision)) {
      return this.#reject("the revision is set already", { revision });
    }
    const supported = revision <= this.#maxRevision && (revision > 0 || this.#personality !== "modern");
    if (!supported || length !== 0) return this.#reject("unsupported revision", { revision, length });
    const pending = this.#useRevision(revision);
    return pending === undefined ? normalEnd : pending.then(() => normalEnd);
  }

  /** A driver of the other kind may have left the device in service. */
  #useRevision(revision: number): Promise<void> | undefined {
    this.#revision = revision;
    const wanted = revision === 0 ? "legacy" : "modern";
    if (this.frontend.driverInterface === wanted) return undefined;
    const pending = this.#resetDevice();
    if (pending === undefined) {
      this.frontend.useInterface(wanted);
      return undefined;
    }
    return pending.then(() => {
      this.frontend.useInterface(wanted);
    });
  }

  // ---- commands ----

  #executeCommand(command: number, data: CcwDataStream): CommandEnd | Promise<CommandEnd> {
    switch (command) {
      case VirtioCcwCommand.setVirtqueue:
        return this.#revision === 0 ? this.#setLegacyVirtqueue(data) : this.#setModernVirtqueue(data);
      case VirtioCcwCommand.reset:
        return this.#reset();
      case VirtioCcwCommand.setIndicators:
        return this.#setIndicators(data);
      case VirtioCcwCommand.setConfigIndicators:
        return this.#setConfigIndicators(data);
      case VirtioCcwCommand.setAdapterIndicators:
        return this.#setAdapterIndicators(data);
      case VirtioCcwCommand.readFeatures:
        return this.#readFeatures(data);
      case VirtioCcwCommand.writeFeatures:
        return this.#writeFeatures(data);
      case VirtioCcwCommand.readConfig:
        return this.#readConfig(data);
      case VirtioCcwCommand.writeConfig:
        return this.#writeConfig(data);
      case VirtioCcwCommand.readStatus:
        return this.#readStatus(data);
      case VirtioCcwCommand.writeStatus:
        return this.#writeStatus(data);
      case VirtioCcwCommand.readVirtqueueConfig:
        return this.#readVirtqueueConfig(data);
      default:
        return commandReject;
    }
  }

  #setModernVirtqueue(data: CcwDataStream): CommandEnd {
    const payload = readPayload(data, VIRTQUEUE_LENGTH);
    if (payload === undefined) return this.#reject("SET_VQ is too short");
    // Bytes 8-11 are reserved and to be ignored.
    const index = payload.getUint16(12);
    const descriptor = loadAddress(payload, 0);
    if (descriptor === 0) return this.#end(this.frontend.disableQueue(index));
    const areas = { descriptor, driver: loadAddress(payload, 16), device: loadAddress(payload, 24) };
    return this.#end(this.frontend.setUpQueue(index, { size: payload.getUint16(14), areas }));
  }

  #setLegacyVirtqueue(data: CcwDataStream): CommandEnd {
    const payload = readPayload(data, LEGACY_VIRTQUEUE_LENGTH);
    if (payload === undefined) return this.#reject("SET_VQ is too short");
    const index = payload.getUint16(12);
    const address = loadAddress(payload, 0);
    if (address === 0) return this.#end(this.frontend.disableQueue(index));
    return this.#end(this.frontend.setUpLegacyQueue(index, { address, align: payload.getUint32(8), size: payload.getUint16(14) }));
  }

  #readVirtqueueConfig(data: CcwDataStream): CommandEnd {
    const index = readPayload(data, 2);
    if (index === undefined) return this.#reject("READ_VQ_CONF is too short");
    const answer = new Uint8Array(2);
    viewOf(answer).setUint16(0, this.frontend.queueMaxSize(index.getUint16(0)));
    return data.write(answer) === answer.length ? normalEnd : this.#reject("READ_VQ_CONF is too short");
  }

  #readFeatures(data: CcwDataStream): CommandEnd {
    // The index is taken from behind the place of the answer.
    if (data.skip(4) < 4) return this.#reject("READ_FEAT is too short");
    const index = readPayload(data, 1);
    if (index === undefined) return this.#reject("READ_FEAT is too short");
    const answer = new Uint8Array(4);
    viewOf(answer).setUint32(0, this.frontend.deviceFeatures(index.getUint8(0)), true);
    data.rewind();
    data.write(answer);
    return normalEnd;
  }

  #writeFeatures(data: CcwDataStream): CommandEnd {
    const payload = readPayload(data, 5);
    if (payload === undefined) return this.#reject("WRITE_FEAT is too short");
    return this.#end(this.frontend.setDriverFeatures(payload.getUint8(4), payload.getUint32(0, true)));
  }

  #readConfig(data: CcwDataStream): CommandEnd {
    const config = new Uint8Array(this.frontend.configSize);
    this.frontend.readConfig(0, config);
    data.writeUpTo(config);
    return normalEnd;
  }

  #writeConfig(data: CcwDataStream): CommandEnd {
    const config = new Uint8Array(this.frontend.configSize);
    const length = data.readUpTo(config);
    if (!data.stopped) this.frontend.writeConfig(0, config.subarray(0, length));
    return normalEnd;
  }

  #readStatus(data: CcwDataStream): CommandEnd {
    if ((this.#revision ?? 0) < 2) return this.#reject("READ_STATUS before revision 2");
    return data.write(Uint8Array.of(this.frontend.status)) === 1 ? normalEnd : this.#reject("READ_STATUS is too short");
  }

  #writeStatus(data: CcwDataStream): CommandEnd | Promise<CommandEnd> {
    const payload = readPayload(data, 1);
    if (payload === undefined) return this.#reject("WRITE_STATUS is too short");
    const status = payload.getUint8(0);
    return status === 0 ? this.#reset() : this.#end(this.frontend.writeStatus(status));
  }

  #reset(): CommandEnd | Promise<CommandEnd> {
    const pending = this.#resetDevice();
    return pending === undefined ? normalEnd : pending.then(() => normalEnd);
  }

  #setIndicators(data: CcwDataStream): CommandEnd {
    const address = this.#readIndicatorAddress(data);
    if (address === undefined) return commandReject;
    if (this.#adapterIndicators !== undefined) return this.#reject("SET_IND with adapter indicators in use");
    if (this.frontend.queueCount > CLASSIC_INDICATOR_BITS) return this.#reject("more queues than indicator bits");
    this.#queueIndicators = address;
    return normalEnd;
  }

  #setConfigIndicators(data: CcwDataStream): CommandEnd {
    const address = this.#readIndicatorAddress(data);
    if (address === undefined) return commandReject;
    this.#configIndicators = address;
    return normalEnd;
  }

  #setAdapterIndicators(data: CcwDataStream): CommandEnd {
    const payload = readPayload(data, ADAPTER_INDICATORS_LENGTH);
    if (payload === undefined) return this.#reject("SET_IND_ADAPTER is too short");
    if (!this.#adapterIndicatorsAllowed) return this.#reject("adapter indicators are switched off");
    if (this.#queueIndicators !== 0) return this.#reject("SET_IND_ADAPTER with classic indicators in use");
    // No summary or no indicator: the driver takes them back.
    if (loadAddress(payload, 0) === 0 || loadAddress(payload, 8) === 0) {
      this.#adapterIndicators = undefined;
      return normalEnd;
    }
    const indicators = parseAdapterIndicators(this.#memory, payload, this.frontend.queueCount);
    if (indicators === undefined) return this.#reject("unusable adapter indicators");
    this.#adapterIndicators = indicators;
    return normalEnd;
  }

  /** 0 stands for no indicator. */
  #readIndicatorAddress(data: CcwDataStream): number | undefined {
    const payload = readPayload(data, 8);
    const address = payload === undefined ? Number.NaN : loadAddress(payload, 0);
    if (this.#memory.contains(address, CLASSIC_INDICATOR_LENGTH)) return address;
    this.#reject("unusable indicator address", { address });
    return undefined;
  }

  #resetDevice(): Promise<void> | undefined {
    this.#dropIndicators();
    return this.frontend.reset();
  }

  #dropIndicators(): void {
    this.#queueIndicators = 0;
    this.#configIndicators = 0;
    this.#adapterIndicators = undefined;
  }

  #end(done: boolean): CommandEnd {
    return done ? normalEnd : commandReject;
  }

  #reject(why: string, fields?: Readonly<Record<string, unknown>>): CommandEnd {
    this.#logger.log("debug", `virtio-ccw device ${this.senseId.controlUnitModel}: ${why}`, fields);
    return commandReject;
  }

  // ---- notifications to the driver (4.3.3.1) ----

  readonly #interrupts: TransportInterrupts = {
    queueInterrupt: (queue) => {
      const adapter = this.#adapterIndicators;
      if (adapter !== undefined) {
        if (setAdapterIndicator(this.#memory, adapter, queue)) this.#host.adapterInterruptions.raise(adapter.subclass);
      } else if (this.#queueIndicators !== 0) {
        setClassicIndicator(this.#memory, this.#queueIndicators, queue);
        this.#port?.present(0);
      }
    },
    configInterrupt: () => {
      if (this.#configIndicators === 0) return;
      setClassicIndicator(this.#memory, this.#configIndicators, 0);
      this.#port?.present(0);
    },
  };
}

const virtioCommands: ReadonlySet<number> = new Set(Object.values(VirtioCcwCommand));

/** The bytes of a payload; undefined if the program gave fewer. */
function readPayload(data: CcwDataStream, length: number): DataView | undefined {
  const bytes = new Uint8Array(length);
  return data.read(bytes) === length ? viewOf(bytes) : undefined;
}

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
