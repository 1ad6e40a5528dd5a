import type { Endian, GuestMemory } from "@zarch/guest-memory";
import {
  type AccessWidth,
  type BarOptions,
  emptyRegion,
  type PciCapability,
  PciCommand,
  PciFunction,
  type PciIdentity,
  type PciRegion,
  RegionMap,
} from "@zarch/pci";
import {
  F_ADMIN_VQ,
  F_NOTIF_CONFIG_DATA,
  F_NOTIFICATION_DATA,
  F_RING_RESET,
  F_SR_IOV,
  type Personality,
  type RingOptions,
  type VirtioDevice,
  VirtioFrontend,
} from "@zarch/virtio";
import { HostError, type Logger } from "@zarch/vmm-interface";
import { configAccessCapability, notifyCapability, sharedMemoryCapability, virtioCapability } from "./capabilities.ts";
import { CommonConfiguration } from "./common-config.ts";
import {
  LEGACY_CONFIG_MSIX,
  MAX_DEVICE_TYPE,
  MODERN_DEVICE_ID_BASE,
  TRANSITIONAL_DEVICE_IDS,
  VIRTIO_PCI_VENDOR_ID,
  VirtioPciCapability,
} from "./constants.ts";
import { DeviceConfiguration } from "./device-configuration.ts";
import { EventVectors } from "./event-vectors.ts";
import { LegacyBlock } from "./legacy-block.ts";
import { QueueRegisters } from "./queue-registers.ts";
import { RegisterFile } from "./register-file.ts";

/** Memory that a device shares with its driver, as the machine holds it. */
export interface SharedMemoryBar {
  /** shmid, 0 to 255. */
  readonly id: number;
  /** Bytes. */
  readonly length: number;
  readonly region: PciRegion;
}

export interface VirtioPciOptions {
  readonly memory: GuestMemory;
  /** Which drivers are served. Default `"modern"`. Transitional and legacy devices have an I/O register. */
  readonly personality?: Personality;
  /** Byte order of a legacy driver. Required unless `"modern"`. */
  readonly legacyEndian?: Endian;
  /** Number of MSI-X vectors: 0 (no MSI-X) to 2048. Default: one for each queue and one for the configuration. */
  readonly vectors?: number;
  /** INTA to INTD as 1 to 4, or 0. Default 1. */
  readonly interruptPin?: 0 | 1 | 2 | 3 | 4;
  /**
   * Offers notification through an I/O register (2), too, as the first choice: where I/O is cheaper to trap. Default false.
   */
  readonly ioNotify?: boolean;
  /**
   * PCI device ID, 0x1000 to 0x103f, of a transitional or legacy device whose type has none in the specification: for devices of one's own.
   */
  readonly transitionalDeviceId?: number;
  /** Class code, 24 bits. Default: by the device's type. */
  readonly classCode?: number;
  /** Subsystem vendor ID. Default that of virtio. */
  readonly subsystemVendorId?: number;
  /** Memory behind register 2, in the order of the regions. Not together with `ioNotify`. */
  readonly sharedMemory?: readonly SharedMemoryBar[];
  /** Further capabilities, such as from `vendorCapability`. */
  readonly capabilities?: readonly PciCapability[];
  readonly ring?: RingOptions;
  readonly extraFeatures?: Iterable<number>;
  readonly withoutFeatures?: Iterable<number>;
  /** Feature bits to offer that a driver has to accept. */
  readonly requiredFeatures?: Iterable<number>;
  readonly logger?: Logger;
}

/** Base address registers. */
const LEGACY_BAR = 0;
const MSIX_BAR = 1;
const AUXILIARY_BAR = 2;
const MODERN_BAR = 4;

/** Each structure has a page of its own in register 4, so that a machine can map or trap them one by one. */
const COMMON_OFFSET = 0x0000;
const ISR_OFFSET = 0x1000;
const DEVICE_OFFSET = 0x2000;
const NOTIFY_OFFSET = 0x3000;
const STRUCTURE_SIZE = 0x1000;

/** Bytes from the place of one queue's notifications to that of the next. */
const NOTIFY_MULTIPLIER = 4;

/** What this transport never offers. */
const UNSUPPORTED_FEATURES = [F_ADMIN_VQ, F_SR_IOV, F_NOTIF_CONFIG_DATA];

/** Class codes by virtio device ID, as other machines show them; the rest are "unclassified". */
const CLASS_CODES: ReadonlyMap<number, number> = /* @__PURE__ */ new Map([
  [1, 0x02_00_00],
  [2, 0x01_00_00],
  [3, 0x07_80_00],
  [8, 0x01_00_00],
  [16, 0x03_80_00],
  [18, 0x09_80_00],
  [26, 0x01_80_00],
]);
const UNCLASSIFIED = 0x00_ff_00;

/**
 * A virtio device as a PCI function (virtio 4.1): modern, transitional or legacy. Attach {@link pciFunction} to a bus.
 *
 * Nothing that a guest reads or writes throws; what the specification does not allow changes nothing.
 */
export class VirtioPciDevice {
  readonly pciFunction: PciFunction;
  readonly frontend: VirtioFrontend;
  readonly #vectors: EventVectors;
  readonly #queues: QueueRegisters;
  readonly #common: CommonConfiguration;
  readonly #legacy: LegacyBlock;
  readonly #configuration: DeviceConfiguration;
  /** Queues that were notified while the function was no bus master. */
  readonly #held = new Set<number>();

  /** @throws HostError ERR_VIRTIO_OPTIONS, ERR_VIRTIO_PCI_OPTIONS, or those of the function */
  constructor(device: VirtioDevice, options: VirtioPciOptions) {
    const { personality = "modern" } = options;
    this.#vectors = new EventVectors(device.queueMaxSizes.length);
    this.frontend = new VirtioFrontend(device, {
      memory: options.memory,
      interrupts: {
        queueInterrupt: (queue) => this.#vectors.signalQueue(queue),
        configInterrupt: () => this.#vectors.signalConfiguration(),
      },
      personality,
      ...(options.legacyEndian && { legacyEndian: options.legacyEndian }),
      ...(options.ring && { ring: options.ring }),
      extraFeatures: [F_RING_RESET, F_NOTIFICATION_DATA, ...(options.extraFeatures ?? [])],
      withoutFeatures: [...UNSUPPORTED_FEATURES, ...(options.withoutFeatures ?? [])],
      ...(options.requiredFeatures && { requiredFeatures: options.requiredFeatures }),
      ...(options.logger && { logger: options.logger }),
    });
    const { frontend } = this;
    this.#queues = new QueueRegisters(frontend);
    this.#configuration = new DeviceConfiguration(frontend);
    const reset = (): void => void this.resetDevice();
    this.#common = new CommonConfiguration({
      frontend,
      queues: this.#queues,
      vectors: this.#vectors,
      useModern: () => void this.#use("modern"),
      reset,
    });
    this.#legacy = new LegacyBlock({
      frontend,
      vectors: this.#vectors,
      configuration: this.#configuration,
      useLegacy: () => this.#use("legacy"),
      notify: (queue) => this.#notify(queue),
      reset,
    });
    this.pciFunction = this.#makeFunction(personality, options);
    this.#vectors.connect(this.pciFunction);
  }

  /** Which interface a driver uses is told by its first access, and then fixed until it resets the device. */
  #use(driverInterface: "modern" | "legacy"): boolean {
    const { frontend } = this;
    if (frontend.driverInterface === driverInterface) return true;
    return frontend.status === 0 && frontend.resetting === undefined && frontend.useInterface(driverInterface);
  }

  #makeFunction(personality: Personality, options: VirtioPciOptions): PciFunction {
    const { vectors = Math.min(2048, this.frontend.queueCount + 1), interruptPin = 1 } = options;
    const bars: (BarOptions | undefined)[] = [];
    if (personality !== "modern") {
      const size = powerOfTwo(LEGACY_CONFIG_MSIX + this.frontend.configSize);
      if (size > 256) throw new HostError("ERR_VIRTIO_PCI_OPTIONS", "the configuration is too large for a legacy I/O register");
      bars[LEGACY_BAR] = { kind: "io", size, region: this.#legacy };
    }
    const pendingOffset = powerOfTwo(Math.max(0x800, 16 * vectors));
    const msix = { vectors, tableBar: MSIX_BAR, tableOffset: 0, pendingBar: MSIX_BAR, pendingOffset };
    if (vectors > 0) bars[MSIX_BAR] = { kind: "memory32", size: 2 * pendingOffset, region: emptyRegion };
    const capabilities = personality === "legacy" ? [] : this.#modernCapabilities(bars, options);
    return new PciFunction({
      identity: this.#identity(personality, options),
      bars,
      capabilities: [...capabilities, ...(options.capabilities ?? [])],
      ...(vectors > 0 && { msix }),
      interruptPin,
      onCommand: (command) => {
        if ((command & PciCommand.busMaster) !== 0) this.#releaseHeld();
      },
    });
  }

  #identity(personality: Personality, options: VirtioPciOptions): PciIdentity {
    const type = this.frontend.deviceId;
    const modern = personality === "modern";
    const deviceId = modern ? MODERN_DEVICE_ID_BASE + type : (options.transitionalDeviceId ?? TRANSITIONAL_DEVICE_IDS.get(type));
    if (deviceId === undefined || type > MAX_DEVICE_TYPE) {
      throw new HostError("ERR_VIRTIO_PCI_OPTIONS", `devices of type ${type} have no ${modern ? "" : "transitional "}PCI device ID`);
    }
    return {
      vendorId: VIRTIO_PCI_VENDOR_ID,
      deviceId,
      // Legacy drivers match revision 0 and take the type from the subsystem device ID; modern devices keep off both (4.1.2.1).
      revisionId: modern ? 1 : 0,
      classCode: options.classCode ?? CLASS_CODES.get(type) ?? UNCLASSIFIED,
      subsystemVendorId: options.subsystemVendorId ?? VIRTIO_PCI_VENDOR_ID,
      subsystemId: modern ? 0x1100 : type,
    };
  }

  /** Lays out the structures of virtio 1.x and describes them. */
  #modernCapabilities(bars: (BarOptions | undefined)[], { ioNotify = false, sharedMemory = [] }: VirtioPciOptions): PciCapability[] {
    const { frontend } = this;
    const notifyLength = powerOfTwo(Math.max(STRUCTURE_SIZE, NOTIFY_MULTIPLIER * frontend.queueCount));
    const isr = new RegisterFile(1, [{ offset: 0, width: 1, read: () => this.#vectors.takeIsr() }]);
    bars[MODERN_BAR] = {
      kind: "memory64",
      // 64-bit addresses may be assigned to prefetchable ranges only. No bridge here merges or repeats reads.
      prefetchable: true,
      size: powerOfTwo(NOTIFY_OFFSET + notifyLength),
      region: new RegionMap([
        { offset: COMMON_OFFSET, length: STRUCTURE_SIZE, region: this.#common },
        { offset: ISR_OFFSET, length: STRUCTURE_SIZE, region: isr },
        { offset: DEVICE_OFFSET, length: STRUCTURE_SIZE, region: this.#configuration },
        { offset: NOTIFY_OFFSET, length: notifyLength, region: this.#notifyRegion },
      ]),
    };
    const at = (offset: number, length = STRUCTURE_SIZE) => ({ bar: MODERN_BAR, offset, length });
    const capabilities = [
      virtioCapability(VirtioPciCapability.common, at(COMMON_OFFSET)),
      virtioCapability(VirtioPciCapability.isr, at(ISR_OFFSET)),
    ];
    if (frontend.configSize > 0) capabilities.push(virtioCapability(VirtioPciCapability.device, at(DEVICE_OFFSET)));
    if (ioNotify) {
      if (sharedMemory.length > 0) throw new HostError("ERR_VIRTIO_PCI_OPTIONS", "register 2 is for notifications or for shared memory");
      // All queues in one place: the multiplier is 0, and the value says which it is.
      bars[AUXILIARY_BAR] = { kind: "io", size: 4, region: this.#notifyRegion };
      capabilities.push(notifyCapability({ bar: AUXILIARY_BAR, offset: 0, length: 4 }, 0));
    }
    capabilities.push(notifyCapability(at(NOTIFY_OFFSET, notifyLength), NOTIFY_MULTIPLIER));
    capabilities.push(
      ...sharedMemoryBar(bars, sharedMemory),
      configAccessCapability(() => this.pciFunction),
    );
    return capabilities;
  }

  /** Notifications: 16 bits with the queue's index, or 32 with notification data (4.1.5.2). Which queue it is for, the value says. */
  readonly #notifyRegion: PciRegion = {
    read: () => 0,
    write: (_offset, width: AccessWidth, value) => {
      if (width === 1) return;
      const hasData = width === 4 && this.frontend.features.has(F_NOTIFICATION_DATA);
      this.#notify(hasData ? value : value & 0xffff);
    },
  };

  #notify(value: number): void {
    // A device that is no bus master may not touch memory. Legacy drivers did not always make it one.
    const master = (this.pciFunction.command & PciCommand.busMaster) !== 0;
    if (master || this.frontend.driverInterface === "legacy") this.frontend.notifyValue(value);
    else if ((value & 0xffff) < this.frontend.queueCount) this.#held.add(value & 0xffff);
  }

  #releaseHeld(): void {
    for (const queue of this.#held) this.frontend.notify(queue);
    this.#held.clear();
  }

  /** A reset by the driver: status 0. */
  resetDevice(): Promise<void> | undefined {
    const pending = this.frontend.reset();
    this.#queues.reset();
    this.#common.reset();
    this.#legacy.reset();
    this.#vectors.reset();
    this.#held.clear();
    return pending;
  }

  /** A reset of the function by its bus: the device, and configuration space as at the start. */
  reset(): Promise<void> | undefined {
    const pending = this.resetDevice();
    this.pciFunction.reset();
    return pending;
  }
}

function powerOfTwo(atLeast: number): number {
  return 2 ** Math.ceil(Math.log2(atLeast));
}

/** Puts the shared regions one behind the other into register 2. */
function sharedMemoryBar(bars: (BarOptions | undefined)[], regions: readonly SharedMemoryBar[]): PciCapability[] {
  if (regions.length === 0) return [];
  if (new Set(regions.map(({ id }) => id)).size < regions.length) {
    throw new HostError("ERR_VIRTIO_PCI_OPTIONS", "two shared memory regions have the same id");
  }
  let end = 0;
  const parts = regions.map(({ id, length, region }) => {
    const offset = end;
    end += Math.ceil(length / 4096) * 4096;
    return { id, offset, length, region };
  });
  bars[AUXILIARY_BAR] = { kind: "memory64", prefetchable: true, size: powerOfTwo(end), region: new RegionMap(parts) };
  return parts.map(({ id, offset, length }) => sharedMemoryCapability({ bar: AUXILIARY_BAR, offset, length }, id));
}
