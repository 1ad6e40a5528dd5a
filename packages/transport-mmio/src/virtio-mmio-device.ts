import type { Endian, GuestMemory } from "@zarch/guest-memory";
import {
  F_ADMIN_VQ,
  F_NOTIF_CONFIG_DATA,
  F_RING_RESET,
  F_SR_IOV,
  type RingOptions,
  StateReader,
  type TransportInterrupts,
  type VirtioDevice,
  VirtioFrontend,
  type VirtioState,
  VirtioStateError,
} from "@zarch/virtio";
import { HostError, type Logger, silentLogger } from "@zarch/vmm-interface";
import { LegacyRegisters } from "./legacy-registers.ts";
import type { MmioRegion } from "./mmio-region.ts";
import { ModernRegisters } from "./modern-registers.ts";
import { VirtioMmioRegister as Register, VIRTIO_MMIO_MAGIC, VirtioMmioInterrupt } from "./registers.ts";
import { NOTHING, type VersionRegisters } from "./version-registers.ts";

export interface VirtioMmioOptions {
  /** The guest's memory, with the addresses that its driver writes into the registers. */
  readonly memory: GuestMemory;
  /**
   * Called with each change of the interrupt line, which is active as long as InterruptStatus is not 0: level-triggered. For an edge-triggered
   * interrupt take the calls with true. Comes in the middle of {@link VirtioMmioDevice.write} or whenever the device has finished something; must
   * not throw. Who prefers to poll reads {@link VirtioMmioDevice.interruptPending}.
   */
  readonly onInterrupt?: (active: boolean) => void;
  /** 2, the default, is the layout of virtio 1.x. 1 is the legacy one, with legacy rings, for drivers from before virtio 1.0 alone. */
  readonly version?: 1 | 2;
  /** With version 1, and required there: byte order of the guest, hence of rings, messages and configuration. */
  readonly legacyEndian?: Endian;
  /** What VendorID reads, 32 bits. Default: "zrch" in little-endian order. */
  readonly vendorId?: number;
  /** What the device offers of its virtqueues: packed rings, indirect descriptors, event indices, use in order. */
  readonly ring?: RingOptions;
  /** Feature bits to offer beyond those of the device and the usual ones, for instance NOTIFICATION_DATA. */
  readonly extraFeatures?: Iterable<number>;
  /** Feature bits not to offer. */
  readonly withoutFeatures?: Iterable<number>;
  /** Receives what the driver did wrong, at level `"debug"`, and failures of the device. */
  readonly logger?: Logger;
}

/** What {@link VirtioMmioDevice.save} gives: plain data for JSON. */
export interface VirtioMmioState {
  /** Of this format. */
  readonly version: 1;
  /** What the Version register reads. */
  readonly layout: 1 | 2;
  readonly deviceFeaturesSel: number;
  readonly driverFeaturesSel: number;
  readonly queueSel: number;
  readonly interruptStatus: number;
  /** The other registers, by layout. */
  readonly registers: Readonly<Record<string, unknown>>;
  readonly frontend: VirtioState;
}

const STATE_VERSION = 1;
const MAX_VALUE = 0xffff_ffff;

const VENDOR_ID = 0x6863_727a;

/** Not for this transport: reserved by virtio 4.2.5, or defined for PCI alone (6.2). */
const UNSUPPORTED_FEATURES = [F_ADMIN_VQ, F_SR_IOV, F_NOTIF_CONFIG_DATA];

/** Bytes of the smallest region that drivers expect. */
const MIN_REGION_SIZE = 0x200;

/**
 * A virtio device behind memory-mapped registers: virtio over MMIO (virtio 4.2). Put it on a bus: {@link read} and {@link write} are all that the
 * guest does with it.
 *
 * Nothing that a guest reads or writes throws. An access that the specification does not allow (a control register not with 32 bits or not at
 * its offset, an unknown offset, a register that is read-only) reads 0 or changes nothing.
 */
export class VirtioMmioDevice implements MmioRegion {
  readonly frontend: VirtioFrontend;
  readonly size: number;
  readonly #onInterrupt: ((active: boolean) => void) | undefined;
  readonly #vendorId: number;
  readonly #logger: Logger;
  readonly #versionRegisters: VersionRegisters;
  #deviceFeaturesSel = 0;
  #driverFeaturesSel = 0;
  #queueSel = 0;
  #interruptStatus = 0;
  /** Configuration bytes on their way, by width, so that no access allocates. */
  readonly #configBytes: readonly (Uint8Array | undefined)[];

  /** @throws HostError with code ERR_VIRTIO_OPTIONS for version 1 without a byte order */
  constructor(device: VirtioDevice, options: VirtioMmioOptions) {
    const version = options.version ?? 2;
    if (version === 1 && options.legacyEndian === undefined) {
      throw new HostError("ERR_VIRTIO_OPTIONS", "version 1 of virtio-mmio needs the byte order of its guest");
    }
    this.#onInterrupt = options.onInterrupt;
    this.#vendorId = (options.vendorId ?? VENDOR_ID) >>> 0;
    this.#logger = options.logger ?? silentLogger;
    this.frontend = new VirtioFrontend(device, {
      memory: options.memory,
      interrupts: this.#interrupts,
      personality: version === 1 ? "legacy" : "modern",
      ...(options.legacyEndian === undefined ? {} : { legacyEndian: options.legacyEndian }),
      extraFeatures: [F_RING_RESET, ...(options.extraFeatures ?? [])],
      withoutFeatures: [...UNSUPPORTED_FEATURES, ...(options.withoutFeatures ?? [])],
      ring: options.ring ?? {},
      logger: this.#logger,
    });
    this.#versionRegisters = version === 1 ? new LegacyRegisters(this.frontend) : new ModernRegisters(this.frontend);
    this.size = regionSize(this.frontend.configSize);
    const bytes = new Uint8Array(4);
    this.#configBytes = [undefined, bytes.subarray(0, 1), bytes.subarray(0, 2), undefined, bytes];
  }

  /** Whether the interrupt line is active. */
  get interruptPending(): boolean {
    return this.#interruptStatus !== 0;
  }

  /**
   * A load by the guest.
   * @param offset bytes from the start of the region
   * @param width bytes: 4; in the configuration space 1, 2 or 4, at any offset
   * @returns the value, unsigned, as a little-endian processor loads it
   */
  read(offset: number, width: number): number {
    if (offset >= Register.config) return this.#readConfig(offset - Register.config, width);
    if (width !== 4) return this.#refuse("read", offset, width);
    switch (offset) {
      case Register.magicValue:
        return VIRTIO_MMIO_MAGIC;
      case Register.version:
        return this.#versionRegisters.version;
      case Register.deviceId:
        return this.frontend.deviceId;
      case Register.vendorId:
        return this.#vendorId;
      case Register.deviceFeatures:
        return this.frontend.deviceFeatures(this.#deviceFeaturesSel);
      case Register.queueSizeMax:
        return this.frontend.queueMaxSize(this.#queueSel);
      case Register.interruptStatus:
        return this.#interruptStatus;
      case Register.status:
        return this.frontend.status;
      default:
        return this.#versionRegisters.read(offset, this.#queueSel);
    }
  }

  /**
   * A store by the guest.
   * @param offset bytes from the start of the region
   * @param width as for {@link read}
   * @param value as a little-endian processor stores it; the low `8 * width` bits count
   */
  write(offset: number, width: number, value: number): void {
    if (offset >= Register.config) {
      this.#writeConfig(offset - Register.config, width, value);
    } else if (width !== 4) {
      this.#refuse("write", offset, width);
    } else {
      this.#writeRegister(offset, value >>> 0);
    }
  }

  #writeRegister(offset: number, value: number): void {
    switch (offset) {
      case Register.deviceFeaturesSel:
        this.#deviceFeaturesSel = value;
        break;
      case Register.driverFeatures:
        this.frontend.setDriverFeatures(this.#driverFeaturesSel, value);
        break;
      case Register.driverFeaturesSel:
        this.#driverFeaturesSel = value;
        break;
      case Register.queueSel:
        this.#queueSel = value;
        break;
      case Register.queueNotify:
        this.frontend.notifyValue(value);
        break;
      case Register.interruptAck:
        this.#setInterruptStatus(this.#interruptStatus & ~value);
        break;
      case Register.status:
        if ((value & 0xff) === 0) void this.#resetDevice();
        else this.frontend.writeStatus(value & 0xff);
        break;
      default:
        if (!this.#versionRegisters.write(offset, this.#queueSel, value)) this.#refuse("write", offset, 4);
    }
  }

  /**
   * Resets the device as its machine does, at power-on or system reset. The interrupt line goes inactive at once.
   * @returns `undefined` when the reset is complete already, else a promise that settles (and never rejects) when it is
   */
  reset(): Promise<void> | undefined {
    return this.#resetDevice();
  }

  /** Registers are as they were at first, at once; Status reads 0 when the device has finished. */
  #resetDevice(): Promise<void> | undefined {
    const pending = this.frontend.reset();
    this.#versionRegisters.reset();
    this.#deviceFeaturesSel = 0;
    this.#driverFeaturesSel = 0;
    this.#queueSel = 0;
    this.#setInterruptStatus(0);
    return pending;
  }

  /**
   * The whole state of device, transport and queues, for {@link restore}; see {@link VirtioFrontend.save}. Settle `frontend.pause()` first.
   * @throws VirtioStateError ERR_VIRTIO_STATE_BUSY while the device or a queue of it is being reset
   */
  save(): VirtioMmioState {
    return {
      version: STATE_VERSION,
      layout: this.#versionRegisters.version,
      deviceFeaturesSel: this.#deviceFeaturesSel,
      driverFeaturesSel: this.#driverFeaturesSel,
      queueSel: this.#queueSel,
      interruptStatus: this.#interruptStatus,
      registers: this.#versionRegisters.save(),
      frontend: this.frontend.save(),
    };
  }

  /**
   * Puts back what {@link save} gave, of a device with equal options over the same contents of guest memory; see {@link VirtioFrontend.restore}. The
   * interrupt line becomes active if it was. Service begins with `frontend.resume()`, when the rest of the machine is there, too.
   * @param state of unknown origin
   * @throws VirtioStateError; the device is as after a reset
   */
  restore(state: unknown): void {
    const saved = new StateReader(state, "virtio-mmio device");
    const version = saved.integer("version", 0, MAX_VALUE);
    if (version !== STATE_VERSION) throw new VirtioStateError("ERR_VIRTIO_STATE_VERSION", `a saved state of version ${version}`);
    if (saved.integer("layout", 1, 2) !== this.#versionRegisters.version) saved.refuseDevice("it has another version of virtio-mmio");
    const deviceFeaturesSel = saved.integer("deviceFeaturesSel", 0, MAX_VALUE);
    const driverFeaturesSel = saved.integer("driverFeaturesSel", 0, MAX_VALUE);
    const queueSel = saved.integer("queueSel", 0, MAX_VALUE);
    const interruptStatus = saved.integer("interruptStatus", 0, VirtioMmioInterrupt.usedBuffer | VirtioMmioInterrupt.configChange);
    const registers = saved.child("registers");
    const frontend = saved.value("frontend");
    this.frontend.restore(frontend);
    try {
      this.#versionRegisters.restore(registers, frontend as VirtioState);
    } catch (error) {
      void this.#resetDevice();
      this.frontend.resume();
      throw error;
    }
    this.#deviceFeaturesSel = deviceFeaturesSel;
    this.#driverFeaturesSel = driverFeaturesSel;
    this.#queueSel = queueSel;
    this.#setInterruptStatus(interruptStatus);
  }

  #readConfig(offset: number, width: number): number {
    const bytes = this.#configBytes[width];
    if (bytes === undefined) return this.#refuse("read", Register.config + offset, width);
    this.frontend.readConfig(offset, bytes);
    let value = 0;
    for (let i = width - 1; i >= 0; i--) value = value * 0x100 + bytes[i]!;
    return value;
  }

  #writeConfig(offset: number, width: number, value: number): void {
    const bytes = this.#configBytes[width];
    if (bytes === undefined) {
      this.#refuse("write", Register.config + offset, width);
      return;
    }
    for (let i = 0; i < width; i++) bytes[i] = value >>> (8 * i);
    this.frontend.writeConfig(offset, bytes);
  }

  /** @returns what the guest reads */
  #refuse(access: "read" | "write", offset: number, width: number): number {
    this.#logger.log("debug", `virtio-mmio device ${this.frontend.deviceId}: ${access} that is not allowed`, { offset, width });
    return NOTHING;
  }

  #setInterruptStatus(status: number): void {
    const before = this.interruptPending;
    this.#interruptStatus = status;
    if (this.interruptPending !== before) this.#onInterrupt?.(!before);
  }

  readonly #interrupts: TransportInterrupts = {
    queueInterrupt: () => this.#setInterruptStatus(this.#interruptStatus | VirtioMmioInterrupt.usedBuffer),
    configInterrupt: () => this.#setInterruptStatus(this.#interruptStatus | VirtioMmioInterrupt.configChange),
  };
}

/** Bytes of a region that holds the registers and the configuration: a power of two, as address decoders like it. */
function regionSize(configSize: number): number {
  let size = MIN_REGION_SIZE;
  while (size < Register.config + configSize) size *= 2;
  return size;
}
