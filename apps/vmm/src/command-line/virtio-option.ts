import type { CcwOptions, DeviceBus, PciOptions, RingOptions } from "@zarch/machine";
import { UsageError } from "./usage-error.ts";

/** The buses that the command puts devices on. */
export type VirtioBus = Extract<DeviceBus, "ccw" | "pci">;

/** How a virtio device shows itself to the guest's driver, as the properties of an option say it. Absent: the device's default. */
export interface VirtioOption {
  /** Default: ccw. */
  readonly bus?: VirtioBus;
  readonly ring?: RingOptions;
  /** Most entries of a queue. */
  readonly queueSize?: number;
  /** The highest revision of virtio-ccw that the guest may use. 0: the legacy interface. */
  readonly revision?: 0 | 1 | 2;
  /** A device from before virtio 1.0, which does not know of revisions. */
  readonly legacy?: true;
  /** On PCI: the device's DMA goes through the guest's translation tables. */
  readonly accessPlatform?: true;
}

/** What the properties look like, for messages. */
const commonProperties = "bus=BUS, packed, no-indirect, no-event-index, in-order, access-platform, revision=N and legacy";
export const virtioProperties = `queue-size=N, ${commonProperties}`;

const ringProperties: Readonly<Record<string, RingOptions>> = {
  packed: { packed: true },
  "no-indirect": { indirect: false },
  "no-event-index": { eventIndex: false },
  "in-order": { inOrder: true },
};

/**
 * Reads one property.
 * @param property `name` or `name=value`
 * @param queueSizes those that the device can have
 * @returns `option` with the property, or undefined if it is none of virtio
 * @throws {UsageError} for a value that it cannot have
 */
export function withVirtioProperty(option: VirtioOption, property: string, queueSizes: readonly number[]): VirtioOption | undefined {
  if (Object.hasOwn(ringProperties, property)) return { ...option, ring: { ...option.ring, ...ringProperties[property] } };
  if (property === "legacy") return { ...option, legacy: true };
  if (property === "access-platform") return { ...option, accessPlatform: true };
  const [name, value = "", ...rest] = property.split("=");
  if (rest.length > 0) return undefined;
  switch (name) {
    case "bus":
      if (value !== "ccw" && value !== "pci") throw new UsageError(`"${property}": the buses are ccw and pci`);
      return { ...option, bus: value };
    case "revision":
      if (value !== "0" && value !== "1" && value !== "2")
        throw new UsageError(`"${property}": the revisions of virtio-ccw are 0, 1 and 2`);
      return { ...option, revision: Number(value) as 0 | 1 | 2 };
    case "queue-size": {
      const queueSize = /^\d+$/.test(value) ? Number(value) : Number.NaN;
      if (!queueSizes.includes(queueSize)) throw new UsageError(`"${property}": the size can be one of ${queueSizes.join(", ")}`);
      return { ...option, queueSize };
    }
    default:
      return undefined;
  }
}

/**
 * Refuses properties that exclude each other.
 * @throws {UsageError}
 */
export function checkVirtioOption({ bus, ring, revision, legacy, accessPlatform }: VirtioOption): void {
  if (bus === "pci" && revision !== undefined)
    throw new UsageError(`revisions are of virtio-ccw, so revision=${revision} does not fit bus=pci`);
  if (bus === "pci" && legacy) throw new UsageError("legacy does not fit bus=pci: there is no I/O space for PCI on s390");
  if (accessPlatform && bus === "ccw") throw new UsageError("access-platform needs bus=pci: only there a device has translation tables");
  if (legacy && revision !== undefined) throw new UsageError(`a legacy device has no revisions, so revision=${revision} does not fit`);
  const old = legacy ? "legacy" : revision === 0 ? "revision=0" : undefined;
  if (old === undefined) return;
  if (ring?.packed) throw new UsageError(`packed does not fit ${old}: the legacy interface has split rings only`);
  if (ring?.inOrder) throw new UsageError(`in-order does not fit ${old}: the legacy interface has no such feature`);
}

/**
 * Reads PROPERTY[,PROPERTY]..., which is for devices of every kind: {@link VirtioOption} without a queue size.
 * @throws {UsageError}
 */
export function parseVirtioOption(text: string): VirtioOption {
  let option: VirtioOption = {};
  for (const property of text.split(",")) {
    const more = property.startsWith("queue-size") ? undefined : withVirtioProperty(option, property, []);
    if (more === undefined) throw new UsageError(`--virtio: unknown property "${property}"; known are ${commonProperties}`);
    option = more;
  }
  checkWhole(option);
  return option;
}

/** Refuses, too, what needs a bus that is not the default. */
function checkWhole(option: VirtioOption): void {
  checkVirtioOption({ bus: "ccw", ...option });
}

/**
 * What is said for all devices, and for one of them on top.
 * @throws {UsageError} when the one excludes the other
 */
export function joinVirtioOptions<T extends VirtioOption>(all: VirtioOption, one: T): T {
  const joined = { ...all, ...one, ...((all.ring || one.ring) && { ring: { ...all.ring, ...one.ring } }) };
  checkWhole(joined);
  return joined;
}

/** The same for the transport. */
export function ccwOptionsOf({ ring, revision, legacy }: VirtioOption): CcwOptions {
  return {
    ...(ring && { ring }),
    ...(revision !== undefined && { maxRevision: revision }),
    ...(legacy && { personality: "legacy" as const }),
  };
}

export function pciOptionsOf({ ring, accessPlatform }: VirtioOption): PciOptions {
  return { ...(ring && { ring }), ...(accessPlatform && { accessPlatform }) };
}
