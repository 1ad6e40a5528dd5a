/** Indices of split rings count up without end and are 16 bits wide (virtio 2.7.6): 65535 is followed by 0. */
export const INDEX_MASK = 0xffff;

/** The index `count` places after `index`; a negative count goes back. */
export function advanceIndex(index: number, count: number): number {
  return (index + count) & INDEX_MASK;
}

/** How far `to` is ahead of `from`: 0 to 65535. */
export function indexDistance(from: number, to: number): number {
  return (to - from) & INDEX_MASK;
}

/** The ring slot of an index. `queueSize` is a power of two, so that the slots go on in order when the index wraps. */
export function indexSlot(index: number, queueSize: number): number {
  return index & (queueSize - 1);
}

/**
 * The rule of VIRTIO_F_EVENT_IDX in split rings (virtio 2.7.7, 2.7.10): whether moving the index from `before` to `after` passed over
 * the entry that the other side waits for. It is the entry at index `event`: the notification is due once the index is `event + 1`.
 * All three are 16-bit indices; a batch counts as a whole, and so does one over the end of the 16 bits.
 */
export function needEvent(event: number, after: number, before: number): boolean {
  return indexDistance(event + 1, after) < indexDistance(before, after);
}
