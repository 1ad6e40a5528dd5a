import type { Endian, GuestMemory } from "@zarch/guest-memory";
import { VirtqueueError } from "./errors.ts";
import { EVENT_SUPPRESSION_SIZE } from "./packed-layout.ts";
import { isPowerOfTwo } from "./power-of-two.ts";
import { availableRingSize, descriptorTableSize, usedRingSize } from "./split-layout.ts";
import type { VirtqueueTrace } from "./trace.ts";

/** Largest queue size of either format (virtio 2.7, 2.8). */
export const MAX_QUEUE_SIZE = 32768;

export type VirtqueueFormat = "split" | "packed";

/**
 * Where the three parts of a virtqueue are: guest physical addresses.
 *
 * | area | split (2.7) | packed (2.8) |
 * |---|---|---|
 * | descriptor | descriptor table | descriptor ring |
 * | driver | available ring | driver event suppression |
 * | device | used ring | device event suppression |
 */
export interface VirtqueueAreas {
  readonly descriptor: number;
  readonly driver: number;
  readonly device: number;
}

/** Everything that both sides have to agree on before they can use a virtqueue. */
export interface VirtqueueConfig {
  /** Default `"split"`; `"packed"` with VIRTIO_F_RING_PACKED. */
  readonly format?: VirtqueueFormat;
  /** Number of entries: 1 to 32768, a power of two when split. */
  readonly size: number;
  readonly areas: VirtqueueAreas;
  /** Byte order of every ring field: `"little"` for virtio 1.x, the guest's own for the legacy interface (2.7.3). */
  readonly endian: Endian;
  /** VIRTIO_F_INDIRECT_DESC was negotiated. Default false. */
  readonly indirect?: boolean;
  /** VIRTIO_F_EVENT_IDX was negotiated. Default false. */
  readonly eventIndex?: boolean;
  /** VIRTIO_F_IN_ORDER was negotiated: buffers are returned in the order in which they were made available. Default false. */
  readonly inOrder?: boolean;
  /**
   * Device side, with `inOrder`: buffers that follow each other and that the device wrote in full, or that had no room, are returned
   * together with the next one, as one used entry (2.7.9, 2.8.8). Default false.
   */
  readonly inOrderBatches?: boolean;
  /** VIRTIO_F_NOTIFY_ON_EMPTY (legacy, 6.3) was negotiated. Default false. */
  readonly notifyOnEmpty?: boolean;
  /**
   * Most descriptors in one chain, those of its indirect table included (2.7.4.1 allows a limit). The specification
   * stops drivers at the queue size, but Linux goes beyond it with indirect tables. Default: the larger of the queue size and 1024.
   */
  readonly maxChainLength?: number;
  /** Hears of everything that the queue does: for tools and tests. A queue without it costs nothing more. */
  readonly trace?: VirtqueueTrace;
}

/** The default of {@link VirtqueueConfig.maxChainLength}. */
export function defaultMaxChainLength(queueSize: number): number {
  return Math.max(queueSize, 1024);
}

/** Whether `size` is a legal queue size of the format. */
export function isQueueSize(size: number, format: VirtqueueFormat): boolean {
  return Number.isSafeInteger(size) && size >= 1 && size <= MAX_QUEUE_SIZE && (format === "packed" || isPowerOfTwo(size));
}

function checkArea(memory: GuestMemory, name: string, address: number, length: number, align: number): void {
  if (address % align !== 0 || !memory.contains(address, length)) {
    throw new VirtqueueError(
      "ERR_VIRTQUEUE_AREA",
      `${name} area at 0x${address.toString(16)}, ${length} bytes, is misaligned or outside memory`,
    );
  }
}

/**
 * Checks size, alignment and position of a virtqueue.
 * @throws VirtqueueError ERR_VIRTQUEUE_SIZE or ERR_VIRTQUEUE_AREA
 */
export function checkVirtqueueConfig(memory: GuestMemory, config: Pick<VirtqueueConfig, "format" | "size" | "areas">): void {
  const { size, areas, format = "split" } = config;
  if (!isQueueSize(size, format)) throw new VirtqueueError("ERR_VIRTQUEUE_SIZE", `${format} queue size ${size}`);
  checkArea(memory, "descriptor", areas.descriptor, descriptorTableSize(size), 16);
  if (format === "packed") {
    checkArea(memory, "driver", areas.driver, EVENT_SUPPRESSION_SIZE, 4);
    checkArea(memory, "device", areas.device, EVENT_SUPPRESSION_SIZE, 4);
  } else {
    checkArea(memory, "driver", areas.driver, availableRingSize(size), 2);
    checkArea(memory, "device", areas.device, usedRingSize(size), 4);
  }
}
