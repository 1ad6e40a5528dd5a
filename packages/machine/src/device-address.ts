import { HostError } from "@zarch/vmm-interface";

/** Where a channel-attached device is: channel subsystem image, subchannel set and device number. */
export interface DeviceAddress {
  /** Channel-subsystem image, 0 to 255. Virtual devices are in 0xFE, which the guest sees as 0. */
  readonly cssid: number;
  /** Subchannel set, 0 to 3. */
  readonly ssid: number;
  /** Device number, 0 to 0xFFFF. */
  readonly devno: number;
}

/** The channel-subsystem image of virtual devices. */
export const virtualCssid = 0xfe;

/**
 * Reads a device address as QEMU and the virtio-ccw papers write it, "fe.0.0001", or as Linux does, "0.0.0001".
 * @throws {HostError} ERR_DEVICE_ADDRESS
 */
export function parseDeviceAddress(text: string): DeviceAddress {
  const match = /^([0-9a-f]{1,2})\.([0-3])\.([0-9a-f]{1,4})$/i.exec(text);
  if (match === null) throw new HostError("ERR_DEVICE_ADDRESS", `"${text}" is not a device address like fe.0.0001`);
  const cssid = Number.parseInt(match[1]!, 16);
  if (cssid !== virtualCssid && cssid !== 0)
    throw new HostError("ERR_DEVICE_ADDRESS", `device address "${text}": virtual devices are in channel subsystem fe`);
  return { cssid: virtualCssid, ssid: Number(match[2]), devno: Number.parseInt(match[3]!, 16) };
}

/** The address as text, for instance "fe.0.0001". */
export function formatDeviceAddress({ cssid, ssid, devno }: DeviceAddress): string {
  return `${cssid.toString(16)}.${ssid}.${devno.toString(16).padStart(4, "0")}`;
}
