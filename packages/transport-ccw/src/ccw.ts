import type { ChannelSubsystem, Subchannel } from "@zarch/channel-subsystem";
import type { GuestMemory } from "@zarch/guest-memory";
import type { VirtioDevice } from "@zarch/virtio";
import { HostError, type Logger } from "@zarch/vmm-interface";
import { VIRTIO_CHANNEL_PATH_TYPE, VIRTUAL_CSSID } from "./commands.ts";
import { type CcwAddress, formatCcwAddress, parseCcwAddress } from "./device-address.ts";
import { VirtioCcwDevice, type VirtioCcwOptions } from "./virtio-ccw-device.ts";

export interface CcwOptions extends VirtioCcwOptions {
  /** Where the device is: "fe.0.0001", or a device number in subchannel set 0. Default: the lowest free number there. */
  readonly devno?: string | number | CcwAddress;
}

/** What a machine gives to a channel-attached device. */
export interface CcwHost {
  readonly memory: GuestMemory;
  readonly channelSubsystem: ChannelSubsystem;
  readonly logger?: Logger;
}

/** A virtio device together with its way to the guest. */
export interface CcwDevice {
  readonly device: VirtioDevice;
  /**
   * Puts the device into a machine; a running guest learns of it by a channel report.
   * @throws HostError with code ERR_CHANNEL_ADDRESS if the address is taken, ERR_DEVICE_ATTACHED if the device is attached already
   */
  attach(host: CcwHost): AttachedCcwDevice;
}

/** A virtio device in a machine. */
export interface AttachedCcwDevice {
  readonly address: CcwAddress;
  readonly subchannel: Subchannel;
  readonly transport: VirtioCcwDevice;
  /** As {@link VirtioCcwDevice.notify}. The cookie is not needed on this way. */
  notify(data: number, cookie?: number): number;
  /** Takes the device out, as if the cable were pulled; the guest gets a channel report. Settles when its I/O has ended. */
  detach(): Promise<void>;
}

/**
 * Wraps a virtio device for attachment through virtio-ccw.
 * @throws HostError with code ERR_DEVICE_ADDRESS if `devno` is malformed
 */
export function ccw(device: VirtioDevice, options: CcwOptions = {}): CcwDevice {
  const wish = addressOf(options.devno);
  let attached = false;
  return {
    device,
    attach(host) {
      if (attached) throw new HostError("ERR_DEVICE_ATTACHED", "the device is attached already");
      const { memory, channelSubsystem, logger } = host;
      const { adapterInterruptions } = channelSubsystem;
      const transport = new VirtioCcwDevice(device, { memory, adapterInterruptions }, logger ? { logger, ...options } : options);
      const { cssid, ssid, devno } = wish;
      const paths = [{ chpid: 0, type: VIRTIO_CHANNEL_PATH_TYPE }];
      const subchannel = channelSubsystem.attach(transport, devno === undefined ? { cssid, ssid, paths } : { cssid, ssid, devno, paths });
      attached = true;
      return {
        address: { cssid, ssid, devno: subchannel.deviceNumber },
        subchannel,
        transport,
        notify: (data) => transport.notify(data),
        async detach() {
          if (!attached) return;
          channelSubsystem.detach(transport);
          await subchannel.busy;
          await transport.reset();
          attached = false;
        },
      };
    },
  };
}

function addressOf(devno: CcwOptions["devno"]): { cssid: number; ssid: number; devno: number | undefined } {
  if (typeof devno === "string") return parseCcwAddress(devno);
  if (typeof devno === "object") return parseCcwAddress(formatCcwAddress(devno));
  return { cssid: VIRTUAL_CSSID, ssid: 0, devno };
}
