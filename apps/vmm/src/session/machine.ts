import { RngDevice } from "@zarch/device-rng";
import { ccw, createMachine, type Machine, type MachineOptions, systemEntropy } from "@zarch/machine";
import type { Logger } from "@zarch/vmm-interface";

/** Device number of the entropy device, away from those of disks. */
const entropyDeviceNumber = 0xe000;

/** A machine with an entropy device. */
export async function hostMachine(options: MachineOptions): Promise<Machine> {
  const machine = await createMachine(options);
  machine.attach(ccw(new RngDevice({ source: systemEntropy }), { devno: entropyDeviceNumber }));
  return machine;
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
