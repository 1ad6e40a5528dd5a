import { entropy } from "@zarch/virtio/device-types";
import { DriverError } from "../errors.ts";
import type { DriverTransport } from "../transport.ts";
import { VirtioDriver, type VirtioDriverOptions } from "../virtio-driver.ts";

export type EntropyDriverOptions = Pick<VirtioDriverOptions, "queueSize" | "without" | "polling">;

/** Most bytes to ask for in one request. */
const MAX_REQUEST = 4096;

/**
 * A driver for entropy devices (virtio 5.4).
 *
 * ```ts
 * await using source = await EntropyDriver.open(transport);
 * const key = await source.read(32);
 * ```
 */
export class EntropyDriver<T extends DriverTransport = DriverTransport> {
  readonly driver: VirtioDriver<T>;

  private constructor(driver: VirtioDriver<T>) {
    this.driver = driver;
  }

  /** @throws DriverError as {@link VirtioDriver.open} */
  static async open<T extends DriverTransport>(transport: T, options: EntropyDriverOptions = {}): Promise<EntropyDriver<T>> {
    return new EntropyDriver(await VirtioDriver.open(transport, { ...options, deviceId: entropy.ID, queues: 1 }));
  }

  /**
   * Reads random bytes, exactly as many as asked for, in as many requests as the device makes of it.
   * @throws DriverError ERR_DRIVER_DEVICE if the device gives nothing at all
   */
  async read(length: number): Promise<Uint8Array> {
    const bytes = new Uint8Array(length);
    let done = 0;
    while (done < length) {
      const { data, written } = await this.driver.request(entropy.QUEUE_REQUEST, [], [Math.min(length - done, MAX_REQUEST)]);
      if (written === 0) throw new DriverError("ERR_DRIVER_DEVICE", "the entropy device gives no byte");
      bytes.set(data.subarray(0, written), done);
      done += written;
    }
    return bytes;
  }

  /** Resets the device; see {@link VirtioDriver.close}. */
  close(): Promise<void> {
    return this.driver.close();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}
