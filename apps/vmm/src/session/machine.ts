import { RngDevice } from "@zarch/device-rng";
import { ccw, type Machine, systemEntropy } from "@zarch/machine";
import type { Logger } from "@zarch/vmm-interface";
import { ccwOptionsOf, type VirtioOption } from "../command-line/virtio-option.ts";

/** Device number of the entropy device, away from those of disks. */
const entropyDeviceNumber = 0xe000;

/** Plugs an entropy device in, which every guest of the command has. */
export function attachEntropyDevice(machine: Machine, virtio: VirtioOption = {}): void {
  machine.attach(ccw(new RngDevice({ source: systemEntropy }), { ...ccwOptionsOf(virtio), devno: entropyDeviceNumber }));
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
