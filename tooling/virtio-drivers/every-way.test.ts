import { describe, expect, it } from "vitest";
import { ReversedMemory } from "../../packages/guest-memory/src/index.ts";
import { F_NOTIFICATION_DATA, F_SUSPEND } from "../../packages/virtio/src/index.ts";
import { VirtioDriver } from "../../packages/virtio-driver/src/index.ts";
import { EchoDevice } from "../../packages/virtio-driver/test/echo-device.ts";
import { openRig, ways } from "./rigs.ts";

const encode = (text: string) => new TextEncoder().encode(text);
const decode = ({ data, written }: { data: Uint8Array; written: number }) => new TextDecoder().decode(data.subarray(0, written));

describe.each(ways)("%s", (_, way) => {
  it.each([
    ["flat", undefined],
    ["reversed", new ReversedMemory(new ArrayBuffer(4 << 20), (4 << 20) - 1, 4 << 20)],
  ] as const)("every request gets its own answer, in %s memory, and again after a reset", async (_, memory) => {
    const { transport } = await openRig(new EchoDevice(), way, memory ? { memory } : {});
    const driver = await VirtioDriver.open(transport);
    const texts = Array.from({ length: 40 }, (_, i) => `request ${i}`);
    const send = (text: string) => driver.request(0, [encode(text.slice(0, 3)), encode(text.slice(3))], [5, 20]);
    expect((await Promise.all(texts.map(send))).map(decode)).toEqual(texts);
    await driver.initialize();
    expect(decode(await send("again"))).toBe("again");
    await driver.close();
  });

  it("requests on several queues, some held back, all return", async () => {
    const device = new EchoDevice();
    const driver = await VirtioDriver.open((await openRig(device, way)).transport, { queues: 2 });
    device.hold = true;
    const answers = Array.from({ length: 30 }, (_, i) => driver.request(i % 2, [encode(`${i}`)], [8]));
    while (driver.queue(0).inFlight + driver.queue(1).inFlight > 0) {
      device.release();
      await Promise.resolve();
    }
    expect((await Promise.all(answers)).map(decode)).toEqual(Array.from({ length: 30 }, (_, i) => `${i}`));
  });

  it("configuration: fields of every width, changes notified, writes seen", async () => {
    const device = new EchoDevice();
    const config = device.config as unknown as { set(values: Record<string, number>): void; get(name: string): number };
    config.set({ small: 0x1234, large: 0x1_2345_6789_abc });
    const driver = await VirtioDriver.open((await openRig(device, way)).transport);
    let seen = 0;
    driver.onConfigChange(() => seen++);
    const layout = { small: { offset: 0, width: 2 }, large: { offset: 8, width: 8 }, knob: { offset: 16, width: 4 } } as const;
    expect(await driver.readConfigFields(layout)).toEqual({ small: 0x1234, large: 0x1_2345_6789_abc, knob: 0 });
    await driver.writeConfig(16, 4, 0xcafe_babe);
    expect(config.get("knob")).toBe(0xcafe_babe);
    config.set({ small: 7 });
    await Promise.resolve();
    expect(seen).toBe(1);
    expect((await driver.readConfigFields(layout)).small).toBe(7);
  });

  it("close rejects what waits, and frees the device", async () => {
    const device = new EchoDevice();
    device.hold = true;
    const rig = await openRig(device, way);
    const driver = await VirtioDriver.open(rig.transport);
    const lost = Array.from({ length: 12 }, () => driver.request(0, [encode("x")], [8]).catch((error) => error.code));
    await driver.close();
    expect(new Set(await Promise.all(lost))).toEqual(new Set(["ERR_DRIVER_CLOSED"]));
    await expect(driver.request(0, [encode("x")])).rejects.toMatchObject({ code: "ERR_DRIVER_CLOSED" });
    expect(rig.frontend.status).toBe(0);
  });
});

/** Where the driver can see more of the status than what it wrote itself. */
const seeing = ways.filter(([, { driverInterface, revision }]) => driverInterface === "modern" && revision !== 1);

describe.each(seeing)("%s", (_, way) => {
  it("a device that needs a reset rejects everyone who waits, and can be recovered", async () => {
    const device = new EchoDevice();
    device.hold = true;
    const driver = await VirtioDriver.open((await openRig(device, way)).transport);
    const failures: string[] = [];
    driver.onFailure(({ code }) => failures.push(code));
    const lost = Array.from({ length: 12 }, () => driver.request(0, [encode("x")], [8]).catch((error) => error.code));
    device.context?.fail(new Error("broken"));
    expect(new Set(await Promise.all(lost))).toEqual(new Set(["ERR_DRIVER_NEEDS_RESET"]));
    await expect(driver.request(0, [encode("x")])).rejects.toMatchObject({ code: "ERR_DRIVER_NEEDS_RESET" });
    await expect(driver.check()).rejects.toMatchObject({ code: "ERR_DRIVER_NEEDS_RESET" });
    expect(failures).toEqual(["ERR_DRIVER_NEEDS_RESET"]);
    device.hold = false;
    await driver.initialize();
    expect([driver.failure, decode(await driver.request(0, [encode("well")], [8]))]).toEqual([undefined, "well"]);
  });

  it("with notification data and suspension", async () => {
    const device = new EchoDevice();
    const driver = await VirtioDriver.open((await openRig(device, way, { extraFeatures: [F_NOTIFICATION_DATA, F_SUSPEND] })).transport);
    expect([F_NOTIFICATION_DATA, F_SUSPEND].map((bit) => driver.features.has(bit))).toEqual([true, true]);
    await driver.suspend();
    const answer = driver.request(0, [encode("late")], [8]);
    expect(driver.queue(0).waiting).toBe(1);
    await driver.resume();
    expect(decode(await answer)).toBe("late");
  });
});
