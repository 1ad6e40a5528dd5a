import { F_IN_ORDER, F_RING_PACKED } from "@zarch/virtio";
import { describe, expect, it } from "vitest";
import { EchoDevice } from "../test/echo-device.ts";
import { tap } from "../test/tap.ts";
import { connect, DirectTransport, VirtioDriver } from "./index.ts";

/** A driver with one request under way to a device that keeps it; the test plays the device's part in memory. */
async function waiting(extraFeatures: readonly number[] = []) {
  const device = new EchoDevice();
  device.hold = true;
  const { transport, interrupts, queues } = tap(new DirectTransport(device, { extraFeatures }));
  const driver = await VirtioDriver.open(transport);
  const request = driver.request(0, [new Uint8Array(4)], [8]).then(
    () => "answered",
    ({ code }) => code,
  );
  const areas = queues.get(0)?.areas;
  if (!areas) throw new Error("no queue");
  return { device, driver, memory: driver.memory, interrupts, areas, request };
}

describe("a split ring that lies", () => {
  it.each([
    ["an id beyond the ring", 0xffff_ffff, 0],
    ["an id of no buffer", 5, 0],
    ["more bytes than there is room", 0, 9],
    ["very many bytes", 0, 0xffff_ffff],
  ])("%s: a typed error for everybody, and the device can be recovered", async (_, id, length) => {
    const { device, driver, memory, interrupts, areas, request } = await waiting();
    const second = driver.request(1, [new Uint8Array(1)]).catch(({ code }) => code);
    memory.storeUint32(areas.device + 4, id, "little");
    memory.storeUint32(areas.device + 8, length, "little");
    memory.storeUint16(areas.device + 2, 1, "little");
    interrupts.queueInterrupt(0);
    expect([await request, await second]).toEqual(["ERR_DRIVER_DEVICE", "ERR_DRIVER_DEVICE"]);
    expect(driver.failure).toMatchObject({ code: "ERR_DRIVER_DEVICE", kind: "host", cause: { code: "ERR_VIRTQUEUE_USED" } });
    device.hold = false;
    await driver.initialize();
    expect((await driver.request(0, [Uint8Array.of(9)], [1])).data).toEqual(Uint8Array.of(9));
  });

  it("a used index that runs away: what was sent comes back, then the error", async () => {
    const { driver, memory, interrupts, areas, request } = await waiting();
    memory.storeUint32(areas.device + 4, 0, "little");
    memory.storeUint32(areas.device + 8, 8, "little");
    memory.storeUint16(areas.device + 2, 0x8000, "little");
    interrupts.queueInterrupt(undefined);
    expect(await request).toBe("answered");
    expect(driver.failure).toMatchObject({ code: "ERR_DRIVER_DEVICE" });
  });

  it("the same buffer returned twice", async () => {
    const { driver, memory, interrupts, areas, request } = await waiting([F_IN_ORDER]);
    memory.fill(areas.device + 4, 16, 0);
    memory.storeUint16(areas.device + 2, 1, "little");
    interrupts.queueInterrupt(0);
    expect(await request).toBe("answered");
    memory.storeUint16(areas.device + 2, 2, "little");
    interrupts.queueInterrupt(0);
    expect(driver.failure).toMatchObject({ code: "ERR_DRIVER_DEVICE" });
  });
});

describe("a packed ring that lies", () => {
  it.each([
    ["an id beyond the ring", 0xffff, 0],
    ["an id of no buffer", 3, 0],
    ["more bytes than there is room", 0, 9],
  ])("%s: a typed error", async (_, id, length) => {
    const { memory, interrupts, areas, request } = await waiting([F_RING_PACKED]);
    memory.storeUint32(areas.descriptor + 8, length, "little");
    memory.storeUint16(areas.descriptor + 12, id, "little");
    memory.storeUint16(areas.descriptor + 14, 0x8082, "little");
    interrupts.queueInterrupt(0);
    expect(await request).toBe("ERR_DRIVER_DEVICE");
  });
});

describe("a device that misbehaves", () => {
  it("CORE-STATUS-DRV-004, CORE-STATUS-DRV-005: NEEDS_RESET ends every wait, on every queue, and nothing is sent any more", async () => {
    const device = new EchoDevice();
    device.hold = true;
    const driver = await connect(device, { queueSize: 2 });
    const codes: string[] = [];
    const stop = driver.onFailure(({ code }) => codes.push(code));
    const lost = Array.from({ length: 9 }, (_, i) => driver.request(i % 2, [new Uint8Array(4)]).catch(({ code }) => code));
    device.context?.fail(new Error("broken"));
    expect(await Promise.all(lost)).toEqual(Array(9).fill("ERR_DRIVER_NEEDS_RESET"));
    const before = device.events.length;
    await expect(driver.request(0, [new Uint8Array(1)])).rejects.toMatchObject({ code: "ERR_DRIVER_NEEDS_RESET" });
    await expect(driver.suspend()).rejects.toMatchObject({ code: "ERR_DRIVER_NEEDS_RESET" });
    expect([codes, device.events.length]).toEqual([["ERR_DRIVER_NEEDS_RESET"], before]);
    stop();
    device.hold = false;
    await driver.initialize();
    device.context?.fail(new Error("again"));
    await expect.poll(() => driver.failure?.code).toBe("ERR_DRIVER_NEEDS_RESET");
    expect(codes).toHaveLength(1);
  });

  it("going out of service without being told to is noticed at the next look", async () => {
    let status: number | undefined;
    const inner = new DirectTransport(new EchoDevice());
    const { transport, interrupts } = tap(inner, { readStatus: async () => status ?? inner.frontend.status });
    const driver = await VirtioDriver.open(transport);
    status = 0;
    interrupts.configInterrupt();
    await expect.poll(() => driver.failure?.code).toBe("ERR_DRIVER_DEVICE");
  });

  it("a transport that breaks in service ends every wait", async () => {
    const device = new EchoDevice();
    device.hold = true;
    const inner = new DirectTransport(device);
    let broken = false;
    const { transport } = tap(inner, {
      notify: (queue) => {
        if (broken) throw new Error("cable pulled");
        inner.notify(queue);
      },
    });
    const driver = await VirtioDriver.open(transport);
    const first = driver.request(0, [new Uint8Array(1)]).catch(({ code }) => code);
    broken = true;
    const second = driver.request(0, [new Uint8Array(1)]).catch(({ code }) => code);
    expect([await first, await second]).toEqual(["ERR_DRIVER_TRANSPORT", "ERR_DRIVER_TRANSPORT"]);
  });

  it("interrupts at the wrong time or of no queue do no harm", async () => {
    const { transport, interrupts } = tap(new DirectTransport(new EchoDevice()));
    interrupts.queueInterrupt(0);
    const driver = await VirtioDriver.open(transport);
    for (const queue of [0, 1, 2, 99, undefined]) interrupts.queueInterrupt(queue);
    await driver.reset();
    interrupts.queueInterrupt(0);
    interrupts.configInterrupt();
    expect([driver.configChanges, driver.failure]).toEqual([0, undefined]);
    await driver.initialize();
    expect((await driver.request(0, [Uint8Array.of(1)], [1])).written).toBe(1);
  });
});

describe("the end of waits", () => {
  it("a reset by the driver ends them", async () => {
    const { driver, request } = await waiting();
    await driver.reset();
    expect(await request).toBe("ERR_DRIVER_RESET");
    await expect(driver.request(0, [new Uint8Array(1)])).rejects.toMatchObject({ code: "ERR_DRIVER_RESET" });
  });

  it("a queue from before a reset is of no use any more", async () => {
    const device = new EchoDevice();
    device.hold = true;
    const driver = await connect(device);
    const queue = driver.queue(0);
    const lost = queue.request([new Uint8Array(1)]).catch(({ code }) => code);
    await driver.initialize();
    expect([await lost, queue.inFlight, queue.waiting]).toEqual(["ERR_DRIVER_RESET", 0, 0]);
    const before = device.events.length;
    await expect(queue.request([new Uint8Array(1)])).rejects.toMatchObject({ code: "ERR_DRIVER_RESET" });
    expect([device.events.length, driver.queue(0) === queue]).toEqual([before, false]);
  });

  it("close ends them at once, though the device takes its time; nothing can be used afterwards", async () => {
    const { device, driver, request } = await waiting();
    let finish = (): void => {};
    device.resetGate = new Promise((resolve) => {
      finish = resolve;
    });
    const closing = driver.close();
    expect(await request).toBe("ERR_DRIVER_CLOSED");
    finish();
    await closing;
    expect(driver.close()).toBe(closing);
    await expect(driver.initialize()).rejects.toMatchObject({ code: "ERR_DRIVER_CLOSED" });
    await expect(driver.request(0, [new Uint8Array(1)])).rejects.toMatchObject({ code: "ERR_DRIVER_CLOSED" });
  });

  it("a signal ends one wait; the buffer comes back to the driver later", async () => {
    const device = new EchoDevice();
    device.hold = true;
    const driver = await connect(device, { queueSize: 2 });
    const controller = new AbortController();
    const { signal } = controller;
    const [inFlight, , queued] = Array.from({ length: 3 }, () =>
      driver.request(0, [new Uint8Array(1)], [1], { signal }).catch((error) => error.message),
    );
    expect([driver.queue(0).inFlight, driver.queue(0).waiting]).toEqual([2, 1]);
    controller.abort(new Error("enough"));
    expect([await inFlight, await queued]).toEqual(["enough", "enough"]);
    await expect(driver.request(0, [new Uint8Array(1)], [], { signal })).rejects.toThrow("enough");
    device.release();
    expect(driver.queue(0).inFlight).toBe(0);
    device.hold = false;
    expect((await driver.request(0, [Uint8Array.of(3)], [1])).data).toEqual(Uint8Array.of(3));
  });

  it("a signal takes a request that waits for room out of the line", async () => {
    const device = new EchoDevice();
    device.hold = true;
    const driver = await connect(device, { queueSize: 2, without: [28] });
    const first = driver.request(0, [Uint8Array.of(1)], [1]);
    const controller = new AbortController();
    const second = driver.request(0, [Uint8Array.of(2)], [1], { signal: controller.signal }).catch((error) => error.message);
    const third = driver.request(0, [Uint8Array.of(3)], [1]);
    expect(driver.queue(0).waiting).toBe(2);
    controller.abort(new Error("enough"));
    expect([await second, driver.queue(0).waiting]).toEqual(["enough", 1]);
    device.hold = false;
    device.release();
    expect([(await first).data[0], (await third).data[0]]).toEqual([1, 3]);
  });

  it("a signal gives back the memory of a request that waits for room in the ring", async () => {
    const device = new EchoDevice();
    device.hold = true;
    const driver = await connect(device, { queueSize: 1 });
    const first = driver.request(0, [Uint8Array.of(1)]);
    const controller = new AbortController();
    const second = driver.request(0, [new Uint8Array(3 << 20)], [], { signal: controller.signal }).catch(() => "aborted");
    expect(() => driver.allocate(2 << 20)).toThrow(expect.objectContaining({ code: "ERR_DRIVER_MEMORY" }));
    controller.abort();
    expect(await second).toBe("aborted");
    driver.allocate(2 << 20).free();
    device.release();
    expect((await first).written).toBe(0);
  });

  it("requests that can never be made are refused, not kept", async () => {
    const driver = await connect(new EchoDevice(), { queueSize: 4 });
    await expect(driver.request(0, [])).rejects.toMatchObject({ code: "ERR_DRIVER_REQUEST" });
    await expect(
      driver.request(
        0,
        Array.from({ length: 5 }, () => new Uint8Array(1)),
      ),
    ).rejects.toMatchObject({ code: "ERR_DRIVER_REQUEST" });
    await expect(driver.request(0, [], [8 << 20])).rejects.toMatchObject({ code: "ERR_DRIVER_MEMORY" });
    const memory = driver.allocate(3 << 20);
    await expect(driver.request(0, [], [1 << 20])).rejects.toMatchObject({ code: "ERR_DRIVER_MEMORY" });
    expect(() => driver.allocate(1 << 20)).toThrow(expect.objectContaining({ code: "ERR_DRIVER_MEMORY" }));
    memory.free();
    expect((await driver.request(0, [Uint8Array.of(1)], [1 << 20])).written).toBe(1);
  });
});

describe("buffers in place", () => {
  it("submit sends what lies in memory already, without a copy", async () => {
    const driver = await connect(new EchoDevice());
    const { address, free } = driver.allocate(64);
    driver.memory.write(address, Uint8Array.of(1, 2, 3));
    const written = await driver.queue(0).submit({ out: [{ address, length: 3 }], into: [{ address: address + 32, length: 8 }] });
    const answer = new Uint8Array(written);
    driver.memory.read(address + 32, answer);
    free();
    expect(answer).toEqual(Uint8Array.of(1, 2, 3));
  });
});
