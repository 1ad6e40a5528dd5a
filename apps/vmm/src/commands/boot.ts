import { createMachine } from "@zarch/machine";
import type { BootOptions } from "../command-line/arguments.ts";
import type { DiskOption } from "../command-line/disk-option.ts";
import type { HostProcess } from "../host/process.ts";
import { serveControlSocket } from "../monitor/control-socket.ts";
import { ConsoleSession, type EndKey } from "../session/console-session.ts";
import { DiskSet } from "../session/disks.ts";
import { attachEntropyDevice, hostLogger, needsPci } from "../session/machine.ts";
import { checkMemorySize } from "../session/memory.ts";
import { openProfile } from "../session/profile.ts";
import { bootProgram } from "../session/program.ts";

/**
 * `zarch boot`: a guest on the console of this process.
 * @returns the exit status
 */
export function boot(options: BootOptions, host: HostProcess): Promise<number> {
  return bootOnConsole(options, options.disks, "after-input", host);
}

/** @param disks disks in place of those of the options */
export async function bootOnConsole(
  options: BootOptions,
  diskOptions: readonly DiskOption[],
  endKey: EndKey,
  host: HostProcess,
): Promise<number> {
  checkMemorySize(options.memory);
  const logger = hostLogger((line) => void host.printError(line));
  const disks = new DiskSet(options.virtio);
  try {
    await disks.open(diskOptions);
    const program = await bootProgram(options, host);
    const session = new ConsoleSession(host, options.console, endKey);
    await using profile = await openProfile(options, host);
    const machine = await createMachine({
      memory: options.memory,
      engine: options.engine,
      ipl: program.ipl,
      logger,
      pci: needsPci(options.virtio, diskOptions),
      watchdog: options.watchdog,
      onGuestReset: options.noReboot ? "exit" : "reset",
      ...(profile && { observer: profile.profiler }),
      ...session.machineOptions(program.isDefault),
    });
    try {
      disks.plugInto(machine);
      session.attach(machine, options.virtio);
      attachEntropyDevice(machine, options.virtio);
      const target = { machine, disks, profile: profile?.profiler };
      await using _control = await serveControlSocket(options.control, { ...target, quit: () => session.leave() });
      return await session.run(target);
    } finally {
      await machine.close();
      host.terminal.restore();
      await profile?.write();
    }
  } finally {
    host.terminal.restore();
    await disks.close();
  }
}
