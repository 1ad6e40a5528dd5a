import type { GuestMemory } from "@zarch/guest-memory";

/** Bytes of the descriptor page. */
export const PAGE_SIZE = 4096;

/** Alignment of every ring's used part, and of the ring itself, in bytes. */
export const RING_ALIGN = 4096;

/** Fields of the entry header. Nothing on the page is aligned. */
export const HEADER = { type: 0, queueCount: 1, featureLength: 2, configLength: 3, status: 4 } as const;
export const HEADER_SIZE = 5;

/** Fields of a queue's block: a token of the guest's choice (64 bits), the address of the ring (64), its number of entries (16), padding. */
export const QUEUE_BLOCK = { token: 0, ring: 8, size: 16 } as const;
export const QUEUE_BLOCK_SIZE = 24;

/** Every length in an entry's header is one byte. */
export const MAX_COUNT = 255;

/** The three numbers that say how an entry is laid out. */
export interface EntryShape {
  readonly queueCount: number;
  /** Bytes of one half of the feature area: what the host offers, then as many for what the guest accepts. */
  readonly featureLength: number;
  /** Bytes of device configuration. */
  readonly configLength: number;
}

/** Offset of a queue's block in its entry, in bytes. */
export function queueBlockOffset(queue: number): number {
  return HEADER_SIZE + QUEUE_BLOCK_SIZE * queue;
}

/** Offset of the offered feature bits. */
export function offeredOffset({ queueCount }: EntryShape): number {
  return queueBlockOffset(queueCount);
}

/** Offset of the accepted feature bits. */
export function acceptedOffset(shape: EntryShape): number {
  return offeredOffset(shape) + shape.featureLength;
}

/** Offset of the device configuration. */
export function configOffset(shape: EntryShape): number {
  return offeredOffset(shape) + 2 * shape.featureLength;
}

/** Bytes of a whole entry; the next one follows at once. */
export function entrySize(shape: EntryShape): number {
  return configOffset(shape) + shape.configLength;
}

/** An entry as somebody who scans the page finds it. */
export interface PageEntry extends EntryShape {
  /** Guest address of the entry, by which hypercalls name the device. */
  readonly address: number;
  /** Virtio device ID. */
  readonly deviceId: number;
}

/** The entries of a page, up to the first of type 0. An entry that does not end on the page ends the scan. */
export function scanPage(memory: GuestMemory, page: number): PageEntry[] {
  const entries: PageEntry[] = [];
  for (let offset = 0; offset + HEADER_SIZE <= PAGE_SIZE; ) {
    const address = page + offset;
    const deviceId = memory.loadUint8(address + HEADER.type);
    if (deviceId === 0) break;
    const entry: PageEntry = {
      address,
      deviceId,
      queueCount: memory.loadUint8(address + HEADER.queueCount),
      featureLength: memory.loadUint8(address + HEADER.featureLength),
      configLength: memory.loadUint8(address + HEADER.configLength),
    };
    offset += entrySize(entry);
    if (offset > PAGE_SIZE) break;
    entries.push(entry);
  }
  return entries;
}
