import { type Polling, poll } from "../polling.ts";
import type { DriverQueueSetup } from "../transport.ts";
import type { FoundCapabilities, StructurePlace } from "./capabilities.ts";
import type { DeviceRegisters } from "./device-registers.ts";
import type { PciAccess } from "./pci-access.ts";
import { Common, Structure } from "./registers.ts";

/** The structures of virtio 1.x (virtio 4.1.4). */
export class ModernRegisters implements DeviceRegisters {
  readonly #pci: PciAccess;
  readonly #common: StructurePlace;
  readonly #notify: StructurePlace;
  readonly #isr: StructurePlace;
  readonly #device: StructurePlace | undefined;
  readonly #multiplier: number;
  /** Offset of each queue's place for notifications. */
  readonly #notifyOffsets = new Map<number, number>();

  private constructor(pci: PciAccess, common: StructurePlace, notify: StructurePlace, isr: StructurePlace, found: FoundCapabilities) {
    this.#pci = pci;
    this.#common = common;
    this.#notify = notify;
    this.#isr = isr;
    this.#device = found.structures.get(Structure.device);
    this.#multiplier = found.notifyMultiplier;
  }

  /** @returns undefined if a structure is missing that no modern device may be without */
  static find(pci: PciAccess, found: FoundCapabilities): ModernRegisters | undefined {
    const common = found.structures.get(Structure.common);
    const notify = found.structures.get(Structure.notify);
    const isr = found.structures.get(Structure.isr);
    return common && notify && isr && new ModernRegisters(pci, common, notify, isr, found);
  }

  #read(offset: number, width: 1 | 2 | 4): number {
    return this.#pci.readBar(this.#common.bar, this.#common.offset + offset, width);
  }

  #write(offset: number, width: 1 | 2 | 4, value: number): void {
    this.#pci.writeBar(this.#common.bar, this.#common.offset + offset, width, value);
  }

  readStatus(): number {
    return this.#read(Common.status, 1);
  }

  writeStatus(status: number): void {
    this.#write(Common.status, 1, status);
  }

  readDeviceFeatures(word: number): number {
    this.#write(Common.deviceFeatureSelect, 4, word);
    return this.#read(Common.deviceFeature, 4);
  }

  writeDriverFeatures(word: number, value: number): boolean {
    this.#write(Common.driverFeatureSelect, 4, word);
    this.#write(Common.driverFeature, 4, value);
    return true;
  }

  generation(): number {
    return this.#read(Common.generation, 1);
  }

  readConfig(offset: number, width: 1 | 2 | 4): number {
    return this.#device ? this.#pci.readBar(this.#device.bar, this.#device.offset + offset, width) : 0;
  }

  writeConfig(offset: number, width: 1 | 2 | 4, value: number): void {
    if (this.#device) this.#pci.writeBar(this.#device.bar, this.#device.offset + offset, width, value);
  }

  #select(queue: number): void {
    this.#write(Common.queueSelect, 2, queue);
  }

  queueMaxSize(queue: number): number {
    if (queue > 0xffff) return 0;
    this.#select(queue);
    return this.#read(Common.queueSize, 2);
  }

  setUpQueue(queue: number, { size, areas }: DriverQueueSetup): boolean {
    this.#select(queue);
    if (this.#read(Common.queueEnable, 2) !== 0) return false;
    this.#write(Common.queueSize, 2, size);
    if (this.#read(Common.queueSize, 2) !== size) return false;
    this.#writeAddress(Common.queueDescriptor, areas.descriptor);
    this.#writeAddress(Common.queueDriver, areas.driver);
    this.#writeAddress(Common.queueDevice, areas.device);
    this.#notifyOffsets.set(queue, this.#notify.offset + this.#read(Common.queueNotifyOffset, 2) * this.#multiplier);
    this.#write(Common.queueEnable, 2, 1);
    return this.#read(Common.queueEnable, 2) === 1;
  }

  #writeAddress(offset: number, address: number): void {
    this.#write(offset, 4, address % 0x1_0000_0000);
    this.#write(offset + 4, 4, Math.floor(address / 0x1_0000_0000));
  }

  async resetQueue(queue: number, polling: Polling): Promise<boolean> {
    this.#select(queue);
    this.#write(Common.queueReset, 2, 1);
    await poll(
      () => {
        // Somebody else may have selected another queue in the meantime.
        this.#select(queue);
        return this.#read(Common.queueReset, 2) === 0;
      },
      `the reset of queue ${queue}`,
      polling,
    );
    return this.#read(Common.queueEnable, 2) === 0;
  }

  notify(queue: number, data: number | undefined): void {
    const at = this.#notifyOffsets.get(queue);
    if (at === undefined) return;
    if (data === undefined) this.#pci.writeBar(this.#notify.bar, at, 2, queue);
    else this.#pci.writeBar(this.#notify.bar, at, 4, data * 0x1_0000 + queue);
  }

  takeIsr(): number {
    return this.#pci.readBar(this.#isr.bar, this.#isr.offset, 1);
  }

  setConfigVector(vector: number): number {
    this.#write(Common.configVector, 2, vector);
    return this.#read(Common.configVector, 2);
  }

  setQueueVector(queue: number, vector: number): number {
    this.#select(queue);
    this.#write(Common.queueVector, 2, vector);
    return this.#read(Common.queueVector, 2);
  }
}
