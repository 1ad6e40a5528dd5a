import type { DriverVirtqueueState } from "./driver-state.ts";
import type { VirtqueueConfig } from "./layout.ts";

/** A piece of guest memory: guest physical address, length in bytes. */
export interface BufferSpan {
  readonly address: number;
  readonly length: number;
}

/** Guest memory for the indirect tables of a driver: `size` tables of `entries` descriptors each, 16 bytes per descriptor. */
export interface IndirectTables {
  readonly address: number;
  /** Descriptors in each table. */
  readonly entries: number;
}

export interface DriverVirtqueueConfig extends VirtqueueConfig {
  /** With it and `indirect`, a buffer of more than one part takes only one descriptor of the ring. */
  readonly indirectTables?: IndirectTables;
  /**
   * A used length beyond the buffer's room counts as that room instead of as an error: many legacy devices report wrong lengths
   * (2.7.8.1). In a packed ring a length counts also without the flag WRITE, which QEMU's devices never set (2.8.3). Default false: the
   * buffers that such a device returns seem empty.
   */
  readonly toleratesLengths?: boolean;
}

export interface DriverVirtqueueOptions<Token> {
  /** What `save` gave, of a queue with the same configuration over the same contents of memory. Checked as data of unknown origin. */
  readonly state?: DriverVirtqueueState;
  /** Makes a token again of what `saveToken` made of it. Needed if the state has buffers. */
  readonly restoreToken?: (saved: unknown) => Token;
}

/** A buffer that came back. */
export interface UsedBuffer<Token> {
  readonly token: Token;
  /** Bytes that the device reports to have written, from the first device-writable one on. */
  readonly written: number;
}

/** The driver side of a virtqueue (virtio 2.7 and 2.8), named as Linux names it. */
export interface DriverVirtqueue<Token> {
  readonly size: number;
  /** Descriptors of the ring that are free. */
  readonly free: number;
  /**
   * Where the next buffer will be that the device does not know of, as bits 16 to 31 of a notification with VIRTIO_F_NOTIFICATION_DATA
   * have it (2.9): the available index (split), or the offset in the ring and, in the highest of the 16 bits, the wrap counter (packed).
   */
  readonly nextAvailable: number;
  /**
   * Queues a buffer: `out` for the device to read, then `into` for the device to write; together not empty. The device sees it after
   * {@link kickPrepare}.
   * @returns false if there is no room now, or never is: a buffer has at most as many parts as the queue has entries, and not more
   *   than `maxChainLength` (2.7.5.3.1, 2.8.17)
   */
  add(out: readonly BufferSpan[], into: readonly BufferSpan[], token: Token): boolean;
  /** Makes all queued buffers available. Returns whether the device wants an available buffer notification. */
  kickPrepare(): boolean;
  /**
   * The next used buffer.
   * @throws VirtqueueError ERR_VIRTQUEUE_USED if the device returns what it does not have
   */
  getBuf(): UsedBuffer<Token> | undefined;
  /** Asks for no used buffer notifications: advice that the device may ignore. */
  disableCallbacks(): void;
  /** Asks for used buffer notifications again. Returns false if there are used buffers to be fetched first. */
  enableCallbacks(): boolean;
  /**
   * The queue starts anew with zeroed ring memory, as after device reset or virtqueue reset (2.4, 2.6.1), once the device has given it up.
   * @returns the tokens of all buffers that did not come back: in the order of `add` with IN_ORDER, otherwise in no special one
   */
  reset(): Token[];
  /**
   * Everything that this object knows beyond its configuration and memory, to go on elsewhere with `createDriverVirtqueue`. Nothing is
   * disturbed: the queue can be used further, but only one of the two may be.
   * @param saveToken makes data of a token that `restoreToken` understands
   */
  save(saveToken: (token: Token) => unknown): DriverVirtqueueState;
}
