import type { ChannelSubsystem } from "@zarch/channel-subsystem";
import type { GuestMemory } from "@zarch/guest-memory";
import type { DescriptorPage } from "@zarch/transport-s390-legacy";
import type { Clock, Logger } from "@zarch/vmm-interface";
import type { ZpciBus } from "@zarch/zpci";
import type { DeviceAddress } from "./device-address.ts";

/** How a device is reached. */
export type DeviceBus = "ccw" | "pci" | "page";

/** What a machine gives to the devices in it. */
export interface DeviceHost {
  readonly memory: GuestMemory;
  readonly channelSubsystem: ChannelSubsystem;
  /** Throws HostError ERR_MACHINE_BUS if the machine was made without PCI. */
  readonly zpci: ZpciBus;
  /** Throws HostError ERR_MACHINE_BUS if the machine was made without a descriptor page. */
  readonly descriptorPage: DescriptorPage;
  /** Whether a guest runs already, which has to be told of what comes and goes. */
  readonly running: boolean;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Holds the guest back until `work` has settled. */
  hold(work: Promise<void>): void;
}

/**
 * A device together with the transport that it is to be reached by: from `ccw` of `@zarch/transport-ccw`, or from {@link pci} or
 * {@link s390Legacy} of this package.
 */
export interface MachineDevice<A extends DeviceAddress = DeviceAddress> {
  /** Default `"ccw"`. A machine has the buses that its first devices need. */
  readonly bus?: DeviceBus;
  /**
   * Puts the device into a machine; a running guest is told.
   * @throws {HostError} when the address is taken
   */
  attach(host: DeviceHost): AttachedDevice<A>;
}

/** A device in a machine. */
export interface AttachedDevice<A extends DeviceAddress = DeviceAddress> {
  readonly address: A;
  /**
   * Takes the device out, as if the cable were pulled. The promise settles when no I/O of it is in flight any more.
   * @throws {HostError} ERR_DEVICE_STAYS if its bus has no way to do that
   */
  detach(): Promise<void>;
  /**
   * Asks the guest to give the device up, and takes it out then. The promise settles as that of {@link detach}; a guest may let it wait for
   * ever. Absent: the bus has no such request.
   */
  requestDetach?(): Promise<void>;
  /** The machine ends: as {@link detach}, without telling anybody. Default: {@link detach}. */
  close?(): Promise<void>;
}
