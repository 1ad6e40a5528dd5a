import type { Endian, GuestMemory } from "@zarch/guest-memory";
import type { DriverInterface } from "@zarch/virtio";
import type { BufferSpan } from "@zarch/vring";
import { encodeNumber, numberOf } from "../config-reader.ts";
import { DriverError } from "../errors.ts";
import { type Polling, poll } from "../polling.ts";
import { defaultRegion } from "../region.ts";
import type { DriverInterrupts, DriverQueueSetup, DriverTransport } from "../transport.ts";
import { findCapabilities } from "./capabilities.ts";
import type { DeviceRegisters } from "./device-registers.ts";
import { LegacyRegisters } from "./legacy-registers.ts";
import { ModernRegisters } from "./modern-registers.ts";
import { type MessageTarget, MsixTable } from "./msix.ts";
import type { PciAccess } from "./pci-access.ts";
import { COMMAND_ENABLE, Config, FIRST_DEVICE_ID, Isr, LAST_DEVICE_ID, MODERN_DEVICE_ID, NO_VECTOR, VENDOR_ID } from "./registers.ts";

export interface PciTransportOptions {
  readonly pci: PciAccess;
  readonly memory: GuestMemory;
  /** The part of memory that is the driver's. Default: all but the first page. */
  readonly region?: BufferSpan;
  /** Default: the modern interface if the device has it, else the legacy one. */
  readonly driverInterface?: DriverInterface;
  /** Byte order of a legacy device's guest. Default `"little"`. */
  readonly legacyEndian?: Endian;
  /** Uses MSI-X, if the device has it, with these messages; who gets them calls {@link PciTransport.message}. Default: the interrupt line. */
  readonly messages?: MessageTarget;
  /** How to wait for the end of a reset. */
  readonly polling?: Polling;
}

/** How often in a row the handler looks at a device that does not stop interrupting. */
const MAX_ROUNDS = 1000;

/**
 * The driver's end of virtio over PCI (virtio 4.1), modern and legacy. Whoever has the function's interrupt line calls {@link interrupt}; whoever
 * receives its messages calls {@link message}.
 */
export class PciTransport implements DriverTransport {
  readonly name = "pci";
  readonly memory: GuestMemory;
  readonly region: BufferSpan;
  readonly driverInterface: DriverInterface;
  readonly endian: Endian;
  readonly deviceId: number;
  /** Only modern devices have them. */
  readonly configGeneration?: () => Promise<number>;
  readonly resetQueue?: (queue: number) => Promise<boolean>;
  readonly fixedQueue?: (queue: number) => Promise<{ readonly size: number }>;
  readonly #registers: DeviceRegisters;
  readonly #polling: Polling;
  readonly #messages: MessageTarget | undefined;
  readonly #msix: MsixTable | undefined;
  #msixEnabled = false;
  /** Vector of configuration changes, and the queues of the others; a vector for several queues has none. */
  #configVector = NO_VECTOR;
  readonly #queueOfVector = new Map<number, number | undefined>();
  #listener: DriverInterrupts = { queueInterrupt: () => {}, configInterrupt: () => {} };
  #handling = false;

  /**
   * Looks what is there (4.1.2, 4.1.5.1.1), and lets the function access memory.
   * @throws DriverError ERR_DRIVER_DEVICE_TYPE if it is no virtio device, or has not the interface asked for
   */
  constructor(options: PciTransportOptions) {
    const { pci, memory, driverInterface, legacyEndian = "little", polling = {} } = options;
    const deviceId = pci.readConfig(Config.deviceId, 2);
    if (pci.readConfig(Config.vendorId, 2) !== VENDOR_ID || deviceId < FIRST_DEVICE_ID || deviceId > LAST_DEVICE_ID) {
      throw new DriverError("ERR_DRIVER_DEVICE_TYPE", `no virtio device: its PCI device ID is 0x${deviceId.toString(16)}`);
    }
    const found = findCapabilities(pci);
    const modern = driverInterface === "legacy" ? undefined : ModernRegisters.find(pci, found);
    // Only transitional and legacy devices have the legacy block, and it is in I/O space.
    const hasLegacy = deviceId < MODERN_DEVICE_ID && (pci.readConfig(Config.bar0, 4) & 1) === 1;
    if (!modern && (driverInterface === "modern" || !hasLegacy)) {
      throw new DriverError("ERR_DRIVER_DEVICE_TYPE", `the device has no ${driverInterface ?? "known"} interface`);
    }
    pci.writeConfig(Config.command, 2, pci.readConfig(Config.command, 2) | COMMAND_ENABLE);
    this.memory = memory;
    this.region = options.region ?? defaultRegion(memory);
    this.deviceId = deviceId < MODERN_DEVICE_ID ? pci.readConfig(Config.subsystemId, 2) : deviceId - MODERN_DEVICE_ID;
    this.driverInterface = modern ? "modern" : "legacy";
    this.endian = modern ? "little" : legacyEndian;
    this.#registers = modern ?? new LegacyRegisters(pci, () => this.#msixEnabled);
    this.#polling = polling;
    this.#messages = options.messages;
    this.#msix = options.messages && found.msix !== undefined ? new MsixTable(pci, found.msix) : undefined;
    if (!modern) {
      // The legacy interface has no way to choose a size.
      this.fixedQueue = async (queue) => ({ size: this.#registers.queueMaxSize(queue) });
      return;
    }
    this.configGeneration = async () => modern.generation();
    this.resetQueue = (queue) => modern.resetQueue(queue, polling);
  }

  /** Whether interrupts come as messages. */
  get msixEnabled(): boolean {
    return this.#msixEnabled;
  }

  listen(interrupts: DriverInterrupts): void {
    this.#listener = interrupts;
  }

  /** The function's interrupt line is active. To be called once for each rise; more often does no harm. */
  interrupt(): void {
    if (this.#handling) return;
    this.#handling = true;
    try {
      for (let round = 0; round < MAX_ROUNDS; round++) {
        const causes = this.#registers.takeIsr();
        if (causes === 0) break;
        if ((causes & Isr.queue) !== 0) this.#listener.queueInterrupt(undefined);
        if ((causes & Isr.configuration) !== 0) this.#listener.configInterrupt();
      }
    } finally {
      this.#handling = false;
    }
  }

  /** A message of the function. @param data what the message carried */
  message(data: number): void {
    const vector = data - (this.#messages?.data ?? 0);
    if (vector === this.#configVector) this.#listener.configInterrupt();
    if (this.#queueOfVector.has(vector)) this.#listener.queueInterrupt(this.#queueOfVector.get(vector));
  }

  /** Resets the device, which forgets its vectors with it, and sets the first one up again. */
  async reset(): Promise<void> {
    this.#registers.writeStatus(0);
    await poll(() => this.#registers.readStatus() === 0, "its reset", this.#polling);
    this.#queueOfVector.clear();
    if (!this.#msix || !this.#messages) return;
    this.#msix.enable(this.#messages);
    this.#msixEnabled = true;
    this.#configVector = this.#registers.setConfigVector(0);
    if (this.#configVector === NO_VECTOR) this.#doWithoutMessages();
  }

  /** The device cannot map an event: back to the line (4.1.5.1.2.2). */
  #doWithoutMessages(): void {
    this.#msix?.disable();
    this.#msixEnabled = false;
  }

  async readStatus(): Promise<number> {
    return this.#registers.readStatus();
  }

  async writeStatus(status: number): Promise<boolean> {
    this.#registers.writeStatus(status);
    return true;
  }

  async readDeviceFeatures(word: number): Promise<number> {
    return this.#registers.readDeviceFeatures(word);
  }

  async writeDriverFeatures(word: number, value: number): Promise<boolean> {
    return this.#registers.writeDriverFeatures(word, value);
  }

  async readConfig(offset: number, length: number): Promise<Uint8Array> {
    const width = accessWidth(offset, length);
    const bytes = new Uint8Array(length);
    for (let at = 0; at < length; at += width) bytes.set(encodeNumber(this.#registers.readConfig(offset + at, width), width, "little"), at);
    return bytes;
  }

  async writeConfig(offset: number, data: Uint8Array): Promise<void> {
    const width = accessWidth(offset, data.length);
    for (let at = 0; at < data.length; at += width) {
      this.#registers.writeConfig(offset + at, width, numberOf(data.subarray(at, at + width), "little"));
    }
  }

  async queueMaxSize(queue: number): Promise<number> {
    return this.#registers.queueMaxSize(queue);
  }

  async setUpQueue(queue: number, setup: DriverQueueSetup): Promise<boolean> {
    if (this.#msixEnabled) this.#mapQueue(queue);
    return this.#registers.setUpQueue(queue, setup);
  }

  /** A vector of its own for each queue as long as there are some, else one for all. */
  #mapQueue(queue: number): void {
    const count = this.#msix?.count ?? 0;
    const vector = queue + 1 < count ? queue + 1 : Math.min(1, count - 1);
    if (this.#registers.setQueueVector(queue, vector) === vector) {
      this.#queueOfVector.set(vector, this.#queueOfVector.has(vector) ? undefined : queue);
    }
  }

  notify(queue: number, data?: number): void {
    this.#registers.notify(queue, data);
  }
}

/** Fields are accessed as wide as they are, 64 bits in two halves, and what is no number byte by byte (4.1.3.1). */
function accessWidth(offset: number, length: number): 1 | 2 | 4 {
  if (length === 2 && offset % 2 === 0) return 2;
  if ((length === 4 || length === 8) && offset % 4 === 0) return 4;
  return 1;
}
