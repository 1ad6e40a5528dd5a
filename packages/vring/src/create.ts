import type { GuestMemory } from "@zarch/guest-memory";
import type { DeviceVirtqueue } from "./device-virtqueue.ts";
import { queuedIn } from "./driver-state.ts";
import type { DriverVirtqueue, DriverVirtqueueConfig, DriverVirtqueueOptions } from "./driver-virtqueue.ts";
import type { VirtqueueConfig } from "./layout.ts";
import { PackedDeviceVirtqueue } from "./packed-device.ts";
import { PackedDriverVirtqueue } from "./packed-driver.ts";
import { SplitDeviceVirtqueue } from "./split-device.ts";
import { SplitDriverVirtqueue } from "./split-driver.ts";
import { TracedDeviceVirtqueue } from "./traced-device.ts";
import { TracedDriverVirtqueue } from "./traced-driver.ts";
import type { DeviceVirtqueueState } from "./virtqueue-state.ts";

export interface DeviceVirtqueueOptions {
  /**
   * What `save` gave, of a queue with the same configuration over the same contents of guest memory. The chains that were in flight are
   * given again by `pop`, before all others and in the order of availability, each from its beginning; what was pushed but not
   * published is published by the next `flush`. Checked as data of unknown origin.
   */
  readonly state?: DeviceVirtqueueState;
}

/**
 * Makes the device side of a virtqueue whose memory the driver has initialised with zeroes, or goes on with a saved one.
 * @throws VirtqueueError ERR_VIRTQUEUE_SIZE or ERR_VIRTQUEUE_AREA
 * @throws VirtqueueStateError if `state` cannot be the state of such a queue
 */
export function createDeviceVirtqueue(memory: GuestMemory, config: VirtqueueConfig, options: DeviceVirtqueueOptions = {}): DeviceVirtqueue {
  const { state } = options;
  const queue =
    config.format === "packed" ? new PackedDeviceVirtqueue(memory, config, state) : new SplitDeviceVirtqueue(memory, config, state);
  return config.trace ? new TracedDeviceVirtqueue(queue, config.trace, state?.staged.length ?? 0) : queue;
}

/**
 * Makes the driver side of a virtqueue and zeroes the ring's memory, or goes on with a saved one and leaves memory as it is.
 * @throws VirtqueueError ERR_VIRTQUEUE_SIZE or ERR_VIRTQUEUE_AREA
 * @throws VirtqueueStateError if `state` cannot be the state of such a queue
 */
export function createDriverVirtqueue<Token>(
  memory: GuestMemory,
  config: DriverVirtqueueConfig,
  options: DriverVirtqueueOptions<Token> = {},
): DriverVirtqueue<Token> {
  const packed = config.format === "packed";
  const queue = packed ? new PackedDriverVirtqueue(memory, config, options) : new SplitDriverVirtqueue(memory, config, options);
  return config.trace ? new TracedDriverVirtqueue(queue, config.trace, queuedIn(options.state)) : queue;
}
