import type { Endian } from "@zarch/guest-memory";

/** A request to a device and what has to come back. */
export interface Message {
  /** What the device reads, in the pieces that a legacy driver would use. */
  readonly out: readonly Uint8Array[];
  /** Lengths in bytes of what the device writes, likewise. */
  readonly into: readonly number[];
  /**
   * Says what is wrong with an answer, if anything is.
   * @param written the length that the device reported
   * @param data the device-writable bytes, all of them
   */
  wrong(written: number, data: Uint8Array): string | undefined;
}

/** How to have a device do something that it can do any number of times, soon and without effect on anything else. */
export interface Exchange {
  /** Index of the queue for it. */
  readonly queue: number;
  /** @param number different numbers should give answers that can be told apart, where the device allows that */
  message(number: number, endian: Endian): Message;
}
