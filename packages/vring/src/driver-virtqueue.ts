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
   * Where the next buffer will be made available, as bits 16 to 31 of a notification with VIRTIO_F_NOTIFICATION_DATA have it (2.9): the
   * available index (split), or the offset in the ring and, in the highest of the 16 bits, the wrap counter (packed).
   */
  readonly nextAvailable: number;
  /**
   * Queues a buffer: `out` for the device to read, then `into` for the device to write; together not empty. The device sees it after
   * {@link kickPrepare}.
   * @returns false if there is no room now
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
}
