import { MemoryBackend } from "@zarch/block-backends";
import { type DemoBus, type DemoDeviceType, type DemoResult, demoDisk, demoGuest, demoResults } from "@zarch/demo-guest";
import { BlkDevice } from "@zarch/device-blk";
import { ConsoleDevice } from "@zarch/device-console";
import { RngDevice } from "@zarch/device-rng";
import type { VirtioDevice } from "@zarch/virtio";
import type { BlockBackend, Clock, EntropySource } from "@zarch/vmm-interface";
import { ccw, createMachine, type MachineDevice, type MachineExit, pci, rawProgram, s390Legacy, systemClock } from "../src/index.ts";

export const wrappers: Readonly<Record<DemoBus, (device: VirtioDevice) => MachineDevice>> = { page: s390Legacy, ccw, pci };

export interface Run {
  readonly exit: MachineExit;
  readonly results: readonly DemoResult[];
  /** "ccw block" and the like, with its state. */
  readonly states: Readonly<Record<string, string>>;
  /** What each console printed; "sclp" is that of the machine. */
  readonly printed: Readonly<Record<string, string>>;
}

export interface RunOptions {
  readonly buses?: readonly DemoBus[];
  readonly types?: readonly DemoDeviceType[];
  readonly disk?: (bus: DemoBus) => BlockBackend;
  readonly entropy?: EntropySource;
  /** Devices after all others. */
  readonly devices?: readonly MachineDevice[];
  /** Without it the machine has no console of its own. Default true. */
  readonly sclpConsole?: boolean;
  /** How much faster the guest's clock goes than that of the host. */
  readonly haste?: number;
}

/** A repeatable stream of bytes that look random. */
export function pseudoRandom(): EntropySource {
  let state = 0x2545_f491;
  return {
    fill(bytes) {
      for (let i = 0; i < bytes.length; i++) {
        state ^= state << 13;
        state ^= state >>> 17;
        state ^= state << 5;
        bytes[i] = state;
      }
    },
  };
}

function hasty(haste: number): Clock {
  return {
    now: () => systemClock.now() * haste,
    wallClock: systemClock.wallClock,
    setAlarm: (deadline, callback) => systemClock.setAlarm(deadline / haste, callback),
  };
}

/** Runs the guest in a machine of 1 MiB with three devices on each bus, or those asked for, to its end. */
export async function runDemo(options: RunOptions = {}): Promise<Run> {
  const { buses = ["page", "ccw", "pci"], types = ["console", "entropy", "block"] } = options;
  const { disk = () => new MemoryBackend(demoDisk(1 << 20)), entropy = pseudoRandom() } = options;
  const printed: Record<string, string> = {};
  const printer = (name: string) => (bytes: Uint8Array) => {
    printed[name] = (printed[name] ?? "") + new TextDecoder().decode(bytes);
  };
  const make: Readonly<Record<DemoDeviceType, (bus: DemoBus) => VirtioDevice>> = {
    console: (bus) => {
      const device = new ConsoleDevice();
      device.port(0).onData = printer(bus);
      return device;
    },
    entropy: () => new RngDevice({ source: entropy }),
    block: (bus) => new BlkDevice({ backend: disk(bus) }),
  };
  await using vm = await createMachine({
    memory: 1 << 20,
    ipl: rawProgram(demoGuest()),
    devices: [...buses.flatMap((bus) => types.map((type) => wrappers[bus](make[type](bus)))), ...(options.devices ?? [])],
    clock: hasty(options.haste ?? 1),
    ...((options.sclpConsole ?? true) && { vt220Console: { output: printer("sclp") } }),
  });
  const exit = await vm.run();
  const results = demoResults(vm.memory);
  const states = Object.fromEntries(
    results.filter(({ state }) => state !== "missing").map(({ bus, device, state }) => [`${bus} ${device}`, state]),
  );
  return { exit, results, states, printed };
}
