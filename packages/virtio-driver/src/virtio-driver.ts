import type { Endian, GuestMemory } from "@zarch/guest-memory";
import {
  type ConfigLayout,
  type DriverInterface,
  F_NOTIFICATION_DATA,
  F_RING_PACKED,
  F_RING_RESET,
  F_SUSPEND,
  FeatureSet,
  type ReadonlyFeatureSet,
  STATUS_ACKNOWLEDGE,
  STATUS_DRIVER,
  STATUS_DRIVER_OK,
  STATUS_SUSPEND,
} from "@zarch/virtio";
import { BufferPool } from "./buffer-pool.ts";
import { type ConfigReading, encodeNumber, readConfigFields, readConfigSpans } from "./config-reader.ts";
import { DeviceStatus } from "./device-status.ts";
import type { Answer, DriverQueue, RequestOptions } from "./driver-queue.ts";
import { DriverError } from "./errors.ts";
import type { FeatureWishes } from "./feature-choice.ts";
import type { Job } from "./job.ts";
import { Listeners } from "./listeners.ts";
import { negotiate } from "./negotiation.ts";
import { type Polling, poll } from "./polling.ts";
import { QueueMemory } from "./queue-memory.ts";
import { type QueueHost, RequestQueue } from "./request-queue.ts";
import type { DriverTransport } from "./transport.ts";

export interface VirtioDriverOptions extends FeatureWishes {
  /** The virtio device ID that the device must have. Default: any. */
  readonly deviceId?: number;
  /**
   * Looks at the offered features, and at the configuration, before any feature is accepted (3.1.1). A rejection, best a
   * {@link DriverError}, gives the device up.
   */
  readonly inspect?: (offered: ReadonlyFeatureSet, driver: VirtioDriver) => Promise<void>;
  /**
   * Number of queues to set up, beginning with queue 0; those that the device does not have are left out. A function is asked when the
   * features are settled and the configuration can be read. Default: as many as there are without a gap.
   */
  readonly queues?: number | ((driver: VirtioDriver) => number | Promise<number>);
  /** Most entries per queue. Default 256. */
  readonly queueSize?: number;
  /**
   * Takes the lengths that the device reports as they are, where they cannot be right cut to the room of the buffer, and in packed rings
   * also without the flag WRITE, which QEMU's devices never set. Default: for legacy devices only.
   */
  readonly toleratesLengths?: boolean;
  /** How to wait for the end of a suspension. */
  readonly polling?: Polling;
}

const DEFAULT_QUEUE_SIZE = 256;

interface QueueInService {
  readonly queue: RequestQueue;
  readonly memory: QueueMemory;
}

/**
 * A virtio driver (virtio 2, 3), over any transport: takes a device from reset to DRIVER_OK, sends it requests, and survives what the
 * device does. Device types are up to the caller, or to {@link BlockDriver}, {@link ConsoleDriver} and {@link EntropyDriver}.
 *
 * Every wait ends: with an answer, or with a {@link DriverError} when the device fails, is reset, or the driver is closed. What cannot be
 * seen from outside is a device that works but never answers; for it there are signals ({@link RequestOptions}).
 *
 * ```ts
 * await using driver = await VirtioDriver.open(transport);
 * const { data } = await driver.request(0, [header], [512, 1]);
 * ```
 */
export class VirtioDriver<T extends DriverTransport = DriverTransport> {
  readonly transport: T;
  readonly #options: VirtioDriverOptions;
  readonly #configListeners = new Listeners();
  readonly #failureListeners = new Listeners<[error: DriverError]>();
  readonly #status: DeviceStatus;
  #pool: BufferPool;
  #features: ReadonlyFeatureSet = new FeatureSet();
  /** By index; undefined where the device has none. */
  #queues: (QueueInService | undefined)[] = [];
  #configChanges = 0;
  #inService = false;
  #suspended = false;
  #failure: DriverError | undefined;
  #closed: Promise<void> | undefined;
  /** The operation on the whole device that is under way. They come one after another. */
  #turn: Promise<unknown> = Promise.resolve();

  private constructor(transport: T, options: VirtioDriverOptions) {
    this.transport = transport;
    this.#options = options;
    this.#status = new DeviceStatus(transport);
    this.#pool = this.#newPool();
  }

  /**
   * Takes a device through its initialization up to DRIVER_OK (3.1.1). A device that cannot be used is given up with the status FAILED.
   * @throws DriverError ERR_DRIVER_FEATURES, ERR_DRIVER_REFUSED, ERR_DRIVER_DEVICE_TYPE, ERR_DRIVER_MEMORY, ERR_DRIVER_NEEDS_RESET,
   * ERR_DRIVER_TIMEOUT or ERR_DRIVER_TRANSPORT
   */
  static async open<T extends DriverTransport>(transport: T, options: VirtioDriverOptions = {}): Promise<VirtioDriver<T>> {
    const driver = new VirtioDriver(transport, options);
    await driver.initialize();
    return driver;
  }

  get memory(): GuestMemory {
    return this.transport.memory;
  }

  get driverInterface(): DriverInterface {
    return this.transport.driverInterface;
  }

  /** Byte order of messages and configuration. */
  get endian(): Endian {
    return this.transport.endian;
  }

  get deviceId(): number {
    return this.transport.deviceId;
  }

  /** The negotiated features. */
  get features(): ReadonlyFeatureSet {
    return this.#features;
  }

  /** Number of places for queues: queue indices are below it. */
  get queueCount(): number {
    return this.#queues.length;
  }

  /** Number of configuration change notifications so far. */
  get configChanges(): number {
    return this.#configChanges;
  }

  /** Why the device cannot be used, until {@link initialize} has recovered it. */
  get failure(): DriverError | undefined {
    return this.#failure;
  }

  get #legacy(): boolean {
    return this.driverInterface === "legacy";
  }

  #newPool(): BufferPool {
    const { address, length } = this.transport.region;
    return new BufferPool(address, length);
  }

  /** Operations on the whole device must not get between each other's steps. */
  #exclusive<R>(operation: () => Promise<R>): Promise<R> {
    const result = this.#turn.then(operation);
    this.#turn = result.catch(() => {});
    return result;
  }

  /** Resets the device and initialises it anew; also the way back from {@link failure}. Requests under way are rejected. */
  initialize(): Promise<void> {
    return this.#exclusive(async () => {
      this.#ensureNotClosed();
      this.#ensureDeviceType();
      await this.#reset(new DriverError("ERR_DRIVER_RESET", "the device was reset"));
      try {
        await this.#bringUp();
      } catch (error) {
        const failure = asDriverError(error);
        await this.#status.giveUp();
        this.#fail(failure);
        throw failure;
      }
    });
  }

  #ensureNotClosed(): void {
    if (this.#closed !== undefined) throw new DriverError("ERR_DRIVER_CLOSED", "the driver was closed");
  }

  /** A device of another type is left to the driver that it has, perhaps. */
  #ensureDeviceType(): void {
    const { deviceId = this.deviceId } = this.#options;
    if (this.deviceId === deviceId) return;
    throw new DriverError("ERR_DRIVER_DEVICE_TYPE", `a device of type ${this.deviceId}, not ${deviceId}`);
  }

  async #bringUp(): Promise<void> {
    const { transport } = this;
    await this.#status.add(STATUS_ACKNOWLEDGE);
    await this.#status.add(STATUS_DRIVER);
    this.#features = await negotiate(transport, this.#status, this.#options, (offered) => this.#options.inspect?.(offered, this));
    await this.#setUpQueues();
    this.#ensureNotClosed();
    this.#inService = true;
    await this.#status.add(STATUS_DRIVER_OK);
    await this.#status.read();
  }

  async #setUpQueues(): Promise<void> {
    const { queues } = this.#options;
    const count = typeof queues === "function" ? await queues(this) : (queues ?? Number.POSITIVE_INFINITY);
    for (let index = 0; index < count; index++) {
      const maximum = await this.transport.queueMaxSize(index);
      if (maximum === 0 && queues === undefined) break;
      this.#queues.push(maximum === 0 ? undefined : await this.#setUpQueue(index, maximum));
    }
  }

  async #setUpQueue(index: number, maximum: number): Promise<QueueInService> {
    const fixed = await this.transport.fixedQueue?.(index);
    const wish = Math.min(maximum, this.#options.queueSize ?? DEFAULT_QUEUE_SIZE);
    const size = fixed?.size ?? usableSize(wish, this.#features.has(F_RING_PACKED));
    const shape = { legacy: this.#legacy, endian: this.endian, features: this.#features };
    const { toleratesLengths = this.#legacy } = this.#options;
    const memory = new QueueMemory(this.#pool, size, { ...shape, toleratesLengths }, fixed?.areas);
    const queue = new RequestQueue(index, memory.createRing<Job>(this.memory), this.#queueHost(this.#pool));
    await this.#enable(index, memory);
    return { queue, memory };
  }

  async #enable(index: number, { size, areas }: QueueMemory): Promise<void> {
    if (await this.transport.setUpQueue(index, { size, areas })) return;
    throw new DriverError("ERR_DRIVER_REFUSED", `the device refuses queue ${index} with ${size} entries`);
  }

  #queueHost(pool: BufferPool): QueueHost {
    const driver = this;
    const withData = this.#features.has(F_NOTIFICATION_DATA);
    // With a reset the memory goes, and with it the use of a queue that somebody has kept.
    const isCurrent = (): boolean => this.#pool === pool;
    return {
      memory: this.memory,
      pool,
      get obstacle() {
        return isCurrent() ? driver.#obstacle : notInService();
      },
      get running() {
        return isCurrent() && driver.#inService && !driver.#suspended;
      },
      get idle() {
        return driver.#queues.every((entry) => entry === undefined || entry.queue.inFlight === 0);
      },
      notify: (queue, nextAvailable) => this.#notify(queue, withData ? nextAvailable : undefined),
      fail: (error) => this.#fail(error),
      released: () => {
        for (const entry of this.#queues) if (entry && entry.queue.waiting > 0) entry.queue.pump();
      },
    };
  }

  get #obstacle(): DriverError | undefined {
    if (this.#inService) return undefined;
    if (this.#closed !== undefined) return new DriverError("ERR_DRIVER_CLOSED", "the driver was closed");
    return this.#failure ?? notInService();
  }

  #notify(queue: number, nextAvailable: number | undefined): void {
    try {
      this.transport.notify(queue, nextAvailable);
    } catch (error) {
      this.#fail(asDriverError(error));
    }
  }

  #fail(error: DriverError): void {
    if (this.#failure || this.#closed !== undefined) return;
    this.#failure = error;
    this.#inService = false;
    for (const entry of this.#queues) entry?.queue.rejectAll(error);
    this.#failureListeners.notify(error);
  }

  /** Ends all requests, resets the device, and takes back what it had. */
  async #reset(reason: DriverError): Promise<void> {
    const queues = this.#queues;
    this.#inService = false;
    for (const entry of queues) entry?.queue.rejectAll(reason);
    this.#listen();
    try {
      await this.transport.reset();
      if ((await this.transport.readStatus()) !== 0) throw new DriverError("ERR_DRIVER_TIMEOUT", "the device does not finish its reset");
    } catch (error) {
      const failure = asDriverError(error);
      this.#fail(failure);
      throw failure;
    }
    for (const entry of queues) entry?.queue.dropInFlight(reason);
    this.#queues = [];
    this.#pool = this.#newPool();
    this.#features = new FeatureSet();
    this.#status.value = 0;
    this.#suspended = false;
    this.#failure = undefined;
  }

  #listen(): void {
    this.transport.listen({
      queueInterrupt: (index) => {
        if (!this.#inService) return;
        if (index === undefined) for (const entry of this.#queues) entry?.queue.collect();
        else this.#interrupt(index);
      },
      configInterrupt: () => {
        if (!this.#inService) return;
        this.#configChanges++;
        this.#configListeners.notify();
        this.check().catch(() => {});
      },
    });
  }

  #interrupt(index: number): void {
    const queue = this.#queues[index]?.queue;
    if (!queue) return;
    queue.interrupts++;
    queue.collect();
  }

  /**
   * Looks at the device status, as the driver does by itself after each configuration change notification. For transports that can lose
   * one, and for legacy devices, which just stop.
   * @throws DriverError the {@link failure}, if there is one
   */
  async check(): Promise<void> {
    if (this.#inService) {
      try {
        const status = await this.#status.read();
        if (this.#inService && (status & (STATUS_DRIVER_OK | STATUS_SUSPEND)) === 0) {
          this.#fail(new DriverError("ERR_DRIVER_DEVICE", `the device has gone out of service by itself (status ${status})`));
        }
      } catch (error) {
        this.#fail(asDriverError(error));
      }
    }
    if (this.#failure) throw this.#failure;
  }

  /** Gives the device up until {@link initialize}: for drivers of device types, who notice answers that make no sense. */
  fail(error: DriverError): void {
    if (this.#inService) this.#fail(error);
  }

  /** Calls `listener` at each configuration change notification. Returns a function that stops it. */
  onConfigChange(listener: () => void): () => void {
    return this.#configListeners.add(listener);
  }

  /** Calls `listener` when the device cannot be used any more. Returns a function that stops it. */
  onFailure(listener: (error: DriverError) => void): () => void {
    return this.#failureListeners.add(listener);
  }

  /**
   * A queue by index, until the next reset.
   * @throws DriverError ERR_DRIVER_QUEUE if there is none, or what stands in the way of any request
   */
  queue(index: number): DriverQueue {
    const entry = this.#queues[index];
    if (!entry) throw this.#obstacle ?? new DriverError("ERR_DRIVER_QUEUE", `there is no queue ${index}`);
    return entry.queue;
  }

  /** Sends one buffer through a queue and waits for its return; see {@link DriverQueue.request}. */
  async request(index: number, out: readonly Uint8Array[], into: readonly number[] = [], options: RequestOptions = {}): Promise<Answer> {
    return this.queue(index).request(out, into, options);
  }

  /**
   * Takes memory of the driver's region for {@link DriverQueue.submit}. It is gone with the next reset.
   * @throws DriverError ERR_DRIVER_MEMORY
   */
  allocate(length: number, align = 16): DriverMemory {
    const pool = this.#pool;
    const address = pool.take(length, align);
    if (address === undefined) throw new DriverError("ERR_DRIVER_MEMORY", `no room for ${length} bytes`);
    return { address, length, free: () => pool.give(address, length) };
  }

  /**
   * Reads configuration bytes as they were together at one moment (2.5.1).
   * @param length 1, 2, 4 or 8 for a number at `offset`; any for an array of bytes
   */
  async readConfig(offset: number, length: number): Promise<DataView> {
    const [bytes] = await readConfigSpans(this.transport, [{ offset, length }]);
    const { buffer, byteOffset, byteLength } = bytes as Uint8Array;
    return new DataView(buffer, byteOffset, byteLength);
  }

  /** Reads fields as they were together at one moment. Which of them mean something depends on the features (2.5.1). */
  readConfigFields<L extends ConfigLayout>(layout: L): Promise<ConfigReading<L>> {
    return readConfigFields(this.transport, layout);
  }

  /**
   * Writes a number of 1, 2, 4 or 8 bytes to the configuration.
   * @throws DriverError ERR_DRIVER_REQUEST while the device is suspended
   */
  async writeConfig(offset: number, width: 1 | 2 | 4 | 8, value: number): Promise<void> {
    if (this.#suspended) throw new DriverError("ERR_DRIVER_REQUEST", "the configuration of a suspended device cannot be changed");
    await this.transport.writeConfig(offset, encodeNumber(value, width, this.endian));
  }

  /**
   * Resets one queue and puts it into service again (VIRTIO_F_RING_RESET, 2.6.1). What the device has of it is rejected; requests that
   * have not reached it wait for the new beginning.
   */
  resetQueue(index: number): Promise<void> {
    return this.#exclusive(async () => {
      const entry = this.#queues[index];
      if (!this.#inService || !entry) throw this.#obstacle ?? new DriverError("ERR_DRIVER_QUEUE", `there is no queue ${index}`);
      if (!this.#features.has(F_RING_RESET)) throw new DriverError("ERR_DRIVER_REQUEST", "queue reset was not negotiated");
      const { queue, memory } = entry;
      queue.stop();
      try {
        if (!(await this.transport.resetQueue?.(index))) {
          throw new DriverError("ERR_DRIVER_REFUSED", `the device refuses the reset of queue ${index}`);
        }
        queue.dropInFlight(new DriverError("ERR_DRIVER_QUEUE_RESET", `queue ${index} was reset`));
        const ring = memory.createRing<Job>(this.memory);
        await this.#enable(index, memory);
        queue.restart(ring);
      } catch (error) {
        const failure = asDriverError(error);
        this.#fail(failure);
        throw failure;
      }
    });
  }

  /**
   * Suspends the device (VIRTIO_F_SUSPEND, 3.4): it finishes what it has. Requests wait until {@link resume}.
   * @throws DriverError ERR_DRIVER_REQUEST without the feature
   */
  suspend(): Promise<void> {
    return this.#exclusive(async () => {
      if (!this.#inService) throw this.#obstacle;
      if (!this.#features.has(F_SUSPEND)) throw new DriverError("ERR_DRIVER_REQUEST", "suspension was not negotiated");
      if (this.#suspended) return;
      this.#suspended = true;
      await this.#changeService(this.#status.value | STATUS_SUSPEND, STATUS_SUSPEND, "its suspension");
    });
  }

  /** Ends {@link suspend}. */
  resume(): Promise<void> {
    return this.#exclusive(async () => {
      if (!this.#inService) throw this.#obstacle;
      if (!this.#suspended) return;
      await this.#changeService(this.#status.value, STATUS_DRIVER_OK, "its resumption");
      this.#suspended = false;
      for (const entry of this.#queues) entry?.queue.pump();
    });
  }

  /** Writes a status and waits until of SUSPEND and DRIVER_OK only `expected` is left. */
  async #changeService(status: number, expected: number, what: string): Promise<void> {
    try {
      if (!(await this.transport.writeStatus(status))) throw new DriverError("ERR_DRIVER_REFUSED", `the device refuses ${what}`);
      await poll(async () => ((await this.#status.read()) & (STATUS_SUSPEND | STATUS_DRIVER_OK)) === expected, what, this.#options.polling);
    } catch (error) {
      const failure = asDriverError(error);
      this.#fail(failure);
      throw failure;
    }
  }

  /** Resets the device and leaves it so; {@link initialize} uses it again. Requests under way are rejected at once. */
  reset(): Promise<void> {
    const reason = new DriverError("ERR_DRIVER_RESET", "the device was reset");
    this.#endService(reason);
    return this.#exclusive(async () => {
      this.#ensureNotClosed();
      await this.#reset(reason);
    });
  }

  #endService(reason: DriverError): void {
    this.#inService = false;
    for (const entry of this.#queues) entry?.queue.rejectAll(reason);
  }

  /** Resets the device and ends the driver. Requests under way are rejected at once; when the promise settles, the memory is free. */
  close(): Promise<void> {
    if (this.#closed === undefined) {
      const reason = new DriverError("ERR_DRIVER_CLOSED", "the driver was closed");
      this.#closed = this.#exclusive(() => this.#reset(reason));
      this.#endService(reason);
    }
    return this.#closed;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}

/** Memory taken with {@link VirtioDriver.allocate}: address and length in bytes. */
export interface DriverMemory {
  readonly address: number;
  readonly length: number;
  /** Gives it back. Only when the device does not have it. */
  free(): void;
}

/** Split queues have a power of two (2.7). */
function usableSize(limit: number, packed: boolean): number {
  return packed ? limit : 2 ** Math.floor(Math.log2(limit));
}

function notInService(): DriverError {
  return new DriverError("ERR_DRIVER_RESET", "the device is not in service");
}

function asDriverError(error: unknown): DriverError {
  if (error instanceof DriverError) return error;
  const message = error instanceof Error ? error.message : String(error);
  return new DriverError("ERR_DRIVER_TRANSPORT", `the transport failed: ${message}`, { cause: error });
}
