import { MemoryBackend } from "@zarch/block-backends";
import { type DemoResult, demoDisk, demoGuest, demoResults } from "@zarch/demo-guest";
import { BlkDevice } from "@zarch/device-blk";
import { ConsoleDevice } from "@zarch/device-console";
import { RngDevice } from "@zarch/device-rng";
import { ccw, createMachine, type MachineDevice, type MachineExit, pci, rawProgram, s390Legacy, systemEntropy } from "@zarch/machine";
import { ExitStatus, statusOfSignal } from "../command-line/exit-status.ts";
import type { HostProcess } from "../host/process.ts";
import { describeCrash } from "../session/console-session.ts";
import { hostLogger } from "../session/machine.ts";

/** Bytes of main storage, and of each disk. */
const MEMORY = 16 * 2 ** 20;
const DISK = 2 ** 20;

/**
 * `zarch demo`: the guest that comes with zarch, with a console, an entropy device and a disk on each bus.
 * @returns the exit status
 */
export async function demo(host: HostProcess): Promise<number> {
  let status: number | undefined;
  const machine = await createMachine({
    memory: MEMORY,
    ipl: rawProgram(demoGuest()),
    devices: demoDevices(host),
    vt220Console: { output: (bytes) => host.stdout.write(bytes) },
    logger: hostLogger((line) => void host.printError(line)),
  });
  const leave = (why: number): void => {
    status ??= why;
    void machine.close();
  };
  const cleanUps = [
    host.keepAlive(),
    host.onEndingSignal((signal) => leave(statusOfSignal(signal))),
    host.onOutputBroken(() => leave(statusOfSignal("SIGPIPE"))),
  ];
  try {
    const exit = await machine.run();
    return status ?? (await judge(exit, demoResults(machine.memory), host));
  } finally {
    for (const cleanUp of cleanUps) cleanUp();
    await machine.close();
  }
}

/** A console, an entropy device and a disk on each bus. All consoles print to standard output; the guest gives them whole lines. */
function demoDevices(host: HostProcess): MachineDevice[] {
  const three = () => {
    const console = new ConsoleDevice();
    console.port(0).onData = (bytes) => host.stdout.write(bytes);
    return [
      console,
      new RngDevice({ source: systemEntropy }),
      new BlkDevice({ backend: new MemoryBackend(demoDisk(DISK), { readOnly: true }) }),
    ];
  };
  return [
    ...three().map((device) => s390Legacy(device)),
    ...three().map((device, i) => ccw(device, { devno: i + 1 })),
    ...three().map((device) => pci(device)),
  ];
}

/** All nine devices are there, so one that the guest did not find is as bad as one that does not work. */
export async function judge(exit: MachineExit, results: readonly DemoResult[], host: HostProcess): Promise<number> {
  const failed = results.filter(({ state }) => state !== "ok");
  if (exit.reason === "power-off" && failed.length === 0) return ExitStatus.success;
  for (const { bus, device, state } of failed) await host.printError(`zarch: demo: ${bus} ${device}: ${state}\n`);
  // A disabled wait is also how the guest says that a device does not work.
  const explained = failed.some(({ state }) => state !== "missing" && state !== "found");
  if (exit.reason === "check-stop" || (exit.reason === "disabled-wait" && !explained)) {
    await host.printError(`zarch: ${describeCrash(exit)}\n`);
  }
  return ExitStatus.guestCrash;
}
