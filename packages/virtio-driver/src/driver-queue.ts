import type { BufferSpan } from "@zarch/vring";

/** What the device answered. */
export interface Answer {
  /** Bytes that the device reports to have written, from the first device-writable one on. What lies beyond says nothing (2.7.8.3). */
  readonly written: number;
  /** A copy of the device-writable part: as many bytes as were asked for. Bytes that the device did not write are 0, or {@link RequestOptions.fill}. */
  readonly data: Uint8Array;
}

export interface RequestOptions {
  /**
   * Ends the wait. A buffer that the device has already cannot be taken back from it: it stays there until the device returns it, or is
   * reset.
   */
  readonly signal?: AbortSignal | undefined;
  /** What the device-writable part of a {@link DriverQueue.request} is filled with beforehand. Default 0. */
  readonly fill?: number;
}

/** A buffer in memory that the caller provides. */
export interface PlacedBuffer {
  /** What the device reads. */
  readonly out?: readonly BufferSpan[];
  /** What the device may write. */
  readonly into?: readonly BufferSpan[];
}

/** A queue of a {@link VirtioDriver}: takes requests, in any number, and returns them as the device uses them. */
export interface DriverQueue {
  readonly index: number;
  /** Number of entries. */
  readonly size: number;
  /** Buffers that the device has. */
  readonly inFlight: number;
  /** Requests that wait for room in the ring or in memory. */
  readonly waiting: number;
  /** Number of used buffer notifications so far that were about this queue alone. */
  readonly interrupts: number;
  /**
   * Sends one buffer and waits for its return.
   * @param out what the device reads, each element in a descriptor of its own
   * @param into sizes in bytes of what the device writes, each in a descriptor of its own
   * @throws DriverError (as a rejection) when a reset, a failure of the device or the end of the driver ends the wait
   */
  request(out: readonly Uint8Array[], into?: readonly number[], options?: RequestOptions): Promise<Answer>;
  /**
   * As {@link request}, with a buffer that is in memory already; nothing is copied. The memory is the device's until the promise is fulfilled
   * or, if it is rejected, until the device has been reset.
   * @returns the bytes that the device reports to have written
   */
  submit(buffer: PlacedBuffer, options?: RequestOptions): Promise<number>;
}
