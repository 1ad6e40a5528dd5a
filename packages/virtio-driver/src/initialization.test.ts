import { FlatMemory } from "@zarch/guest-memory";
import { F_RING_PACKED, F_RING_RESET } from "@zarch/virtio";
import { describe, expect, it } from "vitest";
import { EchoDevice, F_A, F_B, F_HIGH } from "../test/echo-device.ts";
import { tap } from "../test/tap.ts";
import { connect, DirectTransport, type DriverTransport, VirtioDriver } from "./index.ts";

/** What is to take the place of a transport's operations. */
type Lies = (inner: DriverTransport) => Partial<DriverTransport>;

/** Opens a driver on a device, with what went over the transport. */
async function opened(lies: Lies = () => ({}), options: ConstructorParameters<typeof DirectTransport>[1] = {}) {
  const inner = new DirectTransport(new EchoDevice(), options);
  const { transport, log } = tap(inner, lies(inner));
  const driver = await VirtioDriver.open(transport).catch((error) => error);
  return { driver, log, steps: log.filter((line) => !line.startsWith("read") && !line.startsWith("queueMaxSize")) };
}

describe("initialization", () => {
  it("CORE-INIT-DRV-001..005, CORE-INIT-DRV-008..012, CORE-STATUS-DRV-001, CORE-STATUS-DRV-002: reset, ACKNOWLEDGE, DRIVER, features, FEATURES_OK and a look back, queues, DRIVER_OK", async () => {
    const { log } = await opened();
    const features = [0, 1, 2, 3].map((word) => `readDeviceFeatures ${word}`);
    expect(log).toEqual([
      "reset",
      "readStatus",
      "writeStatus 1",
      "writeStatus 3",
      ...features,
      "writeDriverFeatures 3 0",
      "writeDriverFeatures 2 0",
      "writeDriverFeatures 1 1",
      `writeDriverFeatures 0 ${2 ** 28 + 2 ** 29}`,
      "writeStatus 11",
      "readStatus",
      "queueMaxSize 0",
      "setUpQueue 0",
      "queueMaxSize 1",
      "setUpQueue 1",
      "queueMaxSize 2",
      "writeStatus 15",
      "readStatus",
    ]);
  });

  it("CORE-INIT-DRV-016, CORE-FEAT-DRV-014: legacy, there is no FEATURES_OK, and no more than 32 features", async () => {
    const { steps } = await opened(() => ({}), { driverInterface: "legacy" });
    const features = 2 ** 24 + 2 ** 27 + 2 ** 28 + 2 ** 29;
    expect(steps).toEqual([
      "reset",
      "writeStatus 1",
      "writeStatus 3",
      `writeDriverFeatures 0 ${features}`,
      "setUpQueue 0",
      "setUpQueue 1",
      "writeStatus 7",
    ]);
  });

  it("CORE-INIT-DRV-007, CORE-INIT-DRV-015: nothing is written to the configuration and no notification sent before DRIVER_OK", async () => {
    const { transport, log } = tap(new DirectTransport(new EchoDevice()));
    const driver = await VirtioDriver.open(transport);
    await driver.request(0, [new Uint8Array(1)]);
    const ready = log.indexOf("writeStatus 15");
    expect(log.findIndex((line) => line.startsWith("writeConfig"))).toBe(-1);
    expect(log.findIndex((line) => line.startsWith("notify"))).toBeGreaterThan(ready);
  });

  it("CORE-INIT-DRV-010, CORE-INIT-DRV-013, CORE-INIT-DRV-014, CORE-FEAT-DRV-010: FEATURES_OK does not stay: FAILED, and no step further", async () => {
    const refusals: Lies[] = [
      (inner) => ({ writeStatus: async (status) => (status & 8) === 0 && inner.writeStatus(status) }),
      () => ({ readStatus: async () => 0 }),
    ];
    for (const lies of refusals) {
      const { driver, steps } = await opened(lies);
      expect(driver).toMatchObject({ code: "ERR_DRIVER_FEATURES", kind: "host" });
      expect(steps.slice(-2)).toEqual(["writeStatus 11", "writeStatus 131"]);
    }
  });

  it("CORE-STATUS-DRV-003: after FAILED the next attempt begins with a reset", async () => {
    let refuse = true;
    const device = new EchoDevice();
    device.refuses = () => refuse;
    const { transport, log } = tap(new DirectTransport(device));
    await expect(VirtioDriver.open(transport)).rejects.toMatchObject({ code: "ERR_DRIVER_FEATURES" });
    expect(transport.frontend.status & 128).toBe(128);
    refuse = false;
    log.length = 0;
    const driver = await VirtioDriver.open(transport);
    expect([log[0], driver.failure]).toEqual(["reset", undefined]);
  });

  it("CORE-RESET-DRV-001: a reset is complete when the status reads 0", async () => {
    const { driver, steps } = await opened(() => ({ readStatus: async () => 15 }));
    expect(driver).toMatchObject({ code: "ERR_DRIVER_TIMEOUT" });
    expect(steps).toEqual(["reset"]);
  });

  it.each<[string, Lies, string]>([
    ["ACKNOWLEDGE", () => ({ writeStatus: async () => false }), "128"],
    ["features", () => ({ writeDriverFeatures: async () => false }), "131"],
    ["a queue", () => ({ setUpQueue: async () => false }), "139"],
    ["DRIVER_OK", (inner) => ({ writeStatus: async (status) => status !== 15 && inner.writeStatus(status) }), "139"],
  ])("a device that refuses %s is given up", async (_, lies, last) => {
    const { driver, steps } = await opened(lies);
    expect(driver).toMatchObject({ code: "ERR_DRIVER_REFUSED" });
    expect(steps.at(-1)).toBe(`writeStatus ${last}`);
  });

  it("a transport that fails is a typed error, at every step", async () => {
    const names = [
      "reset",
      "readStatus",
      "writeStatus",
      "readDeviceFeatures",
      "writeDriverFeatures",
      "queueMaxSize",
      "setUpQueue",
    ] as const;
    for (const name of names) {
      const { driver } = await opened(() => ({
        [name]: async () => {
          throw new Error("cable pulled");
        },
      }));
      expect(driver).toMatchObject({ code: "ERR_DRIVER_TRANSPORT", message: expect.stringContaining("cable pulled") });
    }
  });

  it("a device that fails as soon as it is in service", async () => {
    const device = new EchoDevice();
    device.failActivation = true;
    await expect(connect(device)).rejects.toMatchObject({ code: "ERR_DRIVER_NEEDS_RESET" });
  });

  it("CORE-INIT-DRV-014: closed in the middle, it stops before DRIVER_OK and leaves the device reset", async () => {
    const device = new EchoDevice();
    const inner = new DirectTransport(device);
    let close: (() => Promise<void>) | undefined;
    let closing: Promise<void> | undefined;
    const { transport, log } = tap(inner, {
      setUpQueue: async (queue, setup) => {
        closing ??= close?.();
        return inner.setUpQueue(queue, setup);
      },
    });
    const driver = await VirtioDriver.open(transport);
    close = () => driver.close();
    log.length = 0;
    await expect(driver.initialize()).rejects.toMatchObject({ code: "ERR_DRIVER_CLOSED" });
    await closing;
    expect([log.includes("writeStatus 15"), inner.frontend.status]).toEqual([false, 0]);
  });

  it("two initializations at once come one after the other", async () => {
    const { transport, log } = tap(new DirectTransport(new EchoDevice()));
    const driver = await VirtioDriver.open(transport);
    log.length = 0;
    await Promise.all([driver.initialize(), driver.initialize(), driver.reset()]);
    const steps = log.filter((line) => line === "reset" || line === "writeStatus 1" || line === "writeStatus 15");
    expect(steps).toEqual(["reset", "writeStatus 1", "writeStatus 15", "reset", "writeStatus 1", "writeStatus 15", "reset"]);
  });

  it("CORE-FEAT-DRV-002: connect keeps to the dependencies of the device's features", async () => {
    const driver = await connect(new EchoDevice(), { without: [F_A] });
    expect([F_A, F_B, F_HIGH].map((bit) => driver.features.has(bit))).toEqual([false, false, true]);
  });

  it("options that do not fit the device", async () => {
    const { transport, log } = tap(new DirectTransport(new EchoDevice()));
    await expect(VirtioDriver.open(transport, { deviceId: 2 })).rejects.toMatchObject({ code: "ERR_DRIVER_DEVICE_TYPE" });
    expect(log).toEqual([]);
    await expect(connect(new EchoDevice(), { memory: new FlatMemory(64) })).rejects.toMatchObject({ code: "ERR_DRIVER_MEMORY" });
    const driver = await connect(new EchoDevice());
    expect(() => driver.queue(9)).toThrow(expect.objectContaining({ code: "ERR_DRIVER_QUEUE" }));
    expect(() => driver.queue(2)).toThrow(expect.objectContaining({ code: "ERR_DRIVER_QUEUE" }));
    await expect(driver.request(9, [])).rejects.toMatchObject({ code: "ERR_DRIVER_QUEUE" });
  });

  it("split queues have a power of two, packed ones what is asked for", async () => {
    expect((await connect(new EchoDevice(), { queueSize: 7 })).queue(0).size).toBe(4);
    expect((await connect(new EchoDevice(), { queueSize: 7, extraFeatures: [F_RING_PACKED] })).queue(0).size).toBe(7);
  });
});

describe("queue reset", () => {
  it("CORE-VQRESET-DRV-001..003, CORE-CLEANUP-DRV-001, CORE-CLEANUP-DRV-002: what the device has is rejected when the reset has succeeded, what waits is sent afterwards", async () => {
    const device = new EchoDevice();
    device.hold = true;
    let finish = (): void => {};
    const { transport, log } = tap(new DirectTransport(device, { extraFeatures: [F_RING_RESET] }));
    const driver = await VirtioDriver.open(transport, { queueSize: 4 });
    const requests = Array.from({ length: 6 }, (_, i) => driver.request(0, [Uint8Array.of(i)], [1]).catch(({ code }) => code));
    expect([driver.queue(0).inFlight, driver.queue(0).waiting]).toEqual([4, 2]);
    device.resetGate = new Promise((resolve) => {
      finish = resolve;
    });
    log.length = 0;
    const reset = driver.resetQueue(0);
    await Promise.resolve();
    device.hold = false;
    const late = driver.request(0, [Uint8Array.of(7)], [1]);
    expect([driver.queue(0).inFlight, driver.queue(0).waiting]).toEqual([4, 3]);
    finish();
    await reset;
    expect(log.slice(0, 2)).toEqual(["resetQueue 0", "setUpQueue 0"]);
    const answers = await Promise.all(requests);
    expect(answers.slice(0, 4)).toEqual(Array(4).fill("ERR_DRIVER_QUEUE_RESET"));
    expect(answers.slice(4).map(({ data }) => data[0])).toEqual([4, 5]);
    expect((await late).data[0]).toBe(7);
  });

  it("CORE-VQRESET-DRV-001: a device that does not reset its queue has failed", async () => {
    const { transport } = tap(new DirectTransport(new EchoDevice(), { extraFeatures: [F_RING_RESET] }), { resetQueue: async () => false });
    const driver = await VirtioDriver.open(transport);
    await expect(driver.resetQueue(0)).rejects.toMatchObject({ code: "ERR_DRIVER_REFUSED" });
    await expect(driver.request(0, [new Uint8Array(1)])).rejects.toMatchObject({ code: "ERR_DRIVER_REFUSED" });
  });

  it("without the feature, and for a queue that is none, it is refused", async () => {
    const driver = await connect(new EchoDevice());
    await expect(driver.resetQueue(0)).rejects.toMatchObject({ code: "ERR_DRIVER_REQUEST" });
    await expect(driver.resetQueue(5)).rejects.toMatchObject({ code: "ERR_DRIVER_QUEUE" });
  });
});
