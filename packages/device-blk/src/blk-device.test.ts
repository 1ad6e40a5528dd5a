import { FlatMemory, ReversedMemory } from "@zarch/guest-memory";
import { F_EVENT_IDX, F_RING_PACKED, F_VERSION_1, VirtioFrontend } from "@zarch/virtio";
import { blk } from "@zarch/virtio/device-types";
import { ErrorLog, HostileDriver } from "@zarch/virtio-conformance";
import { type ConnectOptions, connect, DirectTransport, type VirtioDriver } from "@zarch/virtio-driver";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { MemoryDisk, settle } from "../test/memory-disk.ts";
import { BlkDevice, type BlkDeviceOptions } from "./blk-device.ts";

const [IN, OUT, FLUSH, FLUSH_OUT, GET_ID, GET_LIFETIME, DISCARD, WRITE_ZEROES, SECURE_ERASE] = [0, 1, 4, 5, 8, 10, 11, 13, 14] as const;
const [OK, IOERR, UNSUPP] = [0, 1, 2] as const;
const SIZE = 64 * 512;

class Rig {
  readonly disk: MemoryDisk;
  readonly device: BlkDevice;
  readonly driver: VirtioDriver<DirectTransport>;

  private constructor(disk: MemoryDisk, device: BlkDevice, driver: VirtioDriver<DirectTransport>) {
    this.disk = disk;
    this.device = device;
    this.driver = driver;
  }

  static async open(options: Partial<BlkDeviceOptions> & { disk?: MemoryDisk } = {}, driver: ConnectOptions = {}): Promise<Rig> {
    const { disk = new MemoryDisk(SIZE), ...rest } = options;
    const device = new BlkDevice({ backend: disk, ...rest });
    return new Rig(disk, device, await connect(device, driver));
  }

  get frontend(): VirtioFrontend {
    return this.driver.transport.frontend;
  }

  header(type: number, sector: number | bigint): Uint8Array {
    const view = new DataView(new ArrayBuffer(16));
    const little = this.driver.endian === "little";
    view.setUint32(0, type, little);
    view.setUint32(4, 0xbad, little);
    view.setBigUint64(8, BigInt(sector), little);
    return new Uint8Array(view.buffer);
  }

  async request(type: number, sector: number | bigint, out: readonly Uint8Array[] = [], into: readonly number[] = [], queue = 0) {
    const { written, data } = await this.driver.request(queue, [this.header(type, sector), ...out], [...into, 1]);
    return { status: data.at(-1), data: data.subarray(0, -1), written };
  }

  async status(type: number, sector: number | bigint, out: readonly Uint8Array[] = [], into: readonly number[] = []) {
    return (await this.request(type, sector, out, into)).status;
  }

  range(sector: number | bigint, sectors: number, flags = 0): Uint8Array {
    const view = new DataView(new ArrayBuffer(16));
    const little = this.driver.endian === "little";
    view.setBigUint64(0, BigInt(sector), little);
    view.setUint32(8, sectors, little);
    view.setUint32(12, flags, little);
    return new Uint8Array(view.buffer);
  }
}

function pattern(length: number, seed = 1): Uint8Array {
  return Uint8Array.from({ length }, (_, i) => i * 31 + seed + (i >> 8));
}

describe("block device: configuration and features", () => {
  it("BLK-FEAT-FACT-DEV-001, BLK-FEAT-FACT-DEV-002, BLK-INIT-DEV-001, BLK-INIT-DEV-002, BLK-INIT-DEV-005, BLK-REQ-DEV-016: offers what it can do", () => {
    const offered = (options: Partial<BlkDeviceOptions> = {}) => [...new BlkDevice({ backend: new MemoryDisk(SIZE), ...options }).features];
    expect(offered()).toEqual([2, 4, 6, 9, 10, 11, 13, 14]);
    expect(offered({ queues: 4 })).toEqual([2, 4, 6, 9, 10, 11, 12, 13, 14]);
    expect(offered({ readOnly: true })).toEqual([2, 4, 5, 6, 9, 10, 11]);
    expect(offered({ backend: new MemoryDisk(SIZE, true) })).toEqual([2, 4, 5, 6, 9, 10, 11]);
    const plain = new MemoryDisk(SIZE);
    Object.assign(plain, { discard: undefined });
    expect(offered({ backend: plain })).toEqual([2, 4, 6, 9, 10, 11, 14]);
  });

  it("BLK-CFG-FACT-DEV-001, BLK-CFG-FACT-DEV-002, BLK-CFG-FACT-DEV-003, BLK-CFG-FACT-DEV-004, BLK-INIT-DEV-004: fields in their places, padding 0", async () => {
    const disk = Object.assign(new MemoryDisk(255 * 63 * 512 * 2), { blockSize: 4096 });
    const { driver } = await Rig.open({ disk, queues: 3, queueSize: 128, physicalBlockExponent: 1 });
    const view = await driver.readConfig(0, 60);
    const u32 = (offset: number) => view.getUint32(offset, true);
    expect(view.getBigUint64(0, true)).toBe(255n * 63n * 2n);
    expect([u32(8), u32(12)]).toEqual([0, 126]);
    expect([view.getUint16(16, true), view.getUint8(18), view.getUint8(19)]).toEqual([2, 255, 63]);
    expect([u32(20), view.getUint8(24), view.getUint8(25), view.getUint16(26, true), u32(28)]).toEqual([4096, 1, 0, 1, 0]);
    expect([view.getUint8(32), view.getUint8(33), view.getUint16(34, true)]).toEqual([1, 0, 3]);
    expect([u32(36), u32(40), u32(44), u32(48), u32(52), u32(56)]).toEqual([0x40_0000, 32, 8, 0x40_0000, 32, 1]);
  });

  it("BLK-INIT-DEV-005, BLK-INIT-DEV-006, BLK-INIT-DEV-007, BLK-INIT-DEV-010, BLK-INIT-DEV-021: ZONED is offered to nobody, and its fields are 0, the model NONE", async () => {
    for (const driverInterface of ["modern", "legacy"] as const) {
      const { frontend } = await Rig.open({ queues: 2 }, { driverInterface });
      expect(frontend.deviceFeatures(0) & (1 << blk.F_ZONED)).toBe(0);
      expect(frontend.configSize).toBe(blk.CONFIG_SIZE);
      const zoned = new Uint8Array(blk.CONFIG_SIZE - blk.CONFIG.zone_sectors.offset).fill(0xff);
      frontend.readConfig(blk.CONFIG.zone_sectors.offset, zoned);
      expect(zoned[blk.CONFIG.model.offset - blk.CONFIG.zone_sectors.offset]).toBe(blk.Z_NONE);
      expect(zoned.every((byte) => byte === 0)).toBe(true);
    }
  });

  it("BLK-LEGACY-DEV-001: big-endian for a legacy driver of a big-endian guest", async () => {
    const { driver } = await Rig.open({}, { driverInterface: "legacy" });
    const view = await driver.readConfig(0, 60);
    expect([view.getBigUint64(0, false), view.getUint32(20, false)]).toEqual([64n, 512]);
  });

  it("BLK-REQ-DEV-010: write_zeroes_may_unmap is 0 if the backend never gives storage back", async () => {
    const disk = new MemoryDisk(SIZE);
    Object.assign(disk, { writeZeroes: undefined });
    expect((await (await Rig.open({ disk })).driver.readConfig(56, 1)).getUint8(0)).toBe(0);
  });

  it("BLK-REQ-DEV-001, BLK-REQ-DEV-002: a new capacity is notified, and counts at once", async () => {
    const rig = await Rig.open();
    expect(await rig.status(IN, 64, [], [512])).toBe(IOERR);
    rig.disk.resize(2 * SIZE);
    expect([rig.driver.configChanges, (await rig.driver.readConfig(0, 8)).getBigUint64(0, true)]).toEqual([1, 128n]);
    expect(await rig.status(IN, 64, [], [512])).toBe(OK);
    rig.disk.resize(512);
    expect(await rig.status(IN, 1, [], [512])).toBe(IOERR);
    rig.device.close();
    rig.disk.resize(SIZE);
    expect(rig.driver.configChanges).toBe(2);
  });

  it("unsuitable options are refused with a clear error", () => {
    for (const options of [{ queues: 0 }, { queues: 65 }, { queueSize: 100 }, { queueSize: 2 }, { backend: new MemoryDisk(513) }]) {
      expect(() => new BlkDevice({ backend: new MemoryDisk(SIZE), ...options })).toThrow(expect.objectContaining({ kind: "host" }));
    }
  });
});

describe.each([
  ["modern", "flat"],
  ["legacy", "flat"],
  ["modern", "reversed"],
  ["legacy", "reversed"],
  ["modern", "packed"],
] as const)("block device: requests (%s, %s)", (driverInterface, kind) => {
  const make = (options: Partial<BlkDeviceOptions> & { disk?: MemoryDisk } = {}) => {
    const memory = kind === "reversed" ? new ReversedMemory(new ArrayBuffer(4 << 20), (4 << 20) - 1, 4 << 20) : new FlatMemory(4 << 20);
    return Rig.open(options, { driverInterface, memory, ...(kind === "packed" ? { extraFeatures: [F_RING_PACKED] } : {}) });
  };

  it("BLK-REQ-FACT-DEV-001, BLK-REQ-FACT-DEV-002, BLK-REQ-FACT-DEV-003, BLK-LEGACY-DEV-005: reads and writes sectors", async () => {
    const rig = await make();
    const data = pattern(3 * 512);
    expect(await rig.request(OUT, 5, [data])).toEqual({ status: OK, data: new Uint8Array(0), written: 1 });
    expect(rig.disk.bytes.subarray(5 * 512, 8 * 512)).toEqual(data);
    const answer = await rig.request(IN, 4, [], [5 * 512]);
    expect(answer).toEqual({ status: OK, data: rig.disk.bytes.subarray(4 * 512, 9 * 512), written: 5 * 512 + 1 });
    expect((await rig.request(IN, 0, [], [SIZE])).data).toEqual(rig.disk.bytes);
    expect(await rig.status(IN, 64, [], [])).toBe(OK);
  });

  it("RING-SPLIT-LEGACY-FACT-DEV-002, RING-SPLIT-DEV-001: any framing", async () => {
    const rig = await make();
    const data = pattern(1024, 9);
    const bytes = new Uint8Array([...rig.header(OUT, 2), ...data]);
    const cuts = [1, 3, 15, 16, 17, 30, 600, 1040];
    const out = cuts.map((cut, i) => bytes.subarray(cuts[i - 1] ?? 0, cut));
    expect([...(await rig.driver.request(0, out, [1])).data]).toEqual([OK]);
    expect(rig.disk.bytes.subarray(1024, 2048)).toEqual(data);
    const { data: back, written } = await rig.driver.request(0, [rig.header(IN, 2)], [100, 1, 411, 513]);
    expect([written, back[1024]]).toEqual([1025, OK]);
    expect(back.subarray(0, 1024)).toEqual(data);
  });

  it("BLK-REQ-DEV-009, BLK-REQ-DEV-008, BLK-REQ-DEV-007: discard and write zeroes by ranges", async () => {
    const rig = await make();
    expect(await rig.status(DISCARD, 0, [rig.range(1, 2), rig.range(9, 1)])).toBe(OK);
    expect(await rig.status(WRITE_ZEROES, 0, [rig.range(20, 4), rig.range(30, 0), rig.range(40, 1, 1)])).toBe(OK);
    expect(rig.disk.calls).toEqual(["discard 512 1024", "discard 4608 512", "zero 10240 2048", "zero 20480 512 unmap"]);
    expect(rig.disk.bytes.subarray(20 * 512, 24 * 512).every((byte) => byte === 0)).toBe(true);
  });

  it("BLK-REQ-FACT-DEV-004: the device ID is 20 bytes, cut or padded", async () => {
    const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
    expect(text((await (await make()).request(GET_ID, 0, [], [20])).data)).toBe("memory-disk-01234567");
    expect(text((await (await make({ identity: "disk" })).request(GET_ID, 0, [], [20])).data)).toBe("disk".padEnd(20, "\0"));
    expect(await (await make()).request(GET_ID, 0, [], [6])).toMatchObject({ status: OK, written: 7 });
    expect(await (await make()).request(GET_ID, 0, [], [30])).toMatchObject({ status: OK, written: 20 });
  });

  it("BLK-LEGACY-DEV-006: type 5 is FLUSH, too", async () => {
    const rig = await make();
    expect([await rig.status(FLUSH, 0), await rig.status(FLUSH_OUT, 0)]).toEqual([OK, OK]);
    expect(rig.disk.calls).toEqual(["flush", "flush"]);
  });
});

describe("block device: refusals", () => {
  it("a sector beyond the end, and products that overflow: IOERR, and the backend is not called", async () => {
    const rig = await Rig.open();
    for (const sector of [64, 63.0 + 1e6, 2n ** 55n, 2n ** 55n - 1n, 2n ** 56n, 2n ** 63n, 2n ** 64n - 1n, 2n ** 53n + 1n]) {
      expect(await rig.status(IN, BigInt(sector), [], [512])).toBe(IOERR);
      expect(await rig.status(OUT, BigInt(sector), [pattern(512)])).toBe(IOERR);
      expect(await rig.status(DISCARD, 0, [rig.range(BigInt(sector), 1)])).toBe(IOERR);
      expect(await rig.status(WRITE_ZEROES, 0, [rig.range(BigInt(sector), 1)])).toBe(IOERR);
    }
    expect(await rig.status(IN, 63, [], [1024])).toBe(IOERR);
    expect(await rig.status(OUT, 63, [pattern(1024)])).toBe(IOERR);
    expect(rig.disk.calls).toEqual([]);
  });

  it("a length that is no multiple of 512: IOERR", async () => {
    const rig = await Rig.open();
    for (const length of [1, 511, 513]) {
      expect(await rig.status(IN, 0, [], [length])).toBe(IOERR);
      expect(await rig.status(OUT, 0, [pattern(length)])).toBe(IOERR);
    }
    expect(rig.disk.calls).toEqual([]);
  });

  it("no status byte: NEEDS_RESET, and nothing is done", async () => {
    const rig = await Rig.open();
    const answer = rig.driver.request(0, [rig.header(OUT, 0), pattern(512)], []);
    await expect(answer).rejects.toThrow(/needs a reset/);
    expect([rig.frontend.status & 64, rig.disk.calls]).toEqual([64, []]);
    await rig.driver.initialize();
    expect(await rig.status(IN, 0, [], [512])).toBe(OK);
  });

  it("a header that is too short: IOERR", async () => {
    const rig = await Rig.open();
    for (const out of [[], [new Uint8Array(15)]]) expect([...(await rig.driver.request(0, out, [1])).data]).toEqual([IOERR]);
  });

  it("BLK-REQ-DEV-018, BLK-REQ-DEV-015, BLK-LEGACY-FACT-DEV-003, S003-068, S003-070: SCSI, barriers, lifetime, secure erase, zones and unknown types: UNSUPP", async () => {
    const rig = await Rig.open();
    for (const type of [2, 3, 6, 7, 9, GET_LIFETIME, 12, SECURE_ERASE, 15, 16, 18, 20, 22, 24, 26, 0x8000_0000, 0xffff_ffff]) {
      expect([type, await rig.status(type, 0, [pattern(64)], [64])]).toEqual([type, UNSUPP]);
    }
    expect(rig.disk.calls).toEqual([]);
  });

  it("BLK-REQ-DEV-003, BLK-REQ-DEV-004: a read-only disk fails writes with IOERR and writes nothing", async () => {
    for (const rig of [await Rig.open({ readOnly: true }), await Rig.open({ disk: new MemoryDisk(SIZE, true) })]) {
      const before = rig.disk.bytes.slice();
      expect(await rig.status(OUT, 0, [pattern(512)])).toBe(IOERR);
      expect(await rig.status(DISCARD, 0, [rig.range(0, 1)])).toBe(UNSUPP);
      expect(await rig.status(WRITE_ZEROES, 0, [rig.range(0, 1)])).toBe(UNSUPP);
      expect(await rig.status(FLUSH, 0)).toBe(OK);
      expect((await rig.request(IN, 0, [], [512])).data).toEqual(before.subarray(0, 512));
      expect(rig.disk.bytes).toEqual(before);
      expect(rig.disk.calls.filter((call) => call.startsWith("write"))).toEqual([]);
    }
  });

  it("BLK-REQ-DEV-003: a driver that does not accept RO gets the same answer", async () => {
    const rig = await Rig.open({ readOnly: true }, { selectFeatures: () => [F_VERSION_1] });
    expect(await rig.status(OUT, 0, [pattern(512)])).toBe(IOERR);
    expect(rig.disk.calls).toEqual([]);
  });

  it("BLK-REQ-DEV-005, BLK-REQ-DEV-006: unknown flags, and unmap in a discard: UNSUPP, no range is touched", async () => {
    const rig = await Rig.open();
    expect(await rig.status(DISCARD, 0, [rig.range(0, 1), rig.range(1, 1, 1)])).toBe(UNSUPP);
    expect(await rig.status(DISCARD, 0, [rig.range(0, 1), rig.range(1, 1, 2)])).toBe(UNSUPP);
    expect(await rig.status(WRITE_ZEROES, 0, [rig.range(0, 1), rig.range(1, 1, 3)])).toBe(UNSUPP);
    expect(rig.disk.calls).toEqual([]);
  });

  it("too many ranges, half ranges, ranges too long, one bad range among good ones: IOERR, nothing done; overlapping ones are legal", async () => {
    const rig = await Rig.open();
    const ranges = (count: number) => [new Uint8Array(Array.from({ length: count }, () => [...rig.range(0, 1)]).flat())];
    expect(await rig.status(DISCARD, 0, ranges(33))).toBe(IOERR);
    expect(await rig.status(DISCARD, 0, [])).toBe(IOERR);
    expect(await rig.status(WRITE_ZEROES, 0, [rig.range(0, 1).subarray(0, 15)])).toBe(IOERR);
    expect(await rig.status(WRITE_ZEROES, 0, [rig.range(0, 1), rig.range(64, 1)])).toBe(IOERR);
    expect(await rig.status(WRITE_ZEROES, 0, [rig.range(0, 0xffff_ffff)])).toBe(IOERR);
    expect(rig.disk.calls).toEqual([]);
    expect(await rig.status(DISCARD, 0, ranges(32))).toBe(OK);
    expect(await rig.status(WRITE_ZEROES, 0, [rig.range(0, 4), rig.range(2, 4)])).toBe(OK);
  });

  it("DISCARD and WRITE_ZEROES without their features: UNSUPP", async () => {
    const rig = await Rig.open({}, { selectFeatures: () => [F_VERSION_1] });
    expect([await rig.status(DISCARD, 0, [rig.range(0, 1)]), await rig.status(WRITE_ZEROES, 0, [rig.range(0, 1)])]).toEqual([
      UNSUPP,
      UNSUPP,
    ]);
  });

  it("a failing backend: IOERR for that request, the device goes on; only bytes really written are reported", async () => {
    const rig = await Rig.open();
    rig.disk.failing = (call) => call.startsWith("read 512 ") || call.startsWith("write") || call === "flush";
    expect(await rig.request(IN, 1, [], [512])).toEqual({ status: IOERR, data: new Uint8Array(512), written: 0 });
    expect(await rig.request(OUT, 1, [pattern(512)])).toMatchObject({ status: IOERR, written: 1 });
    expect(await rig.status(FLUSH, 0)).toBe(IOERR);
    expect(await rig.status(IN, 2, [], [512])).toBe(OK);
  });

  it("write zeroes on a backend without it writes zeroes", async () => {
    const disk = new MemoryDisk(4096 * 512);
    Object.assign(disk, { writeZeroes: undefined });
    const rig = await Rig.open({ disk });
    expect(await rig.status(WRITE_ZEROES, 0, [rig.range(1, 3000)])).toBe(OK);
    expect(disk.bytes.subarray(512, 3001 * 512).every((byte) => byte === 0)).toBe(true);
    expect([disk.bytes[511], disk.bytes[3001 * 512 + 1]].every((byte) => byte !== 0)).toBe(true);
    expect(disk.calls).toEqual(["write 512 524288", "write 524800 524288", "write 1049088 487424"]);
  });
});

describe("block device: write cache", () => {
  const withFeatures = (...bits: number[]) => ({ selectFeatures: () => [F_VERSION_1, ...bits] });

  it("BLK-REQ-FACT-DEV-007, BLK-REQ-DEV-013: with FLUSH, completed writes are stable after the flush", async () => {
    const rig = await Rig.open({}, withFeatures(9));
    await rig.request(OUT, 0, [pattern(512)]);
    expect(rig.disk.calls).toEqual(["write 0 512"]);
    await rig.request(FLUSH, 0);
    expect(rig.disk.stable).toEqual(rig.disk.bytes);
  });

  it("BLK-REQ-FACT-DEV-005, BLK-REQ-DEV-014: without FLUSH and CONFIG_WCE, completed writes are stable", async () => {
    const rig = await Rig.open({}, withFeatures());
    await rig.request(OUT, 0, [pattern(512)]);
    expect(rig.disk.stable.subarray(0, 512)).toEqual(pattern(512));
    const cached = await Rig.open({ writeCache: false }, withFeatures(9));
    await cached.request(OUT, 0, [pattern(512)]);
    expect(cached.disk.stable.subarray(0, 512)).toEqual(pattern(512));
  });

  it("BLK-INIT-DEV-003: CONFIG_WCE without FLUSH: writeback starts at 0", async () => {
    const rig = await Rig.open({}, withFeatures(11));
    expect((await rig.driver.readConfig(32, 1)).getUint8(0)).toBe(0);
    await rig.request(OUT, 0, [pattern(512)]);
    expect(rig.disk.stable.subarray(0, 512)).toEqual(pattern(512));
    await rig.driver.reset();
    expect((await rig.driver.readConfig(32, 1)).getUint8(0)).toBe(1);
  });

  it("BLK-REQ-FACT-DEV-006: the driver switches the cache with CONFIG_WCE", async () => {
    const rig = await Rig.open({}, withFeatures(9, 11));
    await rig.request(OUT, 0, [pattern(512)]);
    expect(rig.disk.calls).toEqual(["write 0 512"]);
    rig.frontend.writeConfig(32, new Uint8Array([0]));
    await rig.request(OUT, 1, [pattern(512)]);
    await rig.request(WRITE_ZEROES, 0, [rig.range(2, 1)]);
    expect(rig.disk.calls.slice(1)).toEqual(["write 512 512", "flush"]);
    rig.frontend.writeConfig(32, new Uint8Array([1]));
    await rig.request(OUT, 2, [pattern(512)]);
    expect(rig.disk.calls.slice(3)).toEqual(["write 1024 512"]);
  });

  it("BLK-INIT-DEV-002: without FLUSH, CONFIG_WCE is not offered; accepting CONFIG_WCE alone is the driver's right", async () => {
    expect([...(await Rig.open({}, withFeatures(11))).driver.features]).toEqual([11, 32]);
    const frontend = new VirtioFrontend(new BlkDevice({ backend: new MemoryDisk(SIZE) }), {
      memory: new FlatMemory(4096),
      interrupts: { queueInterrupt: () => {}, configInterrupt: () => {} },
      withoutFeatures: [9],
    });
    expect(frontend.deviceFeatures(0) & ((1 << 9) | (1 << 11))).toBe(0);
  });

  it("BLK-LEGACY-DEV-002, BLK-LEGACY-DEV-003, BLK-LEGACY-DEV-004: a legacy driver's mode survives status and feature writes", async () => {
    const { driver } = await Rig.open({}, { driverInterface: "legacy", selectFeatures: () => [11] });
    expect((await driver.readConfig(32, 1)).getUint8(0)).toBe(1);
    await driver.reset();
    const { frontend } = driver.transport;
    frontend.writeConfig(32, new Uint8Array([0]));
    frontend.writeStatus(1);
    frontend.writeStatus(3);
    frontend.setDriverFeatures(0, (1 << 9) | (1 << 11));
    frontend.writeStatus(7);
    expect((await driver.readConfig(32, 1)).getUint8(0)).toBe(0);
  });
});

describe("block device: many requests in flight", () => {
  it("CORE-VQ-FACT-DEV-002: requests complete in any order, each with its own data", async () => {
    const rig = await Rig.open();
    rig.disk.hold = true;
    const done: number[] = [];
    const answers = [0, 1, 2, 3].map(async (sector) => {
      const answer = await rig.request(IN, sector, [], [512]);
      done.push(sector);
      return answer;
    });
    expect(rig.disk.calls).toHaveLength(4);
    for (const index of [2, 0, 1, 0]) await rig.disk.finish(index);
    expect(done).toEqual([2, 0, 3, 1]);
    for (const [sector, { data }] of (await Promise.all(answers)).entries()) {
      expect(data).toEqual(rig.disk.bytes.subarray(sector * 512, sector * 512 + 512));
    }
  });

  it("no more than maxInFlight are in work, over all queues; all are served in the end", async () => {
    const rig = await Rig.open({ queues: 2, maxInFlight: 3 });
    rig.disk.hold = true;
    const answers = Array.from({ length: 20 }, (_, i) => rig.request(IN, i, [], [512], i % 2));
    let most = 0;
    for (let left = 20; left > 0; left--) {
      await settle();
      most = Math.max(most, rig.disk.waiting.length);
      await rig.disk.finish();
    }
    const statuses = (await Promise.all(answers)).map(({ status }) => status);
    expect([most, statuses]).toEqual([3, Array(20).fill(OK)]);
  });

  it("host memory per request is bounded: 2 MiB go in chunks", async () => {
    const disk = new MemoryDisk(4 << 20);
    const rig = await Rig.open({ disk }, { memory: new FlatMemory(8 << 20) });
    const data = pattern(2 << 20, 3);
    expect(await rig.status(OUT, 8, [data])).toBe(OK);
    expect(disk.calls).toEqual([0, 1, 2, 3].map((i) => `write ${4096 + i * 524288} 524288`));
    expect((await rig.request(IN, 8, [], [2 << 20])).data).toEqual(data);
  });

  it("an error in the middle of a long read reports the part before it", async () => {
    const disk = new MemoryDisk(4 << 20);
    disk.failing = (call) => call.startsWith("read 524288 ");
    const rig = await Rig.open({ disk }, { memory: new FlatMemory(8 << 20) });
    const answer = await rig.request(IN, 0, [], [2 << 20]);
    expect([answer.status, answer.written]).toEqual([IOERR, 524288]);
    expect(answer.data.subarray(0, 524288)).toEqual(disk.bytes.subarray(0, 524288));
  });

  it("requests that finish together cause one interrupt", async () => {
    const rig = await Rig.open({}, { selectFeatures: (offered) => [...offered].filter((bit) => bit !== F_EVENT_IDX) });
    rig.disk.hold = true;
    const answers = [0, 1, 2, 3].map((sector) => rig.request(IN, sector, [], [512]));
    for (const go of rig.disk.waiting.splice(0)) go();
    await Promise.all(answers);
    expect(rig.driver.queue(0).interrupts).toBe(1);
  });
});

describe("block device: reset", () => {
  it("CORE-RESET-FACT-DEV-001: waits for requests in flight, which then reach neither memory nor ring", async () => {
    const rig = await Rig.open();
    rig.disk.hold = true;
    const queue = rig.driver.queue(0);
    const lost = [rig.request(IN, 1, [], [512]), rig.request(OUT, 2, [pattern(512)])].map((request) => request.catch(({ code }) => code));
    let complete = false;
    const reset = rig.driver.reset().then(() => {
      complete = true;
    });
    const before = (rig.driver.memory as FlatMemory).view(0, 1 << 20).slice();
    await settle();
    expect([complete, rig.frontend.status]).toEqual([false, 15]);
    await rig.disk.finish();
    expect(complete).toBe(false);
    await rig.disk.finish();
    await reset;
    expect([complete, rig.frontend.status, queue.interrupts, await Promise.all(lost)]).toEqual([
      true,
      0,
      0,
      ["ERR_DRIVER_RESET", "ERR_DRIVER_RESET"],
    ]);
    expect((rig.driver.memory as FlatMemory).view(0, 1 << 20)).toEqual(before);
    rig.disk.hold = false;
    await rig.driver.initialize();
    expect(await rig.status(IN, 1, [], [512])).toBe(OK);
  });

  it("a long request ends at its next chunk; waiting requests are not started", async () => {
    const disk = new MemoryDisk(8 << 20);
    const rig = await Rig.open({ disk, maxInFlight: 1 }, { memory: new FlatMemory(16 << 20) });
    disk.hold = true;
    const lost = [rig.request(OUT, 0, [pattern(4 << 20)]), rig.request(OUT, 0, [pattern(512)])].map((request) => request.catch(() => {}));
    const reset = rig.driver.reset();
    await Promise.all(lost);
    await disk.finish();
    await reset;
    expect(disk.calls).toEqual(["write 0 524288"]);
  });
});

describe("block device: against a model", () => {
  it("any sequence of reads, writes, zeroes and discards leaves disk and answers as a plain array would", async () => {
    const operation = fc.record({
      type: fc.constantFrom(IN, OUT, WRITE_ZEROES, FLUSH, GET_ID),
      sector: fc.nat(70),
      sectors: fc.integer({ min: 0, max: 8 }),
      cut: fc.nat(4096),
      seed: fc.nat(255),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(operation, { maxLength: 40 }), fc.boolean(), async (operations, legacy) => {
        const rig = await Rig.open({}, { driverInterface: legacy ? "legacy" : "modern" });
        const model = rig.disk.bytes.slice();
        for (const { type, sector, sectors, cut, seed } of operations) {
          const length = sectors * 512;
          const inside = sector * 512 + length <= SIZE;
          const at = Math.min(cut, length);
          if (type === IN) {
            const { status, data } = await rig.request(IN, sector, [], [at, length - at]);
            expect(status).toBe(inside ? OK : IOERR);
            if (inside) expect(data).toEqual(model.subarray(sector * 512, sector * 512 + length));
          } else if (type === OUT) {
            const data = pattern(length, seed);
            expect(await rig.status(OUT, sector, [data.subarray(0, at), data.subarray(at)])).toBe(inside ? OK : IOERR);
            if (inside) model.set(data, sector * 512);
          } else if (type === WRITE_ZEROES) {
            expect(await rig.status(type, 0, [rig.range(sector, sectors)])).toBe(inside ? OK : IOERR);
            if (inside) model.fill(0, sector * 512, sector * 512 + length);
          } else expect(await rig.status(type, 0, [], [])).toBe(OK);
        }
        expect(rig.disk.bytes).toEqual(model);
      }),
      { numRuns: 60 },
    );
  });
});

describe("block device: hostile guests", () => {
  it("whatever a guest does, nothing throws, the disk keeps its size and a read-only disk its content; a good driver is served afterwards", async () => {
    let calls = 0;
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.nat(), { size: "max", maxLength: 2500 }),
        fc.boolean(),
        fc.constantFrom([], [F_RING_PACKED]),
        fc.constantFrom("modern", "legacy"),
        async (choices, readOnly, extraFeatures, driverInterface) => {
          const disk = new MemoryDisk(16 * 512);
          const device = new BlkDevice({ backend: disk, readOnly, queues: 2 });
          const before = disk.bytes.slice();
          const log = new ErrorLog();
          const transport = new DirectTransport(device, { extraFeatures, driverInterface, logger: log });
          await new HostileDriver(transport, choices).run();
          expect([transport.frontend.status, log.errors, disk.bytes.length]).toEqual([0, [], before.length]);
          if (readOnly) expect(disk.bytes).toEqual(before);
          calls += disk.calls.length;
          const { data } = await (await connect(device)).request(0, [new Uint8Array(16)], [512, 1]);
          expect([data[512], data.subarray(0, 512)]).toEqual([OK, disk.bytes.subarray(0, 512)]);
        },
      ),
      { numRuns: 150 },
    );
    expect(calls).toBeGreaterThan(100);
  });
});
