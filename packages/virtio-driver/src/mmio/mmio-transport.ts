import type { Endian, GuestMemory } from "@zarch/guest-memory";
import type { DriverInterface } from "@zarch/virtio";
import type { BufferSpan, VirtqueueAreas } from "@zarch/vring";
import { encodeNumber, numberOf } from "../config-reader.ts";
import { DriverError } from "../errors.ts";
import { type Polling, poll } from "../polling.ts";
import { LEGACY_ALIGN } from "../queue-memory.ts";
import { defaultRegion } from "../region.ts";
import type { DriverInterrupts, DriverQueueSetup, DriverTransport } from "../transport.ts";
import { Interrupt, MAGIC, Register } from "./registers.ts";

/**
 * The way to the registers of one device: offsets in bytes from its first register. Registers are little-endian (4.2.2), so the lowest byte of
 * a value is the byte at its offset; also in the configuration, whatever order a legacy device has there.
 */
export interface RegisterBus {
  read(offset: number, width: 1 | 2 | 4): number;
  write(offset: number, width: 1 | 2 | 4, value: number): void;
}

export interface MmioTransportOptions {
  readonly bus: RegisterBus;
  readonly memory: GuestMemory;
  /** The part of memory that is the driver's. Default: all but the first page. */
  readonly region?: BufferSpan;
  /** Byte order of a legacy device's guest. Default `"little"`. */
  readonly legacyEndian?: Endian;
  /** How to wait for the end of a reset. */
  readonly polling?: Polling;
}

/** How often in a row the handler looks at a device that does not stop interrupting. */
const MAX_ROUNDS = 1000;

/**
 * The driver's end of virtio over MMIO (virtio 4.2), versions 2 and 1 (legacy). Whoever has the interrupt line calls {@link interrupt}.
 *
 * ```ts
 * const transport = MmioTransport.probe({ bus, memory });
 * ```
 */
export class MmioTransport implements DriverTransport {
  readonly name = "mmio";
  readonly memory: GuestMemory;
  readonly region: BufferSpan;
  readonly driverInterface: DriverInterface;
  readonly endian: Endian;
  readonly deviceId: number;
  /** Only version 2 has them. */
  readonly configGeneration?: () => Promise<number>;
  readonly resetQueue?: (queue: number) => Promise<boolean>;
  readonly #bus: RegisterBus;
  readonly #polling: Polling;
  #listener: DriverInterrupts = { queueInterrupt: () => {}, configInterrupt: () => {} };
  #handling = false;
  #interrupted = false;

  private constructor(options: MmioTransportOptions, version: 1 | 2, deviceId: number) {
    const { bus, memory, legacyEndian = "little", polling = {} } = options;
    this.#bus = bus;
    this.#polling = polling;
    this.memory = memory;
    this.region = options.region ?? defaultRegion(memory);
    this.driverInterface = version === 1 ? "legacy" : "modern";
    this.endian = version === 1 ? legacyEndian : "little";
    this.deviceId = deviceId;
    if (version === 1) return;
    this.configGeneration = async () => this.#read(Register.configGeneration);
    this.resetQueue = (queue) => this.#resetQueue(queue);
  }

  /**
   * Looks what is there (4.2.3.1.1).
   * @returns undefined where there is a place for a device but none is in it (device ID 0): no reason to complain
   * @throws DriverError ERR_DRIVER_DEVICE_TYPE if it is no virtio device, or of an unknown version
   */
  static probe(options: MmioTransportOptions): MmioTransport | undefined {
    const { bus } = options;
    const magic = bus.read(Register.magicValue, 4) >>> 0;
    if (magic !== MAGIC) throw new DriverError("ERR_DRIVER_DEVICE_TYPE", `no virtio device: its magic value is 0x${magic.toString(16)}`);
    const version = bus.read(Register.version, 4);
    if (version !== 1 && version !== 2) throw new DriverError("ERR_DRIVER_DEVICE_TYPE", `virtio-mmio version ${version}`);
    const deviceId = bus.read(Register.deviceId, 4);
    return deviceId === 0 ? undefined : new MmioTransport(options, version, deviceId);
  }

  get #legacy(): boolean {
    return this.driverInterface === "legacy";
  }

  #read(register: number): number {
    return this.#bus.read(register, 4) >>> 0;
  }

  #write(register: number, value: number): void {
    this.#bus.write(register, 4, value >>> 0);
  }

  #writeAddress(register: number, address: number): void {
    this.#write(register, address % 0x1_0000_0000);
    this.#write(register + 4, Math.floor(address / 0x1_0000_0000));
  }

  listen(interrupts: DriverInterrupts): void {
    this.#listener = interrupts;
  }

  /** The interrupt line has become active. Call it once for each rise; as long as it is active, too, does no harm. */
  interrupt(): void {
    this.#interrupted = true;
    if (this.#handling) return;
    this.#handling = true;
    try {
      for (let round = 0; this.#interrupted && round < MAX_ROUNDS; round++) {
        this.#interrupted = false;
        this.#handleInterrupt();
      }
    } finally {
      this.#handling = false;
    }
  }

  #handleInterrupt(): void {
    const causes = this.#read(Register.interruptStatus) & Interrupt.all;
    if (causes === 0) return;
    if ((causes & Interrupt.usedBuffer) !== 0) this.#listener.queueInterrupt(undefined);
    if ((causes & Interrupt.configChange) !== 0) this.#listener.configInterrupt();
    this.#write(Register.interruptAck, causes);
    // Buffers used between the handling and its acknowledgement have no interrupt of their own.
    if ((causes & Interrupt.usedBuffer) !== 0) this.#listener.queueInterrupt(undefined);
  }

  async reset(): Promise<void> {
    this.#write(Register.status, 0);
    await poll(() => this.#read(Register.status) === 0, "its reset", this.#polling);
    if (this.#legacy) this.#write(Register.guestPageSize, LEGACY_ALIGN);
  }

  async readStatus(): Promise<number> {
    return this.#read(Register.status);
  }

  async writeStatus(status: number): Promise<boolean> {
    this.#write(Register.status, status);
    return true;
  }

  async readDeviceFeatures(word: number): Promise<number> {
    this.#write(Register.deviceFeaturesSel, word);
    return this.#read(Register.deviceFeatures);
  }

  async writeDriverFeatures(word: number, value: number): Promise<boolean> {
    this.#write(Register.driverFeaturesSel, word);
    this.#write(Register.driverFeatures, value);
    return true;
  }

  async readConfig(offset: number, length: number): Promise<Uint8Array> {
    const width = accessWidth(offset, length);
    const bytes = new Uint8Array(length);
    for (let at = 0; at < length; at += width) {
      bytes.set(encodeNumber(this.#bus.read(Register.config + offset + at, width) >>> 0, width, "little"), at);
    }
    return bytes;
  }

  async writeConfig(offset: number, data: Uint8Array): Promise<void> {
    const width = accessWidth(offset, data.length);
    for (let at = 0; at < data.length; at += width) {
      this.#bus.write(Register.config + offset + at, width, numberOf(data.subarray(at, at + width), "little"));
    }
  }

  async queueMaxSize(queue: number): Promise<number> {
    this.#write(Register.queueSel, queue);
    return this.#read(Register.queueSizeMax);
  }

  async setUpQueue(queue: number, { size, areas }: DriverQueueSetup): Promise<boolean> {
    this.#write(Register.queueSel, queue);
    const inUse = this.#legacy ? Register.queuePfn : Register.queueReady;
    if (this.#read(inUse) !== 0 || size > this.#read(Register.queueSizeMax)) return false;
    this.#write(Register.queueSize, size);
    if (this.#legacy) this.#writeLegacyAreas(areas);
    else {
      this.#writeAddress(Register.queueDescLow, areas.descriptor);
      this.#writeAddress(Register.queueDriverLow, areas.driver);
      this.#writeAddress(Register.queueDeviceLow, areas.device);
      this.#write(Register.queueReady, 1);
    }
    return this.#read(inUse) !== 0;
  }

  #writeLegacyAreas({ descriptor }: VirtqueueAreas): void {
    this.#write(Register.queueAlign, LEGACY_ALIGN);
    this.#write(Register.queuePfn, descriptor / LEGACY_ALIGN);
  }

  /** Tells the device to stop using a queue (4.2.2.2). The queue cannot be set up again before the next reset, unless it is reset itself. */
  stopQueue(queue: number): void {
    this.#write(Register.queueSel, queue);
    const inUse = this.#legacy ? Register.queuePfn : Register.queueReady;
    this.#write(inUse, 0);
    this.#read(inUse);
  }

  async #resetQueue(queue: number): Promise<boolean> {
    this.#write(Register.queueSel, queue);
    this.#write(Register.queueReset, 1);
    await poll(
      () => {
        // Somebody else may have selected another queue in the meantime.
        this.#write(Register.queueSel, queue);
        return this.#read(Register.queueReset) === 0;
      },
      `the reset of queue ${queue}`,
      this.#polling,
    );
    return this.#read(Register.queueReady) === 0;
  }

  notify(queue: number, data?: number): void {
    this.#write(Register.queueNotify, data === undefined ? queue : data * 0x1_0000 + queue);
  }
}

/** Fields are accessed as wide as they are, 64 bits in two halves, and what is no number byte by byte (4.2.2.2). */
function accessWidth(offset: number, length: number): 1 | 2 | 4 {
  if (length === 2 && offset % 2 === 0) return 2;
  if ((length === 4 || length === 8) && offset % 4 === 0) return 4;
  return 1;
}
