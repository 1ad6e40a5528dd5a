import { DESCRIPTOR_SIZE } from "./descriptor.ts";
import { indexSlot } from "./ring-index.ts";

/** Offsets of flags and next in a split descriptor (virtio 2.7.5), after address and length. */
export const SPLIT_DESC_FLAGS = 12;
export const SPLIT_DESC_NEXT = 14;

/** Offsets in the available ring (2.7.6): flags, index, and 16-bit heads from here on. */
export const AVAILABLE_FLAGS = 0;
export const AVAILABLE_INDEX = 2;
export const AVAILABLE_RING = 4;

/** Offsets in the used ring (2.7.8): flags, index, and from here on entries of a 32-bit id and a 32-bit length. */
export const USED_FLAGS = 0;
export const USED_INDEX = 2;
export const USED_RING = 4;
export const USED_ENTRY_SIZE = 8;
/** Offsets in an entry of the used ring. */
export const USED_ENTRY_ID = 0;
export const USED_ENTRY_LENGTH = 4;

/** Available ring flag: the driver wants no used buffer notifications (2.7.7). Means nothing with EVENT_IDX. */
export const AVAIL_F_NO_INTERRUPT = 1;
/** Used ring flag: the device wants no available buffer notifications (2.7.10). Means nothing with EVENT_IDX. */
export const USED_F_NO_NOTIFY = 1;

/** Bytes of a split descriptor table, alignment 16 (2.7). */
export function descriptorTableSize(queueSize: number): number {
  return DESCRIPTOR_SIZE * queueSize;
}

/** Bytes of an available ring with its used_event field, alignment 2 (2.7). */
export function availableRingSize(queueSize: number): number {
  return usedEventOffset(queueSize) + 2;
}

/** Bytes of a used ring with its avail_event field, alignment 4 (2.7). */
export function usedRingSize(queueSize: number): number {
  return availEventOffset(queueSize) + 2;
}

/** Offset of a descriptor in its table. */
export function descriptorOffset(index: number): number {
  return DESCRIPTOR_SIZE * index;
}

/** Offset in the available ring of the 16-bit head that belongs to an available index. */
export function availableEntryOffset(index: number, queueSize: number): number {
  return AVAILABLE_RING + 2 * indexSlot(index, queueSize);
}

/** Offset in the used ring of the entry that belongs to a used index. */
export function usedEntryOffset(index: number, queueSize: number): number {
  return USED_RING + USED_ENTRY_SIZE * indexSlot(index, queueSize);
}

/** Offset of used_event in the available ring: the last field, written by the driver (2.7.7). */
export function usedEventOffset(queueSize: number): number {
  return AVAILABLE_RING + 2 * queueSize;
}

/** Offset of avail_event in the used ring: the last field, written by the device (2.7.10). */
export function availEventOffset(queueSize: number): number {
  return USED_RING + USED_ENTRY_SIZE * queueSize;
}
