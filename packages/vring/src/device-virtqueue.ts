import type { DescriptorChain } from "./chain.ts";
import type { VirtqueueError } from "./errors.ts";
import type { DeviceVirtqueueState } from "./virtqueue-state.ts";

/**
 * The device side of a virtqueue (virtio 2.7 and 2.8), the same for every format and byte order.
 *
 * All guest memory that belongs to the ring is read once per use: an index, a head or a descriptor that the guest changes
 * behind our back has no effect on what was read before.
 */
export interface DeviceVirtqueue extends Iterable<DescriptorChain> {
  /** Number of entries. */
  readonly size: number;
  /**
   * Chains popped and not yet pushed, and with IN_ORDER those held back; never more than {@link size}. Chains of before a restore count
   * from the time that they are popped again.
   */
  readonly inFlight: number;
  /** Why the queue stopped, once it has met a malformed ring. */
  readonly error: VirtqueueError | undefined;

  /**
   * Takes the next available buffer, or `undefined` when there is none. Finding none asks the driver to notify when there
   * is one (unless {@link disableNotifications} is in effect), so a device that stops at `undefined` misses nothing. After a restore the
   * chains that were in flight come first.
   *
   * @throws VirtqueueError once, for a malformed ring; from then on the queue is inert: it gives nothing and publishes nothing
   */
  pop(): DescriptorChain | undefined;

  /** Pops until there is nothing left. */
  [Symbol.iterator](): IterableIterator<DescriptorChain>;

  /**
   * Stages `chain` as used. The driver sees it after {@link flush}. Chains may be pushed in any order; with IN_ORDER they
   * are held back until all earlier ones are there.
   *
   * @param written bytes written from the first device-writable byte on, without a gap; may be less than was written
   */
  push(chain: DescriptorChain, written: number): void;

  /** Publishes all staged chains at once. Returns whether the driver wants a used buffer notification for them. */
  flush(): boolean;

  /** Whether {@link pop} would find a buffer; throws as it does. Does not ask the driver for a notification. */
  hasAvailable(): boolean;

  /** Tells the driver that available buffer notifications are not needed: an optimisation that it may ignore. */
  disableNotifications(): void;

  /** Asks for available buffer notifications again. Returns whether buffers came in the meantime: they have to be looked at now. */
  enableNotifications(): boolean;

  /**
   * The queue starts anew, as after virtqueue reset (2.6.1): position 0, wrap counters 1, notifications wanted, no error. Chains of
   * before are cut off: whatever is done with them later has no effect. Guest memory is not touched: the driver initialises the ring
   * before it uses it again. A closed queue stays closed.
   */
  reset(): void;

  /**
   * Everything that this object knows beyond its configuration and guest memory, to go on elsewhere with `createDeviceVirtqueue`.
   * Nothing is disturbed: the queue can be used further, but only one of the two may be.
   */
  save(): DeviceVirtqueueState;

  /** Cuts the queue off from guest memory for ever, with all its chains: whatever they write later is dropped. */
  close(): void;
}
