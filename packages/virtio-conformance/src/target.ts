import type { GuestMemory } from "@zarch/guest-memory";
import type { DriverInterface, FeatureDependency } from "@zarch/virtio";
import type { DriverTransport } from "@zarch/virtio-driver";
import type { VirtqueueFormat } from "@zarch/vring";
import type { Exchange } from "./exchange.ts";

/** One of the ways in which a driver can talk to a device. */
export interface Variant {
  readonly driverInterface: DriverInterface;
  /** Format of the virtqueues. The legacy interface has split ones only. */
  readonly format: VirtqueueFormat;
}

export const MODERN_SPLIT: Variant = { driverInterface: "modern", format: "split" };
export const MODERN_PACKED: Variant = { driverInterface: "modern", format: "packed" };
export const LEGACY: Variant = { driverInterface: "legacy", format: "split" };

/** `"modern split"`, `"modern packed"` or `"legacy"`. */
export function variantName({ driverInterface, format }: Variant): string {
  return driverInterface === "legacy" ? "legacy" : `modern ${format}`;
}

/** How the suite wants a device to be opened. */
export interface OpenOptions {
  readonly driverInterface: DriverInterface;
  /**
   * Feature bits to offer beyond what the device offers anyway, as far as that is possible: RING_PACKED, IN_ORDER, RING_RESET, SUSPEND,
   * NOTIFICATION_DATA. What is not offered is not tested.
   */
  readonly features: readonly number[];
  /**
   * 1 MiB of memory to put the device on. With it the suite sees and bounds every access of the device: it can tell double fetches, accesses
   * out of turn and endless loops. A target that has memory of its own leaves it alone, and some cases do not apply.
   */
  readonly memory: GuestMemory;
}

/** Ways to reach the host's side of a block device. */
export interface DiskControls {
  /** Bytes of the disk. */
  readonly size: number;
  /** What the disk holds now. */
  read(offset: number, length: number): Promise<Uint8Array> | Uint8Array;
  /** What the disk would hold after a power failure at this moment. Unlocks the cases about stable writes. */
  readStable?(offset: number, length: number): Promise<Uint8Array> | Uint8Array;
  /** Changes the size of the disk. */
  resize?(size: number): Promise<void> | void;
}

/** Ways to reach the host's side of a console device. */
export interface ConsoleControls {
  /** What the device received so far on port 0. */
  output(): Uint8Array;
  /** Sends bytes to the driver on port 0. */
  input(bytes: Uint8Array): void;
  /** What came by emergency writes. */
  emergencyOutput?(): Uint8Array;
  /** Changes the size of the terminal. */
  resize?(columns: number, rows: number): void;
}

/** The host's side of a device, as far as a target can offer it. Each part unlocks cases. */
export interface HostControls {
  /** Makes the device keep the buffers it takes from now on, so that requests are in flight. */
  hold?(): void;
  /** Ends {@link hold}: everything kept is completed, and what comes later is not held. */
  release?(): void | Promise<void>;
  /** Changes the device's configuration in some way that a driver has to be told of. */
  changeConfig?(): void | Promise<void>;
  readonly disk?: DiskControls;
  readonly console?: ConsoleControls;
  /** What failed on the host since the device was opened: exceptions, broken invariants. The guest's mistakes are none. */
  failures?(): readonly string[];
}

/** The registers of a device on virtio over MMIO, as a driver on the bus sees them. */
export interface MmioRegisters {
  /** @returns a number without sign, as a little-endian processor loads it */
  read(offset: number, width: 1 | 2 | 4): number;
  write(offset: number, width: 1 | 2 | 4, value: number): void;
}

/** A freshly opened device. */
export interface Subject {
  readonly transport: DriverTransport;
  /** For a device on virtio over MMIO, beside the transport that uses them: unlocks the rules about its registers. */
  readonly registers?: MmioRegisters;
  readonly controls?: HostControls;
  /** Lets go of what was opened. */
  close?(): void | Promise<void>;
}

/** What the suite runs against: a device behind a transport, no matter whose. */
export interface ConformanceTarget {
  /** For reports: `"blk over mmio"`. */
  readonly name: string;
  /** Virtio device ID. Chooses the cases of the device type. */
  readonly deviceId: number;
  /** What carries it, as the name of the transport says: `"mmio"` or `"ccw"` choose cases of their own. */
  readonly transport?: string;
  /** Default: {@link MODERN_SPLIT} alone. */
  readonly variants?: readonly Variant[];
  /** Opens a fresh device. Called for each case; nothing may be shared between two of them that a driver can see. */
  open(options: OpenOptions): Subject | Promise<Subject>;
  /** Features of the device type that are worth nothing without others. */
  readonly featureDependencies?: readonly FeatureDependency[];
  /** A harmless request of the device, for types that the suite does not know: with it all cases about rings apply. */
  readonly exchange?: Exchange;
}
