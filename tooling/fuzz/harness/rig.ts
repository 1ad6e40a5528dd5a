import type { Endian } from "../../../packages/guest-memory/src/index.ts";
import type { VirtioDevice } from "../../../packages/virtio/src/index.ts";
import type { ByteInput } from "./byte-input.ts";
import type { CorrectDriver } from "./correct-driver.ts";
import type { Part } from "./hostile-ring.ts";

/** A device and the host behind it. */
export interface Rig {
  readonly device: VirtioDevice;
  /** A message of the kind that goes into a queue, right or nearly right. */
  message(input: ByteInput, queue: number, endian: Endian): readonly Part[];
  /** The host does something: completes or fails an operation, sends data, changes the configuration. */
  act(input: ByteInput): void;
  /** The host completes everything, and does so at once from now on. */
  settle(): void;
  /** @throws Finding if the host was asked for something that it must never be asked for, or holds too much */
  check(): void;
  /** Asks something of the device that shows that it is well. */
  prove(driver: CorrectDriver): Promise<void>;
}

/** Lets everything run that is ready to run. */
export async function microtasks(): Promise<void> {
  for (let i = 0; i < 24; i++) await Promise.resolve();
}
