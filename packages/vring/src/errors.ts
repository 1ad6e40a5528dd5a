import { GuestError, HostError } from "@zarch/vmm-interface";

/** What is wrong with a virtqueue or a message in it. Stable; new codes may be added. */
export type VirtqueueErrorCode =
  /** The queue size is 0, too large, or (split) no power of two. */
  | "ERR_VIRTQUEUE_SIZE"
  /** An area of the ring is outside memory or misaligned, or the legacy alignment is unusable. */
  | "ERR_VIRTQUEUE_AREA"
  /** The available index moved by more than the queue size, or backwards. */
  | "ERR_VIRTQUEUE_AVAILABLE_INDEX"
  /** The head of a chain is no descriptor of the table. */
  | "ERR_VIRTQUEUE_HEAD"
  /** A buffer was made available again while the device still has it. */
  | "ERR_VIRTQUEUE_HEAD_IN_USE"
  /** A `next` field points outside its table. */
  | "ERR_VIRTQUEUE_NEXT"
  /** The chain is longer than allowed, which a loop always is. */
  | "ERR_VIRTQUEUE_CHAIN_TOO_LONG"
  /** A buffer, or the sum of its length over the chain, is outside what is possible: beyond memory, over 2^32 bytes. */
  | "ERR_VIRTQUEUE_BUFFER"
  /** A device-readable descriptor follows a device-writable one. */
  | "ERR_VIRTQUEUE_ORDER"
  /** An indirect descriptor that is not negotiated, nested, chained on, empty, of a wrong length, or outside memory. */
  | "ERR_VIRTQUEUE_INDIRECT"
  /** The device needs more bytes of a chain than there are. The ring itself is sound. */
  | "ERR_VIRTQUEUE_MESSAGE_TOO_SHORT"
  /** Driver side: the device returned a buffer that it does not have, or more bytes than the buffer holds. */
  | "ERR_VIRTQUEUE_USED";

/** The other side broke the rules of virtqueues (virtio sections 2.6 to 2.8). */
export class VirtqueueError extends GuestError {
  declare readonly code: VirtqueueErrorCode;

  constructor(code: VirtqueueErrorCode, message: string) {
    super(code, message);
  }
}

/** Why a saved state is refused. Stable; new codes may be added. */
export type VirtqueueStateErrorCode =
  /** Truncated, corrupt or contradictory. */
  | "ERR_VIRTQUEUE_STATE"
  /** Of a version that this software does not know. */
  | "ERR_VIRTQUEUE_STATE_VERSION"
  /** Of a queue of another side, format or size. */
  | "ERR_VIRTQUEUE_STATE_CONFIG";

/** A saved state that cannot be restored. Nothing was restored of it, and nothing written to guest memory. */
export class VirtqueueStateError extends HostError {
  declare readonly code: VirtqueueStateErrorCode;

  constructor(code: VirtqueueStateErrorCode, message: string) {
    super(code, message);
  }
}
