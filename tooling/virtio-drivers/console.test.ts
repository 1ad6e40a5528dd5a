import { describe, expect, it } from "vitest";
import { ConsoleDevice, type ConsoleDeviceOptions } from "../../packages/device-console/src/index.ts";
import { ConsoleDriver, DriverError } from "../../packages/virtio-driver/src/index.ts";
import { openRig, type Way, ways } from "./rigs.ts";

async function open(way: Way, options: ConsoleDeviceOptions = {}) {
  const device = new ConsoleDevice(options);
  const { transport } = await openRig(device, way);
  return { device, driver: await ConsoleDriver.open(transport) };
}

const encode = (text: string) => new TextEncoder().encode(text);

/** Collects what arrives as text. */
function record(target: { onData?: unknown }): { text: string } {
  const record = { text: "" };
  target.onData = (bytes: Uint8Array) => {
    record.text += new TextDecoder("latin1").decode(bytes);
  };
  return record;
}

const plain = ways[0]?.[1] as Way;

describe.each(ways)("console device: %s", (_, way) => {
  it("CONSOLE-FACT-DRV-001, CONSOLE-DRV-002, CONSOLE-DRV-003: text goes both ways, long text in order", async () => {
    const { device, driver } = await open(way);
    const fromGuest = record(device.port(0));
    const port = await driver.port(0);
    const fromHost = record(port);
    const long = "0123456789".repeat(2000);
    await Promise.all([port.write(`hello ${long}`), device.port(0).write(encode(`input ${long}`))]);
    await expect.poll(() => fromHost.text).toBe(`input ${long}`);
    await device.port(0).drain();
    expect(fromGuest.text).toBe(`hello ${long}`);
    await driver.close();
  });

  it("CONSOLE-FACT-DRV-003, CONSOLE-DRV-004, CONSOLE-DRV-008: with MULTIPORT ports have names and come and go", async () => {
    const { device, driver } = await open(way, { ports: [{ name: "in" }, { name: "out" }], maxPorts: 4 });
    const out = await driver.port("out");
    expect([out.id, out.isConsole]).toEqual([1, false]);
    const received = record(device.port("out"));
    await out.open();
    await out.write("bytes");
    await device.port("out").drain();
    expect(received.text).toBe("bytes");
    const added = device.addPort({ name: "late" });
    expect((await driver.port("late")).id).toBe(added.id);
    device.removePort(added);
    await expect.poll(() => driver.ports.map(({ name }) => name)).toEqual(["in", "out"]);
    device.addPort({ name: "later" });
    const later = await driver.port("later");
    const input = record(later);
    await later.open();
    await device.port("later").write(encode("again"));
    await expect.poll(() => input.text).toBe("again");
    await driver.close();
  });
});

describe("console device", () => {
  it("CONSOLE-DRV-005, CONSOLE-DRV-006, CONSOLE-DRV-007: a console port is opened without being asked", async () => {
    const { device, driver } = await open(plain, { ports: [{ name: "data" }, { console: true, name: "tty" }] });
    const tty = await driver.port("tty");
    await expect.poll(() => [device.port("tty").guestOpen, device.port("data").guestOpen, tty.isConsole]).toEqual([true, false, true]);
  });

  it("CONSOLE-FACT-DRV-002: the size of the terminal, at first and after a change, with and without ports", async () => {
    for (const ports of [undefined, [{ name: "tty", console: true }]]) {
      const { device, driver } = await open(plain, { size: { columns: 80, rows: 24 }, ...(ports ? { ports } : {}) });
      const port = await driver.port(0);
      await expect.poll(() => port.size).toEqual({ columns: 80, rows: 24 });
      device.port(0).resize(132, 50);
      await expect.poll(() => port.size).toEqual({ columns: 132, rows: 50 });
    }
  });

  it("emergency write needs no queue", async () => {
    const seen: number[] = [];
    const { driver } = await open(plain, { emergencyWrite: (byte) => seen.push(byte) });
    await driver.emergencyWrite(0x21);
    expect(seen).toEqual([0x21]);
  });

  it("a slow receiver makes the host wait, and nothing is lost", async () => {
    const { device, driver } = await open(plain, { bufferSize: 100 });
    const port = await driver.port(0);
    let written = 0;
    const writing = (async () => {
      for (let i = 0; i < 100; i++) {
        await device.port(0).write(encode("x".repeat(100)));
        written += 100;
      }
    })();
    for (let i = 0; i < 100; i++) await Promise.resolve();
    expect(written).toBeLessThan(5000);
    let received = 0;
    port.onData = async (bytes) => {
      await Promise.resolve();
      received += bytes.length;
    };
    await writing;
    await expect.poll(() => received).toBe(10_000);
  });

  it("whoever waits for a port hears of the end; a recovered device has its ports again", async () => {
    const { driver } = await open(plain, { ports: [{ name: "a" }] });
    await driver.port("a");
    const waiting = driver.port("never");
    driver.driver.fail(new DriverError("ERR_DRIVER_DEVICE", "test"));
    await expect(waiting).rejects.toMatchObject({ code: "ERR_DRIVER_DEVICE" });
    await expect(driver.port("never")).rejects.toMatchObject({ code: "ERR_DRIVER_DEVICE" });
    await driver.recover();
    expect((await driver.port("a")).name).toBe("a");
    const closing = driver.port("never");
    const end = expect(closing).rejects.toMatchObject({ code: "ERR_DRIVER_CLOSED" });
    await driver.close();
    await end;
  });
});
