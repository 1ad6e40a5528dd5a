import { spawnSync } from "node:child_process";
import { mkdtemp, open, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { crc32c } from "./crc32c.ts";
import { geometryOf, hasSuperblock } from "./geometry.ts";
import { type Ext4Options, ext4Image } from "./image.ts";

const MIB = 1 << 20;
const GIB = 1 << 30;
const tool = (name: string) => ["/usr/sbin/", "/sbin/", ""].map((folder) => folder + name).find((path) => !spawnSync(path, ["-V"]).error);
const e2fsck = tool("e2fsck");
const dumpe2fs = tool("dumpe2fs");

function options(size: number, more: Partial<Ext4Options> = {}): Ext4Options {
  return { size, uuid: new Uint8Array(16).fill(0x5a), hashSeed: new Uint8Array(16).fill(3), time: 1_700_000_000, ...more };
}

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "zarch-ext4-"));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

async function write(image: Ext4Options): Promise<string> {
  const path = join(folder, `image-${Math.random()}`);
  const file = await open(path, "wx");
  for (const { offset, bytes } of ext4Image(image)) await file.write(bytes, 0, bytes.length, offset);
  await file.truncate(image.size);
  await file.close();
  return path;
}

function check(path: string): string {
  const { status, stdout, stderr } = spawnSync(e2fsck!, ["-fn", path], { encoding: "utf8" });
  return status === 0 ? "clean" : `${status}: ${stdout} ${stderr}`;
}

describe("crc32c", () => {
  it("RFC 3720 appendix B.4: 32 bytes of zeroes, without the final inversion", () => {
    expect(crc32c(0xffffffff, new Uint8Array(32))).toBe(~0x8a9136aa >>> 0);
  });
});

describe("geometry", () => {
  it("copies of the superblock are in groups 0, 1 and the powers of 3, 5 and 7", () => {
    const groups = Array.from({ length: 130 }, (_, group) => group).filter(hasSuperblock);
    expect(groups).toEqual([0, 1, 3, 5, 7, 9, 25, 27, 49, 81, 125]);
  });

  it.each([0, -1, 4096, MIB - 1, 2 ** 44, Number.NaN])("refuses %d bytes", (size) => {
    expect(() => geometryOf(size, true)).toThrow(expect.objectContaining({ code: "ERR_ZARCH_EXT4_SIZE", kind: "host" }));
  });
});

describe("ext4Image", () => {
  it("gives its parts in ascending order, without overlap, within the device", () => {
    fc.assert(
      fc.property(fc.integer({ min: 256, max: 4_000_000 }), fc.boolean(), (blocks, journal) => {
        let end = 0;
        for (const { offset, bytes } of ext4Image(options(blocks * 4096, { journal }))) {
          expect(offset).toBeGreaterThanOrEqual(end);
          end = offset + bytes.length;
        }
        expect(end).toBeLessThanOrEqual(blocks * 4096);
      }),
      { numRuns: 50 },
    );
  });

  it("refuses a label of more than 16 bytes", () => {
    expect(() => ext4Image(options(MIB, { label: "ä".repeat(9) })).next()).toThrow("more than 16 bytes");
  });
});

describe.skipIf(!e2fsck)("e2fsck -fn finds nothing wrong", () => {
  it.each([
    ["the smallest", MIB],
    ["one without room for a journal", 8 * MIB - 4096],
    ["the smallest with a journal", 8 * MIB],
    ["64 MiB", 64 * MIB],
    ["one full group", 128 * MIB],
    ["a last group too small to use", 128 * MIB + 100 * 4096],
    ["a last group just large enough", 128 * MIB + 700 * 4096],
    ["1 GiB and a part of a block", GIB + 512],
    ["2 GiB", 2 * GIB],
    ["10 GiB", 10 * GIB],
    ["1 TiB", 1024 * GIB],
  ])("in %s", async (_name, size) => {
    const path = await write(options(size));
    expect(check(path)).toBe("clean");
    await rm(path);
  });

  it("in one without a journal, in any size", async () => {
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 256, max: 300_000 }), fc.boolean(), async (blocks, journal) => {
        const path = await write(options(blocks * 4096, { journal }));
        expect(check(path)).toBe("clean");
        await rm(path);
      }),
      { numRuns: 15 },
    );
  });

  it("and dumpe2fs reads label, UUID, journal and features", async () => {
    const path = await write(options(64 * MIB, { label: "zarch-disk" }));
    const { stdout } = spawnSync(dumpe2fs!, [path], { encoding: "utf8" });
    expect(stdout).toMatch(/Filesystem volume name: +zarch-disk\n/);
    expect(stdout).toMatch(/Filesystem UUID: +5a5a5a5a-5a5a-/);
    expect(stdout).toMatch(/Filesystem features: +has_journal .*extent.*metadata_csum/);
    expect(stdout).toMatch(/Total journal size: +4096k/);
    expect(stdout).toMatch(/Group 0:.*csum 0x[0-9a-f]{4} \[ITABLE_ZEROED\]/);
  });
});
