import type { Endian, GuestMemory } from "@zarch/guest-memory";
import type { DriverInterface } from "@zarch/virtio";
import type { BufferSpan, VirtqueueAreas } from "@zarch/vring";

/** What a driver hears from its device (virtio 2.3, 2.9). */
export interface DriverInterrupts {
  /** Used buffer notification. `undefined`: of one queue or several, the transport does not say which. */
  queueInterrupt(queue: number | undefined): void;
  /** Configuration change notification; also how a device says that it needs a reset. */
  configInterrupt(): void;
}

/** A queue as the driver lays it out. */
export interface DriverQueueSetup {
  /** Number of entries. */
  readonly size: number;
  /** For the legacy interface these are the areas of `legacyAreas(address, size, 4096)`. */
  readonly areas: VirtqueueAreas;
}

/**
 * The driver's end of a transport: the operations of virtio chapters 2 and 3 on one device, whatever carries them. A driver, a boot loader
 * and the conformance suite are written against this and nothing else.
 *
 * What a device refuses shows as `false` where the transport has an answer for it (a ccw command reject), and in the status otherwise:
 * a correct driver looks at the status. Operations reject only when the transport itself fails. They may be called while others are under
 * way: where one has several steps on the bus, the transport keeps them together.
 */
export interface DriverTransport {
  /** What carries it: `"mmio"`, `"ccw"`, `"direct"`, ... */
  readonly name: string;
  /** Memory that both sides see, with device addresses. */
  readonly memory: GuestMemory;
  /** The part of {@link memory} that is the driver's, for rings and buffers. Never holds address 0, which legacy transports cannot express. */
  readonly region: BufferSpan;
  /** The interface in use, fixed when the transport was made. */
  readonly driverInterface: DriverInterface;
  /** Byte order of rings, messages and configuration: `"little"`, or the guest's own for the legacy interface. */
  readonly endian: Endian;
  /** Virtio device ID. */
  readonly deviceId: number;

  /** Sets who hears of notifications from now on; a second call replaces the first. */
  listen(interrupts: DriverInterrupts): void;

  /** Resets the device and waits until that is complete (2.4). Also prepares the transport itself, so it comes first. */
  reset(): Promise<void>;
  /** True where {@link readStatus} cannot ask the device (ccw revisions 0 and 1) and tells the last status that the device accepted. */
  readonly statusUnreadable?: boolean;
  /** The device status (2.1). */
  readStatus(): Promise<number>;
  /** @returns false if the transport reports that the device refused the write */
  writeStatus(status: number): Promise<boolean>;

  /** Bits `32 * word` to `32 * word + 31` of the offered features. */
  readDeviceFeatures(word: number): Promise<number>;
  writeDriverFeatures(word: number, value: number): Promise<boolean>;

  /**
   * One field of device configuration (2.5): a number of 1, 2, 4 or 8 bytes at a multiple of its length, or else an array of bytes. A field
   * of 8 bytes and an array may be torn by a change; `VirtioDriver.readConfig` puts fields together that belong together.
   */
  readConfig(offset: number, length: number): Promise<Uint8Array>;
  /** True where a device hears of what is written to its configuration only once it has a status (s390 descriptor page). */
  readonly configWritesNeedStatus?: boolean;
  /** Writes one field; see {@link readConfig}. */
  writeConfig(offset: number, data: Uint8Array): Promise<void>;
  /** The generation of the configuration (2.5.1). Absent where there is none: in legacy interfaces, and on ccw. */
  configGeneration?(): Promise<number>;

  /** Largest size of a queue in entries; 0 if there is no such queue. */
  queueMaxSize(queue: number): Promise<number>;
  /**
   * What the transport does not leave to the driver: the size of a queue, and where its areas are if the host has placed them. Absent where the
   * driver decides both.
   */
  fixedQueue?(queue: number): Promise<{ readonly size: number; readonly areas?: VirtqueueAreas } | undefined>;
  /** Sets up and enables a queue. */
  setUpQueue(queue: number, setup: DriverQueueSetup): Promise<boolean>;
  /** Resets one queue (VIRTIO_F_RING_RESET) and waits until that is complete. Absent where the transport has no such operation. */
  resetQueue?(queue: number): Promise<boolean>;

  /**
   * Available buffer notification. Must not be held back: a device may start at once.
   * @param data bits 16 to 31 of the notification with VIRTIO_F_NOTIFICATION_DATA (2.9): next available offset, wrap counter in the highest bit
   */
  notify(queue: number, data?: number): void;
}
