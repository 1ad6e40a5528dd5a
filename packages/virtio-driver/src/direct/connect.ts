import type { VirtioDevice } from "@zarch/virtio";
import { VirtioDriver, type VirtioDriverOptions } from "../virtio-driver.ts";
import { DirectTransport, type DirectTransportOptions } from "./direct-transport.ts";

export type ConnectOptions = DirectTransportOptions & VirtioDriverOptions;

/**
 * A driver for a device in the same process, without a bus, a guest or a CPU: for tests, and for everyone who wants a virtio device as a
 * plain object. Unlike {@link VirtioDriver.open} it accepts by default all features of the device, and sets up all its queues.
 *
 * ```ts
 * await using driver = await connect(device);
 * const { data } = await driver.request(0, [header], [512, 1]);
 * ```
 */
export function connect(device: VirtioDevice, options: ConnectOptions = {}): Promise<VirtioDriver<DirectTransport>> {
  const transport = new DirectTransport(device, options);
  return VirtioDriver.open(transport, {
    features: [...device.features, ...(device.legacyFeatures ?? [])],
    featureDependencies: device.featureDependencies ?? [],
    queues: transport.frontend.queueCount,
    ...options,
  });
}
