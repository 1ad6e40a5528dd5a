import { mkdtemp, open, rm, writeFile } from "node:fs/promises";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { memoryMebibytes, zarch } from "./emulators.ts";
import { cacheFolder } from "./guest.ts";
import { cpuTime, hostDescription, peakResidentSet, residentSet } from "./process-usage.ts";
import { buildProgramGuest } from "./program-build.ts";
import { GuestMachine } from "./program-machine.ts";
import { diskMebibytes, fixedRound, mixedLoad } from "./soak-load.ts";
import { findings, parseRegions, type SoakSample, soakLine, soakLines, summarize } from "./soak-report.ts";

/** So much of the guest's memory is filled once at the beginning, in MiB, so that it does not look like growth later. */
const filled = memoryMebibytes - 92;

/** `npm run bench -- soak`: mixed work in the guest for a long time; does it become slower or larger? */
export async function benchmarkSoak(args: readonly string[]): Promise<void> {
  const { values } = parseArgs({
    args: [...args],
    options: {
      minutes: { type: "string", default: "60" },
      "zarch-options": { type: "string", default: "" },
      "node-options": { type: "string", default: "" },
      json: { type: "string", default: join(cacheFolder, "soak.json") },
    },
  });
  const minutes = Number(values.minutes);
  if (!(minutes > 0)) throw new Error("--minutes must be a number above 0");
  const emulator = zarch(await buildProgramGuest(), { nodeOptions: words(values["node-options"]) });
  const folder = await mkdtemp(join(tmpdir(), "zarch-soak-"));
  try {
    const disk = join(folder, "disk");
    const control = join(folder, "control");
    await emptyDisk(disk);
    const options = ["--disk", disk, "--control", control, ...words(values["zarch-options"])];
    await using guest = await GuestMachine.boot({ ...emulator, arguments: [...emulator.arguments, ...options] });
    const before = hostDescription();
    const samples = await soak(guest, control, minutes);
    const summary = summarize(samples, peakResidentSet(guest.pid) ?? Number.NaN, memoryMebibytes * 2 ** 20);
    const problems = findings(summary);
    const lines = [
      `${before.cpu}, ${before.cpus} CPUs, Node ${process.version}, guest of ${memoryMebibytes} MiB, ${minutes} minutes`,
      "",
      ...soakLines(samples, summary),
      ...problems.map((problem) => `warning: ${problem}`),
    ];
    process.stdout.write(`${lines.join("\n")}\n`);
    await writeFile(
      values.json,
      `${JSON.stringify({ date: new Date().toISOString(), host: before, samples, summary, problems }, null, 2)}\n`,
    );
    process.stderr.write(`also in ${values.json}\n`);
  } finally {
    await rm(folder, { recursive: true });
  }
}

function words(options: string): string[] {
  return options.split(" ").filter((option) => option !== "");
}

async function emptyDisk(path: string): Promise<void> {
  await using file = await open(path, "wx");
  await file.truncate(diskMebibytes * 2 ** 20);
}

/** A fixed round at the beginning of each minute, and other work for the rest of it. */
async function soak(guest: GuestMachine, control: string, minutes: number): Promise<SoakSample[]> {
  await guest.command(`mount -t tmpfs -o size=100% none /mnt && dd if=/dev/zero of=/mnt/fill bs=1M count=${filled}; umount /mnt`);
  const samples: SoakSample[] = [];
  const started = performance.now();
  const elapsed = (): number => (performance.now() - started) / 60_000;
  let next = 0;
  while (elapsed() < minutes) {
    const minute = Math.floor(elapsed());
    const from = performance.now();
    const cpuBefore = cpuTime(guest.pid);
    for (const work of fixedRound) await work.run(guest);
    const wall = (performance.now() - from) / 1000;
    const cpu = cpuTime(guest.pid) - cpuBefore;
    const regions = parseRegions(await askMonitor(control, "info"));
    const sample = { minute, wall, cpu, resident: residentSet(guest.pid) ?? Number.NaN, regions, load: hostDescription().load };
    samples.push(sample);
    process.stderr.write(`${soakLine(sample)}\n`);
    while (elapsed() < Math.min(minute + 1, minutes)) await mixedLoad[next++ % mixedLoad.length]!.run(guest);
  }
  return samples;
}

/** The answer to one line on a machine's control socket. */
function askMonitor(path: string, line: string): Promise<string> {
  return new Promise((resolve, reject) => {
    let answer = "";
    const socket = connect(path, () => socket.write(`${line}\n`));
    socket.setEncoding("utf8");
    socket.on("data", (text: string) => {
      answer += text;
      if (answer.endsWith("\n\n")) socket.end();
    });
    socket.on("error", reject);
    socket.on("close", () => resolve(answer));
  });
}
