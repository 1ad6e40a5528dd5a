import type { Endian, GuestMemory } from "@zarch/guest-memory";
import type { Logger } from "@zarch/vmm-interface";
import type { DescriptorChain } from "@zarch/vring";
import type { FeatureDependency, ReadonlyFeatureSet } from "./features.ts";
import type { SharedMemoryRegion } from "./shared-memory.ts";

/**
 * The device-specific configuration space (virtio 2.5), independent of byte order. {@link ConfigSpace} implements it.
 * Offsets and lengths are in bytes and may go beyond {@link size}: such bytes read as 0 and are not written.
 */
export interface DeviceConfig {
  /** Bytes that have a meaning. */
  readonly size: number;
  /** @param endian `"little"` for virtio 1.x, the guest's own order for the legacy interface (2.5.3) */
  read(offset: number, target: Uint8Array, endian: Endian): void;
  /** A write by the driver. What is not writable stays as it is. */
  write(offset: number, data: Uint8Array, endian: Endian): void;
  /** Calls `listener` after each change that the device made. Returns a function that stops it. */
  onChange(listener: () => void): () => void;
}

/**
 * A virtqueue as a device uses it. It never throws for what the driver did: a malformed ring sets DEVICE_NEEDS_RESET and the
 * queue gives nothing more.
 */
export interface DeviceQueue extends Iterable<DescriptorChain> {
  readonly index: number;
  /** Number of entries. */
  readonly size: number;
  /** Chains popped and not yet pushed. */
  readonly inFlight: number;
  /** After a restore: chains that were in flight when the state was saved. The next calls of {@link pop} give them again, in their order. */
  readonly returning: number;
  /** The next available buffer. `undefined` promises a call of `notify` when there is another one. */
  pop(): DescriptorChain | undefined;
  [Symbol.iterator](): IterableIterator<DescriptorChain>;
  /** Whether {@link pop} would give a buffer. Promises no notification. */
  hasAvailable(): boolean;
  /**
   * Stages a chain as used, in any order.
   * @param written bytes written from the first device-writable byte on, without a gap
   */
  push(chain: DescriptorChain, written: number): void;
  /** Publishes all staged chains and interrupts the driver if it wants that. */
  flush(): void;
  /** Tells the driver that available buffer notifications are not needed for now; it may send them all the same. */
  disableNotifications(): void;
  /** Ends {@link disableNotifications}. Returns whether buffers came in the meantime. */
  enableNotifications(): boolean;
}

/** What an active device has to work with. Everything ends with the reset of the device. */
export interface DeviceContext {
  readonly memory: GuestMemory;
  /** The negotiated features. */
  readonly features: ReadonlyFeatureSet;
  /** Whether the driver uses the legacy interface. */
  readonly legacy: boolean;
  /** Byte order of the fields in this device's messages: `"little"`, or the guest's own for the legacy interface. */
  readonly endian: Endian;
  readonly logger: Logger;
  /** Service is paused by the host: nothing is to be begun. When it goes on, `notify` is called for every queue. */
  readonly paused: boolean;
  /** What {@link ActiveDevice.save} gave, when this activation goes on with a saved one: data of unknown origin. Else `undefined`. */
  readonly restored: unknown;
  /** A queue that the driver has enabled. One may be enabled later; `notify` is then called for it. */
  queue(index: number): DeviceQueue | undefined;
  /** Ends all service until the driver resets the device: DEVICE_NEEDS_RESET (2.1.2). */
  fail(reason: unknown): void;
}

/** A device between DRIVER_OK and reset. */
export interface ActiveDevice {
  /**
   * The driver made buffers available in a queue, or may have: notifications can be spurious. Called once for every enabled
   * queue after activation. A thrown VirtqueueError (a message that is too short, for instance) fails the device.
   */
  notify(queue: number): void;
  /**
   * Ends the life of this object. Nothing may be started any more; queues are already cut off, so that late results go nowhere.
   * @returns a promise if there is I/O in flight: the reset is complete, and visible to the driver, when it settles
   */
  reset(): void | Promise<void>;
  /**
   * Whether nothing is in work that could still touch guest memory or the backend: a pause is complete when it is so. Looked at when the pause
   * begins and after each `flush`. Default: whether all buffers that were taken are used.
   */
  readonly quiet?: boolean;
  /**
   * State beyond that of the queues, plain data for JSON, for `context.restored` of the activation that goes on with it. Buffers that are
   * not used yet come again from the restored queues, whole, so it has to tell how far the device got with them, unless beginning anew
   * does no harm. May be called at any time.
   */
  save?(): unknown;
  /** As {@link reset}, for one queue (VIRTIO_F_RING_RESET); see {@link VirtioDevice.queueReset}. */
  resetQueue?(queue: number): void | Promise<void>;
}

/** A virtio device of some type, apart from any transport (virtio section 5). */
export interface VirtioDevice {
  /** Virtio device ID: 1 network, 2 block, 3 console, 4 entropy, ... */
  readonly deviceId: number;
  /** The device type's own feature bits that this device offers to virtio 1.x drivers. */
  readonly features: ReadonlyFeatureSet;
  /** The bits below 32 that it offers to a legacy driver. Default: those of {@link features}. */
  readonly legacyFeatures?: ReadonlyFeatureSet;
  /** Rules between features of this type. */
  readonly featureDependencies?: readonly FeatureDependency[];
  /** Largest size of each queue in entries (a power of two); their number is the number of queues. 0: no such queue. */
  readonly queueMaxSizes: readonly number[];
  readonly config: DeviceConfig;
  /** Memory that the device shares with the driver (2.10). Not every transport can show it. Default: none. */
  readonly sharedMemory?: readonly SharedMemoryRegion[];
  /** Whether single queues can be reset. Without it VIRTIO_F_RING_RESET is never offered. Default false. */
  readonly queueReset?: boolean;
  /** A last word on a valid subset of the offered features. False refuses FEATURES_OK. Default: all are accepted. */
  acceptFeatures?(features: ReadonlyFeatureSet): boolean;
  /** The driver has finished feature negotiation; `features` are final. Called before {@link activate}. */
  negotiated?(features: ReadonlyFeatureSet, legacy: boolean): void;
  /**
   * Starts service (DRIVER_OK), or goes on with a saved one, see {@link DeviceContext.restored}.
   * @throws an error that fails the device, or that refuses the saved state
   */
  activate(context: DeviceContext): ActiveDevice;
  /** State beyond that of the active device: what the driver wrote into the configuration, say. Plain data for JSON. */
  save?(): unknown;
  /**
   * Puts the state of a device with equal options back, after negotiation and before {@link activate}. `state` is of unknown origin:
   * `StateReader` reads it. Null if the saved device had nothing to save.
   * @throws VirtioStateError with nothing changed; {@link reset} follows then, as it does when `activate` throws
   */
  restore?(state: unknown): void;
  /** Lets go of what the device holds, for one that was unplugged or whose machine has ended. */
  close?(): void;
  /** Puts configuration and other state back to its initial values; the active device, if there was one, has ended. */
  reset?(): void;
}

/** What a transport supplies: how the driver gets to know of something (virtio 2.3, 2.9). Never throws. */
export interface TransportInterrupts {
  /** Used buffer notification for one queue. */
  queueInterrupt(queue: number): void;
  /** Configuration change notification. */
  configInterrupt(): void;
}
