import { type DriverInterface, F_ANY_LAYOUT } from "@zarch/virtio";
import { blk } from "@zarch/virtio/device-types";
import { describe, expect, it } from "vitest";
import { type Script, ScriptedDevice } from "../../test/scripted-device.ts";
import { tap } from "../../test/tap.ts";
import { BlockDriver, DirectTransport, type DriverTransport } from "../index.ts";

const ALL = [blk.F_SIZE_MAX, blk.F_SEG_MAX, blk.F_BLK_SIZE, blk.F_FLUSH, blk.F_CONFIG_WCE, blk.F_DISCARD, blk.F_WRITE_ZEROES];
const CONFIG = {
  capacity: 64,
  size_max: 1024,
  seg_max: 4,
  blk_size: 512,
  max_discard_sectors: 8,
  max_discard_seg: 2,
  max_write_zeroes_sectors: 4,
  max_write_zeroes_seg: 3,
};

/** A disk that says yes to everything, unless a test has something else in mind. */
function disk(script: Partial<Script> = {}): ScriptedDevice {
  return new ScriptedDevice({
    deviceId: blk.ID,
    features: ALL,
    layout: blk.CONFIG,
    config: CONFIG,
    queues: [16],
    answer: (_, __, chain) => {
      const room = chain.writable.remaining;
      chain.writable.write(new Uint8Array(room));
      return room;
    },
    ...script,
  });
}

const open = (device: ScriptedDevice, driverInterface: DriverInterface = "modern") =>
  BlockDriver.open(new DirectTransport(device, { driverInterface }));

/** Type, sector and what follows of each request. */
const seen = (device: ScriptedDevice, little = true) =>
  device.requests.map(({ data, room, parts }) => {
    const view = new DataView(data.buffer);
    return { type: view.getUint32(0, little), sector: Number(view.getBigUint64(8, little)), out: data.length - 16, in: room, parts };
  });

describe("BlockDriver: requests", () => {
  it("BLK-REQ-DRV-006, BLK-LEGACY-DRV-010: transfers are split by size_max and seg_max into whole sectors, header and status apart", async () => {
    const device = disk();
    const driver = await open(device);
    await driver.write(512, new Uint8Array(5 * 1024));
    expect(seen(device)).toEqual([
      { type: 1, sector: 1, out: 4096, in: 1, parts: 6 },
      { type: 1, sector: 9, out: 1024, in: 1, parts: 3 },
    ]);
    device.requests.length = 0;
    await driver.read(0, new Uint8Array(4608));
    expect(seen(device)).toEqual([
      { type: 0, sector: 0, out: 0, in: 4097, parts: 6 },
      { type: 0, sector: 8, out: 0, in: 513, parts: 3 },
    ]);
  });

  it("a size_max that is no multiple of a sector", async () => {
    const device = disk({ config: { ...CONFIG, size_max: 300 } });
    await (await open(device)).write(0, new Uint8Array(1536));
    expect(seen(device)).toEqual([
      { type: 1, sector: 0, out: 1024, in: 1, parts: 6 },
      { type: 1, sector: 2, out: 512, in: 1, parts: 4 },
    ]);
  });

  it("no request has more parts than the queue has entries", async () => {
    const device = disk({ queues: [4], config: { ...CONFIG, size_max: 512 } });
    await (await open(device)).write(0, new Uint8Array(2048));
    expect(seen(device).map(({ parts }) => parts)).toEqual([4, 4]);
  });

  it("BLK-REQ-DRV-002, BLK-REQ-DRV-006: nothing beyond the capacity is sent, and no part of a sector", async () => {
    const device = disk();
    const driver = await open(device);
    const attempts: [number, number][] = [
      [63 * 512, 1024],
      [64 * 512, 512],
      [-512, 512],
      [1, 512],
      [0, 511],
      [0.5, 512],
      [Number.NaN, 512],
      [2 ** 60, 512],
    ];
    for (const [offset, length] of attempts) {
      const refused = { code: "ERR_DRIVER_REQUEST" };
      await expect(driver.read(offset, new Uint8Array(length))).rejects.toMatchObject(refused);
      await expect(driver.write(offset, new Uint8Array(length))).rejects.toMatchObject(refused);
      await expect(driver.discard?.(offset, length)).rejects.toMatchObject(refused);
    }
    expect(device.requests).toEqual([]);
  });

  it("BLK-REQ-DRV-004, BLK-REQ-DRV-005, BLK-REQ-DRV-008: a flush has sector 0 and no data, an ID 20 bytes", async () => {
    const device = disk();
    const driver = await open(device);
    await driver.flush();
    expect(await driver.id()).toBe("");
    expect(seen(device)).toEqual([
      { type: 4, sector: 0, out: 0, in: 1, parts: 2 },
      { type: 8, sector: 0, out: 0, in: 21, parts: 3 },
    ]);
  });

  it("BLK-REQ-DRV-007, BLK-REQ-DRV-009, BLK-REQ-DRV-011, BLK-REQ-DRV-014: ranges are as long and as many as the device wants, unmap is for zeroes only", async () => {
    const device = disk();
    const driver = await open(device);
    await driver.discard?.(0, 20 * 512);
    await driver.writeZeroes?.(512, 9 * 512, true);
    await driver.writeZeroes?.(512, 512, false);
    const ranges = device.requests.map(({ data }) => {
      const view = new DataView(data.buffer, 16);
      return Array.from({ length: view.byteLength / 16 }, (_, i) => [
        Number(view.getBigUint64(16 * i, true)),
        view.getUint32(16 * i + 8, true),
        view.getUint32(16 * i + 12, true),
      ]);
    });
    expect(seen(device).map(({ type }) => type)).toEqual([11, 11, 13, 13]);
    expect(ranges).toEqual([
      [
        [0, 8, 0],
        [8, 8, 0],
      ],
      [[16, 4, 0]],
      [
        [1, 4, 1],
        [5, 4, 1],
        [9, 1, 1],
      ],
      [[1, 1, 0]],
    ]);
  });

  it("BLK-LEGACY-DRV-001, BLK-LEGACY-DRV-003, BLK-LEGACY-DRV-004: legacy, numbers are in the guest's order, and the used length says nothing", async () => {
    const device = disk({
      answer: (_, __, chain) => {
        chain.writable.write(new Uint8Array(chain.writable.remaining));
        return 0;
      },
    });
    const driver = await open(device, "legacy");
    expect([driver.size, driver.driver.features.has(F_ANY_LAYOUT)]).toEqual([64 * 512, true]);
    await driver.read(512, new Uint8Array(512));
    expect(seen(device, false)).toEqual([{ type: 0, sector: 1, out: 0, in: 513, parts: 3 }]);
  });
});

describe("BlockDriver: configuration", () => {
  it("CORE-CFG-DRV-003, BLK-INIT-DRV-004, BLK-CFG-FACT-DRV-002: only fields whose feature is there are read, and none before FEATURES_OK", async () => {
    const fields: [readonly number[], string[]][] = [
      [[], ["0 8"]],
      [[blk.F_SEG_MAX], ["12 4", "0 8"]],
      [ALL, ["8 4", "12 4", "20 4", "36 4", "40 4", "48 4", "52 4", "0 8"]],
    ];
    for (const [features, expected] of fields) {
      const { transport, log } = tap<DriverTransport>(new DirectTransport(disk({ features })));
      await BlockDriver.open(transport);
      const reads = log.filter((line) => line.startsWith("readConfig ")).map((line) => line.slice("readConfig ".length));
      expect(reads).toEqual(expected);
      expect(log.findIndex((line) => line.startsWith("readConfig "))).toBeGreaterThan(log.indexOf("writeStatus 11"));
    }
  });

  it("BLK-INIT-DRV-002, BLK-INIT-DRV-003, BLK-CFG-FACT-DRV-004: without FLUSH the disk writes through, with it alone it writes back; 512 bytes are a block where none are named", async () => {
    const device = disk({ features: [] });
    const plain = await open(device);
    expect([await plain.isWriteBack(), plain.blockSize]).toEqual([false, 512]);
    await plain.flush();
    expect(device.requests).toEqual([]);
    await expect(plain.setWriteBack(true)).rejects.toMatchObject({ code: "ERR_DRIVER_REQUEST" });
    expect(await (await open(disk({ features: [blk.F_FLUSH] }))).isWriteBack()).toBe(true);
  });

  it("BLK-CFG-FACT-DRV-003: several queues only with MQ, no more than there are and are wanted", async () => {
    const config = { ...CONFIG, num_queues: 3 };
    const device = disk({ features: [...ALL, blk.F_MQ], config, queues: [16, 16, 16] });
    const driver = await BlockDriver.open(new DirectTransport(device), { queues: 2 });
    await driver.read(0, new Uint8Array(64 * 512));
    expect(new Set(device.requests.map(({ queue }) => queue))).toEqual(new Set([0, 1]));
    const one = disk({ queues: [16, 16, 16], config });
    await (await BlockDriver.open(new DirectTransport(one), { queues: 2 })).read(0, new Uint8Array(64 * 512));
    expect(new Set(one.requests.map(({ queue }) => queue))).toEqual(new Set([0]));
  });

  it.each([
    ["blocks of 100 bytes", { blk_size: 100 }],
    ["blocks of 0 bytes", { blk_size: 0 }],
    ["blocks of 768 bytes", { blk_size: 768 }],
    ["segments of 0 bytes", { size_max: 0 }],
    ["less than a sector in a request", { size_max: 100, seg_max: 5 }],
  ])("nonsense is refused, and the device released: %s", async (_, config) => {
    const transport = new DirectTransport(disk({ config: { ...CONFIG, ...config } }));
    await expect(BlockDriver.open(transport)).rejects.toMatchObject({ code: "ERR_DRIVER_DEVICE" });
    expect(transport.frontend.status).toBe(0);
  });

  it("a device that has fewer queues than it says", async () => {
    const device = disk({ features: [...ALL, blk.F_MQ], config: { ...CONFIG, num_queues: 9 } });
    await expect(BlockDriver.open(new DirectTransport(device), { queues: 9 })).rejects.toMatchObject({ code: "ERR_DRIVER_QUEUE" });
  });

  it("limits of 0 are no limits, or one", async () => {
    const zero = { seg_max: 0, max_discard_sectors: 0, max_discard_seg: 0 };
    const device = disk({ config: { ...CONFIG, ...zero } });
    const driver = await open(device);
    await driver.discard?.(0, 64 * 512);
    await driver.write(0, new Uint8Array(2048));
    expect(seen(device).map(({ out }) => out)).toEqual([16, 1024, 1024]);
  });

  it("BLK-INIT-DRV-005, BLK-INIT-DRV-006, BLK-INIT-DRV-008: zones are not negotiated; a disk that needs them is given up before FEATURES_OK", async () => {
    for (const [model, usable] of [
      [blk.Z_NONE, true],
      [blk.Z_HA, true],
      [blk.Z_HM, false],
    ] as const) {
      const device = disk({ features: [...ALL, blk.F_ZONED], config: { ...CONFIG, model } });
      const { transport, log } = tap(new DirectTransport(device));
      const driver = await BlockDriver.open(transport).catch((error) => error);
      if (usable) expect(driver.driver.features.has(blk.F_ZONED)).toBe(false);
      else {
        expect(driver).toMatchObject({ code: "ERR_DRIVER_DEVICE_TYPE" });
        expect(log.filter((line) => line.startsWith("writeStatus"))).toEqual(["writeStatus 1", "writeStatus 3", "writeStatus 131"]);
      }
    }
  });

  it("another type of device is refused", async () => {
    const device = new ScriptedDevice({ deviceId: 4, queues: [16], answer: () => 0 });
    await expect(open(device)).rejects.toMatchObject({ code: "ERR_DRIVER_DEVICE_TYPE" });
  });

  it("BLK-REQ-DRV-001, BLK-REQ-DRV-002: a disk that shrinks under its driver", async () => {
    const device = disk();
    const driver = await open(device);
    device.config.set({ capacity: 8 });
    await expect.poll(() => driver.size).toBe(8 * 512);
    await expect(driver.read(8 * 512, new Uint8Array(512))).rejects.toMatchObject({ code: "ERR_DRIVER_REQUEST" });
  });
});

describe("BlockDriver: answers", () => {
  const answering = (status: number, written?: number) =>
    disk({
      answer: (_, __, chain) => {
        const room = chain.writable.remaining;
        chain.writable.write(Uint8Array.from({ length: room }, (_, i) => (i === room - 1 ? status : 7)));
        return written ?? room;
      },
    });

  it.each([
    [blk.S_IOERR, "ERR_DRIVER_IO"],
    [blk.S_UNSUPP, "ERR_DRIVER_IO"],
    [3, "ERR_DRIVER_DEVICE"],
    [0xff, "ERR_DRIVER_DEVICE"],
  ])("BLK-REQ-DRV-016: status %i ends the request, and the disk goes on", async (status, code) => {
    const driver = await open(answering(status));
    await expect(driver.read(0, new Uint8Array(512))).rejects.toMatchObject({ code });
    await expect(driver.write(0, new Uint8Array(512))).rejects.toMatchObject({ code });
    expect(driver.driver.failure).toBeUndefined();
  });

  it("RING-SPLIT-DRV-012: success with fewer bytes than asked for is none", async () => {
    const driver = await open(answering(blk.S_OK, 100));
    await expect(driver.read(0, new Uint8Array(512))).rejects.toMatchObject({ code: "ERR_DRIVER_DEVICE" });
  });

  it("an answer without a status is none", async () => {
    for (const driverInterface of ["modern", "legacy"] as const) {
      const driver = await open(disk({ answer: () => 0 }), driverInterface);
      await expect(driver.flush()).rejects.toMatchObject({ code: "ERR_DRIVER_DEVICE" });
    }
  });

  it("one bad part spoils a transfer, which ends when all its parts have", async () => {
    let count = 0;
    const device = disk({
      answer: (_, __, chain) => {
        const room = chain.writable.remaining;
        const bytes = new Uint8Array(room);
        bytes[room - 1] = ++count === 2 ? 1 : 0;
        chain.writable.write(bytes);
        return room;
      },
    });
    const driver = await open(device);
    await expect(driver.read(0, new Uint8Array(5 * 4096))).rejects.toMatchObject({ code: "ERR_DRIVER_IO" });
    expect(count).toBe(5);
  });

  it("a transfer that has failed still has the caller's bytes until all its parts have ended", async () => {
    let count = 0;
    const device = disk({
      answer: (_, __, chain) => {
        if (++count > 1) return undefined;
        chain.writable.write(new Uint8Array(chain.writable.remaining).fill(1));
        return chain.writable.written;
      },
    });
    const driver = await open(device);
    let ended = false;
    const transfer = driver.read(0, new Uint8Array(8192)).catch(({ code }) => {
      ended = true;
      return code;
    });
    for (let i = 0; i < 20; i++) await Promise.resolve();
    expect(ended).toBe(false);
    device.send(0, new Uint8Array(4097));
    expect(await transfer).toBe("ERR_DRIVER_IO");
  });

  it("CORE-STATUS-DRV-005: a disk that fails can be recovered", async () => {
    let silent = true;
    const device = disk({
      answer: (_, __, chain) => {
        if (silent) return undefined;
        chain.writable.write(new Uint8Array(chain.writable.remaining));
        return chain.writable.written;
      },
    });
    const driver = await open(device);
    const lost = driver.read(0, new Uint8Array(16 * 512));
    device.context?.fail(new Error("broken"));
    await expect(lost).rejects.toMatchObject({ code: "ERR_DRIVER_NEEDS_RESET" });
    silent = false;
    device.config.set({ capacity: 128 });
    await driver.recover();
    expect(driver.size).toBe(128 * 512);
    await driver.read(100 * 512, new Uint8Array(512));
  });
});
