import { HostError } from "@zarch/vmm-interface";

/** Why a driver cannot do what it was asked for. Stable; new codes may be added. */
export type DriverErrorCode =
  /** The device refuses a step of its initialization, or a queue. */
  | "ERR_DRIVER_REFUSED"
  /** A feature that the driver cannot do without is not offered, or the device refuses the features chosen. */
  | "ERR_DRIVER_FEATURES"
  /** The device is of another type, or none that this transport can drive. */
  | "ERR_DRIVER_DEVICE_TYPE"
  /** The device says that it needs a reset (DEVICE_NEEDS_RESET, virtio 2.1). `VirtioDriver.initialize` recovers it. */
  | "ERR_DRIVER_NEEDS_RESET"
  /** The device breaks the rules: it returns what it does not have, or answers nonsense. `VirtioDriver.initialize` may recover it. */
  | "ERR_DRIVER_DEVICE"
  /** The device does not finish something in time. */
  | "ERR_DRIVER_TIMEOUT"
  /** The transport itself failed. */
  | "ERR_DRIVER_TRANSPORT"
  /** The device was reset, or is not in service. */
  | "ERR_DRIVER_RESET"
  /** The queue was reset. */
  | "ERR_DRIVER_QUEUE_RESET"
  /** The driver was closed. */
  | "ERR_DRIVER_CLOSED"
  /** There is no such queue. */
  | "ERR_DRIVER_QUEUE"
  /** The driver's region of memory is too small. */
  | "ERR_DRIVER_MEMORY"
  /** A request that no driver may make: beyond the capacity, not negotiated, of too many parts. */
  | "ERR_DRIVER_REQUEST"
  /** The device answered a request with an error. */
  | "ERR_DRIVER_IO";

/** A device, or the way to it, failed its driver. */
export class DriverError extends HostError {
  declare readonly code: DriverErrorCode;

  constructor(code: DriverErrorCode, message: string, options?: ErrorOptions) {
    super(code, message, options);
  }
}
