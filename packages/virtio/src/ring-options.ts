import { F_EVENT_IDX, F_IN_ORDER, F_INDIRECT_DESC, F_RING_PACKED } from "./features.ts";

/** What a device offers of its virtqueues (virtio 2.7, 2.8). How much of it is used is the driver's choice. */
export interface RingOptions {
  /** VIRTIO_F_RING_PACKED: packed rings for a driver that knows them. Not for legacy drivers. Default false. */
  readonly packed?: boolean;
  /** VIRTIO_F_INDIRECT_DESC: buffers described by tables outside the ring. Default true. */
  readonly indirect?: boolean;
  /** VIRTIO_F_EVENT_IDX: notifications wanted from a given buffer on, rather than all or none. Default true. */
  readonly eventIndex?: boolean;
  /** VIRTIO_F_IN_ORDER: buffers come back in the order in which they were made available. Not for legacy drivers. Default false. */
  readonly inOrder?: boolean;
}

/** The feature bits that options ask to offer, and not to offer, beyond what every device does. */
export function ringFeatures({ packed, indirect, eventIndex, inOrder }: RingOptions): {
  readonly extra: readonly number[];
  readonly without: readonly number[];
} {
  const wishes: readonly (readonly [bit: number, wish: boolean | undefined])[] = [
    [F_RING_PACKED, packed],
    [F_INDIRECT_DESC, indirect],
    [F_EVENT_IDX, eventIndex],
    [F_IN_ORDER, inOrder],
  ];
  const bitsWith = (value: boolean) => wishes.filter(([, wish]) => wish === value).map(([bit]) => bit);
  return { extra: bitsWith(true), without: bitsWith(false) };
}
