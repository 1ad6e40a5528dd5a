import { createHash, randomBytes } from "node:crypto";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect } from "vitest";
import { loadDefaultGuest } from "../../apps/vmm/src/guest/default-guest.ts";
import { type CommandResult, zarch } from "./zarch-command.ts";

export const INDIRECT_DESC = 28;
export const EVENT_IDX = 29;
export const VERSION_1 = 32;
export const ACCESS_PLATFORM = 33;
export const RING_PACKED = 34;
export const IN_ORDER = 35;
const FEATURES = [INDIRECT_DESC, EVENT_IDX, VERSION_1, ACCESS_PLATFORM, RING_PACKED, IN_ORDER];

/** A disk for {@link DiskExercise}. */
export interface ExercisedDisk {
  /** As Linux names it under /sys/bus/ccw/devices or /sys/bus/pci/devices. */
  readonly address: string;
  /** As behind `--disk FILE`. */
  readonly properties: string;
  /** Those of the features about rings and DMA that Linux must have negotiated. */
  readonly features: readonly number[];
  /** Default 256. */
  readonly queueSize?: number;
}

/** Bytes of each disk that we fill, and as many that the guest fills. */
const HALF = 512 * 1024;

const { ZARCH_GUEST_TESTS: wanted, CI: ci } = process.env;

/** Whether tests with the default guest run: not if they are unwanted, or outside continuous integration if there is no such guest. */
export async function hasDefaultGuest(): Promise<boolean> {
  if (wanted === "0") return false;
  if (ci !== undefined) return true;
  return loadDefaultGuest().then(
    () => true,
    () => false,
  );
}

/** One boot of the default guest in which scripts/virtio-disks.sh reads and writes all disks at the same time. */
export class DiskExercise implements AsyncDisposable {
  readonly result: CommandResult;
  readonly #folder: string;
  readonly #disks: readonly ExercisedDisk[];
  readonly #contents: readonly Uint8Array[];
  readonly #lines: readonly (readonly string[])[];

  private constructor(result: CommandResult, folder: string, disks: readonly ExercisedDisk[], contents: readonly Uint8Array[]) {
    this.result = result;
    this.#folder = folder;
    this.#disks = disks;
    this.#contents = contents;
    this.#lines = result.stdout
      .trimEnd()
      .split("\n")
      .map((line) => line.split(" "));
  }

  /** @param options further ones of `zarch run` @param more what the guest's shell does in the end; it should print lines of three words or more */
  static async run(disks: readonly ExercisedDisk[], options: readonly string[] = [], more = ""): Promise<DiskExercise> {
    const folder = await mkdtemp(join(tmpdir(), "zarch-virtio-"));
    const contents = disks.map(() => randomBytes(2 * HALF));
    await Promise.all(contents.map((content, index) => writeFile(imagePath(folder, index), content)));
    const script = await readFile(fileURLToPath(new URL("scripts/virtio-disks.sh", import.meta.url)), "utf8");
    const result = await zarch([
      ...["run", "--timeout", "280", ...options],
      ...disks.flatMap(({ properties }, index) => ["--disk", imagePath(folder, index) + properties]),
      ...["--", "sh", "-c", script.replace(/exit 0\n$/, `${more}\nexit 0\n`), "virtio-disks.sh"],
      ...[String(HALF / 1024), ...disks.map(({ address }) => address)],
    ]);
    return new DiskExercise(result, folder, disks, contents);
  }

  /** The values of all lines of a device (or of "kernel") with that word. */
  said(device: string, word: string): string[][] {
    return this.#lines.filter(([first, second]) => first === device && second === word).map((line) => line.slice(2));
  }

  /** The guest has ended well, and its kernel has nothing to complain of. */
  expectGoodEnd(): void {
    const { status, stderr } = this.result;
    expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
    expect(this.said("kernel", "complaint")).toEqual([]);
    expect(this.said("kernel", "release")).toEqual([[expect.stringMatching(/-s390x$/)]]);
  }

  /** Driver and device agreed on what they should have, and saw the same data; the host's half of the image is as it was. */
  async expectGoodDisk(index: number): Promise<void> {
    const { address, properties, features, queueSize = 256 } = this.#disks[index]!;
    const bits = this.said(address, "features")[0]![0]!;
    const kernel = this.said("kernel", "release")[0]![0]!;
    // Linux 6.1 does not know IN_ORDER and leaves the bit; the device must then not insist on it. Later kernels may take it.
    const known = kernel.startsWith("6.1.") || !properties.includes("in-order") ? features : [...features, IN_ORDER];
    const negotiated = FEATURES.filter((bit) => bits[bit] === "1");
    expect([features, known]).toContainEqual(negotiated);
    // Linux takes as many requests as there are entries, or half as many where each needs several.
    const requests = Number(this.said(address, "requests")[0]![0]);
    expect(requests).toBe(features.includes(INDIRECT_DESC) ? queueSize : queueSize / 2);

    const image = await readFile(imagePath(this.#folder, index));
    const content = this.#contents[index]!;
    expect(image.length).toBe(2 * HALF);
    expect(md5(image.subarray(0, HALF))).toBe(md5(content.subarray(0, HALF)));
    const ranges = (word: string) =>
      this.said(address, word).map(([offset, length, sum]) => ({ offset: Number(offset), length: Number(length), sum }));
    const seen = [...ranges("read"), ...ranges("write"), ...ranges("back")];
    expect(seen.map(({ length }) => length)).toEqual([1 / 8, 1, 1, 1, 1, 1 / 8, 1 / 8, 1 / 4, 1 / 2, 1].map((part) => part * HALF));
    for (const { offset, length, sum } of seen)
      expect({ offset, sum }).toEqual({ offset, sum: md5(image.subarray(offset, offset + length)) });
    expect(image.subarray(HALF).equals(content.subarray(HALF))).toBe(false);
    expect(this.said(address, "done")).toEqual([[]]);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await rm(this.#folder, { recursive: true, force: true });
  }
}

function imagePath(folder: string, index: number): string {
  return join(folder, `disk${index}`);
}

function md5(bytes: Uint8Array): string {
  return createHash("md5").update(bytes).digest("hex");
}
