import type { DriverVirtqueueState, SavedBuffer } from "./driver-state.ts";
import type { VirtqueueErrorCode } from "./errors.ts";
import type { VirtqueueConfig } from "./layout.ts";
import type { ChainSnapshot, SnapshotProblem, SplitSnapshot } from "./snapshot.ts";
import type { DeviceVirtqueueState, SavedChain } from "./virtqueue-state.ts";

/** What a snapshot says of the configuration. */
export type CommonFacts = Pick<SplitSnapshot, "size" | "endian" | "areas" | "indirect" | "eventIndex" | "inOrder" | "sources">;

export function commonFacts(
  { size, endian, areas, indirect = false, eventIndex = false, inOrder = false }: VirtqueueConfig,
  device: DeviceVirtqueueState | undefined,
  driver: DriverVirtqueueState | undefined,
): CommonFacts {
  const sources = { device: device !== undefined, driver: driver !== undefined };
  return { size, endian, areas: { ...areas }, indirect, eventIndex, inOrder, sources };
}

/** What stopped the device. */
export function deviceProblems(device: DeviceVirtqueueState | undefined): SnapshotProblem[] {
  return device?.error ? [{ code: device.error.code as VirtqueueErrorCode, message: `the device stopped: ${device.error.message}` }] : [];
}

/** Whether memory says something else of a chain than the device read when it took it. */
export function isChanged(saved: SavedChain, now: Pick<ChainSnapshot, "parts" | "more">): SnapshotProblem | false {
  const then = [...saved.readable.map((span) => [...span, false]), ...saved.writable.map((span) => [...span, true])];
  const there = now.parts.filter(({ length }) => length > 0).map(({ address, length, writable }) => [address, length, writable]);
  const same = (there.length === then.length || now.more > 0) && there.every((part, i) => part.every((value, k) => value === then[i]?.[k]));
  return same ? false : { code: "ERR_VIRTQUEUE_CHANGED", message: "its descriptors have been changed since the device took it" };
}

/** A buffer that is shown to the driver and that it has not fetched. */
export interface UnfetchedBuffer {
  readonly buffer: SavedBuffer;
  readonly written: number;
}

/** The buffers that a driver waits for, which become unfetched ones as used entries name them. */
export class WaitingBuffers {
  readonly #buffers: Map<number, SavedBuffer>;
  readonly #inOrder: boolean;

  constructor({ buffers }: DriverVirtqueueState, inOrder: boolean) {
    this.#buffers = new Map(buffers.map((buffer) => [buffer.id, buffer]));
    this.#inOrder = inOrder;
  }

  /** Those that are left, in the order of the saved state. */
  get left(): IterableIterator<SavedBuffer> {
    return this.#buffers.values();
  }

  delete(id: number): void {
    this.#buffers.delete(id);
  }

  /**
   * What a used entry returns: one buffer, or with IN_ORDER all up to that one, filled (virtio 2.7.9, 2.8.8).
   * @returns empty if the driver does not wait for it
   */
  take(id: number, written: number): UnfetchedBuffer[] {
    const last = this.#buffers.get(id);
    if (!last) return [];
    const taken: UnfetchedBuffer[] = [];
    for (const buffer of this.#inOrder ? this.#buffers.values() : [last]) {
      this.#buffers.delete(buffer.id);
      taken.push({ buffer, written: buffer === last ? written : buffer.room });
      if (buffer === last) break;
    }
    return taken;
  }
}
