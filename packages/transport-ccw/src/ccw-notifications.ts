import type { ChannelSubsystem } from "@zarch/channel-subsystem";
import type { DiagnoseHandler } from "@zarch/vmm-interface";
import { VirtioCcwDevice } from "./virtio-ccw-device.ts";

/** Function code in general register 1. */
const CCW_NOTIFY = 3;
const EINVAL = 22;
/** Register values at or above it cannot be queue indices or cookies. */
const HIGH = 0x1_0000_0000;

/**
 * Available buffer notifications by DIAGNOSE 0x500, function 3 (virtio 4.3.3.2). A notification that makes sense is answered with a
 * cookie; given back with the next one, it makes the way to the device short. A wrong cookie does no harm.
 */
export class CcwNotifications {
  readonly #channel: Pick<ChannelSubsystem, "find">;
  /** Cookie n is for the device at n - 1; places of detached devices are used again. */
  readonly #devices: VirtioCcwDevice[] = [];

  constructor(channel: Pick<ChannelSubsystem, "find">) {
    this.#channel = channel;
  }

  /**
   * @param subsystemId subsystem-identification word, 32 bits
   * @param data notification data: the queue index (or more, see {@link VirtioCcwDevice.notify})
   * @param cookie what the last notification gave, or anything
   * @returns a cookie, 1 or more; or -EINVAL if there is no such device or queue
   */
  notify(subsystemId: number, data: number, cookie: number): number {
    const remembered = this.#devices[cookie - 1];
    if (remembered?.subsystemId === subsystemId) {
      const result = remembered.notify(data);
      return result < 0 ? result : cookie;
    }
    const device = this.#channel.find(subsystemId)?.controlUnit.device;
    if (!(device instanceof VirtioCcwDevice)) return -EINVAL;
    const result = device.notify(data);
    return result < 0 ? result : this.#cookieOf(device);
  }

  /**
   * For DIAGNOSE 0x500: subchannel in general register 2 (its bits 0-31 are ignored), notification data in 3, cookie in 4; the result
   * goes to 2. Functions other than 3 get -EINVAL.
   */
  readonly handler: DiagnoseHandler = (registers) => {
    const isNotification = registers.high(1) === 0 && registers.low(1) === CCW_NOTIFY;
    const data = registers.high(3) * HIGH + (registers.low(3) >>> 0);
    const cookie = registers.high(4) * HIGH + (registers.low(4) >>> 0);
    const result = isNotification ? this.notify(registers.low(2) >>> 0, data, cookie) : -EINVAL;
    registers.set(2, result < 0 ? 0xffff_ffff : 0, result >>> 0);
    return 0;
  };

  #cookieOf(device: VirtioCcwDevice): number {
    let place = this.#devices.indexOf(device);
    if (place < 0) place = this.#devices.findIndex((other) => other.subsystemId === undefined);
    if (place < 0) place = this.#devices.length;
    this.#devices[place] = device;
    return place + 1;
  }
}
