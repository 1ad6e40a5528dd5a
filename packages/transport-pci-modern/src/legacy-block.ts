import type { AccessWidth, PciRegion } from "@zarch/pci";
import type { VirtioFrontend } from "@zarch/virtio";
import { LEGACY_CONFIG, LEGACY_CONFIG_MSIX, LEGACY_PAGE, LegacyRegister as Offset } from "./constants.ts";
import type { DeviceConfiguration } from "./device-configuration.ts";
import type { EventVectors } from "./event-vectors.ts";
import { type Register, RegisterFile } from "./register-file.ts";

export interface LegacyBlockParts {
  readonly frontend: VirtioFrontend;
  readonly vectors: EventVectors;
  readonly configuration: DeviceConfiguration;
  /** The driver uses this interface from now on. Returns false if it already uses the other one. */
  useLegacy(): boolean;
  notify(queue: number): void;
  reset(): void;
}

/**
 * The legacy register block in the first I/O region (virtio 4.1.4.10). The header is little-endian; the device configuration behind it has the
 * byte order of the guest, moves with MSI-X, and may be accessed by any width.
 */
export class LegacyBlock implements PciRegion {
  readonly #parts: LegacyBlockParts;
  readonly #header: RegisterFile;
  readonly #headerWithVectors: RegisterFile;
  #queue = 0;
  /** Page numbers of queues as written, which the driver reads back. */
  readonly #pages: Uint32Array;

  constructor(parts: LegacyBlockParts) {
    this.#parts = parts;
    this.#pages = new Uint32Array(parts.frontend.queueCount);
    const header = this.#registers();
    this.#header = new RegisterFile(LEGACY_CONFIG, header);
    this.#headerWithVectors = new RegisterFile(LEGACY_CONFIG_MSIX, [...header, ...this.#vectorRegisters()]);
  }

  reset(): void {
    this.#queue = 0;
    this.#pages.fill(0);
  }

  get #configStart(): number {
    return this.#parts.vectors.msixEnabled ? LEGACY_CONFIG_MSIX : LEGACY_CONFIG;
  }

  read(offset: number, width: AccessWidth): number {
    // A modern driver has the device; what a second, legacy one would see here is nothing.
    if (!this.#parts.useLegacy()) return 0;
    const start = this.#configStart;
    if (offset >= start) return this.#parts.configuration.read(offset - start, width);
    return (start === LEGACY_CONFIG ? this.#header : this.#headerWithVectors).read(offset, width);
  }

  write(offset: number, width: AccessWidth, value: number): void {
    if (!this.#parts.useLegacy()) return;
    const start = this.#configStart;
    if (offset >= start) this.#parts.configuration.write(offset - start, width, value);
    else (start === LEGACY_CONFIG ? this.#header : this.#headerWithVectors).write(offset, width, value);
  }

  #setPage(page: number): void {
    const { frontend } = this.#parts;
    const queue = this.#queue;
    if (frontend.queueMaxSize(queue) === 0) return;
    if (page === 0) frontend.stopQueue(queue);
    else if (!frontend.setUpLegacyQueue(queue, { address: page * LEGACY_PAGE, size: frontend.queueMaxSize(queue), align: LEGACY_PAGE }))
      return;
    this.#pages[queue] = page;
  }

  #registers(): Register[] {
    const { frontend, vectors, notify, reset } = this.#parts;
    return [
      { offset: Offset.deviceFeatures, width: 4, read: () => frontend.deviceFeatures(0) },
      {
        offset: Offset.driverFeatures,
        width: 4,
        read: () => frontend.driverFeatures(0),
        write: (value) => void frontend.setDriverFeatures(0, value),
      },
      { offset: Offset.queueAddress, width: 4, read: () => this.#pages[this.#queue] ?? 0, write: (value) => this.#setPage(value) },
      { offset: Offset.queueSize, width: 2, read: () => frontend.queueMaxSize(this.#queue) },
      {
        offset: Offset.queueSelect,
        width: 2,
        read: () => this.#queue,
        write: (value) => {
          this.#queue = value;
        },
      },
      { offset: Offset.queueNotify, width: 2, read: () => 0, write: (value) => notify(value) },
      {
        offset: Offset.deviceStatus,
        width: 1,
        read: () => frontend.status,
        write: (value) => {
          if (value === 0) reset();
          else frontend.writeStatus(value);
        },
      },
      { offset: Offset.isrStatus, width: 1, read: () => vectors.takeIsr() },
    ];
  }

  #vectorRegisters(): Register[] {
    const { vectors } = this.#parts;
    return [
      {
        offset: Offset.configMsixVector,
        width: 2,
        read: () => vectors.configVector,
        write: (value) => {
          vectors.configVector = value;
        },
      },
      {
        offset: Offset.queueMsixVector,
        width: 2,
        read: () => vectors.queueVector(this.#queue),
        write: (value) => vectors.setQueueVector(this.#queue, value),
      },
    ];
  }
}
