import { describe, expect, it } from "vitest";
import { FlatMemory } from "../../packages/guest-memory/src/index.ts";
import { DescriptorPage } from "../../packages/transport-s390-legacy/src/index.ts";
import { VirtioDriver } from "../../packages/virtio-driver/src/index.ts";
import { DescriptorPageDriver, type PageEntry } from "../../packages/virtio-driver/src/s390-legacy/index.ts";
import { EchoDevice } from "../../packages/virtio-driver/test/echo-device.ts";

const STORAGE = 0x8_0000;

function rig(count: number) {
  const memory = new FlatMemory(STORAGE + 0x8_0000);
  const calls: [number, number][] = [];
  const attention = {
    raise: () => {
      for (let taken = page.takeExternalInterruption(); taken; taken = page.takeExternalInterruption()) driver.interruption(taken);
    },
  };
  const page: DescriptorPage = new DescriptorPage({ memory, address: STORAGE, attention });
  const devices = Array.from({ length: count }, () => new EchoDevice());
  for (const device of devices) page.attach(device);
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

  it("LEGACY-S390-INT-DRV-003..005: takes interruptions of the page, by token; others are ignored", async () => {
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
});
