import type { PageDeviceOptions } from "@zarch/transport-s390-legacy";
import type { VirtioDevice } from "@zarch/virtio";
import { HostError } from "@zarch/vmm-interface";
import type { PageDeviceAddress } from "./device-address.ts";
import type { MachineDevice } from "./machine-device.ts";

/** Wraps a virtio device for attachment on the s390 descriptor page, for guests of 2008 to 2015 (Linux's kvm_virtio). */
export function s390Legacy(device: VirtioDevice, options: PageDeviceOptions = {}): MachineDevice<PageDeviceAddress> {
  let attached = false;
  return {
    bus: "page",
    attach({ descriptorPage, logger }) {
      if (attached) throw new HostError("ERR_DEVICE_ATTACHED", "the device is attached already");
      const entry = descriptorPage.devices.length;
      const onPage = descriptorPage.attach(device, { logger, ...options });
      attached = true;
      return {
        address: { entry },
        detach: () => Promise.reject(new HostError("ERR_DEVICE_STAYS", "a device on the descriptor page cannot be taken out")),
        close: () => onPage.close(),
      };
    },
  };
}
