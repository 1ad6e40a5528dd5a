import {
  type CompiledCode,
  type DeviceAddress,
  formatDeviceAddress,
  type Machine,
  type Profiler,
  parseDeviceAddress,
} from "@zarch/machine";
import { HostError } from "@zarch/vmm-interface";
import { diskForm, parseDiskOption } from "../command-line/disk-option.ts";
import { formatSize } from "../command-line/size.ts";
import { UsageError } from "../command-line/usage-error.ts";
import type { DiskSet } from "../session/disks.ts";

/** What the command line of a machine works on. */
export interface MonitorTarget {
  readonly machine: Machine;
  readonly disks: DiskSet;
  /** What --profile records. */
  readonly profile?: Pick<Profiler, "reset"> | undefined;
  /** Cuts the guest off and ends the session. */
  quit(): void;
}

interface MonitorCommand {
  readonly usage: string;
  readonly help: string;
  run(target: MonitorTarget, args: readonly string[]): string | Promise<string>;
}

const diskUsage = `disk add ${diskForm} | disk remove ADDRESS | disk eject ADDRESS`;

/** How long an answer waits for the guest to give a disk up, in ms. */
const ejectPatience = 5_000;

const commands: Readonly<Record<string, MonitorCommand>> = {
  help: {
    usage: "help",
    help: "these commands",
    run: () => helpLines.join("\n"),
  },
  info: {
    usage: "info",
    help: "what the machine has and does",
    run: ({ machine, disks }) =>
      [
        `state   ${machine.state}`,
        `memory  ${formatSize(machine.memory.size)}`,
        ...codeLine(machine.compiledCode),
        ...machine.devices
          .toSorted(byAddress)
          .map((address) => `device  ${formatDeviceAddress(address)}  ${disks.describe(address) ?? ""}`.trimEnd()),
      ].join("\n"),
  },
  disk: {
    usage: diskUsage,
    help: "plug a disk in, pull it out, or (on PCI) ask the guest to give it up",
    run: async ({ disks }, [action, operand, ...rest]) => {
      if (operand === undefined || rest.length > 0) throw new UsageError(`usage: ${diskUsage}`);
      if (action === "add") return `disk ${formatDeviceAddress(await disks.add(parseDiskOption(operand)))} added`;
      if (action === "remove") {
        const address = parseDeviceAddress(operand);
        await disks.remove(address);
        return `disk ${formatDeviceAddress(address)} removed`;
      }
      if (action === "eject") {
        const address = parseDeviceAddress(operand);
        const ejected = await withinPatience(disks.eject(address));
        return `disk ${formatDeviceAddress(address)} ${ejected ? "ejected" : "still there: the guest was asked to give it up, and has not yet"}`;
      }
      throw new UsageError(`usage: ${diskUsage}`);
    },
  },
  profile: {
    usage: "profile reset",
    help: "forget what was profiled so far: the profile begins now",
    run: ({ profile }, [action, ...rest]) => {
      if (action !== "reset" || rest.length > 0) throw new UsageError("usage: profile reset");
      if (profile === undefined) throw new UsageError("nothing is profiled: zarch was started without --profile");
      profile.reset();
      return "the profile begins now";
    },
  },
  pause: {
    usage: "pause",
    help: "hold the guest",
    run: async ({ machine }) => {
      await machine.pause();
      return `machine is ${machine.state}`;
    },
  },
  resume: {
    usage: "resume",
    help: "let the guest go on",
    run: ({ machine }) => {
      // How the guest ends is for those who started it.
      machine.run().catch(() => {});
      return `machine is ${machine.state}`;
    },
  },
  shutdown: {
    usage: "shutdown",
    help: "ask the guest to shut down in good order",
    run: ({ machine }) =>
      machine.quiesce() ? "the guest was asked to shut down" : "the guest does not listen; it will be asked as soon as it does",
  },
  reset: {
    usage: "reset",
    help: "reset the machine and boot again",
    run: async ({ machine }) => {
      await machine.reset();
      return "machine is reset";
    },
  },
  quit: {
    usage: "quit",
    help: "leave: the guest is cut off, as if its power failed",
    run: (target) => {
      target.quit();
      return "";
    },
  },
};

const helpLines = Object.values(commands).map(({ usage, help }) =>
  usage.length < 12 ? `${usage.padEnd(12)}${help}` : `${usage}\n${" ".repeat(12)}${help}`,
);

/**
 * Runs one line of the machine's command line. File names with blanks are written in double quotes.
 * @returns the answer, of any number of lines
 * @throws {HostError} for what cannot be done
 */
export async function runMonitorLine(target: MonitorTarget, line: string): Promise<string> {
  const [name, ...args] = splitWords(line);
  if (name === undefined) return "";
  const command = Object.hasOwn(commands, name) ? commands[name] : undefined;
  if (command === undefined) throw new UsageError(`unknown command "${name}"; try help`);
  return command.run(target, args);
}

/** As {@link runMonitorLine}, with what cannot be done in the answer. */
export async function answerMonitorLine(target: MonitorTarget, line: string): Promise<string> {
  try {
    return await runMonitorLine(target, line);
  } catch (error) {
    if (error instanceof HostError) return `error: ${error.message}`;
    throw error;
  }
}

function codeLine(code: CompiledCode | undefined): string[] {
  if (code === undefined) return [];
  const { present, compiled, changed } = code;
  return [`code    ${present} regions compiled (${compiled} in all, ${changed} given up as the guest changed them)`];
}

/** Channel-attached devices come in the order of subchannel set and number, then the others. */
function byAddress(a: DeviceAddress, b: DeviceAddress): number {
  const [left, right] = [formatDeviceAddress(a), formatDeviceAddress(b)];
  return left < right ? -1 : Number(left > right);
}

/** Whether it settles soon. It may settle later without anybody waiting. */
async function withinPatience(work: Promise<void>): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined;
  const patience = new Promise<boolean>((resolve) => {
    timer = setTimeout(() => resolve(false), ejectPatience);
  });
  try {
    return await Promise.race([work.then(() => true), patience]);
  } finally {
    clearTimeout(timer);
  }
}

function splitWords(line: string): string[] {
  return [...line.matchAll(/(?:"[^"]*"|\S)+/g)].map(([word]) => word.replaceAll(/"([^"]*)"/g, "$1"));
}
