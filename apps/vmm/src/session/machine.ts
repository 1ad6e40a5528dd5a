import { RngDevice } from "@zarch/device-rng";
import { ccw, createMachine, type Machine, type MachineOptions } from "@zarch/machine";
import type { Logger } from "@zarch/vmm-interface";
import { nodeClock } from "../host/node-clock.ts";
import { nodeEntropy } from "../host/node-entropy.ts";

/** Device number of the entropy device, away from those of disks. */
const entropyDeviceNumber = 0xe000;

/** A machine on the clock and the entropy of this host, with an entropy device. */
export async function hostMachine(options: Omit<MachineOptions, "clock" | "entropy">): Promise<Machine> {
  const machine = await createMachine({ ...options, clock: nodeClock, entropy: nodeEntropy });
  machine.attach(ccw(new RngDevice({ source: nodeEntropy }), { devno: entropyDeviceNumber }));
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
