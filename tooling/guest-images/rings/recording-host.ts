import type { DevicePositions, RingImage } from "../../../packages/vring/test/ring-image.ts";

/** How a queue is set up, and where the device is in it. */
export interface QueueStatus extends DevicePositions {
  readonly size: number;
  readonly areas: RingImage["areas"];
}

/**
 * A machine with the disks of load.ts whose guest can be stopped in the middle of its I/O. The disk with index n of that list has the
 * device number n + 1.
 */
export interface RecordingHost extends AsyncDisposable {
  /** Name and version of what runs the devices. */
  readonly name: string;
  /** Waits until the console has said `text` since the last call, and gives all up to there. */
  says(text: string): Promise<string>;
  /** Types a line on the console. */
  type(line: string): void;
  /** Guest memory, as it is. */
  readMemory(address: number, length: number): Uint8Array;
  /** Whether {@link hold} completes one more request of each disk. */
  readonly letsFirstPass: boolean;
  /** From now on requests are not completed. */
  hold(): Promise<void>;
  /** The queue of a disk. */
  status(disk: number): Promise<QueueStatus>;
  /**
   * Stops the guest, then completes what is held, in one or more steps.
   * @param moment called in the end and, where the host can stop there, with only some requests completed
   */
  complete(moment: () => Promise<void>): Promise<void>;
  /** Lets the guest go on, and its requests complete. */
  resume(): Promise<void>;
}
