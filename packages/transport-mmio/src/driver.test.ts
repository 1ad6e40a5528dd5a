import { FlatMemory } from "@zarch/guest-memory";
import { F_IN_ORDER, F_NOTIFICATION_DATA, F_RING_PACKED, F_RING_RESET, F_SUSPEND } from "@zarch/virtio";
import { VirtioDriver, type VirtioDriverOptions } from "@zarch/virtio-driver";
import { MmioTransport } from "@zarch/virtio-driver/mmio";
import { describe, expect, it } from "vitest";
import { gate, settle } from "../test/mmio-guest.ts";
import { ReverseDevice } from "../test/reverse-device.ts";
import { emptyVirtioMmioSlot, VirtioMmioDevice, type VirtioMmioOptions } from "./index.ts";

const DEVICE_FEATURES = [5, 23, 70];

/** A device and its driver, with nothing but registers, memory and an interrupt line between them. */
async function wire(options: Partial<VirtioMmioOptions> = {}, driverOptions: VirtioDriverOptions = {}) {
  const memory = new FlatMemory(1 << 20);
  const device = new ReverseDevice();
  const log: string[] = [];
  let interrupt = (): void => {};
  const bus = new VirtioMmioDevice(device, {
    memory,
    onInterrupt: (active) => active && interrupt(),
    logger: { log: (level, message) => log.push(`${level}: ${message}`) },
    ...options,
  });
  const transport = MmioTransport.probe({ bus, memory, legacyEndian: options.legacyEndian ?? "little" });
  if (!transport) throw new Error("no device");
  interrupt = () => transport.interrupt();
  const driver = await VirtioDriver.open(transport, { features: DEVICE_FEATURES, ...driverOptions });
  return { device, bus, driver, log };
}

const modes: [string, Partial<VirtioMmioOptions>, number[]][] = [
  ["split", {}, [5, 23, 28, 29, 32, F_RING_RESET, 70]],
  ["split, plain", { ring: { indirect: false, eventIndex: false }, withoutFeatures: [F_RING_RESET] }, [5, 23, 32, 70]],
  ["packed", { ring: { packed: true } }, [5, 23, 28, 29, 32, F_RING_PACKED, F_RING_RESET, 70]],
  [
    "packed, in order, with notification data",
    { ring: { packed: true, inOrder: true }, extraFeatures: [F_NOTIFICATION_DATA] },
    [5, 23, 28, 29, 32, F_RING_PACKED, F_IN_ORDER, F_NOTIFICATION_DATA, F_RING_RESET, 70],
  ],
  ["legacy, big-endian", { version: 1, legacyEndian: "big" }, [5, 23, 24, 27, 28, 29]],
  ["legacy, little-endian", { version: 1, legacyEndian: "little" }, [5, 23, 24, 27, 28, 29]],
];

describe("with the driver of @zarch/virtio-driver", () => {
  it.each(modes)("%s: comes up, answers many requests at once, and once more after a reset", async (_, options, features) => {
    const { driver, log } = await wire(options);
    expect([[...driver.features], driver.queueCount]).toEqual([features, 2]);
    for (let round = 0; round < 2; round++) {
      const requests = Array.from({ length: 60 }, (_, i) => driver.request(i % 2, [Uint8Array.of(i, 1), Uint8Array.of(round)], [2, 2]));
      const answers = await Promise.all(requests);
      expect(answers.map(({ written, data }) => [written, ...data])).toEqual(answers.map((_, i) => [3, round, 1, i, 0]));
      await driver.initialize();
    }
    await driver.close();
    expect(log).toEqual([]); // Neither did anything that the other had to refuse.
  });

  it.each(modes)("%s: configuration is read, written, and told of when it changes", async (_, options) => {
    const { driver, device } = await wire(options);
    const number = async (offset: number, width: 2 | 4): Promise<number> => {
      const view = await driver.readConfig(offset, width);
      return width === 2 ? view.getUint16(0, driver.endian === "little") : view.getUint32(0, driver.endian === "little");
    };
    expect([await number(8, 2), await number(12, 4)]).toEqual([0x0708, 0x0a0b_0c0d]);
    await driver.writeConfig(12, 4, 0x1234_5678);
    expect(device.config.get("knob")).toBe(0x1234_5678);
    device.config.set({ level: 99 });
    expect([driver.configChanges, await number(8, 2)]).toEqual([1, 99]);
  });

  it.each(modes)("%s: a reset with requests in work takes its time", async (_, options) => {
    const { driver, device } = await wire(options);
    device.hold = true;
    const { closed, open } = gate();
    device.resetGate = closed;
    const request = driver.request(0, [Uint8Array.of(1)], [1]);
    const refused = expect(request).rejects.toMatchObject({ code: "ERR_DRIVER_RESET" });
    let done = false;
    const reset = driver.initialize().then(() => {
      done = true;
    });
    await refused;
    await settle();
    expect(done).toBe(false);
    open();
    await reset;
    device.hold = false;
    device.release();
    expect((await driver.request(0, [Uint8Array.of(7)], [1])).data[0]).toBe(7);
  });

  it.each(modes.slice(0, 4).filter(([, , features]) => features.includes(F_RING_RESET)))(
    "%s: a queue alone is reset",
    async (_, options) => {
      const { driver, device } = await wire(options);
      device.hold = true;
      const { closed, open } = gate();
      device.resetGate = closed;
      const lost = expect(driver.request(0, [Uint8Array.of(1)], [1])).rejects.toMatchObject({ code: "ERR_DRIVER_QUEUE_RESET" });
      const reset = driver.resetQueue(0);
      await settle();
      device.hold = false;
      expect((await driver.request(1, [Uint8Array.of(5)], [1])).data[0]).toBe(5);
      open();
      await reset;
      await lost;
      expect((await driver.request(0, [Uint8Array.of(6)], [1])).data[0]).toBe(6);
    },
  );

  it("a suspended device keeps its requests until it is resumed", async () => {
    const { driver } = await wire({ extraFeatures: [F_SUSPEND] });
    await driver.suspend();
    const request = driver.request(0, [Uint8Array.of(1, 2)], [2]);
    await driver.resume();
    expect([...(await request).data]).toEqual([2, 1]);
  });

  it("the driver hears that a device needs a reset, and recovers it", async () => {
    const { driver, device } = await wire();
    device.hold = true;
    const request = expect(driver.request(0, [Uint8Array.of(1)], [1])).rejects.toMatchObject({ code: "ERR_DRIVER_NEEDS_RESET" });
    device.context?.fail("test");
    await request;
    device.hold = false;
    await driver.initialize();
    expect((await driver.request(0, [Uint8Array.of(8)], [1])).data[0]).toBe(8);
  });

  it("a placeholder is passed by in silence", () => {
    expect(MmioTransport.probe({ bus: emptyVirtioMmioSlot, memory: new FlatMemory(0x1_0000) })).toBe(undefined);
  });
});
