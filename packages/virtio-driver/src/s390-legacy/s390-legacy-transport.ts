import type { GuestMemory } from "@zarch/guest-memory";
import { type BufferSpan, legacyAreas } from "@zarch/vring";
import { DriverError } from "../errors.ts";
import { LEGACY_ALIGN } from "../queue-memory.ts";
import type { DriverInterrupts, DriverQueueSetup, DriverTransport } from "../transport.ts";
import type { PageEntry } from "./page-entry.ts";

/** Numbers of the hypercalls. */
const NOTIFY = 0;
const RESET = 1;
const SET_STATUS = 2;

export interface S390LegacyTransportOptions {
  readonly memory: GuestMemory;
  readonly entry: PageEntry;
  readonly hypercall: (number: number, argument: number) => number;
  readonly region: BufferSpan;
  /** Token of queue 0; further queues have the numbers behind it. */
  readonly token: number;
}

/**
 * The driver's end of one device on the s390 descriptor page (Linux's kvm_virtio): virtio 0.9, big-endian, with rings that the host has placed.
 * From `DescriptorPageDriver`.
 */
export class S390LegacyTransport implements DriverTransport {
  readonly name = "s390-legacy";
  readonly memory: GuestMemory;
  readonly region: BufferSpan;
  readonly driverInterface = "legacy";
  readonly endian = "big";
  readonly deviceId: number;
  readonly configWritesNeedStatus = true;
  readonly #entry: PageEntry;
  readonly #hypercall: S390LegacyTransportOptions["hypercall"];
  readonly #token: number;
  #listener: DriverInterrupts = { queueInterrupt: () => {}, configInterrupt: () => {} };

  constructor({ memory, entry, hypercall, region, token }: S390LegacyTransportOptions) {
    this.memory = memory;
    this.region = region;
    this.deviceId = entry.deviceId;
    this.#entry = entry;
    this.#hypercall = hypercall;
    this.#token = token;
  }

  listen(interrupts: DriverInterrupts): void {
    this.#listener = interrupts;
  }

  /** An interruption with the token of a queue. */
  queueInterrupt(queue: number): void {
    this.#listener.queueInterrupt(queue);
  }

  configInterrupt(): void {
    this.#listener.configInterrupt();
  }

  #call(number: number, argument: number, what: string): void {
    const result = this.#hypercall(number, argument);
    if (result < 0) throw new DriverError("ERR_DRIVER_TRANSPORT", `${what} fails with ${result}`);
  }

  async reset(): Promise<void> {
    this.#call(RESET, this.#entry.address, "a reset");
  }

  async readStatus(): Promise<number> {
    return this.memory.loadUint8(this.#entry.statusAddress);
  }

  /** A status of 0 would be a reset, which is a hypercall of its own here. */
  async writeStatus(status: number): Promise<boolean> {
    if (status === 0) return false;
    this.memory.storeUint8(this.#entry.statusAddress, status);
    this.#call(SET_STATUS, this.#entry.address, "a status change");
    return true;
  }

  /** Feature bit n is bit n % 8 of byte n / 8; bits behind the last byte are not offered. */
  async readDeviceFeatures(word: number): Promise<number> {
    const { offeredAddress, featureLength } = this.#entry;
    let value = 0;
    for (let i = 0; i < 4; i++) {
      const at = 4 * word + i;
      if (at < featureLength) value |= this.memory.loadUint8(offeredAddress + at) << (8 * i);
    }
    return value >>> 0;
  }

  async writeDriverFeatures(word: number, value: number): Promise<boolean> {
    const { acceptedAddress, featureLength } = this.#entry;
    for (let i = 0; i < 4; i++) {
      const at = 4 * word + i;
      const byte = (value >>> (8 * i)) & 0xff;
      if (at < featureLength) this.memory.storeUint8(acceptedAddress + at, byte);
      else if (byte !== 0) return false;
    }
    return true;
  }

  /** How much of a span of the configuration there is: behind it lies the next device. */
  #present(offset: number, length: number): number {
    return Math.max(0, Math.min(length, this.#entry.configLength - offset));
  }

  /** What lies beyond the configuration reads as 0. */
  async readConfig(offset: number, length: number): Promise<Uint8Array> {
    const bytes = new Uint8Array(length);
    this.memory.read(this.#entry.configAddress + offset, bytes.subarray(0, this.#present(offset, length)));
    return bytes;
  }

  /** There is no hypercall that says so: the status as it is, said again, makes the host look. */
  async writeConfig(offset: number, data: Uint8Array): Promise<void> {
    this.memory.write(this.#entry.configAddress + offset, data.subarray(0, this.#present(offset, data.length)));
    await this.writeStatus(await this.readStatus());
  }

  async queueMaxSize(queue: number): Promise<number> {
    return this.#entry.ringSize(queue);
  }

  async fixedQueue(queue: number): Promise<DriverQueueSetup | undefined> {
    const size = this.#entry.ringSize(queue);
    if (size === 0) return undefined;
    return { size, areas: legacyAreas(this.#entry.ringAddress(queue), size, LEGACY_ALIGN) };
  }

  /** The ring is where it is; what is left is to say by which token its interruptions are known. */
  async setUpQueue(queue: number, { size }: DriverQueueSetup): Promise<boolean> {
    if (size === 0 || size !== this.#entry.ringSize(queue)) return false;
    this.memory.storeUint64(this.#entry.tokenAddress(queue), this.#token + queue, "big");
    return true;
  }

  notify(queue: number): void {
    if (this.#entry.ringSize(queue) !== 0) this.#hypercall(NOTIFY, this.#entry.ringAddress(queue));
  }
}
