import { HostError } from "@zarch/vmm-interface";
import { VIRTUAL_CSSID } from "./commands.ts";

/** Where a channel-attached device is. */
export interface CcwAddress {
  /** Channel-subsystem image, 0 to 255: 0xfe for virtual devices. */
  readonly cssid: number;
  /** Subchannel set, 0 to 3. */
  readonly ssid: number;
  /** Device number, 16 bits. */
  readonly devno: number;
}

/**
 * Reads a device number as the option `devno=` has it: "fe.0.0001", in hexadecimal. "0.0.0001", which is what the guest calls the same
 * device, is accepted too.
 * @throws HostError with code ERR_DEVICE_ADDRESS
 */
export function parseCcwAddress(text: string): CcwAddress {
  const match = /^([0-9a-f]{1,2})\.([0-3])\.([0-9a-f]{1,4})$/i.exec(text);
  if (match === null) throw new HostError("ERR_DEVICE_ADDRESS", `"${text}" is not a device address like fe.0.0001`);
  const cssid = Number.parseInt(match[1]!, 16);
  if (cssid !== VIRTUAL_CSSID && cssid !== 0) {
    throw new HostError("ERR_DEVICE_ADDRESS", `device address "${text}": virtual devices are in channel subsystem fe`);
  }
  return { cssid: VIRTUAL_CSSID, ssid: Number(match[2]), devno: Number.parseInt(match[3]!, 16) };
}

/** The address as text, for instance "fe.0.0001". */
export function formatCcwAddress({ cssid, ssid, devno }: CcwAddress): string {
  return `${cssid.toString(16)}.${ssid}.${devno.toString(16).padStart(4, "0")}`;
}
