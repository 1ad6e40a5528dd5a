import { describe, expect, it } from "vitest";
import { BlkDevice } from "../../packages/device-blk/src/index.ts";
import { MemoryDisk } from "../../packages/device-blk/test/memory-disk.ts";
import { FlatMemory } from "../../packages/guest-memory/src/index.ts";
import { DescriptorPage } from "../../packages/transport-s390-legacy/src/index.ts";
import { F_EVENT_IDX, F_INDIRECT_DESC, F_VERSION_1, type VirtioDevice } from "../../packages/virtio/src/index.ts";
import { BlockDriver, type DriverQueueSetup, VirtioDriver } from "../../packages/virtio-driver/src/index.ts";
import { DescriptorPageDriver, type PageEntry } from "../../packages/virtio-driver/src/s390-legacy/index.ts";
import { EchoDevice } from "../../packages/virtio-driver/test/echo-device.ts";
import { ScriptedDevice } from "../../packages/virtio-driver/test/scripted-device.ts";

const STORAGE = 0x8_0000;

function rig(count: number, more: readonly VirtioDevice[] = []) {
  const memory = new FlatMemory(STORAGE + 0x8_0000);
  const calls: [number, number][] = [];
  const attention = {
    raise: () => {
      for (let taken = page.takeExternalInterruption(); taken; taken = page.takeExternalInterruption()) driver.interruption(taken);
    },
  };
  const page: DescriptorPage = new DescriptorPage({ memory, address: STORAGE, attention });
  const devices = Array.from({ length: count }, () => new EchoDevice());
  for (const device of [...devices, ...more]) page.attach(device);
  const driver: DescriptorPageDriver = new DescriptorPageDriver({
    memory,
    address: STORAGE,
    hypercall: (number, argument) => {
      calls.push([number, argument]);
      return page.hypercall(number, argument) ?? -22;
    },
  });
  return { memory, page, devices, driver, calls };
}

const RING = STORAGE + 4096;

/** Two entries written byte by byte; what has no meaning is not zero. */
function byHand() {
  const memory = new FlatMemory(STORAGE + 0x8_0000);
  const block = (ring: number, size: number): number[] => [
    ...[0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff],
    ...[0, 0, 0, 0, 0, ring >> 16, (ring >> 8) & 0xff, 0],
    ...[size >> 8, size & 0xff, 0xee, 0xee, 0xee, 0xee, 0xee, 0xee],
  ];
  const first = [2, 2, 3, 5, 0x83, ...block(RING, 256), ...block(RING + 0x3000, 128), 0x01, 0x02, 0x80, 0, 0, 0, 1, 2, 3, 4, 5];
  memory.write(STORAGE, Uint8Array.from([...first, 8, 0, 0, 0, 0, 0]));
  const calls: [number, number][] = [];
  const hypercall = (number: number, argument: number): number => {
    calls.push([number, argument]);
    if (number === 1) memory.storeUint8(argument + 4, 0);
    return 0;
  };
  const driver = new DescriptorPageDriver({ memory, address: STORAGE, hypercall });
  return { memory, driver, entry: driver.entries()[0]!, transport: driver.scan()[0]!, calls };
}

async function echo(driver: VirtioDriver, ...bytes: number[]): Promise<number[]> {
  return [...(await driver.request(0, [Uint8Array.from(bytes)], [bytes.length])).data];
}

describe("DescriptorPageDriver", () => {
  it("LEGACY-S390-PAGE-DRV-002, LEGACY-S390-PAGE-DRV-004, LEGACY-S390-PAGE-DRV-005: finds all devices in order, once", async () => {
    const { driver, page } = rig(3);
    const transports = driver.scan();
    expect([transports.length, driver.scan(), driver.entries().map(({ address }) => address)]).toEqual([
      3,
      [],
      page.devices.map(({ address }) => address),
    ]);
    const drivers = await Promise.all(transports.map((transport) => VirtioDriver.open(transport)));
    const answers = await Promise.all(drivers.map((each, i) => echo(each, i, 7)));
    expect(answers).toEqual([
      [0, 7],
      [1, 7],
      [2, 7],
    ]);
    await Promise.all(drivers.map((each) => each.close()));
  });

  it("S001-009..015, S003-046, S003-047, LEGACY-S390-HDR-DRV-001..007, LEGACY-S390-VQCFG-DRV-001..005, LEGACY-S390-VQCFG-DRV-011, LEGACY-S390-CFG-DRV-001, LEGACY-S390-CFG-DRV-002, LEGACY-S390-CFG-DRV-004: reads an entry byte by byte", async () => {
    const { memory, driver, entry, transport } = byHand();
    expect([transport.deviceId, await transport.readStatus()]).toEqual([2, 0x83]);
    expect([entry.queueCount, entry.featureLength, entry.configLength, entry.size]).toEqual([2, 3, 5, 5 + 48 + 6 + 5]);
    expect([entry.ringSize(0), entry.ringSize(1)]).toEqual([256, 128]);
    expect([entry.ringAddress(0), entry.ringAddress(1)]).toEqual([RING, RING + 0x3000]);
    expect([await transport.readDeviceFeatures(0), [...(await transport.readConfig(0, 5))]]).toEqual([0x80_0201, [1, 2, 3, 4, 5]]);
    await transport.setUpQueue(1, (await transport.fixedQueue(1))!);
    expect([...memory.view(STORAGE + 5 + 24, 8)]).toEqual([0, 0, 0, 0, 0, 0, 0, 2]);
    await transport.writeStatus(3);
    expect(memory.loadUint8(STORAGE + 4)).toBe(3);
    // The next entry lies behind it, without a gap.
    expect(driver.entries().map(({ deviceId, address }) => [deviceId, address - STORAGE])).toEqual([
      [2, 0],
      [8, entry.size],
    ]);
  });

  it("S000-027, S000-032, S001-024, S001-026, S001-027, S003-055, D-003, LEGACY-S390-RING-FACT-DRV-001, LEGACY-S390-RING-DRV-004..007: three pages are a ring of 256, others follow the formula", async () => {
    const { transport, calls } = byHand();
    expect(await transport.fixedQueue(0)).toEqual({
      size: 256,
      areas: { descriptor: RING, driver: RING + 4096, device: RING + 8192 },
    });
    const areas = { descriptor: RING + 0x3000, driver: RING + 0x3000 + 128 * 16, device: RING + 0x4000 };
    expect(await transport.fixedQueue(1)).toEqual({ size: 128, areas });
    transport.notify(1);
    expect(calls).toEqual([[0, RING + 0x3000]]);
  });

  it("S001-017, S001-018, D-001, LEGACY-S390-FEAT-DRV-001..003, LEGACY-S390-FEAT-DRV-006, LEGACY-S390-FEAT-DRV-007: bit 8 * length is refused, whatever is accepted", async () => {
    const { memory, entry, transport } = byHand();
    memory.fill(entry.acceptedAddress, 3, 0xff);
    expect([await transport.readDeviceFeatures(0), await transport.readDeviceFeatures(1)]).toEqual([0x80_0201, 0]);
    expect([await transport.writeDriverFeatures(0, 1 << 24), await transport.writeDriverFeatures(0, 1 << 23)]).toEqual([false, true]);
    expect([...memory.view(entry.offeredAddress, 6)]).toEqual([0x01, 0x02, 0x80, 0, 0, 0x80]);
  });

  it("S001-025, LEGACY-S390-VQCFG-DRV-007: a queue that is not there has no ring", async () => {
    const { transport } = byHand();
    expect([await transport.queueMaxSize(2), await transport.queueMaxSize(255)]).toEqual([0, 0]);
    expect(await transport.setUpQueue(2, (await transport.fixedQueue(1))!)).toBe(false);
    const opened = VirtioDriver.open(transport, { queues: 3 });
    await expect(opened.then((driver) => driver.queue(2))).rejects.toMatchObject({ code: "ERR_DRIVER_QUEUE" });
  });

  it("LEGACY-S390-PAGE-DRV-006: an entry that does not end on the page is not used", () => {
    const { driver, memory } = rig(1);
    const [first] = driver.entries();
    memory.storeUint8(STORAGE + (first?.size ?? 0), 3);
    memory.storeUint8(STORAGE + (first?.size ?? 0) + 1, 255);
    expect(driver.entries().length).toBe(1);
  });

  it("LEGACY-S390-HCALL-DRV-004..008, LEGACY-S390-STATUS-DRV-001..004, LEGACY-S390-VQCFG-DRV-006, LEGACY-S390-VQCFG-DRV-010: the steps of a driver", async () => {
    const { driver, calls, memory } = rig(1);
    const [transport] = driver.scan();
    const [entry] = driver.entries();
    const opened = await VirtioDriver.open(transport!);
    expect(calls.map(([number, argument]) => [number, argument === entry?.address])).toEqual([
      [1, true],
      [2, true],
      [2, true],
      [2, true],
    ]);
    expect(memory.loadUint8(entry!.statusAddress)).toBe(7);
    // Each queue that there is has a token of its own.
    const queues = [0, 1, 2].filter((queue) => entry!.ringSize(queue) > 0);
    const tokens = queues.map((queue) => memory.loadUint64(entry!.tokenAddress(queue), "big"));
    expect([new Set(tokens).size, tokens.includes(0), queues.length > 1]).toEqual([tokens.length, false, true]);
    calls.length = 0;
    await echo(opened, 1);
    expect(calls).toEqual([[0, entry!.ringAddress(0)]]);
    expect([await transport!.writeStatus(0), memory.loadUint8(entry!.statusAddress)]).toEqual([false, 7]);
    await opened.close();
  });

  it("LEGACY-S390-FEAT-DRV-003..007: bits behind the feature length are not offered, and not accepted", async () => {
    const { driver, memory } = rig(1);
    const [transport] = driver.scan();
    const [entry] = driver.entries();
    memory.fill(entry!.acceptedAddress, 4, 0xff);
    expect([await transport!.readDeviceFeatures(1), await transport!.readDeviceFeatures(9)]).toEqual([0, 0]);
    expect([await transport!.writeDriverFeatures(1, 1), await transport!.writeDriverFeatures(1, 0)]).toEqual([false, true]);
    await transport!.writeDriverFeatures(0, 0x0102_0304);
    expect([...memory.view(entry!.acceptedAddress, 4)]).toEqual([4, 3, 2, 1]);
  });

  it("LEGACY-S390-CFG-DRV-003: beyond the configuration there is nothing to read, and nothing is written", async () => {
    const { driver, memory } = rig(2);
    const [transport] = driver.scan();
    const [{ configAddress, configLength }, next] = driver.entries() as [PageEntry, PageEntry];
    memory.storeUint8(configAddress + configLength - 1, 7);
    expect([...(await transport!.readConfig(configLength - 1, 4))]).toEqual([7, 0, 0, 0]);
    expect([...(await transport!.readConfig(configLength + 3, 2))]).toEqual([0, 0]);
    await transport!.writeConfig(configLength - 1, Uint8Array.of(9, 0xff, 0xff));
    await transport!.writeConfig(configLength, Uint8Array.of(0xff));
    expect([memory.loadUint8(configAddress + configLength - 1), memory.loadUint8(next.address)]).toEqual([9, 9]);
  });

  it("a queue that does not exist is not set up, and not notified", async () => {
    const { driver, memory, calls } = rig(1);
    const [transport] = driver.scan();
    const before = memory.view(STORAGE, 4096).slice();
    const areas = { descriptor: 0, driver: 0, device: 0 };
    for (const queue of [2, 3, 60_000]) {
      expect([await transport!.queueMaxSize(queue), await transport!.fixedQueue(queue)]).toEqual([0, undefined]);
      expect(await transport!.setUpQueue(queue, { size: 0, areas })).toBe(false);
      transport!.notify(queue);
    }
    expect([memory.view(STORAGE, 4096), calls]).toEqual([before, []]);
  });

  it("LEGACY-S390-INT-DRV-003..005, S001-035..037, D-005: takes interruptions of the page, by token; others are ignored", async () => {
    const { driver } = rig(2);
    const heard: string[] = [];
    for (const [i, transport] of driver.scan().entries()) {
      transport.listen({ queueInterrupt: (queue) => heard.push(`${i} queue ${queue}`), configInterrupt: () => heard.push(`${i} config`) });
    }
    const interruption = (parameter: number, low: number, change = {}): void =>
      driver.interruption({ code: 0x2603, cpuAddress: 0x0d00, parameter, parameter64: { high: 0, low }, ...change });
    interruption(0, 1);
    interruption(0, 258, { cpuAddress: 0x0d77 });
    interruption(1, 257);
    interruption(0, 1, { code: 0x2401 });
    interruption(0, 1, { cpuAddress: 0x0600 });
    interruption(0, 9999);
    interruption(0, 1, { parameter64: { high: 1, low: 1 } });
    interruption(7, 1);
    expect(heard).toEqual(["0 queue 0", "1 queue 1", "1 config"]);
  });

  it("a device that is added is announced, found and used", async () => {
    const { driver, page } = rig(1);
    const [transport] = driver.scan(0x1_0000);
    const opened = await VirtioDriver.open(transport!);
    let announced = 0;
    driver.onAdded(() => announced++);
    page.attach(new EchoDevice());
    const [late] = driver.scan(0x1_0000);
    expect(announced).toBe(1);
    const second = await VirtioDriver.open(late!);
    expect([await echo(second, 1, 2), await echo(opened, 3, 4)]).toEqual([
      [1, 2],
      [3, 4],
    ]);
  });

  it("LEGACY-S390-FEAT-DRV-008: VERSION_1 is not accepted, even if the page has it", async () => {
    const memory = new FlatMemory(STORAGE + 0x8_0000);
    memory.write(STORAGE, Uint8Array.from([9, 0, 8, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0]));
    const driver = new DescriptorPageDriver({ memory, address: STORAGE, hypercall: () => 0 });
    await VirtioDriver.open(driver.scan()[0]!, { features: [0, F_VERSION_1] });
    expect([...memory.view(STORAGE + 5 + 8, 8)]).toEqual([1, 0, 0, 0, 0, 0, 0, 0]);
  });

  it("LEGACY-S390-RING-DRV-001..003, LEGACY-S390-RING-DRV-008..010, LEGACY-S390-CFG-DRV-005: rings and configuration are big-endian", async () => {
    const { driver, devices, memory, calls } = rig(1);
    const [transport] = driver.scan();
    (devices[0] as EchoDevice).hold = true;
    const config = devices[0]?.config as unknown as { set(values: Record<string, number>): void };
    config.set({ small: 0x1234, large: 0x1_2345_6789 });
    const opened = await VirtioDriver.open(transport!, { without: [F_EVENT_IDX, F_INDIRECT_DESC] });
    const layout = { small: { offset: 0, width: 2 }, large: { offset: 8, width: 8 } } as const;
    expect(await opened.readConfigFields(layout)).toEqual({ small: 0x1234, large: 0x1_2345_6789 });
    const { areas, size } = (await transport!.fixedQueue(0)) as DriverQueueSetup;
    const answer = opened.request(0, [Uint8Array.of(1, 2, 3)], [5]);
    const view = new DataView(memory.view(areas.descriptor, 8192).slice().buffer);
    const head = view.getUint16(areas.driver - areas.descriptor + 4);
    const part = (index: number) => ({
      address: Number(view.getBigUint64(16 * index)),
      length: view.getUint32(16 * index + 8),
      flags: view.getUint16(16 * index + 12),
      next: view.getUint16(16 * index + 14),
    });
    const [out, into] = [part(head), part(part(head).next)];
    expect([out.length, out.flags, into.length, into.flags]).toEqual([3, 1, 5, 2]);
    expect([...memory.view(out.address, 3)]).toEqual([1, 2, 3]);
    expect([memory.loadUint16(areas.driver, "big"), memory.loadUint16(areas.driver + 2, "big")]).toEqual([0, 1]);
    devices[0]?.release();
    await answer;
    expect(memory.loadUint16(areas.device + 2, "big")).toBe(1);
    expect([memory.loadUint32(areas.device + 4, "big"), memory.loadUint32(areas.device + 8, "big")]).toEqual([head, 3]);
    // NO_NOTIFY: the device looks by itself.
    calls.length = 0;
    memory.storeUint16(areas.device, 1, "big");
    void opened.request(0, [Uint8Array.of(1)], [1]).catch(() => {});
    expect([calls, size]).toEqual([[], 8]);
    await opened.close();
  });

  it("LEGACY-S390-RING-DRV-009: an indirect table has flag 4", async () => {
    const { driver, devices, memory } = rig(1);
    const [transport] = driver.scan();
    (devices[0] as EchoDevice).hold = true;
    const opened = await VirtioDriver.open(transport!);
    void opened.request(0, [Uint8Array.of(1, 2, 3)], [5]).catch(() => {});
    const { areas } = (await transport!.fixedQueue(0)) as DriverQueueSetup;
    const head = memory.loadUint16(areas.driver + 4, "big");
    expect(memory.loadUint16(areas.descriptor + 16 * head + 12, "big")).toBe(4);
    await opened.close();
  });
});

describe("a block device on the page", () => {
  const F_FLUSH = 9;
  const STATUS_ONLY = [1];

  it("LEGACY-S390-BLK-DEV-001, LEGACY-S390-BLK-DEV-002: takes requests with a big-endian header; those whose feature is not offered are unsupported", async () => {
    const disk = new MemoryDisk(64 * 512);
    const { driver } = rig(0, [new BlkDevice({ backend: disk })]);
    const opened = await VirtioDriver.open(driver.scan()[0]!, { features: [F_FLUSH] });
    const ask = async (type: number, out: readonly Uint8Array[], into: readonly number[]) => {
      const header = new Uint8Array(16);
      const view = new DataView(header.buffer);
      view.setUint32(0, type);
      view.setUint32(4, 7);
      view.setBigUint64(8, 5n);
      return (await opened.request(0, [header, ...out], into)).data;
    };
    const sector = Uint8Array.from({ length: 512 }, (_, i) => i * 3);
    expect([...(await ask(1, [sector], STATUS_ONLY))]).toEqual([0]);
    expect(disk.bytes.subarray(5 * 512, 6 * 512)).toEqual(sector);
    expect(await ask(0, [], [512, 1])).toEqual(Uint8Array.from([...sector, 0]));
    expect([...(await ask(4, [], STATUS_ONLY))]).toEqual([0]);
    expect(disk.calls).toEqual(["write 2560 512", "read 2560 512", "flush"]);
    for (const type of [2, 3, 0x8000_0001]) expect([type, ...(await ask(type, [sector], STATUS_ONLY))]).toEqual([type, 2]);
    expect(disk.calls.length).toBe(3);
  });

  it("LEGACY-S390-BLK-DRV-001..003: the driver sends the types IN, OUT and FLUSH, and no flag with them", async () => {
    const device = new ScriptedDevice({
      deviceId: 2,
      features: [9],
      layout: { capacity: { offset: 0, width: 8 } },
      config: { capacity: 64 },
      queues: [16],
      answer: (_, __, chain) => {
        const room = chain.writable.remaining;
        chain.writable.write(new Uint8Array(room));
        return room;
      },
    });
    const { driver } = rig(0, [device]);
    const disk = await BlockDriver.open(driver.scan()[0]!);
    await disk.read(0, new Uint8Array(512));
    await disk.write(0x23 * 512, new Uint8Array(512));
    await disk.flush();
    const headers = device.requests.map(({ data }) => [...data.subarray(0, 16)]);
    const header = (type: number, sector: number): number[] => [0, 0, 0, type, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, sector];
    expect(headers).toEqual([header(0, 0), header(1, 0x23), header(4, 0)]);
    await disk.close();
  });
});
