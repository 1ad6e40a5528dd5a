import type { DriverInterface } from "@zarch/virtio";
import { console as virtioConsole } from "@zarch/virtio/device-types";
import { describe, expect, it } from "vitest";
import { ScriptedDevice } from "../../test/scripted-device.ts";
import { ConsoleDriver, DirectTransport } from "../index.ts";

const [READY, ADD, REMOVE, PORT_READY, CONSOLE_PORT, RESIZE, OPEN, NAME] = [0, 1, 2, 3, 4, 5, 6, 7] as const;

/** A console that takes what it gets and keeps buffers for input, whose control messages a test sends itself. */
function device(features: readonly number[] = [virtioConsole.F_MULTIPORT], maxPorts = 3): ScriptedDevice {
  return new ScriptedDevice({
    deviceId: virtioConsole.ID,
    features,
    layout: virtioConsole.CONFIG,
    config: { max_nr_ports: maxPorts },
    queues: new Array<number>(8).fill(16),
    answer: (queue) => (queue % 2 === 0 ? undefined : 0),
  });
}

async function open(console: ScriptedDevice, driverInterface: DriverInterface = "modern") {
  const driver = await ConsoleDriver.open(new DirectTransport(console, { driverInterface }));
  const little = driverInterface === "modern";
  const say = async (id: number, event: number, value: number, ...rest: number[]) => {
    const view = new DataView(new ArrayBuffer(8));
    view.setUint32(0, id, little);
    view.setUint16(4, event, little);
    view.setUint16(6, value, little);
    await expect.poll(() => console.kept.some(({ queue }) => queue.index === 2)).toBe(true);
    console.send(2, Uint8Array.from([...new Uint8Array(view.buffer), ...rest]));
  };
  /** The driver's messages: id, event, value. */
  const heard = () =>
    console.requests
      .filter(({ queue }) => queue === 3)
      .map(({ data }) => {
        const view = new DataView(data.buffer);
        return [view.getUint32(0, little), view.getUint16(4, little), view.getUint16(6, little)];
      });
  return { driver, say, heard };
}

describe.each(["modern", "legacy"] as const)("ConsoleDriver, %s", (driverInterface) => {
  it("CONSOLE-DRV-004..008, CONSOLE-DRV-010: DEVICE_READY, PORT_READY, PORT_OPEN with 1 for a console, each in one descriptor", async () => {
    const console = device();
    const { driver, say, heard } = await open(console, driverInterface);
    expect(heard()).toEqual([[0xffff_ffff, READY, 1]]);
    await say(1, ADD, 1);
    await driver.port(1);
    await say(1, CONSOLE_PORT, 1);
    await expect.poll(heard).toEqual([
      [0xffff_ffff, READY, 1],
      [1, PORT_READY, 1],
      [1, OPEN, 1],
    ]);
    expect((await driver.port(1)).isConsole).toBe(true);
    expect(console.requests.filter(({ queue }) => queue === 3).every(({ parts }) => parts === 1)).toBe(true);
  });

  it("CONSOLE-DRV-001..003, CONSOLE-DRV-009: receive queues get writable buffers only, transmit queues readable ones", async () => {
    const console = device([]);
    const { driver } = await open(console, driverInterface);
    await (await driver.port(0)).write("text");
    for (const { queue, data, room } of console.requests)
      expect([queue, data.length > 0, room > 0]).toEqual([queue, queue === 1, queue === 0]);
  });
});

describe("ConsoleDriver against devices that misbehave", () => {
  it("ports that cannot be, or are there already, are answered with PORT_READY 0", async () => {
    const { say, heard, driver } = await open(device());
    for (const id of [3, 0xffff_fffe, 0x8000_0000]) {
      await say(id, ADD, 1);
      await expect.poll(() => heard().at(-1)).toEqual([id, PORT_READY, 0]);
    }
    await say(2, ADD, 1);
    await expect.poll(() => heard().at(-1)).toEqual([2, PORT_READY, 1]);
    await say(2, ADD, 1);
    await expect.poll(() => heard().at(-1)).toEqual([2, PORT_READY, 0]);
    expect(driver.ports.map(({ id }) => id)).toEqual([2]);
  });

  it("messages about no port, of unknown kinds, or half a size mean nothing", async () => {
    const { say, driver } = await open(device());
    await say(1, ADD, 1);
    const port = await driver.port(1);
    for (const event of [REMOVE, CONSOLE_PORT, RESIZE, OPEN, NAME, 99]) {
      await say(2, event, 1);
    }
    await say(1, RESIZE, 1, 80, 0);
    await say(1, 77, 1);
    await say(1, NAME, 1, 0x6e, 0x61, 0x6d, 0x65);
    expect((await driver.port("name")) === port).toBe(true);
    expect([port.size, driver.driver.failure]).toEqual([undefined, undefined]);
  });

  it("a message that is too short is the end", async () => {
    const console = device();
    const { driver } = await open(console);
    const waiting = driver.port("never");
    console.send(2, new Uint8Array(7));
    await expect(waiting).rejects.toMatchObject({ code: "ERR_DRIVER_DEVICE" });
    expect(driver.driver.failure).toMatchObject({ code: "ERR_DRIVER_DEVICE" });
    await driver.recover();
    expect(driver.driver.failure).toBeUndefined();
  });

  it("whoever waits for a port hears of a reset, and of there being one port only", async () => {
    const { driver } = await open(device());
    const waiting = driver.port(1);
    await driver.driver.reset();
    await expect(waiting).rejects.toMatchObject({ code: "ERR_DRIVER_RESET" });
    const plain = await open(device([]));
    await expect(plain.driver.port("tty")).rejects.toMatchObject({ code: "ERR_DRIVER_REQUEST" });
  });

  it("however many ports a device claims, the driver takes those it wants", async () => {
    const claims = device([virtioConsole.F_MULTIPORT], 0xffff_ffff);
    const driver = await ConsoleDriver.open(new DirectTransport(claims), { maxPorts: 2 });
    expect(driver.driver.queueCount).toBe(6);
  });

  it("a receiver that throws loses its data and no more", async () => {
    const console = device([]);
    const { driver } = await open(console);
    const port = await driver.port(0);
    const received: number[] = [];
    port.onData = (bytes) => {
      received.push(...bytes);
      throw new Error("not today");
    };
    for (const byte of [1, 2, 3, 4, 5]) {
      await expect.poll(() => console.kept.length).toBe(2);
      console.send(0, Uint8Array.of(byte));
    }
    await expect.poll(() => received).toEqual([1, 2, 3, 4, 5]);
  });

  it("input is handed over one piece after the other, however long the receiver takes", async () => {
    const console = device([]);
    const { driver } = await open(console);
    const port = await driver.port(0);
    const events: string[] = [];
    port.onData = async ([byte]) => {
      events.push(`begin ${byte}`);
      for (let i = 0; i < 20; i++) await Promise.resolve();
      events.push(`end ${byte}`);
    };
    console.send(0, Uint8Array.of(1));
    console.send(0, Uint8Array.of(2));
    await expect.poll(() => events).toEqual(["begin 1", "end 1", "begin 2", "end 2"]);
  });

  it("as many buffers wait for input after a recovery as before, even if there was input that nobody wanted", async () => {
    const console = device([]);
    const { driver } = await open(console);
    console.send(0, Uint8Array.of(1));
    await driver.recover();
    const port = await driver.port(0);
    const received: number[] = [];
    port.onData = (bytes) => void received.push(...bytes);
    console.send(0, Uint8Array.of(2));
    await expect.poll(() => received).toEqual([1, 2]);
    for (let i = 0; i < 20; i++) await Promise.resolve();
    expect(console.kept.length).toBe(2);
  });

  it("emergency write without the feature is refused", async () => {
    const { driver } = await open(device([]));
    await expect(driver.emergencyWrite(1)).rejects.toMatchObject({ code: "ERR_DRIVER_REQUEST" });
  });
});
