import type { Endian, GuestMemory } from "@zarch/guest-memory";
import { HostError, type Logger, silentLogger } from "@zarch/vmm-interface";
import {
  checkVirtqueueConfig,
  createDeviceVirtqueue,
  isQueueSize,
  legacyAreas,
  type VirtqueueAreas,
  type VirtqueueConfig,
  VirtqueueError,
} from "@zarch/vring";
import type { ActiveDevice, DeviceContext, DeviceQueue, TransportInterrupts, VirtioDevice } from "./device.ts";
import {
  F_ANY_LAYOUT,
  F_EVENT_IDX,
  F_IN_ORDER,
  F_INDIRECT_DESC,
  F_NOTIFY_ON_EMPTY,
  F_RING_PACKED,
  F_RING_RESET,
  F_VERSION_1,
  type FeatureDependency,
  FeatureSet,
  type ReadonlyFeatureSet,
  unmetDependency,
} from "./features.ts";
import { LiveQueue } from "./live-queue.ts";
import { STATUS_ACKNOWLEDGE, STATUS_DRIVER, STATUS_DRIVER_OK, STATUS_FAILED, STATUS_FEATURES_OK, STATUS_NEEDS_RESET } from "./status.ts";

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
   * drivers): what only the transport can promise, such as ACCESS_PLATFORM or RING_RESET; or IN_ORDER.
   */
  readonly extraFeatures?: Iterable<number>;
  /** Feature bits not to offer. A bit that depends on one of them is not offered either. */
  readonly withoutFeatures?: Iterable<number>;
  /** Receives what the driver did wrong, at level `"debug"`, and failures of the device. */
  readonly logger?: Logger;
}

/** A queue as the driver sets it up. */
export interface QueueSetup {
  /** Number of entries. */
  readonly size: number;
  readonly areas: VirtqueueAreas;
}

interface QueueSlot {
  setup: QueueSetup | undefined;
  live: LiveQueue | undefined;
}

/** Most 32-bit words of driver features that are kept: more than any driver has a use for, bounded for the others. */
const MAX_FEATURE_WORDS = 256;

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
  readonly #modernOffer: ReadonlyFeatureSet;
  readonly #legacyOffer: ReadonlyFeatureSet;
  readonly #queues: readonly QueueSlot[];
  /** The dependencies that bind a driver. */
  readonly #driverRules: readonly FeatureDependency[];

  #interface: DriverInterface;
  #status = 0;
  #driverFeatures = new FeatureSet();
  #negotiated: ReadonlyFeatureSet = new FeatureSet();
  /** Whether {@link #negotiated} is final. */
  #settled = false;
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
    this.#queues = device.queueMaxSizes.map(() => ({ setup: undefined, live: undefined }));
    for (const size of device.queueMaxSizes) {
      if (size !== 0 && !isQueueSize(size, "split")) throw new HostError("ERR_VIRTIO_OPTIONS", `queue size ${size} is not a power of two`);
    }
    this.#driverRules = (device.featureDependencies ?? []).filter(({ offerOnly }) => !offerOnly);
    const without = new FeatureSet(options.withoutFeatures);
    this.#modernOffer = offer(device, [...device.features, ...MODERN_FEATURES, ...(options.extraFeatures ?? [])], without);
    const legacyFeatures = device.legacyFeatures ?? new FeatureSet([...device.features].filter((bit) => bit < 24));
    this.#legacyOffer = offer(device, [...legacyFeatures, ...LEGACY_FEATURES], without);
    device.config.onChange(() => {
      this.#configChanged = true;
      if (this.#active && !this.#broken) this.#interrupts.configInterrupt();
    });
  }

  // ---- what the device is ----

  get deviceId(): number {
    return this.#device.deviceId;
  }

  get queueCount(): number {
    return this.#queues.length;
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

  get #legacy(): boolean {
    return this.#interface === "legacy";
  }

  #refuse(what: string, fields?: Readonly<Record<string, unknown>>): false {
    this.#logger.log("debug", `virtio device ${this.#device.deviceId}: ${what}`, fields);
    return false;
  }

  // ---- device status (2.1) and reset (2.4) ----

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
    return this.#legacy ? this.#writeLegacyStatus(next) : this.#writeModernStatus(next);
  }

  #writeModernStatus(next: number): boolean {
    const old = this.#status & STATUS_KNOWN;
    const added = next & ~old;
    if ((old & ~next) !== 0) return this.#refuse("status bits cleared without a reset", { old, next });
    if ((old & STATUS_FAILED) !== 0 && added !== 0) return this.#refuse("initialization goes on after FAILED", { next });
    if ((added & STATUS_FEATURES_OK) !== 0) {
      if ((next & STATUS_DRIVER) === 0) return this.#refuse("FEATURES_OK without DRIVER", { next });
      if (!this.#featuresAcceptable()) return false;
    }
    if ((added & STATUS_DRIVER_OK) !== 0 && (next & STATUS_FEATURES_OK) === 0)
      return this.#refuse("DRIVER_OK without FEATURES_OK", { next });
    this.#status |= added;
    if ((added & STATUS_FEATURES_OK) !== 0) this.#settle(new FeatureSet(this.#driverFeatures));
    if ((added & STATUS_DRIVER_OK) !== 0) this.#activate();
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
    const pending = active && this.#stop(active);
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

  /** Stops an active device. What it does wrong in doing so must not keep the driver waiting. */
  #stop(active: ActiveDevice): Promise<void> | undefined {
    const failed = (error: unknown): void =>
      this.#logger.log("error", `virtio device ${this.#device.deviceId} failed in its reset`, { error });
    try {
      const pending = active.reset();
      if (pending instanceof Promise) return pending.catch(failed);
    } catch (error) {
      failed(error);
    }
    return undefined;
  }

  /** The reset under way, if any. */
  get resetting(): Promise<void> | undefined {
    return this.#resetting;
  }

  #end(): void {
    this.#life.live = false;
    this.#active = undefined;
    this.#renotify.clear();
    for (const slot of this.#queues) {
      slot.live?.close();
      slot.live = undefined;
    }
  }

  #initialState(): void {
    this.#forget();
    this.#device.reset?.();
  }

  /** Back to what the driver finds after a reset, apart from the device itself. */
  #forget(): void {
    this.#status = 0;
    this.#broken = false;
    this.#driverFeatures = new FeatureSet();
    this.#negotiated = new FeatureSet();
    this.#settled = false;
    for (const slot of this.#queues) slot.setup = undefined;
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
    this.#logger.log(guest ? "warn" : "error", `virtio device ${this.#device.deviceId} needs a reset: ${message}`, { error: reason });
    for (const slot of this.#queues) slot.live?.close();
    // The legacy interface has no such bit (it came with virtio 1.0): the device just stops.
    if (this.#legacy) return;
    this.#status |= STATUS_NEEDS_RESET;
    if ((this.#status & STATUS_DRIVER_OK) !== 0) this.#interrupts.configInterrupt();
  }

  // ---- feature bits (2.2) ----

  /** Features offered to the driver, bits `32 * word` to `32 * word + 31`, lowest in bit 0. Any word number is legal. */
  deviceFeatures(word: number): number {
    return (this.#legacy ? this.#legacyOffer : this.#modernOffer).word(word);
  }

  /** The driver's features as it last wrote them. */
  driverFeatures(word: number): number {
    return this.#driverFeatures.word(word);
  }

  /**
   * A write of 32 of the driver's features. Bits that were not offered are noticed at FEATURES_OK; from a legacy driver they are ignored.
   * @returns false outside the time for it: between DRIVER and FEATURES_OK, for a legacy driver any time before service starts
   */
  setDriverFeatures(word: number, value: number): boolean {
    if (this.#resetting !== undefined || this.#settled) return this.#refuse("features written after negotiation", { word });
    if (!this.#legacy && (this.#status & STATUS_DRIVER) === 0) return this.#refuse("features written before DRIVER", { word });
    if (value !== 0 && this.#driverFeatures.word(word) === 0 && this.#driverFeatures.wordCount >= MAX_FEATURE_WORDS) {
      return this.#refuse("too many feature words", { word });
    }
    this.#driverFeatures.setWord(word, value);
    return true;
  }

  /** The negotiated features; empty before FEATURES_OK. */
  get features(): ReadonlyFeatureSet {
    return this.#negotiated;
  }

  #featuresAcceptable(): boolean {
    const features = this.#driverFeatures;
    if (!features.isSubsetOf(this.#modernOffer))
      return this.#refuse("features accepted that were not offered", { features: [...features] });
    if (!features.has(F_VERSION_1)) return this.#refuse("VERSION_1 not accepted");
    const unmet = unmetDependency(features, this.#driverRules);
    if (unmet) return this.#refuse("a feature accepted without what it depends on", { ...unmet });
    return (this.#device.acceptFeatures?.(features) ?? true) || this.#refuse("features refused by the device", { features: [...features] });
  }

  #settle(features: ReadonlyFeatureSet): void {
    this.#negotiated = features;
    this.#settled = true;
    this.#device.negotiated?.(features, this.#legacy);
  }

  #settleLegacy(): void {
    const features = new FeatureSet([...this.#driverFeatures].filter((bit) => this.#legacyOffer.has(bit)));
    for (;;) {
      const unmet = unmetDependency(features, this.#driverRules);
      if (!unmet) break;
      features.delete(unmet.feature);
    }
    this.#settle(features);
  }

  // ---- configuration space (2.5) ----

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
    this.#device.config.read(offset, target, this.#endian);
  }

  /** Writes configuration. Legal at any time; what is not writable is ignored. */
  writeConfig(offset: number, data: Uint8Array): void {
    this.#device.config.write(offset, data, this.#endian);
  }

  get #endian(): Endian {
    return this.#legacy ? this.#legacyEndian : "little";
  }

  // ---- queues (2.6) ----

  /** Largest size of a queue in entries; 0 if there is no such queue. */
  queueMaxSize(index: number): number {
    return this.#device.queueMaxSizes[index] ?? 0;
  }

  /** Entries of a queue that is set up, else 0. */
  queueSize(index: number): number {
    return this.#queues[index]?.setup?.size ?? 0;
  }

  /** Whether a queue is set up. */
  queueEnabled(index: number): boolean {
    return this.#queues[index]?.setup !== undefined;
  }

  /**
   * Sets a queue up and enables it. Its memory belongs to the driver until DRIVER_OK.
   * @returns false if there is no such queue, its size or an address is unusable, it is enabled already, or it is too early (before
   * FEATURES_OK) or too late (after DRIVER_OK) for it
   */
  setUpQueue(index: number, setup: QueueSetup): boolean {
    const slot = this.#queues[index];
    const legacy = this.#legacy;
    if (!slot || this.queueMaxSize(index) === 0) return this.#refuse("set-up of a queue that does not exist", { index });
    if (this.#resetting !== undefined) return this.#refuse("queue set-up during a reset", { index });
    if (!legacy && !this.#settled) return this.#refuse("queue set-up before FEATURES_OK", { index });
    if (this.#active && (slot.setup || !(legacy || this.#negotiated.has(F_RING_RESET)))) {
      return this.#refuse("queue set-up after DRIVER_OK", { index });
    }
    if (setup.size > this.queueMaxSize(index)) return this.#refuse("queue size above its maximum", { index, size: setup.size });
    try {
      checkVirtqueueConfig(this.#memory, { ...setup, format: this.#format });
    } catch (error) {
      if (!(error instanceof VirtqueueError)) throw error;
      return this.#refuse(`queue ${index}: ${error.message}`);
    }
    slot.setup = { size: setup.size, areas: { ...setup.areas } };
    if (this.#active && !this.#broken) {
      this.#openQueue(index, slot);
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
    const slot = this.#queues[index];
    if (!slot) return this.#refuse("there is no such queue to disable", { index });
    if (this.#resetting !== undefined || slot.live) return this.#refuse("a queue in service cannot be disabled", { index });
    slot.setup = undefined;
    return true;
  }

  /**
   * Resets one queue (VIRTIO_F_RING_RESET, 2.6.1).
   * @returns false if refused; else `undefined` when it is done already, or a promise that settles when it is
   */
  resetQueue(index: number): false | undefined | Promise<void> {
    const slot = this.#queues[index];
    const active = this.#active;
    if (!slot?.live || !active?.resetQueue || !this.#negotiated.has(F_RING_RESET)) return this.#refuse("queue reset", { index });
    slot.live.close();
    slot.live = undefined;
    const done = (): void => {
      if (this.#active === active) slot.setup = undefined;
    };
    const pending = active.resetQueue(index);
    if (pending instanceof Promise) return pending.then(done);
    done();
    return undefined;
  }

  get #format(): "split" | "packed" {
    return this.#negotiated.has(F_RING_PACKED) ? "packed" : "split";
  }

  #openQueue(index: number, slot: QueueSlot): void {
    if (!slot.setup) return;
    const features = this.#negotiated;
    const config: VirtqueueConfig = {
      ...slot.setup,
      format: this.#format,
      endian: this.#endian,
      indirect: features.has(F_INDIRECT_DESC),
      eventIndex: features.has(F_EVENT_IDX),
      inOrder: features.has(F_IN_ORDER),
      notifyOnEmpty: this.#legacy && features.has(F_NOTIFY_ON_EMPTY),
    };
    const life = this.#life;
    slot.live = new LiveQueue(index, createDeviceVirtqueue(this.#memory, config), {
      queueInterrupt: (queue) => {
        if (life.live && !this.#broken) this.#interrupts.queueInterrupt(queue);
      },
      fail: (reason) => {
        if (life.live) this.#fail(reason);
      },
    });
  }

  // ---- service ----

  #activate(): void {
    if (this.#active || this.#broken || this.#resetting !== undefined) return;
    if (this.#legacy) this.#settleLegacy();
    const life = { live: true };
    this.#life = life;
    try {
      for (const [index, slot] of this.#queues.entries()) this.#openQueue(index, slot);
      const context: DeviceContext = {
        memory: this.#memory,
        features: this.#negotiated,
        legacy: this.#legacy,
        endian: this.#endian,
        logger: this.#logger,
        queue: (index): DeviceQueue | undefined => (life.live ? this.#queues[index]?.live : undefined),
        fail: (reason) => {
          if (life.live) this.#fail(reason);
        },
      };
      this.#active = this.#device.activate(context);
    } catch (error) {
      this.#fail(error);
      return;
    }
    for (const [index, slot] of this.#queues.entries()) if (slot.live) this.#deliver(index);
  }

  /**
   * Available buffer notification (2.9). Ignored before DRIVER_OK, except from a legacy driver, for whom it starts service.
   * @returns whether there is such a queue
   */
  notify(index: number): boolean {
    const slot = this.#queues[index];
    if (!slot || this.queueMaxSize(index) === 0) return this.#refuse("notification of a queue that does not exist", { index });
    if (this.#legacy && !this.#active && slot.setup) this.#activate();
    else if (slot.live) this.#deliver(index);
    return true;
  }

  /** Not re-entrant: a device that notifies itself by its own DMA gets the call afterwards. */
  #deliver(index: number): void {
    this.#renotify.add(index);
    if (this.#notifying) return;
    this.#notifying = true;
    try {
      for (const queue of this.#renotify) {
        this.#renotify.delete(queue);
        if (this.#active && !this.#broken && this.#queues[queue]?.live) this.#active.notify(queue);
      }
    } catch (error) {
      this.#fail(error);
    } finally {
      this.#notifying = false;
    }
  }
}

const MODERN_FEATURES = [F_VERSION_1, F_INDIRECT_DESC, F_EVENT_IDX];
const LEGACY_FEATURES = [F_ANY_LAYOUT, F_NOTIFY_ON_EMPTY, F_INDIRECT_DESC, F_EVENT_IDX];

/** Drops what is not to be offered, and every feature whose prerequisites are not offered (2.2.2). */
function offer(device: VirtioDevice, bits: Iterable<number>, without: ReadonlyFeatureSet): ReadonlyFeatureSet {
  const features = new FeatureSet();
  for (const bit of bits) if (!without.has(bit)) features.add(bit);
  for (;;) {
    const unmet = unmetDependency(features, device.featureDependencies ?? []);
    if (!unmet) return features;
    features.delete(unmet.feature);
  }
}
