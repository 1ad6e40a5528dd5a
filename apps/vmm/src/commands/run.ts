import { createMachine, linux } from "@zarch/machine";
import type { RunOptions } from "../command-line/arguments.ts";
import { RUN_KERNEL_PARAMETER } from "../guest/run-protocol.ts";
import type { HostProcess } from "../host/process.ts";
import { serveControlSocket } from "../monitor/control-socket.ts";
import { CommandSession } from "../session/command-session.ts";
import { ConsoleLog } from "../session/console-log.ts";
import { DiskSet } from "../session/disks.ts";
import { attachEntropyDevice, hostLogger, needsPci } from "../session/machine.ts";
import { checkMemorySize } from "../session/memory.ts";
import { openProfile } from "../session/profile.ts";
import { fetchDefaultGuest } from "../session/program.ts";

/**
 * `zarch run`: one command in the default guest.
 * @returns the status of the command, or one of our own
 */
export async function run(options: RunOptions, host: HostProcess): Promise<number> {
  checkMemorySize(options.memory);
  const logger = hostLogger((line) => void host.printError(line));
  const disks = new DiskSet(options.virtio);
  try {
    await disks.open(options.disks);
    const guest = await fetchDefaultGuest(options.refresh, host);
    const log = new ConsoleLog(64 * 1024);
    await using profile = await openProfile(options, host);
    const machine = await createMachine({
      memory: options.memory,
      engine: options.engine,
      ipl: linux({
        kernel: guest.kernel,
        initrd: guest.initramfs,
        commandLine: `console=ttysclp0 ${RUN_KERNEL_PARAMETER}${options.verbose ? "" : " quiet"}`,
      }),
      logger,
      pci: needsPci(options.virtio, options.disks),
      onGuestReset: "exit",
      ...(profile && { observer: profile.profiler }),
      vt220Console: {
        output: (bytes) => {
          if (options.verbose) return host.stderr.write(bytes);
          log.add(bytes);
          return undefined;
        },
      },
    });
    const session = new CommandSession(host, {
      request: {
        argv: options.command,
        environment: options.environment,
        ...(options.directory !== undefined && { directory: options.directory }),
      },
      timeout: options.timeout,
      consoleText: () => log.text(),
    });
    try {
      disks.plugInto(machine);
      session.attach(machine, options.virtio);
      attachEntropyDevice(machine, options.virtio);
      const target = { machine, disks, profile: profile?.profiler, quit: () => session.leave(0) };
      await using _control = await serveControlSocket(options.control, target);
      return await session.run(machine);
    } finally {
      await machine.close();
      await profile?.write();
    }
  } finally {
    await disks.close();
  }
}
