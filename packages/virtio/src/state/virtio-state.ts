import type { DeviceVirtqueueState } from "@zarch/vring";
import type { DriverInterface } from "../personality.ts";
import { MAX_QUEUES, type QueueSetup } from "../queue-setup.ts";
import { VirtioStateError } from "./errors.ts";
import { toHex } from "./hex.ts";
import { StateReader } from "./state-reader.ts";

/** A queue that is set up. */
export interface QueueState extends QueueSetup {
  /** Null when the queue is not in service. */
  readonly ring: DeviceVirtqueueState | null;
}

/** The driver's view of the configuration space. */
export interface ConfigState {
  /** The space itself, in the driver's byte order, to find out whether it is another one after a restore. */
  readonly bytes: string;
  readonly generation: number;
  /** Changed since the generation was last read. */
  readonly changed: boolean;
  /** What the driver sees of a suspended device; null otherwise. */
  readonly frozen: string | null;
  /** A change of which the driver is yet to be notified. */
  readonly noticeOwed: boolean;
}

/**
 * What a `VirtioFrontend` and its device know beyond their options and guest memory: plain data for JSON or structured cloning. Bytes are
 * text of hexadecimal digits.
 */
export interface VirtioState {
  readonly version: 1;
  readonly deviceId: number;
  readonly driverInterface: DriverInterface;
  /** The device status as the driver reads it. */
  readonly status: number;
  /** The device waits for a reset; on the legacy interface the status does not tell. */
  readonly broken: boolean;
  /** Bits that the driver wrote. */
  readonly driverFeatures: readonly number[];
  /** Bits agreed on; null before that. */
  readonly features: readonly number[] | null;
  /** SUSPEND was asked for, and perhaps reached. */
  readonly suspending: boolean;
  readonly config: ConfigState;
  /** By index; null for those that are not set up. */
  readonly queues: readonly (QueueState | null)[];
  /** What `VirtioDevice.save` gave; null without one. */
  readonly device: unknown;
  /** In service: what `ActiveDevice.save` gave, null without one. Null when not in service. */
  readonly active: { readonly state: unknown } | null;
}

const MAX_FEATURES = 32 * 256;
const MAX_CONFIG = 1 << 16;

/**
 * Checks the form of a saved state: every field is there and of its type. Whether it suits a device is for the frontend to say.
 * @throws VirtioStateError
 */
export function readVirtioState(value: unknown): VirtioState {
  const reader = new StateReader(value, "virtio device");
  if (reader.value("version") !== 1) {
    throw new VirtioStateError("ERR_VIRTIO_STATE_VERSION", "the saved state of a virtio device is of another version");
  }
  const bits = (name: string): number[] => reader.integers(name, MAX_FEATURES, 0, 2 ** 37 - 1);
  const config = reader.child("config");
  return {
    version: 1,
    deviceId: reader.integer("deviceId", 0, 0xffff_ffff),
    driverInterface: reader.choice("driverInterface", ["modern", "legacy"]),
    status: reader.integer("status", 0, 0xff),
    broken: reader.boolean("broken"),
    driverFeatures: bits("driverFeatures"),
    features: reader.isNull("features") ? null : bits("features"),
    suspending: reader.boolean("suspending"),
    config: {
      bytes: toHex(config.bytes("bytes", MAX_CONFIG)),
      generation: config.integer("generation", 0, 0xffff_ffff),
      changed: config.boolean("changed"),
      frozen: config.isNull("frozen") ? null : toHex(config.bytes("frozen", MAX_CONFIG)),
      noticeOwed: config.boolean("noticeOwed"),
    },
    queues: Array.from(reader.array("queues", MAX_QUEUES), (queue, index) =>
      queue === null ? null : readQueue(new StateReader(queue, `queue ${index}`)),
    ),
    device: reader.value("device"),
    active: reader.isNull("active") ? null : { state: reader.child("active").value("state") },
  };
}

function readQueue(reader: StateReader): QueueState {
  const areas = reader.child("areas");
  const address = (name: string): number => areas.integer(name, 0, Number.MAX_SAFE_INTEGER);
  return {
    size: reader.integer("size", 1, 0xffff),
    areas: { descriptor: address("descriptor"), driver: address("driver"), device: address("device") },
    // createDeviceVirtqueue checks it as data of unknown origin.
    ring: reader.isNull("ring") ? null : (reader.value("ring") as DeviceVirtqueueState),
  };
}
