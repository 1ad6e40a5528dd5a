import type { ChannelSubsystem } from "@zarch/channel-subsystem";
import type { GuestMemory } from "@zarch/guest-memory";
import type { CcwAddress } from "@zarch/transport-ccw";
import type { Clock, Logger } from "@zarch/vmm-interface";

/** What a machine gives to the devices in it. */
export interface DeviceHost {
  readonly memory: GuestMemory;
  readonly channelSubsystem: ChannelSubsystem;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Holds the guest back until `work` has settled. */
  hold(work: Promise<void>): void;
}

/** A device together with the transport that it is to be reached by, for instance from `ccw` of `@zarch/transport-ccw`. */
export interface MachineDevice {
  /**
   * Puts the device into a machine; a running guest learns of it by a channel report.
   * @throws {HostError} when the address is taken
   */
  attach(host: DeviceHost): AttachedDevice;
}

/** A device in a machine. */
export interface AttachedDevice {
  readonly address: CcwAddress;
  /** Takes the device out, as if the cable were pulled. The promise settles when no I/O of it is in flight any more. */
  detach(): Promise<void>;
}
