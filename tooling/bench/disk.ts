import { open, readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { buildGuestProgram } from "../guest-images/guest-programs.ts";
import { loadTestGuest, writeGuest } from "../guest-images/test-guest.ts";
import { compareWithBaseline, readBaseline, writeBaseline } from "./baseline.ts";
import { ConsoleProcess } from "./console-process.ts";
import { type Emulator, prompt, qemu, qemuVersion, zarch } from "./emulators.ts";
import { cacheFolder, type GuestFiles } from "./guest.ts";
import { ioCosts } from "./io-costs.ts";
import { hostDescription } from "./process-usage.ts";
import { median, spread } from "./statistics.ts";

const MEBIBYTE = 1 << 20;
const SIZE = 512 * MEBIBYTE;

type Bus = "ccw" | "pci";
const BUSES: readonly Bus[] = ["ccw", "pci"];

/** Bytes a second, and requests a second. */
interface Speed {
  readonly sequential: number;
  readonly random: number;
}

/** `npm run bench -- disk`: one program in the guest reads a raw file of 512 MiB, on our machine and on QEMU's, over ccw and over PCI. */
export async function benchmarkDisk(args: readonly string[]): Promise<void> {
  const { values } = parseArgs({
    args: [...args],
    options: { repetitions: { type: "string", default: "3" }, save: { type: "boolean", default: false } },
  });
  const repetitions = Math.max(1, Number.parseInt(values.repetitions, 10) || 1);
  const version = qemuVersion();
  if (version === undefined) throw new Error("there is no qemu-system-s390x to compare with (Debian: apt install qemu-system-misc)");
  const guest = await guestWithProgram();
  const image = await diskImage();
  const cases = BUSES.flatMap((bus) => [withDisk(zarch(guest), bus, image), qemuWithDisk(qemu(guest), bus, image)]);

  const before = hostDescription();
  const speeds = new Map<string, Speed[]>(cases.map(({ name }) => [name, []]));
  const checksums = new Set<string>();
  for (let repetition = 0; repetition < repetitions; repetition++) {
    for (const emulator of cases) {
      process.stderr.write(`disk ${repetition + 1} of ${repetitions}: ${emulator.name}\n`);
      const { speed, checksum } = await measure(emulator);
      speeds.get(emulator.name)!.push(speed);
      checksums.add(checksum);
    }
  }
  if (checksums.size !== 1) throw new Error(`the guests read different data: ${[...checksums].join(", ")}`);

  const lines = [`raw file of 512 MiB; QEMU ${version}; medians of ${repetitions}, spread in brackets; ${hostLine(before)}`, ""];
  lines.push("| | sequential, 1 MiB | random, 4 KiB |", "|---|---|---|");
  for (const { name } of cases) {
    const all = speeds.get(name)!;
    const sequential = all.map((speed) => speed.sequential / MEBIBYTE);
    const random = all.map((speed) => speed.random);
    lines.push(
      `| ${name} | ${median(sequential).toFixed(0)} MiB/s (${percent(spread(sequential))}) | ${median(random).toFixed(0)} /s (${percent(spread(random))}) |`,
    );
  }
  const ratios: Record<string, number> = {};
  for (const bus of BUSES) {
    for (const what of ["sequential", "random"] as const) {
      const of = (name: string): number => median(speeds.get(name)!.map((speed) => speed[what]));
      // As everywhere: our time by theirs, so that less is better.
      ratios[`${what} ${bus}`] = of(`QEMU ${bus}`) / of(`zarch ${bus}`);
    }
  }
  lines.push("", ...Object.entries(ratios).map(([name, ratio]) => `${name}: ${(1 / ratio).toFixed(2)} of QEMU's speed`));
  lines.push("", ...(await ioCosts()));
  const baseline = await readBaseline("disk");
  if (baseline) lines.push(...compareWithBaseline(ratios, baseline).map((warning) => `warning: ${warning}`));
  process.stdout.write(`${lines.join("\n")}\n`);
  if (values.save) await writeBaseline("disk", ratios);
}

function percent(share: number): string {
  return `± ${(100 * share).toFixed(0)} %`;
}

function hostLine({ cpus, load }: ReturnType<typeof hostDescription>): string {
  return `${cpus} CPUs at a load of ${load.toFixed(1)}`;
}

async function guestWithProgram(): Promise<GuestFiles> {
  const program = { path: "opt/zarch/disk-speed", content: await readFile(await buildGuestProgram("disk-speed")), mode: 0o755 };
  const images = await loadTestGuest({ files: [program], progress: ({ text }) => process.stderr.write(`guest: ${text}\n`) });
  return writeGuest(images, join(cacheFolder, "guest-with-disk-speed"));
}

/** A file with something in every block: holes would be read faster than data. */
async function diskImage(): Promise<string> {
  const path = join(cacheFolder, "disk-512.img");
  if ((await stat(path).catch(() => undefined))?.size === SIZE) return path;
  const file = await open(path, "w");
  try {
    const block = new Uint32Array(MEBIBYTE / 4);
    let state = 1;
    for (let offset = 0; offset < SIZE; offset += MEBIBYTE) {
      for (let i = 0; i < block.length; i++) {
        state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
        block[i] = state;
      }
      await file.write(new Uint8Array(block.buffer), 0, MEBIBYTE, offset);
    }
  } finally {
    await file.close();
  }
  return path;
}

function withDisk({ arguments: args, ...emulator }: Emulator, bus: Bus, image: string): Emulator {
  return { ...emulator, name: `zarch ${bus}`, arguments: [...args, "--disk", `${image},ro,bus=${bus}`] };
}

function qemuWithDisk({ arguments: args, ...emulator }: Emulator, bus: Bus, image: string): Emulator {
  const drive = `file=${image},format=raw,if=none,id=disk,readonly=on`;
  return { ...emulator, name: `QEMU ${bus}`, arguments: [...args, "-drive", drive, "-device", `virtio-blk-${bus},drive=disk`] };
}

async function measure(emulator: Emulator): Promise<{ speed: Speed; checksum: string }> {
  const guest = new ConsoleProcess(emulator);
  try {
    await guest.seen(prompt);
    guest.type("modprobe -a -q virtio_pci virtio_blk; /opt/zarch/disk-speed /dev/vda 512 3\r");
    await guest.seen("checksum ", { timeout: 300 });
    await guest.seen(prompt, { from: guest.text.indexOf("checksum ") });
    guest.type("poweroff\r");
    await guest.ended();
    const number = (pattern: RegExp): number => Number(pattern.exec(guest.text)?.[1] ?? Number.NaN);
    return {
      speed: {
        sequential: (number(/sequential (\d+)/) * 1e9) / number(/sequential \d+ (\d+)/),
        random: (number(/random (\d+)/) * 1e9) / number(/random \d+ (\d+)/),
      },
      checksum: /checksum ([0-9a-f]+)/.exec(guest.text)?.[1] ?? "none",
    };
  } finally {
    guest.kill();
  }
}
