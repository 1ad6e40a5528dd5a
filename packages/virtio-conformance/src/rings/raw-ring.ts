import type { VirtqueueAreas } from "@zarch/vring";

export const DESC_F_NEXT = 1;
export const DESC_F_WRITE = 2;
export const DESC_F_INDIRECT = 4;

/** One element of a buffer as the driver describes it: any 64-bit address, any 32-bit length. */
export interface Part {
  readonly address: number | bigint;
  /** Bytes. */
  readonly length: number;
  /** Device-writable. */
  readonly write: boolean;
}

/** How to describe the parts of a buffer. */
export interface AddOptions {
  /** The number of parts, counted from the last one, that go into an indirect table. Default: none. */
  readonly indirect?: number;
  /** Flags to add to the descriptor that points to the indirect table. */
  readonly indirectFlags?: number;
  /** Where the indirect table goes, relative to a multiple of 16. Default 0. */
  readonly tableOffset?: number;
}

/** A used element as the device wrote it. */
export interface Used {
  readonly id: number;
  /** Bytes that the device says it wrote; 0 in a packed ring without WRITE. */
  readonly written: number;
  /** Packed: whether the descriptor has WRITE. */
  readonly hasWrite: boolean;
}

/** When the driver wants used buffer notifications. */
export type Wish = "always" | "never";

/**
 * The driver's end of a virtqueue with nothing hidden: descriptors, indices and suppression are there to be written as they should not be.
 * Written from the specification alone, so that a mistake in a ring implementation does not meet the same mistake here.
 */
export interface RawRing {
  readonly format: "split" | "packed";
  readonly size: number;
  readonly areas: VirtqueueAreas;
  /** Descriptors that are free. */
  readonly free: number;
  /** Bits 16 to 31 of an available buffer notification with VIRTIO_F_NOTIFICATION_DATA. */
  readonly notificationData: number;
  /** Spans of the ring that the device writes. */
  readonly deviceSpans: readonly { readonly address: number; readonly length: number }[];

  /**
   * Describes a buffer. The device sees it after {@link publish}.
   * @returns the id that comes back with it: head index (split) or buffer id (packed)
   */
  add(parts: readonly Part[], options?: AddOptions): number;
  publish(): void;
  /** The next used element. */
  take(): Used | undefined;
  /**
   * The next used element with IN_ORDER, where it may stand for all buffers up to its own (2.7.9, 2.8.8).
   * @param ids of the buffers that are due, oldest first
   * @returns the number of buffers that it stands for, 0 if for none of `ids`
   */
  takeInOrder(ids: readonly number[]): { readonly count: number; readonly used: Used } | undefined;
  /** Tells whether there is one. */
  hasUsed(): boolean;
  /** Asks for notifications by flags. */
  wish(wish: Wish): void;
  /** With EVENT_IDX: asks for a notification when `count` more elements than those taken so far are used. */
  wishAfter(count: number): void;
}
