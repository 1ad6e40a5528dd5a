import { type Endian, FlatMemory, type GuestMemory } from "@zarch/guest-memory";
import { type DriverInterface, type TransportInterrupts, type VirtioDevice, VirtioFrontend } from "@zarch/virtio";
import type { Logger } from "@zarch/vmm-interface";
import type { BufferSpan } from "@zarch/vring";
import { DriverError } from "../errors.ts";
import { defaultRegion } from "../region.ts";
import type { DriverInterrupts, DriverQueueSetup, DriverTransport } from "../transport.ts";

export interface DirectTransportOptions {
  /** Default: 4 MiB of new memory. */
  readonly memory?: GuestMemory;
  /** The part of memory that is the driver's. Default: all but the first page. */
  readonly region?: BufferSpan;
  /** Default `"modern"`. */
  readonly driverInterface?: DriverInterface;
  /** Byte order of the legacy interface. Default `"big"`. */
  readonly legacyEndian?: Endian;
  /** Feature bits that the frontend offers beyond the usual ones. */
  readonly extraFeatures?: Iterable<number>;
  /** Feature bits that the frontend does not offer. */
  readonly withoutFeatures?: Iterable<number>;
  readonly logger?: Logger;
}

/** No bus at all: drives the state machine of a device in the same process. */
export class DirectTransport implements DriverTransport {
  readonly name = "direct";
  readonly memory: GuestMemory;
  readonly region: BufferSpan;
  readonly driverInterface: DriverInterface;
  readonly endian: Endian;
  readonly #makeFrontend: (device: VirtioDevice) => VirtioFrontend;
  #frontend: VirtioFrontend;
  #listener: DriverInterrupts = { queueInterrupt: () => {}, configInterrupt: () => {} };

  /** @throws DriverError ERR_DRIVER_REFUSED if the device does not serve such drivers */
  constructor(device: VirtioDevice, options: DirectTransportOptions = {}) {
    const { driverInterface = "modern", legacyEndian = "big", extraFeatures, withoutFeatures, logger } = options;
    this.memory = options.memory ?? new FlatMemory(4 << 20);
    this.region = options.region ?? defaultRegion(this.memory);
    this.driverInterface = driverInterface;
    this.endian = driverInterface === "legacy" ? legacyEndian : "little";
    const interrupts: TransportInterrupts = {
      queueInterrupt: (index) => this.#listener.queueInterrupt(index),
      configInterrupt: () => this.#listener.configInterrupt(),
    };
    this.#makeFrontend = (device) =>
      new VirtioFrontend(device, {
        memory: this.memory,
        interrupts,
        personality: "transitional",
        legacyEndian,
        ...(extraFeatures ? { extraFeatures } : {}),
        ...(withoutFeatures ? { withoutFeatures } : {}),
        ...(logger ? { logger } : {}),
      });
    this.#frontend = this.#makeFrontend(device);
  }

  /** The device's end. */
  get frontend(): VirtioFrontend {
    return this.#frontend;
  }

  /**
   * Puts another device in the place of the present one, with its state, as when a machine is saved and goes on elsewhere: the driver notices
   * nothing. The new device is paused; what the old one still does has no effect on the driver, but on what it works on: pause it
   * first where that matters.
   * @param device made with equal options
   * @throws VirtioStateError if it refuses the state; nothing has changed then
   */
  replaceDevice(device: VirtioDevice): void {
    const frontend = this.#makeFrontend(device);
    frontend.restore(JSON.parse(JSON.stringify(this.#frontend.save())));
    const old = this.#frontend;
    this.#frontend = frontend;
    void old.reset();
  }

  get deviceId(): number {
    return this.frontend.deviceId;
  }

  listen(interrupts: DriverInterrupts): void {
    this.#listener = interrupts;
  }

  async reset(): Promise<void> {
    await this.frontend.reset();
    if (!this.frontend.useInterface(this.driverInterface)) {
      throw new DriverError("ERR_DRIVER_REFUSED", `the device has no ${this.driverInterface} interface`);
    }
  }

  async readStatus(): Promise<number> {
    return this.frontend.status;
  }

  async writeStatus(status: number): Promise<boolean> {
    return this.frontend.writeStatus(status);
  }

  async readDeviceFeatures(word: number): Promise<number> {
    return this.frontend.deviceFeatures(word);
  }

  async writeDriverFeatures(word: number, value: number): Promise<boolean> {
    return this.frontend.setDriverFeatures(word, value);
  }

  async readConfig(offset: number, length: number): Promise<Uint8Array> {
    const bytes = new Uint8Array(length);
    this.frontend.readConfig(offset, bytes);
    return bytes;
  }

  async writeConfig(offset: number, data: Uint8Array): Promise<void> {
    this.frontend.writeConfig(offset, data);
  }

  async configGeneration(): Promise<number> {
    return this.frontend.configGeneration;
  }

  async queueMaxSize(queue: number): Promise<number> {
    return this.frontend.queueMaxSize(queue);
  }

  async setUpQueue(queue: number, setup: DriverQueueSetup): Promise<boolean> {
    return this.frontend.setUpQueue(queue, setup);
  }

  async resetQueue(queue: number): Promise<boolean> {
    const pending = this.frontend.resetQueue(queue);
    if (pending === false) return false;
    await pending;
    return true;
  }

  notify(queue: number, data?: number): void {
    this.frontend.notifyValue(data === undefined ? queue : data * 0x1_0000 + queue);
  }
}
