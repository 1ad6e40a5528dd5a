import { STATUS_FAILED, STATUS_NEEDS_RESET } from "@zarch/virtio";
import { DriverError } from "./errors.ts";
import type { DriverTransport } from "./transport.ts";

/** The device status as the driver builds it up, bit by bit (virtio 2.1): single bits are never cleared. */
export class DeviceStatus {
  readonly #transport: DriverTransport;
  /** What the driver has written and the device has taken. */
  value = 0;

  constructor(transport: DriverTransport) {
    this.#transport = transport;
  }

  /** @throws DriverError ERR_DRIVER_REFUSED */
  async add(bit: number): Promise<void> {
    const status = this.value | bit;
    if (!(await this.#transport.writeStatus(status))) {
      throw new DriverError("ERR_DRIVER_REFUSED", `the device refuses the status ${status}`);
    }
    this.value = status;
  }

  /**
   * What the device says.
   * @throws DriverError ERR_DRIVER_NEEDS_RESET
   */
  async read(): Promise<number> {
    const status = await this.#transport.readStatus();
    if ((status & STATUS_NEEDS_RESET) !== 0) throw new DriverError("ERR_DRIVER_NEEDS_RESET", "the device needs a reset");
    return status;
  }

  /** Tells the device, if it still listens, that the driver has given up on it. */
  async giveUp(): Promise<void> {
    try {
      await this.#transport.writeStatus(this.value | STATUS_FAILED);
    } catch {
      // The error that led here is the one to report.
    }
  }
}
