import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { BlkDevice, type BlkDeviceOptions } from "../../packages/device-blk/src/index.ts";
import { MemoryDisk } from "../../packages/device-blk/test/memory-disk.ts";
import { FlatMemory } from "../../packages/guest-memory/src/index.ts";
import { BlockDriver, type BlockDriverOptions } from "../../packages/virtio-driver/src/index.ts";
import { openRig, type RigOptions, type Way, ways } from "./rigs.ts";

const SIZE = 64 * 512;

async function open(way: Way, options: Partial<BlkDeviceOptions> & BlockDriverOptions & RigOptions & { disk?: MemoryDisk } = {}) {
  const { disk = new MemoryDisk(SIZE), queues = 1, ...rest } = options;
  const device = new BlkDevice({ backend: disk, queues, ...rest });
  const { transport } = await openRig(device, way, options);
  return { disk, device, driver: await BlockDriver.open(transport, { queues }) };
}

function pattern(length: number, seed = 1): Uint8Array {
  return Uint8Array.from({ length }, (_, i) => i * 31 + seed + (i >> 8));
}

async function read(driver: BlockDriver, offset: number, length: number): Promise<Uint8Array> {
  const bytes = new Uint8Array(length);
  await driver.read(offset, bytes);
  return bytes;
}

const plain = ways[0]?.[1] as Way;

describe.each(ways)("block device: %s", (_, way) => {
  it("BLK-REQ-FACT-DRV-001, BLK-REQ-FACT-DRV-002, BLK-LEGACY-DRV-003: reads and writes", async () => {
    const { disk, driver } = await open(way);
    expect([driver.size, driver.readOnly, driver.blockSize]).toEqual([SIZE, false, 512]);
    await driver.write(5 * 512, pattern(3 * 512));
    expect(disk.bytes.subarray(5 * 512, 8 * 512)).toEqual(pattern(3 * 512));
    expect(await read(driver, 4 * 512, 5 * 512)).toEqual(disk.bytes.subarray(4 * 512, 9 * 512));
    expect(await driver.id()).toBe("memory-disk-01234567");
    await driver.flush();
    expect(disk.stable).toEqual(disk.bytes);
    await driver.close();
  });

  it("large transfers are split over requests and queues", async () => {
    const disk = new MemoryDisk(2 << 20);
    const { driver } = await open(way, { disk, queues: 3 });
    const data = pattern(1 << 20, 5);
    await driver.write(512, data);
    expect(disk.bytes.subarray(512, 512 + data.length)).toEqual(data);
    expect(await read(driver, 512, data.length)).toEqual(data);
    expect(disk.calls.filter((call) => call.startsWith("write")).length).toBeGreaterThan(3);
  });

  it("BLK-REQ-DRV-001: a new capacity counts at once", async () => {
    const { disk, driver } = await open(way);
    let resized = 0;
    driver.onResize(() => resized++);
    disk.resize(2 * SIZE);
    await expect.poll(() => driver.size).toBe(2 * SIZE);
    expect(resized).toBe(1);
    expect(await read(driver, SIZE, 512)).toEqual(disk.bytes.subarray(SIZE, SIZE + 512));
  });
});

describe("block device", () => {
  it("discards and zeroes ranges, as large as one range may be", async () => {
    const { disk, driver } = await open(plain);
    await driver.discard?.(512, 1024);
    await driver.writeZeroes?.(10240, 2048, false);
    await driver.writeZeroes?.(20480, 512, true);
    expect(disk.calls).toEqual(["discard 512 1024", "zero 10240 2048", "zero 20480 512 unmap"]);
  });

  it("without the features there is nothing to call", async () => {
    const { driver } = await open(plain, { disk: Object.assign(new MemoryDisk(SIZE), { discard: undefined }), readOnly: true });
    expect([driver.discard, driver.writeZeroes, driver.readOnly]).toEqual([undefined, undefined, true]);
  });

  it("BLK-REQ-DRV-003: a read-only disk is not written to", async () => {
    const { disk, driver } = await open(plain, { readOnly: true });
    await expect(driver.write(0, new Uint8Array(512))).rejects.toMatchObject({ code: "ERR_DRIVER_REQUEST" });
    expect(disk.calls).toEqual([]);
  });

  it("BLK-REQ-FACT-DRV-002: the cache can be asked for and switched", async () => {
    const { disk, driver } = await open(plain);
    expect(await driver.isWriteBack()).toBe(true);
    await driver.setWriteBack(false);
    expect(await driver.isWriteBack()).toBe(false);
    await driver.write(0, pattern(512));
    expect(disk.stable.subarray(0, 512)).toEqual(pattern(512));
  });

  it("errors of the backend are errors of the request, and the disk goes on", async () => {
    const { disk, driver } = await open(plain);
    disk.failing = (call) => call.startsWith("read 512 ");
    await expect(read(driver, 512, 512)).rejects.toMatchObject({ code: "ERR_DRIVER_IO" });
    expect(await read(driver, 1024, 512)).toEqual(disk.bytes.subarray(1024, 1536));
  });

  it("is a backend itself: a disk behind a disk behind a disk", async () => {
    const disk = new MemoryDisk(SIZE);
    const inner = await open(plain, { disk });
    const outer = await BlockDriver.open((await openRig(new BlkDevice({ backend: inner.driver }), plain)).transport);
    await outer.write(512, pattern(1024));
    await outer.flush();
    expect(disk.stable.subarray(512, 1536)).toEqual(pattern(1024));
  });

  it("works in little memory", async () => {
    const disk = new MemoryDisk(1 << 20);
    const device = new BlkDevice({ backend: disk, queueSize: 8 });
    const { transport } = await openRig(device, plain, { memory: new FlatMemory(24 * 1024) });
    const driver = await BlockDriver.open(transport);
    await driver.write(0, pattern(300 * 512));
    expect(await read(driver, 0, 300 * 512)).toEqual(pattern(300 * 512));
  });

  it("any sequence of operations leaves the disk as a plain array would be", async () => {
    const operation = fc.record({
      kind: fc.constantFrom("read", "write", "zero"),
      sector: fc.nat(70),
      sectors: fc.nat(8),
      seed: fc.nat(255),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(operation, { maxLength: 30 }), fc.constantFrom(...ways), async (operations, [, way]) => {
        const { disk, driver } = await open(way);
        const model = disk.bytes.slice();
        for (const { kind, sector, sectors, seed } of operations) {
          const [offset, length] = [sector * 512, sectors * 512];
          const done =
            kind === "read"
              ? read(driver, offset, length)
              : kind === "write"
                ? driver.write(offset, pattern(length, seed))
                : (driver.writeZeroes?.(offset, length, false) ?? driver.write(offset, new Uint8Array(length)));
          if (offset + length > SIZE) {
            await expect(done).rejects.toMatchObject({ code: "ERR_DRIVER_REQUEST" });
            continue;
          }
          const result = await done;
          if (kind === "read") expect(result).toEqual(model.subarray(offset, offset + length));
          else model.set(kind === "write" ? pattern(length, seed) : new Uint8Array(length), offset);
        }
        expect(disk.bytes).toEqual(model);
      }),
      { numRuns: 60 },
    );
  });
});
