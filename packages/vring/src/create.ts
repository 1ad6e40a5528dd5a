import type { GuestMemory } from "@zarch/guest-memory";
import type { DeviceVirtqueue } from "./device-virtqueue.ts";
import type { DriverVirtqueue, DriverVirtqueueConfig } from "./driver-virtqueue.ts";
import type { VirtqueueConfig } from "./layout.ts";
import { PackedDeviceVirtqueue } from "./packed-device.ts";
import { PackedDriverVirtqueue } from "./packed-driver.ts";
import { SplitDeviceVirtqueue } from "./split-device.ts";
import { SplitDriverVirtqueue } from "./split-driver.ts";

/**
 * Makes the device side of a virtqueue whose memory the driver has initialised with zeroes.
 * @throws VirtqueueError ERR_VIRTQUEUE_SIZE or ERR_VIRTQUEUE_AREA
 */
export function createDeviceVirtqueue(memory: GuestMemory, config: VirtqueueConfig): DeviceVirtqueue {
  return config.format === "packed" ? new PackedDeviceVirtqueue(memory, config) : new SplitDeviceVirtqueue(memory, config);
}

/**
 * Makes the driver side of a virtqueue and zeroes the ring's memory.
 * @throws VirtqueueError ERR_VIRTQUEUE_SIZE or ERR_VIRTQUEUE_AREA
 */
export function createDriverVirtqueue<Token>(memory: GuestMemory, config: DriverVirtqueueConfig): DriverVirtqueue<Token> {
  return config.format === "packed" ? new PackedDriverVirtqueue(memory, config) : new SplitDriverVirtqueue(memory, config);
}
