import { setTimeout as delay } from "node:timers/promises";
import { ConsoleProcess } from "./console-process.ts";
import { type Emulator, memoryMebibytes, prompt } from "./emulators.ts";
import { cpuTimeOfThreads, peakResidentSet, wakesOfThreads } from "./process-usage.ts";

export interface IdleFigures {
  /** CPU time of the whole process while its guest is idle at the prompt, as a share of one core. */
  readonly share: number;
  /** How often a second a thread of the process was put on a CPU. */
  readonly wakes: number;
  /** Largest resident set, in bytes, of a guest that has used nearly all its memory. */
  readonly fullResidentSet: number;
}

/** The guest has work to end after its prompt is there. */
const settlingTime = 5_000;
/** So much of the guest's memory can be filled without running out of it, in MiB. */
const filled = memoryMebibytes - 92;

/** Boots, measures the idle guest, then fills its memory with a file in a RAM disk. */
export async function idleAndMemory(emulator: Emulator, seconds: number): Promise<IdleFigures> {
  const guest = new ConsoleProcess(emulator);
  try {
    await guest.seen(prompt);
    await delay(settlingTime);
    const wakesBefore = wakesOfThreads(guest.pid);
    const before = cpuTimeOfThreads(guest.pid);
    const started = performance.now();
    await delay(seconds * 1000);
    const elapsed = (performance.now() - started) / 1000;
    const share = (cpuTimeOfThreads(guest.pid) - before) / elapsed;
    const wakes = (wakesOfThreads(guest.pid) - wakesBefore) / elapsed;
    const from = guest.text.length;
    const fill = `dd if=/dev/zero of=/mnt/fill bs=1M count=${filled}`;
    // The sum is not in the echo of what was typed.
    guest.type(`mount -t tmpfs -o size=100% none /mnt && ${fill} && echo filled $((${filled} + 1))\r`);
    await guest.seen(`filled ${filled + 1}`, { from });
    const fullResidentSet = peakResidentSet(guest.pid) ?? Number.NaN;
    return { share, wakes, fullResidentSet };
  } finally {
    guest.kill();
  }
}
