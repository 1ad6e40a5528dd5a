import { LEGACY_ALIGN } from "../queue-memory.ts";
import type { DriverQueueSetup } from "../transport.ts";
import type { DeviceRegisters } from "./device-registers.ts";
import type { PciAccess } from "./pci-access.ts";
import { LEGACY_CONFIG, LEGACY_CONFIG_MSIX, Legacy } from "./registers.ts";

/** The legacy register block in the first I/O region (virtio 4.1.4.10). */
export class LegacyRegisters implements DeviceRegisters {
  readonly #pci: PciAccess;
  readonly #msixEnabled: () => boolean;

  constructor(pci: PciAccess, msixEnabled: () => boolean) {
    this.#pci = pci;
    this.#msixEnabled = msixEnabled;
  }

  #read(offset: number, width: 1 | 2 | 4): number {
    return this.#pci.readBar(0, offset, width);
  }

  #write(offset: number, width: 1 | 2 | 4, value: number): void {
    this.#pci.writeBar(0, offset, width, value);
  }

  readStatus(): number {
    return this.#read(Legacy.status, 1);
  }

  writeStatus(status: number): void {
    this.#write(Legacy.status, 1, status);
  }

  readDeviceFeatures(word: number): number {
    return word === 0 ? this.#read(Legacy.deviceFeatures, 4) : 0;
  }

  writeDriverFeatures(word: number, value: number): boolean {
    if (word === 0) this.#write(Legacy.driverFeatures, 4, value);
    return word === 0 || value === 0;
  }

  /** The configuration moves with MSI-X. */
  get #config(): number {
    return this.#msixEnabled() ? LEGACY_CONFIG_MSIX : LEGACY_CONFIG;
  }

  readConfig(offset: number, width: 1 | 2 | 4): number {
    return this.#read(this.#config + offset, width);
  }

  writeConfig(offset: number, width: 1 | 2 | 4, value: number): void {
    this.#write(this.#config + offset, width, value);
  }

  queueMaxSize(queue: number): number {
    if (queue > 0xffff) return 0;
    this.#write(Legacy.queueSelect, 2, queue);
    return this.#read(Legacy.queueSize, 2);
  }

  /** The device decides the size, and there is one address for the whole ring. */
  setUpQueue(queue: number, { size, areas }: DriverQueueSetup): boolean {
    if (this.queueMaxSize(queue) !== size || this.#read(Legacy.queueAddress, 4) !== 0) return false;
    this.#write(Legacy.queueAddress, 4, areas.descriptor / LEGACY_ALIGN);
    return this.#read(Legacy.queueAddress, 4) !== 0;
  }

  notify(queue: number): void {
    this.#write(Legacy.queueNotify, 2, queue);
  }

  takeIsr(): number {
    return this.#read(Legacy.isr, 1);
  }

  setConfigVector(vector: number): number {
    this.#write(Legacy.configVector, 2, vector);
    return this.#read(Legacy.configVector, 2);
  }

  setQueueVector(queue: number, vector: number): number {
    this.#write(Legacy.queueSelect, 2, queue);
    this.#write(Legacy.queueVector, 2, vector);
    return this.#read(Legacy.queueVector, 2);
  }
}
