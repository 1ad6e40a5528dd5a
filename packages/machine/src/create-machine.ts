import { HostError } from "@zarch/vmm-interface";
import { Machine } from "./machine.ts";
import type { MachineOptions } from "./machine-options.ts";
import { s390xCpu } from "./s390x-cpu.ts";

/**
 * Makes a machine, loaded and ready to run.
 *
 * ```ts
 * await using vm = await createMachine({ memory: 512 * 2 ** 20, ipl: linux({ kernel, initrd }) });
 * const exit = await vm.run();
 * ```
 *
 * @throws {HostError} ERR_CPU_MEMORY_SIZE, ERR_SCLP_CONFIGURATION for a memory size that cannot be; ERR_MACHINE_CPUS;
 *   ERR_IPL_... when the program does not fit; errors of devices at addresses that are taken
 */
export async function createMachine(options: MachineOptions): Promise<Machine> {
  if (options.cpus !== undefined && options.cpus !== 1)
    throw new HostError("ERR_MACHINE_CPUS", `${options.cpus} CPUs: a machine has exactly 1 as yet`);
  return new Machine(options, options.cpu ?? s390xCpu);
}
