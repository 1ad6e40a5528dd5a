import type { Endian, GuestMemory } from "@zarch/guest-memory";
import { HostError, type Logger, silentLogger } from "@zarch/vmm-interface";
import { type DeviceVirtqueueState, legacyAreas, type VirtqueueAreas, VirtqueueError } from "@zarch/vring";
import { ConfigView } from "./config-view.ts";
import type { TransportInterrupts, VirtioDevice } from "./device.ts";
import { deviceTypeName } from "./device-type-name.ts";
import { F_NOTIFICATION_DATA, F_RING_PACKED, F_RING_RESET, F_SUSPEND, type ReadonlyFeatureSet } from "./features.ts";
import { Negotiation } from "./negotiation.ts";
import { unpackNotification } from "./notification.ts";
import type { DriverInterface, Personality } from "./personality.ts";
import type { QueueSetup } from "./queue-setup.ts";
import { QueueTable } from "./queue-table.ts";
import { type RingOptions, ringFeatures } from "./ring-options.ts";
import { Service, type ServiceTerms } from "./service.ts";
import { checkSharedMemory, type SharedMemoryRegion } from "./shared-memory.ts";
import { contradiction } from "./state/contradiction.ts";
import { VirtioStateError } from "./state/errors.ts";
import { readVirtioState, type VirtioState } from "./state/virtio-state.ts";
import {
  STATUS_ACKNOWLEDGE,
  STATUS_DRIVER,
  STATUS_DRIVER_OK,
  STATUS_FAILED,
  STATUS_FEATURES_OK,
  STATUS_NEEDS_RESET,
  STATUS_SUSPEND,
} from "./status.ts";

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
  /** Feature bits to offer that a virtio 1.x driver has to accept; without them FEATURES_OK is refused. */
  readonly requiredFeatures?: Iterable<number>;
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
  readonly #interrupts: TransportInterrupts;
  readonly #logger: Logger;
  readonly #personality: Personality;
  readonly #legacyEndian: Endian;
  readonly #negotiation: Negotiation;
  readonly #queues: QueueTable;
  readonly #service: Service;
  readonly #config: ConfigView;

  #interface: DriverInterface;
  #status = 0;
  #resetting: Promise<void> | undefined;
  /** SUSPEND was asked for: no buffer is begun any more. */
  #suspending = false;

  constructor(device: VirtioDevice, options: VirtioFrontendOptions) {
    this.#device = device;
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
    const without = [...(options.withoutFeatures ?? []), ...ring.without];
    this.#negotiation = new Negotiation(device, extra, without, options.requiredFeatures);
    const suspending = (): boolean => this.#suspending;
    this.#service = new Service(device, this.#queues, {
      memory: options.memory,
      interrupts: this.#interrupts,
      logger: this.#logger,
      get suspending() {
        return suspending();
      },
      flushed: () => this.#trySuspend(),
      failed: (reason) => this.#failed(reason),
      stopFailed: (error) => this.#resetFailed(error),
    });
    this.#config = new ConfigView(
      device.config,
      () => !this.#config.frozen && !this.paused,
      () => this.#notifyConfig(),
    );
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
    if (this.#service.active || this.#resetting !== undefined) return false;
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

  /** Active, and not broken. */
  get #inService(): boolean {
    return this.#service.active && !this.#service.broken;
  }

  /** Suspended, as the status says. */
  get #suspended(): boolean {
    return this.#config.frozen;
  }

  #notifyConfig(): void {
    if (this.#inService) this.#interrupts.configInterrupt();
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
    if (this.#suspended) return this.#writeSuspendedStatus(next);
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
    if (!this.#inService || !this.features.has(F_SUSPEND)) return;
    this.#suspending = true;
    this.#trySuspend();
  }

  /** The device is suspended when all buffers in work are used and the driver was told of them. */
  #trySuspend(): void {
    if (!this.#suspending || this.#suspended || !this.#queues.allIdle) return;
    this.#config.freeze(this.#endian);
    this.#status = (this.#status & ~STATUS_DRIVER_OK) | STATUS_SUSPEND;
  }

  /** A suspended device knows DRIVER_OK, which resumes it, and FAILED. */
  #writeSuspendedStatus(next: number): boolean {
    this.#status |= next & STATUS_FAILED;
    if ((next & STATUS_DRIVER_OK) === 0) return true;
    if (this.#service.broken) return this.#refuse("a broken device cannot be resumed");
    this.#status = (this.#status & ~STATUS_SUSPEND) | STATUS_DRIVER_OK;
    this.#suspending = false;
    this.#config.thaw();
    if (!this.paused && this.#config.takeNotice()) this.#notifyConfig();
    this.#service.deliverAll();
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
    const pending = this.#service.end();
    if (pending === undefined) {
      this.#initialState();
      return undefined;
    }
    this.#resetting = pending.then(() => {
      this.#resetting = undefined;
      this.#initialState();
      this.#service.pause.check(this.#quiet);
    });
    return this.#resetting;
  }

  #resetFailed(error: unknown): void {
    this.#logger.log("error", `${this.#name} failed in its reset`, { error });
  }

  /** The reset under way, if any. */
  get resetting(): Promise<void> | undefined {
    return this.#resetting;
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
    this.#suspending = false;
    this.#config.thaw();
    this.#config.takeNotice();
    this.#service.forget();
    this.#negotiation.reset();
    for (let index = 0; index < this.#queues.count; index++) this.#queues.forget(index);
  }

  /** Whether the device waits for a reset because of an error. */
  get needsReset(): boolean {
    return this.#service.broken;
  }

  #failed(reason: unknown): void {
    const guest = reason instanceof VirtqueueError;
    const message = reason instanceof Error ? reason.message : String(reason);
    this.#logger.log(guest ? "warn" : "error", `${this.#name} needs a reset: ${message}`, { error: reason });
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
    return this.#config.size;
  }

  /** A number that differs between two reads if the configuration changed between them. 32 bits, wraps; take as many bits as fit. */
  get configGeneration(): number {
    return this.#config.generation;
  }

  /** Fills `target` from `offset`. Legal at any time; beyond the end there are zeroes. */
  readConfig(offset: number, target: Uint8Array): void {
    this.#config.read(offset, target, this.#endian);
  }

  /** Writes configuration. Legal at any time; what is not writable is ignored, and so is everything while the device is suspended. */
  writeConfig(offset: number, data: Uint8Array): void {
    this.#config.write(offset, data, this.#endian);
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
    if (this.#service.active && (this.queueEnabled(index) || !(this.#legacy || features.has(F_RING_RESET)))) {
      return this.#refuse("queue set-up after DRIVER_OK", { index });
    }
    const objection = this.#queues.objection(index, setup, features);
    if (objection !== undefined) return this.#refuse(`queue set-up: ${objection}`, { index });
    this.#queues.setUp(index, setup);
    if (this.#inService) {
      this.#service.openQueue(index, this.#terms);
      this.#service.deliver(index);
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
    if (this.#resetting !== undefined || this.#queues.live(index) || (this.#service.active && this.queueEnabled(index)))
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
    this.#trySuspend();
    return true;
  }

  /**
   * Resets one queue (VIRTIO_F_RING_RESET, 2.6.1).
   * @returns false if refused; else `undefined` when it is done already, or a promise that settles when it is
   */
  resetQueue(index: number): false | undefined | Promise<void> {
    if (!this.#queues.live(index) || !this.#service.canResetQueues || !this.features.has(F_RING_RESET)) {
      return this.#refuse("queue reset", { index });
    }
    return this.#service.resetQueue(index, () => {
      this.#queues.forget(index);
      this.#trySuspend();
    });
  }

  get #terms(): ServiceTerms {
    return { features: this.features, legacy: this.#legacy, endian: this.#endian };
  }

  #activate(): void {
    if (this.#service.active || this.#service.broken || this.#resetting !== undefined) return;
    if (this.#legacy) this.#negotiation.settle(true);
    this.#service.start(this.#terms);
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
    if (this.#legacy && !this.#service.active && this.queueEnabled(index)) this.#activate();
    else if (this.#queues.live(index)) this.#service.deliver(index);
    return true;
  }

  /**
   * Stops service, as a host does before it saves the state of its machine: no buffer is taken any more, what is in work is finished and the
   * driver told of it. The driver can still do everything, a reset included; only its buffers wait.
   * @returns `undefined` if nothing is in work, else a promise that settles when it is finished, or at {@link resume}
   */
  pause(): Promise<void> | undefined {
    return this.#service.pause.begin(this.#quiet);
  }

  /** Goes on after {@link pause} or {@link restore}. */
  resume(): void {
    if (!this.paused) return;
    this.#service.pause.end();
    if (!this.#suspended && this.#config.takeNotice()) this.#notifyConfig();
    if (this.#inService) this.#service.goOn();
  }

  /** Whether service is paused by the host. */
  get paused(): boolean {
    return this.#service.pause.wanted;
  }

  get #quiet(): boolean {
    return this.#resetting === undefined && this.#service.quiet;
  }

  /**
   * The whole state of device and driver interface, for {@link restore}. Needs the contents of guest memory of the same moment to be of use.
   *
   * A host that is about to stop this device for good waits for {@link pause} first, so that nothing is in work twice. Without a pause the
   * state holds the buffers that are in work, and a restored device begins with them anew.
   * @throws VirtioStateError ERR_VIRTIO_STATE_BUSY while the device or a queue of it is being reset
   */
  save(): VirtioState {
    if (this.#resetting !== undefined || this.#service.resettingQueue) {
      throw new VirtioStateError("ERR_VIRTIO_STATE_BUSY", `a reset of the ${this.#name} is under way`);
    }
    return {
      version: 1,
      deviceId: this.#device.deviceId,
      driverInterface: this.#interface,
      status: this.#status,
      broken: this.#service.broken,
      driverFeatures: [...this.#negotiation.driver],
      features: this.#negotiation.outcome,
      suspending: this.#suspending,
      config: this.#config.save(this.#endian),
      queues: this.#queues.save(this.#inService),
      device: this.#device.save?.() ?? null,
      active: this.#inService ? { state: this.#service.save() ?? null } : null,
    };
  }

  /**
   * Puts back what {@link save} gave, of a device with equal options over the same contents of guest memory. Nothing in it is trusted.
   * The device is paused then: call {@link resume} when the rest of the machine is there, too. Guest memory is not touched and nobody is
   * interrupted before. If the configuration is another one than the saved device had (the size of a disk, say), the driver is told.
   * @param state of unknown origin
   * @throws VirtioStateError; the device is as after a reset
   */
  restore(state: unknown): void {
    if (this.#status !== 0 || this.#service.active || this.#resetting !== undefined) {
      throw new VirtioStateError("ERR_VIRTIO_STATE_BUSY", `the ${this.#name} is in use`);
    }
    const saved = readVirtioState(state);
    const driverInterface = this.#interface;
    const { paused } = this;
    this.#forget();
    try {
      void this.#service.pause.begin(true);
      this.#putBack(saved);
    } catch (error) {
      void this.#service.end();
      this.#initialState();
      this.#interface = driverInterface;
      if (!paused) this.#service.pause.end();
      if (error instanceof VirtioStateError) throw error;
      const reason = error instanceof Error ? error.message : String(error);
      throw new VirtioStateError("ERR_VIRTIO_STATE", `unusable saved state of a ${this.#name}: ${reason}`, { cause: error });
    }
  }

  #putBack(state: VirtioState): void {
    const foreign = (reason: string): never => {
      throw new VirtioStateError("ERR_VIRTIO_STATE_DEVICE", `this is no saved state of this ${this.#name}: ${reason}`);
    };
    if (state.deviceId !== this.deviceId) foreign(`it is one of a ${deviceTypeName(state.deviceId)} device`);
    if (!this.useInterface(state.driverInterface)) foreign(`it has a ${state.driverInterface} driver`);
    const impossible = contradiction(state);
    if (impossible !== undefined) throw new VirtioStateError("ERR_VIRTIO_STATE", `unusable saved state: ${impossible}`);
    const objection = this.#negotiation.restore(state.driverFeatures, state.features, this.#legacy);
    if (objection !== undefined) foreign(objection);
    const rings = new Map<number, DeviceVirtqueueState>();
    for (const [index, queue] of state.queues.entries()) {
      if (queue === null) continue;
      const problem = this.#queues.objection(index, queue, this.features);
      if (problem !== undefined) foreign(`queue ${index}: ${problem}`);
      this.#queues.setUp(index, queue);
      if (queue.ring !== null) rings.set(index, queue.ring);
    }
    this.#status = state.status;
    this.#suspending = state.suspending;
    this.#service.restoreQueues(this.#terms, rings);
    if (this.#device.restore) this.#device.restore(state.device);
    else if (state.device !== null) foreign("it has a state of its own");
    this.#config.restore(state.config, this.#endian);
    if (state.broken) this.#service.restoreBroken();
    if (state.active !== null) this.#service.restoreDevice(this.#terms, state.active.state);
  }
}
