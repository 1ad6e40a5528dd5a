import { createHash, randomBytes } from "node:crypto";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { loadDefaultGuest } from "../../apps/vmm/src/guest/default-guest.ts";
import { type CommandResult, zarch } from "./zarch-command.ts";

const INDIRECT_DESC = 28;
const EVENT_IDX = 29;
const VERSION_1 = 32;
const RING_PACKED = 34;
const IN_ORDER = 35;
const RING_FEATURES = [INDIRECT_DESC, EVENT_IDX, VERSION_1, RING_PACKED, IN_ORDER];

interface Variant {
  readonly title: string;
  /** As behind `--disk FILE`. */
  readonly properties: string;
  /** Those of {@link RING_FEATURES} that Linux must have negotiated. */
  readonly features: readonly number[];
  readonly queueSize?: number;
}

const variants: readonly Variant[] = [
  { title: "split, indirect, event index", properties: "", features: [INDIRECT_DESC, EVENT_IDX, VERSION_1] },
  { title: "split, event index", properties: ",no-indirect", features: [EVENT_IDX, VERSION_1] },
  { title: "split, indirect", properties: ",no-event-index", features: [INDIRECT_DESC, VERSION_1] },
  { title: "split, neither", properties: ",no-indirect,no-event-index", features: [VERSION_1] },
  { title: "packed, indirect, event index", properties: ",packed", features: [INDIRECT_DESC, EVENT_IDX, VERSION_1, RING_PACKED] },
  { title: "packed, event index", properties: ",packed,no-indirect", features: [EVENT_IDX, VERSION_1, RING_PACKED] },
  { title: "packed, indirect", properties: ",packed,no-event-index", features: [INDIRECT_DESC, VERSION_1, RING_PACKED] },
  { title: "packed, neither", properties: ",packed,no-indirect,no-event-index", features: [VERSION_1, RING_PACKED] },
  // Linux 6.1 does not know IN_ORDER and leaves the bit; the device must then not insist on it. Later kernels may take it.
  { title: "split, in order offered", properties: ",in-order", features: [INDIRECT_DESC, EVENT_IDX, VERSION_1] },
  { title: "packed, in order offered", properties: ",in-order,packed", features: [INDIRECT_DESC, EVENT_IDX, VERSION_1, RING_PACKED] },
  { title: "revision 1", properties: ",revision=1", features: [INDIRECT_DESC, EVENT_IDX, VERSION_1] },
  { title: "revision 0", properties: ",revision=0", features: [INDIRECT_DESC, EVENT_IDX] },
  { title: "legacy, neither", properties: ",legacy,no-indirect,no-event-index", features: [] },
  { title: "split, 4 entries, no indirect", properties: ",queue-size=4,no-indirect", features: [EVENT_IDX, VERSION_1], queueSize: 4 },
  {
    title: "packed, 8 entries, no indirect",
    properties: ",packed,queue-size=8,no-indirect,no-event-index",
    features: [VERSION_1, RING_PACKED],
    queueSize: 8,
  },
  { title: "legacy, 1024 entries", properties: ",legacy,queue-size=1024", features: [INDIRECT_DESC, EVENT_IDX], queueSize: 1024 },
].map((variant) => ({ ...variant, title: `${variant.title} (${variant.properties.slice(1) || "as usual"})` }));

/** Bytes of each disk that we fill, and as many that the guest fills. */
const HALF = 512 * 1024;
const { ZARCH_GUEST_TESTS: wanted, CI: ci } = process.env;
const hasGuest =
  wanted !== "0" &&
  (ci !== undefined ||
    (await loadDefaultGuest().then(
      () => true,
      () => false,
    )));

/** Linux's virtio-blk driver against our device: what neither side was written for. One boot for all disks. */
describe.skipIf(!hasGuest)("Linux's driver on disks with every kind of ring", { timeout: 300_000 }, () => {
  let folder: string;
  let result: CommandResult;
  let lines: string[][];
  const contents = variants.map(() => randomBytes(2 * HALF));
  const path = (index: number) => join(folder, `disk${index}`);
  const address = (index: number) => `0.0.${(index + 1).toString(16).padStart(4, "0")}`;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "zarch-virtio-"));
    await Promise.all(contents.map((content, index) => writeFile(path(index), content)));
    const script = await readFile(fileURLToPath(new URL("scripts/virtio-disks.sh", import.meta.url)), "utf8");
    const disks = variants.flatMap(({ properties }, index) => ["--disk", path(index) + properties]);
    const devices = variants.map((_, index) => address(index));
    result = await zarch([
      "run",
      "--timeout",
      "280",
      ...disks,
      "--",
      "sh",
      "-c",
      script,
      "virtio-disks.sh",
      String(HALF / 1024),
      ...devices,
    ]);
    lines = result.stdout
      .trimEnd()
      .split("\n")
      .map((line) => line.split(" "));
  }, 290_000);

  afterAll(() => rm(folder, { recursive: true, force: true }));

  /** The values of all lines of a device with that word. */
  function said(device: string, word: string): string[][] {
    return lines.filter(([first, second]) => first === device && second === word).map((line) => line.slice(2));
  }

  function md5(bytes: Uint8Array): string {
    return createHash("md5").update(bytes).digest("hex");
  }

  it("the guest ends well, and its kernel has nothing to complain of", () => {
    expect({ status: result.status, stderr: result.stderr }).toEqual({ status: 0, stderr: "" });
    expect(said("kernel", "complaint")).toEqual([]);
    expect(said("kernel", "release")).toEqual([[expect.stringMatching(/-s390x$/)]]);
  });

  it.each(variants.map((variant, index) => ({ ...variant, index })))("$title", async ({ index, properties, features, queueSize = 256 }) => {
    const device = address(index);
    const bits = said(device, "features")[0]![0]!;
    const kernel = said("kernel", "release")[0]![0]!;
    const known = kernel.startsWith("6.1.") ? features : [...features, ...(properties.includes("in-order") ? [IN_ORDER] : [])];
    const negotiated = RING_FEATURES.filter((bit) => bits[bit] === "1");
    expect([features, known]).toContainEqual(negotiated);
    // Linux takes as many requests as there are entries, or half as many where each needs several.
    const requests = Number(said(device, "requests")[0]![0]);
    expect(requests).toBe(features.includes(INDIRECT_DESC) ? queueSize : queueSize / 2);

    const image = await readFile(path(index));
    expect(image.length).toBe(2 * HALF);
    expect(md5(image.subarray(0, HALF))).toBe(md5(contents[index]!.subarray(0, HALF)));
    const ranges = (word: string) =>
      said(device, word).map(([offset, length, sum]) => ({ offset: Number(offset), length: Number(length), sum }));
    const seen = [...ranges("read"), ...ranges("write"), ...ranges("back")];
    expect(seen.map(({ length }) => length)).toEqual([1 / 8, 1, 1, 1, 1, 1 / 8, 1 / 8, 1 / 4, 1 / 2, 1].map((part) => part * HALF));
    for (const { offset, length, sum } of seen)
      expect({ offset, sum }).toEqual({ offset, sum: md5(image.subarray(offset, offset + length)) });
    expect(image.subarray(HALF).equals(contents[index]!.subarray(HALF))).toBe(false);
    expect(said(device, "done")).toEqual([[]]);
  });
});
