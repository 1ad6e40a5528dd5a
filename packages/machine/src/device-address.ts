import { type CcwAddress, formatCcwAddress, parseCcwAddress } from "@zarch/transport-ccw";
import { HostError } from "@zarch/vmm-interface";

/** Where a PCI function is. */
export interface PciDeviceAddress {
  /** User-defined ID, 1 to 0xffff: what Linux takes for the PCI domain, so that the device is UID:00:00.0. */
  readonly uid: number;
}

/** Where a device of the s390 descriptor page is. */
export interface PageDeviceAddress {
  /** Number of its entry on the page, from 0. */
  readonly entry: number;
}

export type DeviceAddress = CcwAddress | PciDeviceAddress | PageDeviceAddress;

/** The address as text: "fe.0.0001" (channel), "pci:0001", "page:0". */
export function formatDeviceAddress(address: DeviceAddress): string {
  if ("uid" in address) return `pci:${address.uid.toString(16).padStart(4, "0")}`;
  if ("entry" in address) return `page:${address.entry}`;
  return formatCcwAddress(address);
}

/**
 * Reads what {@link formatDeviceAddress} writes.
 * @throws HostError ERR_DEVICE_ADDRESS
 */
export function parseDeviceAddress(text: string): DeviceAddress {
  const pci = /^pci:([0-9a-f]{1,4})$/i.exec(text);
  if (pci) return { uid: Number.parseInt(pci[1]!, 16) };
  const page = /^page:(\d{1,3})$/.exec(text);
  if (page) return { entry: Number(page[1]) };
  try {
    return parseCcwAddress(text);
  } catch (cause) {
    if (/^(pci|page):/.test(text)) throw new HostError("ERR_DEVICE_ADDRESS", `"${text}" is no device address`, { cause });
    throw cause;
  }
}
