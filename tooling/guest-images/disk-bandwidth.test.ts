import { mkdtemp, readFile, rm, truncate, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { hasDefaultGuest } from "./disk-exercise.ts";
import { zarch } from "./zarch-command.ts";

const MEBIBYTE = 2 ** 20;
const ROUNDS = 3;

const disks = [
  { name: "ccw", address: "0.0.0001", properties: "" },
  { name: "PCI", address: "0001:00:00.0", properties: ",bus=pci" },
  { name: "PCI, translated DMA", address: "0002:00:00.0", properties: ",bus=pci,access-platform" },
] as const;

/** One guest, in turns: what the host does beside it hits all the same. Prints a table; `npm run bench -- disk` measures with care. */
describe.skipIf(!(await hasDefaultGuest()))("dd past the page cache, over ccw and over PCI", { timeout: 300_000 }, () => {
  let folder: string;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "zarch-bandwidth-"));
  });

  afterAll(() => rm(folder, { recursive: true, force: true }));

  it("all buses are about as fast", async () => {
    const options: string[] = [];
    for (const { name, properties } of disks) {
      const path = join(folder, name.replaceAll(/\W/g, ""));
      await writeFile(path, "");
      await truncate(path, 128 * MEBIBYTE);
      options.push("--disk", path + properties);
    }
    const script = await readFile(fileURLToPath(new URL("scripts/disk-bandwidth.sh", import.meta.url)), "utf8");
    const command = ["sh", "-c", script, "disk-bandwidth.sh", String(ROUNDS), ...disks.map(({ address }) => address)];
    const { status, stdout, stderr } = await zarch(["run", "--timeout", "280", ...options, "--", ...command]);
    expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
    const lines = stdout
      .trimEnd()
      .split("\n")
      .map((line) => line.split(" "));
    const table: Record<string, Record<string, string>> = {};
    const ratios: number[] = [];
    for (const [what, size] of [
      ["read", 4096],
      ["write", 4096],
      ["read", MEBIBYTE],
      ["write", MEBIBYTE],
    ] as const) {
      const speeds = disks.map(({ address }) => {
        const ofDisk = lines.filter((line) => line[0] === address && line[1] === what && line[2] === String(size));
        expect(ofDisk).toHaveLength(ROUNDS);
        const speedsOfDisk = ofDisk.map(([, , , count, hundredths]) => ((Number(count) * size) / MEBIBYTE / Number(hundredths)) * 100);
        return speedsOfDisk.sort((a, b) => a - b)[Math.floor(ROUNDS / 2)] as number;
      });
      table[`${what}, ${size === 4096 ? "4 KiB" : "1 MiB"}`] = Object.fromEntries(
        disks.map(({ name }, index) => [name, `${speeds[index]!.toFixed(1)} MiB/s`]),
      );
      ratios.push(...speeds.map((speed) => speed / speeds[0]!));
    }
    console.table(table);
    for (const ratio of ratios) expect(ratio).toBeGreaterThan(1 / 3);
  });
});
