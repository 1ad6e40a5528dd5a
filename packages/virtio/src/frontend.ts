import type { Endian, GuestMemory } from "@zarch/guest-memory";
import { HostError, type Logger, silentLogger } from "@zarch/vmm-interface";
import { legacyAreas, type VirtqueueAreas, VirtqueueError } from "@zarch/vring";
import type { ActiveDevice, DeviceContext, DeviceQueue, TransportInterrupts, VirtioDevice } from "./device.ts";
import { deviceTypeName } from "./device-type-name.ts";
import { F_NOTIFICATION_DATA, F_RING_PACKED, F_RING_RESET, F_SUSPEND, type ReadonlyFeatureSet } from "./features.ts";
import type { LiveQueueHost } from "./live-queue.ts";
import { Negotiation } from "./negotiation.ts";
import { unpackNotification } from "./notification.ts";
import { type QueueSetup, QueueTable } from "./queue-table.ts";
import { type RingOptions, ringFeatures } from "./ring-options.ts";
import { checkSharedMemory, type SharedMemoryRegion } from "./shared-memory.ts";
import {
  STATUS_ACKNOWLEDGE,
  STATUS_DRIVER,
  STATUS_DRIVER_OK,
  STATUS_FAILED,
  STATUS_FEATURES_OK,
  STATUS_NEEDS_RESET,
  STATUS_SUSPEND,
} from "./status.ts";
import { Suspension } from "./suspension.ts";

/** Which drivers a device serves (virtio 1.3.1): virtio 1.x ones, those from before 1.0, or both. */
export type Personality = "modern" | "transitional" | "legacy";

/** Through which of the two interfaces a driver talks. */
export type DriverInterface = "modern" | "legacy";

export interface VirtioFrontendOptions {
  readonly memory: GuestMemory;
  readonly interrupts: TransportInterrupts;
  /** Default `"modern"`. */
  readonly personality?: Personality;
  /** Byte order of a legacy driver's rings, messages and configuration: that of the guest. Required unless `"modern"`. */
  readonly legacyEndian?: Endian;
  /**
   * Feature bits to offer beyond those of the device, VERSION_1, INDIRECT_DESC, EVENT_IDX (and ANY_LAYOUT, NOTIFY_ON_EMPTY for legacy
   * drivers): what only the transport can promise, such as ACCESS_PLATFORM, RING_RESET or NOTIFICATION_DATA; or RING_PACKED, IN_ORDER,
   * SUSPEND.
   */
  readonly extraFeatures?: Iterable<number>;
  /** What the device offers of its virtqueues; the same as the bits in `extraFeatures` and {@link withoutFeatures}, by name. */
  readonly ring?: RingOptions;
  /** Feature bits not to offer. A bit that depends on one of them is not offered either. */
  readonly withoutFeatures?: Iterable<number>;
  /** Receives what the driver did wrong, at level `"debug"`, and failures of the device. */
  readonly logger?: Logger;
}

const STATUS_KNOWN = STATUS_ACKNOWLEDGE | STATUS_DRIVER | STATUS_DRIVER_OK | STATUS_FEATURES_OK | STATUS_FAILED;

/**
 * The virtio state machine, once for all devices and transports: device status, feature negotiation, configuration access, queue
 * set-up, notifications and reset (virtio chapters 2 and 3). A transport drives it with the values that the driver sent.
 *
 * Nothing here throws for what a driver did. An operation that is refused returns false and changes nothing; the transport answers in
 * its own way (command reject, or the bit that does not show in the status). Reasons are logged.
 */
export class VirtioFrontend {
  readonly #device: VirtioDevice;
  readonly #memory: GuestMemory;
  readonly #interrupts: TransportInterrupts;
  readonly #logger: Logger;
  readonly #personality: Personality;
  readonly #legacyEndian: Endian;
  readonly #negotiation: Negotiation;
  readonly #queues: QueueTable;
  readonly #suspension = new Suspension();

  #interface: DriverInterface;
  #status = 0;
  #active: ActiveDevice | undefined;
  /** Cleared at the end of an activation: what an old context does has no effect. */
  #life: { live: boolean } = { live: false };
  #broken = false;
  #resetting: Promise<void> | undefined;
  #generation = 0;
  #configChanged = false;
  #notifying = false;
  readonly #renotify = new Set<number>();

  constructor(device: VirtioDevice, options: VirtioFrontendOptions) {
    this.#device = device;
    this.#memory = options.memory;
    this.#interrupts = options.interrupts;
    this.#logger = options.logger ?? silentLogger;
    this.#personality = options.personality ?? "modern";
    if (this.#personality !== "modern" && !options.legacyEndian) {
      throw new HostError("ERR_VIRTIO_OPTIONS", "a device with a legacy interface needs the byte order of its guest");
    }
    this.#legacyEndian = options.legacyEndian ?? "little";
    this.#interface = this.#personality === "legacy" ? "legacy" : "modern";
    checkSharedMemory(device.sharedMemory ?? []);
    this.#queues = new QueueTable(options.memory, device.queueMaxSizes);
    const ring = ringFeatures(options.ring ?? {});
    const extra = [...(options.extraFeatures ?? []), ...ring.extra];
    this.#negotiation = new Negotiation(device, extra, [...(options.withoutFeatures ?? []), ...ring.without]);
    device.config.onChange(() => {
      this.#configChanged = true;
      this.#suspension.configChanged = true;
      if (this.#active && !this.#broken && !this.#suspension.complete) this.#interrupts.configInterrupt();
    });
  }

  get deviceId(): number {
    return this.#device.deviceId;
  }

  get queueCount(): number {
    return this.#queues.count;
  }

  get personality(): Personality {
    return this.#personality;
  }

  /** The interface that the driver uses now. */
  get driverInterface(): DriverInterface {
    return this.#interface;
  }

  /**
   * Says through which interface the driver talks. Starts as `"legacy"` for a legacy device, else as `"modern"`.
   * @returns false if the personality has no such interface, or if the device is in service
   */
  useInterface(driverInterface: DriverInterface): boolean {
    if (this.#personality !== "transitional" && driverInterface !== this.#interface) return false;
    if (driverInterface === this.#interface) return true;
    if (this.#active || this.#resetting !== undefined) return false;
    this.#interface = driverInterface;
    this.#forget();
    return true;
  }

  get #name(): string {
    return `virtio ${deviceTypeName(this.#device.deviceId)} device`;
  }

  get #legacy(): boolean {
    return this.#interface === "legacy";
  }

  #refuse(what: string, fields?: Readonly<Record<string, unknown>>): false {
    this.#logger.log("debug", `${this.#name}: ${what}`, fields);
    return false;
  }

  /** The device status, 8 bits. Does not read 0 before a reset is complete. */
  get status(): number {
    return this.#status;
  }

  /**
   * A write of the device status, 8 bits. 0 starts a reset; see {@link reset}.
   *
   * @returns false if the status cannot be set and stays as it was: features that the device does not accept, a bit that was set and
   * is not any more, a stage before its time, or a reset under way
   */
  writeStatus(value: number): boolean {
    if (value === 0) {
      void this.reset();
      return true;
    }
    if (this.#resetting !== undefined) return this.#refuse("status write during a reset", { value });
    const next = value & STATUS_KNOWN;
    if (this.#legacy) return this.#writeLegacyStatus(next);
    if (this.#suspension.complete) return this.#writeSuspendedStatus(next);
    if (!this.#writeModernStatus(next)) return false;
    if ((value & STATUS_SUSPEND) !== 0) this.#suspend();
    return true;
  }

  #writeModernStatus(next: number): boolean {
    const old = this.#status & STATUS_KNOWN;
    const added = next & ~old;
    if ((old & ~next) !== 0) return this.#refuse("status bits cleared without a reset", { old, next });
    if ((old & STATUS_FAILED) !== 0 && added !== 0) return this.#refuse("initialization goes on after FAILED", { next });
    if ((added & STATUS_FEATURES_OK) !== 0) {
      if ((next & STATUS_DRIVER) === 0) return this.#refuse("FEATURES_OK without DRIVER", { next });
      const objection = this.#negotiation.objection();
      if (objection !== undefined) return this.#refuse(objection, { features: [...this.#negotiation.driver] });
    }
    if ((added & STATUS_DRIVER_OK) !== 0 && (next & STATUS_FEATURES_OK) === 0)
      return this.#refuse("DRIVER_OK without FEATURES_OK", { next });
    this.#status |= added;
    if ((added & STATUS_FEATURES_OK) !== 0) this.#negotiation.settle(false);
    if ((added & STATUS_DRIVER_OK) !== 0) this.#activate();
    return true;
  }

  /** Ignored unless the device is in service and the feature negotiated (3.4.2). */
  #suspend(): void {
    if (!this.#active || this.#broken || !this.features.has(F_SUSPEND)) return;
    this.#suspension.wanted = true;
    this.#trySuspend();
  }

  /** The device is suspended when all buffers in work are used and the driver was told of them. */
  #trySuspend(): void {
    if (this.#suspension.complete || !this.#queues.allIdle) return;
    const config = new Uint8Array(this.configSize);
    this.#device.config.read(0, config, this.#endian);
    this.#suspension.finish(config);
    this.#status = (this.#status & ~STATUS_DRIVER_OK) | STATUS_SUSPEND;
  }

  /** A suspended device knows DRIVER_OK, which resumes it, and FAILED. */
  #writeSuspendedStatus(next: number): boolean {
    this.#status |= next & STATUS_FAILED;
    if ((next & STATUS_DRIVER_OK) === 0) return true;
    if (this.#broken) return this.#refuse("a broken device cannot be resumed");
    this.#status = (this.#status & ~STATUS_SUSPEND) | STATUS_DRIVER_OK;
    const { configChanged } = this.#suspension;
    this.#suspension.clear();
    if (configChanged) this.#interrupts.configInterrupt();
    for (const index of this.#queues.inService()) this.#deliver(index);
    return true;
  }

  /** Legacy drivers know no FEATURES_OK, and boot loaders write DRIVER_OK alone: no order is asked of them (3.1.2). */
  #writeLegacyStatus(next: number): boolean {
    this.#status = (next & ~STATUS_FEATURES_OK) | (this.#status & STATUS_NEEDS_RESET);
    if ((next & STATUS_DRIVER_OK) !== 0) this.#activate();
    return true;
  }

  /**
   * Resets the device: queues are cut off at once, then I/O in flight is waited for. Meanwhile nothing else is accepted and the status
   * keeps its value.
   * @returns `undefined` when the reset is complete already, else a promise that settles (and never rejects) when it is
   */
  reset(): Promise<void> | undefined {
    if (this.#resetting !== undefined) return this.#resetting;
    const active = this.#active;
    this.#end();
    const pending = active && this.#stop(() => active.reset());
    if (pending === undefined) {
      this.#initialState();
      return undefined;
    }
    this.#resetting = pending.then(() => {
      this.#resetting = undefined;
      this.#initialState();
    });
    return this.#resetting;
  }

  /** Stops an active device, or one queue of it. What it does wrong in doing so must not keep the driver waiting. */
  #stop(stop: () => void | Promise<void>): Promise<void> | undefined {
    try {
      const pending = stop();
      if (pending instanceof Promise) return pending.catch((error: unknown) => this.#resetFailed(error));
    } catch (error) {
      this.#resetFailed(error);
    }
    return undefined;
  }

  #resetFailed(error: unknown): void {
    this.#logger.log("error", `${this.#name} failed in its reset`, { error });
  }

  /** The reset under way, if any. */
  get resetting(): Promise<void> | undefined {
    return this.#resetting;
  }

  #end(): void {
    this.#life.live = false;
    this.#active = undefined;
    this.#renotify.clear();
    for (const index of this.#queues.inService()) this.#queues.close(index);
  }

  #initialState(): void {
    this.#forget();
    try {
      this.#device.reset?.();
    } catch (error) {
      this.#resetFailed(error);
    }
  }

  /** Back to what the driver finds after a reset, apart from the device itself. */
  #forget(): void {
    this.#status = 0;
    this.#broken = false;
    this.#negotiation.reset();
    this.#suspension.clear();
    for (let index = 0; index < this.#queues.count; index++) this.#queues.forget(index);
  }

  /** Whether the device waits for a reset because of an error. */
  get needsReset(): boolean {
    return this.#broken;
  }

  #fail(reason: unknown): void {
    if (this.#broken) return;
    this.#broken = true;
    const guest = reason instanceof VirtqueueError;
    const message = reason instanceof Error ? reason.message : String(reason);
    this.#logger.log(guest ? "warn" : "error", `${this.#name} needs a reset: ${message}`, { error: reason });
    this.#queues.cutOff();
    // The legacy interface has no such bit (it came with virtio 1.0): the device just stops.
    if (this.#legacy) return;
    this.#status |= STATUS_NEEDS_RESET;
    if ((this.#status & STATUS_DRIVER_OK) !== 0) this.#interrupts.configInterrupt();
  }

  /** Features offered to the driver, bits `32 * word` to `32 * word + 31`, lowest in bit 0. Any word number is legal. */
  deviceFeatures(word: number): number {
    return (this.#legacy ? this.#negotiation.legacyOffer : this.#negotiation.modernOffer).word(word);
  }

  /** The driver's features as it last wrote them. */
  driverFeatures(word: number): number {
    return this.#negotiation.driver.word(word);
  }

  /**
   * A write of 32 of the driver's features. Bits that were not offered are noticed at FEATURES_OK; from a legacy driver they are ignored.
   * @returns false outside the time for it: between DRIVER and FEATURES_OK, for a legacy driver any time before service starts
   */
  setDriverFeatures(word: number, value: number): boolean {
    if (this.#resetting !== undefined || this.#negotiation.settled) return this.#refuse("features written after negotiation", { word });
    if (!this.#legacy && (this.#status & STATUS_DRIVER) === 0) return this.#refuse("features written before DRIVER", { word });
    return this.#negotiation.setDriverWord(word, value) || this.#refuse("too many feature words", { word });
  }

  /** The negotiated features; empty before FEATURES_OK. */
  get features(): ReadonlyFeatureSet {
    return this.#negotiation.agreed;
  }

  /** Bytes of the device-specific configuration space. */
  get configSize(): number {
    return this.#device.config.size;
  }

  /** A number that differs between two reads if the configuration changed between them. 32 bits, wraps; take as many bits as fit. */
  get configGeneration(): number {
    if (this.#configChanged) {
      this.#configChanged = false;
      this.#generation = (this.#generation + 1) >>> 0;
    }
    return this.#generation;
  }

  /** Fills `target` from `offset`. Legal at any time; beyond the end there are zeroes. */
  readConfig(offset: number, target: Uint8Array): void {
    const frozen = this.#suspension.config;
    if (frozen !== undefined) {
      target.fill(0);
      target.set(frozen.subarray(offset, offset + target.length));
      return;
    }
    this.#device.config.read(offset, target, this.#endian);
  }

  /** Writes configuration. Legal at any time; what is not writable is ignored, and so is everything while the device is suspended. */
  writeConfig(offset: number, data: Uint8Array): void {
    if (this.#suspension.complete) return;
    this.#device.config.write(offset, data, this.#endian);
  }

  /** The regions of memory that the device shares with the driver (2.10), for transports that can show them. */
  get sharedMemory(): readonly SharedMemoryRegion[] {
    return this.#device.sharedMemory ?? [];
  }

  /** The region with a given shmid, if there is one. */
  sharedMemoryRegion(id: number): SharedMemoryRegion | undefined {
    return this.sharedMemory.find((region) => region.id === id);
  }

  get #endian(): Endian {
    return this.#legacy ? this.#legacyEndian : "little";
  }

  /** Largest size of a queue in entries; 0 if there is no such queue. */
  queueMaxSize(index: number): number {
    return this.#queues.maxSize(index);
  }

  /** Entries of a queue that is set up, else 0. */
  queueSize(index: number): number {
    return this.#queues.setup(index)?.size ?? 0;
  }

  /** Whether a queue is set up. */
  queueEnabled(index: number): boolean {
    return this.#queues.setup(index) !== undefined;
  }

  /**
   * Sets a queue up and enables it. Its memory belongs to the driver until DRIVER_OK.
   * @returns false if there is no such queue, its size or an address is unusable, it is enabled already, or it is too early (before
   * FEATURES_OK) or too late (after DRIVER_OK) for it
   */
  setUpQueue(index: number, setup: QueueSetup): boolean {
    if (this.#resetting !== undefined) return this.#refuse("queue set-up during a reset", { index });
    const { features } = this;
    if (!this.#legacy && !this.#negotiation.settled) return this.#refuse("queue set-up before FEATURES_OK", { index });
    if (this.#active && (this.queueEnabled(index) || !(this.#legacy || features.has(F_RING_RESET)))) {
      return this.#refuse("queue set-up after DRIVER_OK", { index });
    }
    const objection = this.#queues.objection(index, setup, features);
    if (objection !== undefined) return this.#refuse(`queue set-up: ${objection}`, { index });
    this.#queues.setUp(index, setup);
    if (this.#active && !this.#broken) {
      this.#openQueue(index);
      this.#deliver(index);
    }
    return true;
  }

  /**
   * As {@link setUpQueue} for the contiguous legacy layout (2.7.2).
   * @param address guest physical address of the descriptor table
   * @param align alignment of the used ring in bytes
   */
  setUpLegacyQueue(index: number, setup: { readonly address: number; readonly size: number; readonly align: number }): boolean {
    let areas: VirtqueueAreas;
    try {
      areas = legacyAreas(setup.address, setup.size, setup.align);
    } catch (error) {
      if (!(error instanceof VirtqueueError)) throw error;
      return this.#refuse(`queue ${index}: ${error.message}`);
    }
    return this.setUpQueue(index, { size: setup.size, areas });
  }

  /** Forgets the set-up of a queue. Returns false if there is no such queue or the device is in service. */
  disableQueue(index: number): boolean {
    if (index < 0 || index >= this.#queues.count) return this.#refuse("there is no such queue to disable", { index });
    if (this.#resetting !== undefined || this.#queues.live(index) || (this.#active && this.queueEnabled(index)))
      return this.#refuse("a queue in service cannot be disabled", { index });
    this.#queues.forget(index);
    return true;
  }

  /**
   * Takes a queue out of service for good, as a driver does that clears its ready bit (4.2.2.1): from now on the device touches nothing of it,
   * and what it still has in work goes nowhere. A queue that was in service comes back after a reset of the device only.
   * @returns false if there is no such queue, it is stopped already, or during a reset
   */
  stopQueue(index: number): boolean {
    if (!this.#queues.live(index)) return this.disableQueue(index);
    this.#queues.close(index);
    if (this.#suspension.wanted) this.#trySuspend();
    return true;
  }

  /**
   * Resets one queue (VIRTIO_F_RING_RESET, 2.6.1).
   * @returns false if refused; else `undefined` when it is done already, or a promise that settles when it is
   */
  resetQueue(index: number): false | undefined | Promise<void> {
    const active = this.#active;
    if (!this.#queues.live(index) || !active?.resetQueue || !this.features.has(F_RING_RESET)) return this.#refuse("queue reset", { index });
    this.#queues.close(index);
    const done = (): void => {
      if (this.#active !== active) return;
      this.#queues.forget(index);
      if (this.#suspension.wanted) this.#trySuspend();
    };
    const pending = this.#stop(() => active.resetQueue?.(index));
    if (pending !== undefined) return pending.then(done);
    done();
    return undefined;
  }

  #openQueue(index: number): void {
    this.#queues.open(index, this.features, this.#endian, this.#legacy, this.#queueHost(this.#life));
  }

  /** What queues report, for as long as the activation lives that they belong to. */
  #queueHost(life: { readonly live: boolean }): LiveQueueHost {
    const suspension = this.#suspension;
    return {
      get paused() {
        return suspension.wanted;
      },
      flushed: () => {
        if (life.live && suspension.wanted) this.#trySuspend();
      },
      queueInterrupt: (index) => {
        if (life.live && !this.#broken) this.#interrupts.queueInterrupt(index);
      },
      fail: (reason) => {
        if (life.live) this.#fail(reason);
      },
    };
  }

  #activate(): void {
    if (this.#active || this.#broken || this.#resetting !== undefined) return;
    if (this.#legacy) this.#negotiation.settle(true);
    const life = { live: true };
    this.#life = life;
    try {
      for (let index = 0; index < this.#queues.count; index++) this.#openQueue(index);
      const context: DeviceContext = {
        memory: this.#memory,
        features: this.features,
        legacy: this.#legacy,
        endian: this.#endian,
        logger: this.#logger,
        queue: (index): DeviceQueue | undefined => (life.live ? this.#queues.live(index) : undefined),
        fail: (reason) => {
          if (life.live) this.#fail(reason);
        },
      };
      this.#active = this.#device.activate(context);
    } catch (error) {
      this.#fail(error);
      return;
    }
    for (const index of this.#queues.inService()) this.#deliver(index);
  }

  /**
   * Available buffer notification (2.9) as the bus carried it.
   * @param value the queue index; with VIRTIO_F_NOTIFICATION_DATA negotiated 32 bits as {@link unpackNotification} takes them
   * @returns whether there is such a queue
   */
  notifyValue(value: number): boolean {
    if (!this.features.has(F_NOTIFICATION_DATA)) return this.notify(value);
    const { queue, nextOffset } = unpackNotification(value);
    // The rings tell the same, and are what is trusted.
    if (this.features.has(F_RING_PACKED) && nextOffset >= this.queueSize(queue))
      this.#refuse("notification data beyond the ring", { value });
    return this.notify(queue);
  }

  /**
   * Available buffer notification (2.9). Ignored before DRIVER_OK, except from a legacy driver, for whom it starts service.
   * @returns whether there is such a queue
   */
  notify(index: number): boolean {
    if (this.queueMaxSize(index) === 0) return this.#refuse("notification of a queue that does not exist", { index });
    if (this.#legacy && !this.#active && this.queueEnabled(index)) this.#activate();
    else if (this.#queues.live(index)) this.#deliver(index);
    return true;
  }

  /** Not re-entrant: a device that notifies itself by its own DMA gets the call afterwards. */
  #deliver(index: number): void {
    if (this.#notifying) {
      this.#renotify.add(index);
      return;
    }
    this.#notifying = true;
    try {
      this.#serve(index);
      if (this.#renotify.size === 0) return;
      for (const queue of this.#renotify) {
        this.#renotify.delete(queue);
        this.#serve(queue);
      }
    } catch (error) {
      this.#fail(error);
    } finally {
      this.#notifying = false;
    }
  }

  #serve(queue: number): void {
    if (!this.#broken && !this.#suspension.wanted && this.#queues.live(queue)) this.#active?.notify(queue);
  }
}
