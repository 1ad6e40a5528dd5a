import type { StartOptions } from "../command-line/arguments.ts";
import type { HostProcess } from "../host/process.ts";
import { defaultDisk } from "../session/default-disk.ts";
import { checkMemorySize } from "../session/memory.ts";
import { bootOnConsole } from "./boot.ts";

/**
 * `zarch start`: the default guest with a shell on a virtio console, an entropy device and a disk that zarch makes.
 * @returns the exit status
 */
export async function start(options: StartOptions, host: HostProcess): Promise<number> {
  checkMemorySize(options.memory);
  const disks = options.defaultDisk ? [await defaultDisk(), ...options.disks] : options.disks;
  return bootOnConsole(options, disks, "always", host);
}
