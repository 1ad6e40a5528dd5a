import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { ExactMachine } from "./exact-machine.ts";
import { type BenchmarkGuest, cacheFolder } from "./guest.ts";

/** Guest instructions from the start to two points of a boot. */
export interface InstructionCounts {
  readonly firstMessage: number;
  readonly kernel: number;
  readonly init: number;
}

/** Counts once with the exact engine, and keeps the result for this kernel and initramfs. */
export async function instructionCounts(guest: BenchmarkGuest, anew: boolean): Promise<InstructionCounts> {
  const file = join(cacheFolder, `instructions-${guest.fingerprint}.json`);
  const stored = anew ? undefined : await readFile(file, "utf8").catch(() => undefined);
  if (stored !== undefined) return JSON.parse(stored) as InstructionCounts;
  process.stderr.write("counting the instructions of the boot with the exact engine, once\n");
  const counts = await count(guest);
  await mkdir(cacheFolder, { recursive: true });
  await writeFile(file, `${JSON.stringify(counts)}\n`);
  return counts;
}

async function count(guest: BenchmarkGuest): Promise<InstructionCounts> {
  const exact = await ExactMachine.create(guest);
  const marks = Promise.all([exact.seen("\n", 0), exact.seen("Linux version", 0), exact.seen("Run /init", 0)]);
  const ended = exact.machine.run();
  const early = ended.then(({ reason }) => {
    throw new Error(`the guest ended before /init: ${reason}`);
  });
  early.catch(() => {});
  try {
    const [firstMessage, kernel, init] = await Promise.race([marks, early]);
    return { firstMessage, kernel, init };
  } finally {
    await exact.machine.close();
  }
}
