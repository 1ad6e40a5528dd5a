import { FlatMemory } from "@zarch/guest-memory";
import { F_RING_PACKED, F_VERSION_1, VirtioFrontend } from "@zarch/virtio";
import { ErrorLog, HostileDriver } from "@zarch/virtio-conformance";
import { connect, DirectTransport } from "@zarch/virtio-driver";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { GuestConsole, type GuestConsoleOptions, settle } from "../test/guest-console.ts";
import { ConsoleDevice, type ConsoleDeviceOptions } from "./console-device.ts";
import type { ConsolePort } from "./port.ts";

const bytes = (text: string) => new TextEncoder().encode(text);

/** Notes what a port receives. */
function record(port: ConsolePort): { log: string[]; text: () => string } {
  const log: string[] = [];
  port.onData = (data) => void log.push(new TextDecoder().decode(data));
  port.onOpen = () => void log.push("<open>");
  port.onClose = () => void log.push("<close>");
  return { log, text: () => log.join("") };
}

/** A device with streams as a command runner has them, and a guest that is ready. */
async function streams(options: ConsoleDeviceOptions = {}, driver: GuestConsoleOptions = {}) {
  const device = new ConsoleDevice({
    ports: [{ name: "stdin" }, { name: "stdout" }, { name: "stderr" }, { name: "status" }],
    ...options,
  });
  const guest = await GuestConsole.connect(device, driver);
  guest.ready();
  await settle();
  return { device, guest };
}

describe("console device: configuration and features", () => {
  it("CONSOLE-FACT-DEV-002: feature bits and configuration fields in their places", async () => {
    const features = (options?: ConsoleDeviceOptions) => [...new ConsoleDevice(options).features];
    expect(features()).toEqual([2]);
    expect(features({ size: { columns: 80, rows: 24 } })).toEqual([0, 2]);
    expect(features({ maxPorts: 2 })).toEqual([1, 2]);
    expect(features({ ports: [{ name: "a" }] })).toEqual([1, 2]);
    const driver = await connect(new ConsoleDevice({ size: { columns: 132, rows: 50 }, maxPorts: 5 }));
    const view = await driver.readConfig(0, 12);
    expect([view.getUint16(0, true), view.getUint16(2, true), view.getUint32(4, true), view.getUint32(8, true)]).toEqual([132, 50, 5, 0]);
    expect(driver.deviceId).toBe(3);
  });

  it("CONSOLE-DEV-002: configuration in the guest's byte order for a legacy driver", async () => {
    const device = new ConsoleDevice({ size: { columns: 80, rows: 24 } });
    const driver = await connect(device, { driverInterface: "legacy" });
    expect((await driver.readConfig(0, 2)).getUint16(0, false)).toBe(80);
  });

  it("CONSOLE-FACT-DEV-001, CONSOLE-DEV-001: two queues for one console, two for each port and two for control with MULTIPORT", () => {
    expect(new ConsoleDevice().queueMaxSizes).toHaveLength(2);
    expect(new ConsoleDevice({ ports: [{ name: "a" }] }).queueMaxSizes).toHaveLength(4);
    expect(new ConsoleDevice({ maxPorts: 4 }).queueMaxSizes).toHaveLength(10);
  });

  it("CONSOLE-FACT-DEV-003: a new size of port 0 is a configuration change", async () => {
    const device = new ConsoleDevice({ size: { columns: 80, rows: 24 } });
    const driver = await connect(device);
    device.port(0).resize(100, 30);
    expect([
      driver.configChanges,
      (await driver.readConfig(0, 4)).getUint16(0, true),
      (await driver.readConfig(0, 4)).getUint16(2, true),
    ]).toEqual([1, 100, 30]);
  });

  it("CONSOLE-DEV-003, CONSOLE-DEV-004: emergency write works without any driver, whatever the status, in both byte orders", async () => {
    const output: number[] = [];
    const device = new ConsoleDevice({ emergencyWrite: (byte) => output.push(byte) });
    const frontend = new VirtioFrontend(device, {
      memory: new FlatMemory(4096),
      interrupts: { queueInterrupt: () => {}, configInterrupt: () => {} },
      personality: "transitional",
      legacyEndian: "big",
    });
    frontend.writeConfig(8, new Uint8Array([0x41, 0xff, 0, 0]));
    frontend.useInterface("legacy");
    frontend.writeConfig(8, new Uint8Array([0, 0, 0xff, 0x42]));
    expect(output).toEqual([0x41, 0x42]);
    const plain = new ConsoleDevice();
    const { log } = record(plain.port(0));
    (await connect(plain)).transport.frontend.writeConfig(8, bytes("!\0\0\0"));
    expect(log).toEqual(["<open>", "!"]);
  });

  it("unsuitable options are refused with a clear error", () => {
    const attempts = [
      () => new ConsoleDevice({ maxPorts: 0 }),
      () => new ConsoleDevice({ maxPorts: 65 }),
      () => new ConsoleDevice({ maxPorts: 1, ports: [{}, {}] }),
      () => new ConsoleDevice({ ports: [{ name: "n".repeat(256) }] }),
      () => new ConsoleDevice().addPort(),
      () => new ConsoleDevice().port(1),
      () => new ConsoleDevice().port("x"),
      () => new ConsoleDevice().removePort(new ConsoleDevice().port(0)),
    ];
    for (const attempt of attempts) expect(attempt).toThrow(expect.objectContaining({ kind: "host" }));
  });
});

describe.each(["modern", "legacy"] as const)("console device: one console (%s)", (driverInterface) => {
  it("5.3.6: carries bytes both ways from DRIVER_OK on", async () => {
    const device = new ConsoleDevice();
    const port = device.port(0);
    const { log } = record(port);
    await port.write(bytes("early "));
    expect([port.guestOpen, port.buffered]).toEqual([false, 6]);
    const guest = await GuestConsole.connect(device, { driverInterface });
    expect([port.guestOpen, log]).toEqual([true, ["<open>"]]);
    guest.receive(0);
    await port.write(bytes("input"));
    await settle();
    expect([guest.received.get(0), port.buffered]).toEqual(["early input", 0]);
    await guest.write(0, "out", "put");
    expect(log).toEqual(["<open>", "output"]);
    await guest.driver.reset();
    expect([port.guestOpen, log]).toEqual([false, ["<open>", "output", "<close>"]]);
  });

  it("a device with MULTIPORT serves port 0 to a driver that does not know the feature", async () => {
    const device = new ConsoleDevice({ maxPorts: 3, ports: [{ console: true }, { name: "data" }] });
    const { log } = record(device.port(0));
    const guest = await GuestConsole.connect(device, {
      driverInterface,
      selectFeatures: () => (driverInterface === "modern" ? [F_VERSION_1] : []),
    });
    guest.receive(0);
    await device.port(0).write(bytes("hello"));
    await guest.write(0, "there");
    await settle();
    expect([guest.received.get(0), log, device.port(1).guestOpen]).toEqual(["hello", ["<open>", "there"], false]);
  });
});

describe("console device: control messages", () => {
  it("CONSOLE-FACT-DEV-004, CONSOLE-FACT-DEV-005, CONSOLE-DEV-005: introduces its ports, by name and kind", async () => {
    const { device, guest } = await streams({ ports: [{ console: true }, { name: "dätä" }, { console: true, name: "second" }, {}] });
    expect(guest.control.filter((line) => line.startsWith("ADD"))).toEqual(["ADD 0 1", "ADD 1 1", "ADD 2 1", "ADD 3 1"]);
    const of = (id: number) => guest.control.filter((line) => line.split(" ")[1] === String(id)).slice(1);
    expect(of(0)).toEqual(["CONSOLE_PORT 0 1", "OPEN 0 1"]);
    expect(of(1)).toEqual(["NAME 1 1 dätä", "OPEN 1 1"]);
    expect(of(2)).toEqual(["CONSOLE_PORT 2 1", "NAME 2 1 second", "OPEN 2 1"]);
    expect(of(3)).toEqual(["OPEN 3 1"]);
    expect(device.ports.map(({ guestOpen }) => guestOpen)).toEqual([true, false, true, false]);
  });

  it("CONSOLE-DEV-008: in the guest's byte order for a legacy driver", async () => {
    const { device, guest } = await streams({}, { driverInterface: "legacy" });
    expect(guest.control).toContain("NAME 2 1 stderr");
    guest.open(1);
    await settle();
    expect(device.port(1).guestOpen).toBe(true);
  });

  it("CONSOLE-DEV-006, CONSOLE-DEV-007: ports come and go while the guest runs", async () => {
    const { device, guest } = await streams({ maxPorts: 5 });
    guest.control.length = 0;
    const added = device.addPort({ name: "late" });
    await settle();
    expect([added.id, guest.control]).toEqual([4, ["ADD 4 1", "NAME 4 1 late", "OPEN 4 1"]]);
    expect(() => device.addPort()).toThrow(/in use/);
    guest.control.length = 0;
    const { log } = record(device.port("stdout"));
    guest.open(1);
    await guest.write(1, "last words");
    device.removePort(device.port("stdout"));
    await settle();
    expect([guest.control, log]).toEqual([["REMOVE 1 1"], ["<open>", "last words", "<close>"]]);
    const again = device.addPort({ name: "again" });
    await settle();
    expect([again.id, guest.control.slice(1)]).toEqual([1, ["ADD 1 1", "NAME 1 1 again", "OPEN 1 1"]]);
  });

  it("CONSOLE-DEV-007: a port that was removed before the driver came is never named", async () => {
    const device = new ConsoleDevice({ ports: [{ name: "a" }, { name: "b" }] });
    device.removePort(device.port("a"));
    const guest = await GuestConsole.connect(device);
    guest.ready();
    await settle();
    expect(guest.control).toEqual(["ADD 1 1", "NAME 1 1 b", "OPEN 1 1"]);
  });

  it("CONSOLE-FACT-DEV-004: the size of a console port is told at first and when it changes, columns first or rows first", async () => {
    const options = { size: { columns: 80, rows: 24 }, ports: [{ console: true }, { name: "data" }] };
    const { device, guest } = await streams(options);
    expect(guest.control).toContain("RESIZE 0 1 80,0,24,0");
    device.port(0).resize(100, 300);
    device.port(1).resize(5, 5);
    await settle();
    expect(guest.control.filter((line) => line.startsWith("RESIZE"))).toEqual(["RESIZE 0 1 80,0,24,0", "RESIZE 0 1 100,0,44,1"]);
    const older = await streams({ ...options, resizeOrder: "rows-first" });
    expect(older.guest.control).toContain("RESIZE 0 1 24,0,80,0");
  });

  it("messages wait for buffers; buffers that are too small for one are returned empty", async () => {
    const device = new ConsoleDevice({ ports: [{ name: "a" }] });
    const guest = await GuestConsole.connect(device);
    guest.send(0xffff_ffff, 0, 1);
    expect((await guest.driver.request(2, [], [7])).written).toBe(0);
    expect([...(await guest.driver.request(2, [], [8])).data]).toEqual([0, 0, 0, 0, 1, 0, 1, 0]);
    guest.send(0, 3, 1);
    expect((await guest.driver.request(2, [], [8])).written).toBe(8); // the name is cut, the message not
  });

  it("whatever a guest sends: short, unknown and repeated messages have no effect and pile nothing up", async () => {
    const { device, guest } = await streams();
    const before = guest.control.length;
    for (let i = 0; i < 500; i++) {
      guest.send(0xffff_ffff, 0, 1);
      guest.send(i % 4, 3, 1);
      guest.send(1234, 3, 1);
      guest.send(1234, 6, 1);
      guest.send(0, i % 20 === 6 ? 99 : i % 20 === 3 ? 98 : i % 20 === 0 ? 97 : i % 20, 1);
    }
    await guest.driver.request(3, [new Uint8Array(7)]);
    await guest.driver.request(3, [], [8]);
    await settle();
    expect([guest.control.length, device.ports.map(({ guestOpen }) => guestOpen)]).toEqual([before, [false, false, false, false]]);
    expect(guest.driver.transport.frontend.needsReset).toBe(false);
  });

  it("PORT_OPEN counts only after PORT_READY, which counts only as the answer to DEVICE_ADD", async () => {
    const device = new ConsoleDevice({ ports: [{ name: "a" }] });
    const guest = await GuestConsole.connect(device);
    guest.send(0, 6, 1);
    guest.send(0, 3, 1);
    guest.send(0, 6, 1);
    guest.send(0xffff_ffff, 0, 0);
    expect(device.port(0).guestOpen).toBe(false);
    guest.send(0xffff_ffff, 0, 1);
    guest.send(0, 6, 1);
    expect(device.port(0).guestOpen).toBe(false);
    guest.send(0, 3, 1);
    guest.send(0, 6, 1);
    expect(device.port(0).guestOpen).toBe(true);
  });

  it("a guest that cannot set a port up says so, and the port stays closed", async () => {
    const logs: string[] = [];
    const device = new ConsoleDevice({ ports: [{ name: "a" }] });
    const guest = await GuestConsole.connect(device, { logger: { log: (level, message) => void logs.push(`${level} ${message}`) } });
    guest.send(0xffff_ffff, 0, 1);
    guest.send(0, 3, 0);
    guest.send(0, 6, 1);
    expect([device.port(0).guestOpen, logs]).toEqual([false, ["warn the guest could not set up console port 0"]]);
  });

  it("CONSOLE-DEV-006, CONSOLE-DEV-007: answers about an earlier port with the same id are told apart", async () => {
    const device = new ConsoleDevice({ ports: [{ name: "first" }] });
    const guest = await GuestConsole.connect(device);
    guest.send(0xffff_ffff, 0, 1);
    device.removePort(device.port("first"));
    device.addPort({ name: "second" });
    // The guest works through ADD, REMOVE, ADD only now, and opens what it knows in between.
    guest.send(0, 3, 1);
    guest.send(0, 6, 1);
    guest.send(0, 6, 0);
    expect(device.port("second").guestOpen).toBe(false);
    guest.send(0, 3, 1);
    guest.send(0, 6, 1);
    expect(device.port("second").guestOpen).toBe(true);
    const messages = await Promise.all(Array.from({ length: 5 }, () => guest.driver.request(2, [], [64])));
    expect(messages.map(({ data }) => data[4])).toEqual([1, 2, 1, 7, 6]);
  });
});

describe("console device: streams", () => {
  it("to the guest: waits until the port is open, then everything arrives, then the end", async () => {
    const { device, guest } = await streams();
    const stdin = device.port("stdin");
    await stdin.write(bytes("line 1\n"));
    await stdin.write(bytes("line 2\n"));
    const ended = stdin.end();
    await settle();
    expect([guest.received.get(0), guest.hostConnected.get(0), stdin.buffered]).toEqual([undefined, true, 14]);
    guest.open(0);
    await ended;
    await settle();
    expect([guest.endedAfter.get(0), stdin.hostOpen]).toEqual(["line 1\nline 2\n", false]);
    await expect(stdin.write(bytes("x"))).rejects.toMatchObject({ code: "ERR_CONSOLE_CLOSED" });
    expect(() => stdin.tryWrite(bytes("x"))).toThrow(expect.objectContaining({ code: "ERR_CONSOLE_CLOSED" }));
    stdin.open();
    await settle();
    expect(guest.hostConnected.get(0)).toBe(true);
    await stdin.write(bytes("more"));
    await settle();
    expect(guest.received.get(0)).toBe("line 1\nline 2\nmore");
  });

  it("to the guest: an empty stream ends at once, also before the driver is there", async () => {
    const device = new ConsoleDevice({ ports: [{ name: "stdin" }] });
    await device.port(0).end();
    await device.port(0).end();
    const guest = await GuestConsole.connect(device);
    guest.ready();
    await settle();
    expect(guest.control).toEqual(["ADD 0 1", "NAME 0 1 stdin"]);
  });

  it("unbounded host input is bounded: writers wait, tryWrite takes nothing, and all of it arrives in order", async () => {
    const { device, guest } = await streams({ bufferSize: 1000 }, { buffers: { size: 10, count: 2 } });
    const stdin = device.port("stdin");
    expect([
      stdin.tryWrite(new Uint8Array(600).fill(97)),
      stdin.tryWrite(new Uint8Array(600).fill(98)),
      stdin.tryWrite(bytes("no")),
    ]).toEqual([true, true, false]);
    let settled = 0;
    const writes = Array.from({ length: 50 }, (_, i) => stdin.write(new Uint8Array(100).fill(99 + (i % 20))).then(() => settled++));
    await settle();
    expect([settled, stdin.buffered]).toEqual([0, 1200]);
    guest.open(0);
    await Promise.all(writes);
    await stdin.end();
    await settle();
    const expected =
      "a".repeat(600) + "b".repeat(600) + Array.from({ length: 50 }, (_, i) => String.fromCharCode(99 + (i % 20)).repeat(100)).join("");
    expect(guest.endedAfter.get(0)).toBe(expected);
  });

  it("a host that never awaits its writes is refused in the end", async () => {
    const port = new ConsoleDevice({ bufferSize: 1 }).port(0);
    for (let i = 0; i < 1025; i++) void port.write(bytes("x"));
    await expect(port.write(bytes("x"))).rejects.toMatchObject({ code: "ERR_CONSOLE_BACKPRESSURE" });
  });

  it("from the guest: data, then the end, in order, also when the host is slow", async () => {
    const { device, guest } = await streams({ bufferSize: 200 });
    const stdout = device.port("stdout");
    const log: string[] = [];
    const waiting: (() => void)[] = [];
    stdout.onOpen = () => void log.push("<open>");
    stdout.onClose = () => void log.push("<close>");
    stdout.onData = (data) => {
      log.push(new TextDecoder().decode(data));
      return new Promise((resolve) => waiting.push(resolve));
    };
    guest.open(1);
    const writes = Array.from({ length: 12 }, (_, i) => guest.write(1, `${String.fromCharCode(97 + i)}`.repeat(50)));
    let taken = 0;
    for (const write of writes) void write.then(() => taken++);
    guest.close(1);
    guest.open(1);
    void guest.write(1, "again");
    guest.close(1);
    await settle();
    expect([taken, log.length]).toEqual([2, 2]); // the guest waits, too
    expect(stdout.guestOpen).toBe(false);
    for (let i = 0; i < 100; i++) {
      waiting.shift()?.();
      await settle();
    }
    expect(taken).toBe(12);
    expect(log.join("")).toBe(
      `<open>${Array.from({ length: 12 }, (_, i) => String.fromCharCode(97 + i).repeat(50)).join("")}<close><open>again<close>`,
    );
  });

  it("drain waits for the receiver, with everything that waits in the guest's buffers", async () => {
    const { device, guest } = await streams({ bufferSize: 100 });
    const stdout = device.port("stdout");
    await stdout.drain();
    let got = "";
    stdout.onData = async (data) => {
      await settle();
      got += new TextDecoder().decode(data);
    };
    for (const letter of ["a", "b", "c", "d"]) void guest.write(1, letter.repeat(90));
    await stdout.drain();
    expect(got).toBe(["a", "b", "c", "d"].map((letter) => letter.repeat(90)).join(""));
  });

  it("from the guest: a whole chain is processed, in pieces of at most 64 KiB", async () => {
    const { device, guest } = await streams({}, { memory: new FlatMemory(8 << 20) });
    const pieces: number[] = [];
    device.port("stdout").onData = (data) => void pieces.push(data.length);
    await guest.write(1, "x".repeat(100), "y".repeat(200_000), "", "z");
    expect([pieces.reduce((a, b) => a + b, 0), Math.max(...pieces) <= 65536]).toEqual([200_101, true]);
  });

  it("from the guest: single bytes cannot fill the host with objects", async () => {
    const { device, guest } = await streams({ bufferSize: 6500 });
    device.port("stdout").onData = () => new Promise(() => {});
    let taken = 0;
    for (let i = 0; i < 1000; i++) void guest.write(1, "x").then(() => taken++);
    for (let i = 0; i < 20; i++) await settle();
    expect(taken).toBeLessThanOrEqual(101);
  });

  it("opening and closing without end while the host is busy piles nothing up, and the last state counts", async () => {
    const { device, guest } = await streams({ bufferSize: 100 });
    const stdout = device.port("stdout");
    let go = (): void => {};
    const log: string[] = [];
    stdout.onData = () =>
      new Promise((resolve) => {
        go = resolve;
      });
    stdout.onOpen = () => void log.push("open");
    stdout.onClose = () => void log.push("close");
    void guest.write(1, "x".repeat(100));
    for (let i = 0; i < 5000; i++) {
      guest.open(1);
      guest.close(1);
      if (i % 100 === 0) await settle();
    }
    guest.open(1);
    for (let i = 0; i < 10; i++) {
      await settle();
      go();
    }
    await settle();
    expect(log.length).toBeLessThan(400);
    expect([log[0], log.at(-1), stdout.guestOpen]).toEqual(["open", "open", true]);
    expect(log.every((event, i) => event === (i % 2 === 0 ? "open" : "close"))).toBe(true);
  });

  it("a failing receiver is reported, and the stream goes on", async () => {
    const logs: string[] = [];
    const { device, guest } = await streams({ logger: { log: (level, message) => void logs.push(`${level} ${message}`) } });
    const got: string[] = [];
    device.port("stdout").onData = (data) => {
      const text = new TextDecoder().decode(data);
      got.push(text);
      if (text === "a") throw new Error("sync");
      if (text === "b") return Promise.reject(new Error("async"));
      return undefined;
    };
    for (const text of ["a", "b", "c"]) await guest.write(1, text);
    await settle();
    expect([got, logs.length]).toEqual([["a", "b", "c"], 2]);
  });

  it("without a receiver data is dropped, and the guest does not wait", async () => {
    const { guest } = await streams({ bufferSize: 10 });
    for (let i = 0; i < 10; i++) await guest.write(2, "nobody listens");
    expect(guest.driver.transport.frontend.needsReset).toBe(false);
  });

  it("a reset closes the ports; what the device had taken is received; the next driver starts afresh", async () => {
    const { device, guest } = await streams();
    const { log } = record(device.port("stdout"));
    guest.open(1);
    void guest.write(1, "before");
    await settle();
    await device.port("stdin").write(bytes("kept"));
    guest.stop();
    await guest.driver.reset();
    expect([log, device.port("stdout").guestOpen]).toEqual([["<open>", "before", "<close>"], false]);
    const next = await GuestConsole.connect(device);
    next.ready();
    await settle();
    expect(next.control.filter((line) => line.startsWith("NAME"))).toHaveLength(4);
    next.open(0);
    await settle();
    expect(next.received.get(0)).toBe("kept");
  });
});

describe("console device: any interleaving", () => {
  it("both directions of all ports carry exactly what was written, and its end", async () => {
    const action = fc.oneof(
      fc.record({ do: fc.constant("host" as const), port: fc.nat(2), length: fc.integer({ min: 0, max: 400 }) }),
      fc.record({ do: fc.constant("guest" as const), port: fc.nat(2), length: fc.integer({ min: 1, max: 400 }) }),
      fc.record({ do: fc.constantFrom("open" as const, "close" as const), port: fc.nat(2), length: fc.constant(0) }),
      fc.record({ do: fc.constantFrom("settle" as const, "drain" as const), port: fc.nat(2), length: fc.constant(0) }),
    );
    await fc.assert(
      fc.asyncProperty(
        fc.array(action, { maxLength: 60 }),
        fc.constantFrom("modern" as const, "packed" as const, "legacy" as const),
        fc.constantFrom(50, 500, 100_000),
        async (actions, kind, bufferSize) => {
          const device = new ConsoleDevice({ ports: [{ name: "a" }, { name: "b" }, { name: "c" }], bufferSize });
          const guest = await GuestConsole.connect(device, {
            driverInterface: kind === "legacy" ? "legacy" : "modern",
            extraFeatures: kind === "packed" ? [F_RING_PACKED] : [],
            buffers: { size: 37, count: 3 },
          });
          guest.ready();
          await settle();
          const sent = ["", "", ""];
          const written = ["", "", ""];
          const got = ["", "", ""];
          const state = [false, false, false];
          const waiting: (() => void)[] = [];
          for (const port of device.ports) {
            port.onData = (data) => {
              got[port.id] += new TextDecoder("latin1").decode(data);
              return data.length % 3 === 0 ? new Promise((resolve) => waiting.push(resolve)) : undefined;
            };
            port.onOpen = () => {
              expect(state[port.id]).toBe(false);
              state[port.id] = true;
            };
            port.onClose = () => {
              expect(state[port.id]).toBe(true);
              state[port.id] = false;
            };
          }
          const writes: Promise<void>[] = [];
          const open = [false, false, false];
          let serial = 0;
          for (const { do: what, port, length } of actions) {
            const text = String.fromCharCode(33 + (serial++ % 90)).repeat(length);
            if (what === "host") {
              sent[port] += text;
              writes.push(device.port(port).write(bytes(text)));
            } else if (what === "guest") {
              written[port] += text;
              void guest.write(port, text.slice(0, 7), text.slice(7));
            } else if (what === "open" || what === "close") {
              open[port] = what === "open";
              guest[what](port);
            } else if (what === "settle") await settle();
            else waiting.shift()?.();
          }
          for (const port of [0, 1, 2]) guest.open(port);
          const ends = device.ports.map((port) => port.end());
          for (let i = 0; i < 400 && waiting.length + i < 400; i++) {
            for (const go of waiting.splice(0)) go();
            await settle();
          }
          await Promise.all([...writes, ...ends]);
          await settle();
          expect(got).toEqual(written);
          expect([0, 1, 2].map((port) => guest.endedAfter.get(port))).toEqual(sent);
          expect(state).toEqual([true, true, true]);
          for (const port of [0, 1, 2]) guest.close(port);
          await settle();
          expect(state).toEqual([false, false, false]);
        },
      ),
      { numRuns: 40 },
    );
  });
});

describe("console device: hostile guests", () => {
  it("whatever a guest does, nothing throws, and a good driver is served afterwards", async () => {
    let received = 0;
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.nat(), { size: "max", maxLength: 2500 }),
        fc.boolean(),
        fc.constantFrom("modern", "legacy"),
        async (choices, slow, driverInterface) => {
          const device = new ConsoleDevice({ ports: [{ console: true }, { name: "a" }, { name: "b" }], bufferSize: 300 });
          for (const port of device.ports) {
            port.onData = (data) => {
              received += data.length;
              return slow ? settle() : undefined;
            };
            void port.write(bytes("for whoever opens the port"));
          }
          const log = new ErrorLog();
          const transport = new DirectTransport(device, { driverInterface, logger: log });
          await new HostileDriver(transport, choices).run();
          expect([transport.frontend.status, log.errors]).toEqual([0, []]);
          await Promise.all(device.ports.map((port) => port.drain()));
          const guest = await GuestConsole.connect(device);
          guest.ready();
          await settle();
          let text = "";
          device.port("a").onData = (data) => {
            text += new TextDecoder().decode(data);
          };
          await guest.write(1, "still here");
          expect([text, guest.control.filter((line) => line.startsWith("ADD")).length]).toEqual(["still here", 3]);
        },
      ),
      { numRuns: 100 },
    );
    expect(received).toBeGreaterThan(100);
  });
});
