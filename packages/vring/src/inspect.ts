import type { GuestMemory } from "@zarch/guest-memory";
import type { DriverVirtqueueState } from "./driver-state.ts";
import { VirtqueueError } from "./errors.ts";
import { inspectPacked } from "./inspect-packed.ts";
import { inspectSplit } from "./inspect-split.ts";
import { checkVirtqueueConfig, type VirtqueueConfig } from "./layout.ts";
import type { VirtqueueSnapshot } from "./snapshot.ts";
import type { DeviceVirtqueueState } from "./virtqueue-state.ts";

/** Who else can be asked about a queue: its two sides, or what was saved of them. */
export interface InspectionSources {
  /** Tells what is in flight, held back and staged. */
  readonly device?: { save(): DeviceVirtqueueState };
  /** Tells what is queued, what is free, and what was used and not fetched. */
  readonly driver?: { save(saveToken: (token: unknown) => unknown): DriverVirtqueueState };
}

/**
 * Looks at a virtqueue in use without disturbing it: reads the ring and its tables, writes nothing, and reports what is wrong as
 * data. Any contents of memory give a snapshot; none makes it throw or run on without end.
 *
 * Memory alone does not tell everything. Without the device side a buffer that is available cannot be told from one that the device has
 * taken, and without the driver side a used one cannot be told from one that was fetched. In a split ring without both, buffers that were
 * used in another order than they were made available may be taken for outstanding ones, and one that is out for longer than the
 * available ring remembers is not seen. In a packed ring without both, places behind the first of a used list keep their flags and look
 * outstanding, and a list over the end of the ring looks like two.
 *
 * @param sources sides of this very queue, or of none
 */
export function inspectVirtqueue(memory: GuestMemory, config: VirtqueueConfig, sources: InspectionSources = {}): VirtqueueSnapshot {
  const { format = "split", size, endian, areas } = config;
  try {
    checkVirtqueueConfig(memory, config);
  } catch (error) {
    if (!(error instanceof VirtqueueError)) throw error;
    const { code, message } = error;
    return { format, size, endian, areas, unreadable: true, problems: [{ code, message }] };
  }
  const device = sources.device?.save();
  const driver = sources.driver?.save(() => null);
  return format === "packed" ? inspectPacked(memory, config, device, driver) : inspectSplit(memory, config, device, driver);
}
