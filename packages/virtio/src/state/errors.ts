import { HostError } from "@zarch/vmm-interface";

/** Why a saved state is refused. Stable; new codes may be added. */
export type VirtioStateErrorCode =
  /** Truncated, corrupt or contradictory. */
  | "ERR_VIRTIO_STATE"
  /** Of a version that this software does not know. */
  | "ERR_VIRTIO_STATE_VERSION"
  /** Of a device of another type, or with features, queues or parts that this one does not have. */
  | "ERR_VIRTIO_STATE_DEVICE"
  /** Not now: a reset is under way, or the device to restore is in use already. */
  | "ERR_VIRTIO_STATE_BUSY";

/** A state that cannot be saved or restored. Of a state that is refused nothing stays behind: the device is as after a reset. */
export class VirtioStateError extends HostError {
  declare readonly code: VirtioStateErrorCode;

  constructor(code: VirtioStateErrorCode, message: string, options?: ErrorOptions) {
    super(code, message, options);
  }
}
