import { RngDevice } from "@zarch/device-rng";
import { ccw, type Machine, type MachineDevice, pci, systemEntropy } from "@zarch/machine";
import type { VirtioDevice } from "@zarch/virtio";
import type { Logger } from "@zarch/vmm-interface";
import type { DiskOption } from "../command-line/disk-option.ts";
import { ccwOptionsOf, pciOptionsOf, type VirtioOption } from "../command-line/virtio-option.ts";

/** Device number of the entropy device, away from those of disks. */
const entropyDeviceNumber = 0xe000;

/** A device on its way to the guest. `devno`: its device number, if it is channel-attached. */
export function onBus(device: VirtioDevice, virtio: VirtioOption, devno: number): MachineDevice {
  return virtio.bus === "pci" ? pci(device, pciOptionsOf(virtio)) : ccw(device, { ...ccwOptionsOf(virtio), devno });
}

/** Whether a guest with these devices needs PCI. */
export function needsPci(virtio: VirtioOption, disks: readonly DiskOption[]): boolean {
  return virtio.bus === "pci" || disks.some((disk) => disk.bus === "pci");
}

/** Plugs an entropy device in, which every guest of the command has. */
export function attachEntropyDevice(machine: Machine, virtio: VirtioOption = {}): void {
  machine.attach(onBus(new RngDevice({ source: systemEntropy }), virtio, entropyDeviceNumber));
}

/** Prints warnings and errors of the devices; more when the environment variable ZARCH_DEBUG is set. */
export function hostLogger(print: (line: string) => void): Logger {
  const { ZARCH_DEBUG = "" } = process.env;
  const debug = ZARCH_DEBUG !== "";
  return {
    log(level, message, fields) {
      if (!debug && level !== "warn" && level !== "error") return;
      const details = Object.entries(fields ?? {}).map(
        ([name, value]) => ` ${name}=${value instanceof Error ? value.message : String(value)}`,
      );
      print(`zarch: ${level}: ${message}${details.join("")}\n`);
    },
  };
}
