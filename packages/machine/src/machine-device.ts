import type { ChannelSubsystem, Subchannel } from "@zarch/channel-subsystem";
import type { GuestMemory } from "@zarch/guest-memory";
import type { Clock, Logger } from "@zarch/vmm-interface";
import type { DeviceAddress } from "./device-address.ts";

/** What a machine gives to the devices in it. */
export interface DeviceHost {
  readonly memory: GuestMemory;
  readonly channelSubsystem: ChannelSubsystem;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Holds the guest back until `work` has settled. */
  hold(work: Promise<void>): void;
}

/** A device together with the transport that it is to be reached by; see {@link ccw}. Attached at most once. */
export interface MachineDevice {
  /**
   * Puts the device into a machine; a running guest learns of it by a channel report.
   * @throws {HostError} ERR_DEVICE_ADDRESS when the address is taken
   */
  attach(host: DeviceHost): AttachedDevice;
}

/** A device in a machine. */
export interface AttachedDevice {
  readonly address: DeviceAddress;
  /** The subchannel that the guest reaches it by. */
  readonly subchannel: Subchannel;
  /** Answers a virtio-ccw notification: a cookie of 0 or more, or a negative error number. */
  notify(queue: number, cookie: number): number;
  /** Takes the device out, as if the cable were pulled. The promise settles when no I/O of it is in flight any more. */
  detach(): Promise<void>;
}
