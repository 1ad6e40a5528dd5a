import { HostError } from "@zarch/vmm-interface";
import type { StartOptions } from "../command-line/arguments.ts";
import type { HostProcess } from "../host/process.ts";
import { defaultDisk } from "../session/default-disk.ts";
import { checkMemorySize } from "../session/memory.ts";
import { bootOnConsole } from "./boot.ts";
import { demo } from "./demo.ts";

/**
 * `zarch start`: the default guest with a shell on a virtio console, an entropy device and a disk that zarch makes. Where that guest
 * cannot be fetched: the demo guest.
 * @returns the exit status
 */
export async function start(options: StartOptions, host: HostProcess): Promise<number> {
  checkMemorySize(options.memory);
  const disks = options.defaultDisk ? [await defaultDisk(), ...options.disks] : options.disks;
  try {
    return await bootOnConsole(options, disks, "always", host);
  } catch (error) {
    const noGuest = error instanceof HostError && error.code === "ERR_ZARCH_NO_DEFAULT_GUEST";
    // Who brings a part of the guest wants that one.
    if (!noGuest || options.initrd !== undefined) throw error;
    await host.printError(`zarch: ${error.message.replaceAll(/\s*\n\s*/g, "; ")}\nzarch: running the demo guest instead (zarch demo)\n`);
    return demo(host);
  }
}
