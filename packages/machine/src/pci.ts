import { VirtioPciDevice, type VirtioPciOptions } from "@zarch/transport-pci-modern";
import { F_ACCESS_PLATFORM, type VirtioDevice } from "@zarch/virtio";
import { HostError } from "@zarch/vmm-interface";
import type { PciDeviceAddress } from "./device-address.ts";
import type { MachineDevice } from "./machine-device.ts";

export interface PciOptions extends Omit<VirtioPciOptions, "memory" | "legacyEndian" | "interruptPin"> {
  /** User-defined ID, which Linux takes for the PCI domain. Default: the lowest that is free. */
  readonly uid?: number;
  /** Function ID. Default: the lowest that is free. */
  readonly functionId?: number;
  /**
   * The device reaches memory through the translation tables that the guest registers for it, and its driver has to know that
   * (VIRTIO_F_ACCESS_PLATFORM). Default false: it uses physical addresses as they are, which is what drivers do that were not asked.
   */
  readonly accessPlatform?: boolean;
}

/** Wraps a virtio device for attachment as a PCI function. */
export function pci(device: VirtioDevice, options: PciOptions = {}): MachineDevice<PciDeviceAddress> {
  const { uid, functionId, accessPlatform = false, ...pciOptions } = options;
  let attached = false;
  return {
    bus: "pci",
    attach({ memory, zpci, logger, running }) {
      if (attached) throw new HostError("ERR_DEVICE_ATTACHED", "the device is attached already");
      const dma = zpci.createMemory();
      // There are no interrupt lines on s390.
      const transport = new VirtioPciDevice(device, {
        logger,
        ...pciOptions,
        memory: accessPlatform ? dma : memory,
        ...(accessPlatform && { requiredFeatures: [F_ACCESS_PLATFORM] }),
        legacyEndian: "big",
        interruptPin: 0,
      });
      const attachment = {
        dma,
        reset: () => transport.reset(),
        ...(uid !== undefined && { uid }),
        ...(functionId !== undefined && { id: functionId }),
      };
      const zpciFunction = zpci.attach(transport.pciFunction, attachment, running);
      attached = true;
      const takeOut = async (): Promise<void> => {
        zpci.detach(zpciFunction);
        await transport.reset();
        attached = false;
      };
      let out: Promise<void> | undefined;
      const detach = (): Promise<void> => {
        out ??= takeOut();
        return out;
      };
      return {
        address: { uid: zpciFunction.uid },
        detach,
        requestDetach: () => zpci.requestDetach(zpciFunction).then(detach),
      };
    },
  };
}
