import { FlatMemory } from "@zarch/guest-memory";
import { VirtioFrontend, VirtioStateError } from "@zarch/virtio";
import { console as virtioConsole } from "@zarch/virtio/device-types";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { GuestConsole, settle } from "../test/guest-console.ts";
import { ConsoleDevice, type ConsoleDeviceOptions } from "./console-device.ts";
import type { ConsolePort } from "./port.ts";

const bytes = (text: string) => new TextEncoder().encode(text);

function record(port: ConsolePort): string[] {
  const log: string[] = [];
  port.onData = (data) => void log.push(new TextDecoder().decode(data));
  port.onOpen = () => void log.push("<open>");
  port.onClose = () => void log.push("<close>");
  return log;
}

const STREAMS: ConsoleDeviceOptions = { ports: [{ name: "in" }, { name: "out" }], maxPorts: 4 };

/** A guest with its ports open. */
async function streams(options: ConsoleDeviceOptions = STREAMS) {
  const device = new ConsoleDevice(options);
  const guest = await GuestConsole.connect(device, { memory: new FlatMemory(1 << 18) });
  guest.ready();
  await settle();
  for (const { id } of device.ports) guest.open(id);
  await settle();
  return { device, guest };
}

/** Goes on with another device. */
function move(guest: GuestConsole, device: ConsoleDevice): void {
  guest.driver.transport.replaceDevice(device);
}

function resume(guest: GuestConsole): Promise<void> {
  guest.driver.transport.frontend.resume();
  return settle();
}

describe("console: save and restore", () => {
  it("a console goes on with what was on its way to the guest, and the guest writes on", async () => {
    const device = new ConsoleDevice();
    const guest = await GuestConsole.connect(device);
    await device.port(0).write(bytes("typed ahead"));
    const next = new ConsoleDevice();
    const log = record(next.port(0));
    move(guest, next);
    guest.receive(0);
    await resume(guest);
    expect(guest.received.get(0)).toBe("typed ahead");
    await guest.write(0, "login: ");
    await next.port(0).write(bytes("root"));
    await settle();
    expect([log, guest.received.get(0), next.port(0).guestOpen]).toEqual([["<open>", "login: "], "typed aheadroot", true]);
  });

  it("ports stay open and ready, without new introductions", async () => {
    const { guest } = await streams();
    const before = guest.control.length;
    const next = new ConsoleDevice(STREAMS);
    move(guest, next);
    await resume(guest);
    expect(guest.control.length).toBe(before);
    await next.port("in").write(bytes("hello"));
    await settle();
    expect([guest.received.get(0), next.port("in").guestOpen, next.port("out").guestOpen]).toEqual(["hello", true, true]);
    const added = next.addPort({ name: "late" });
    await settle();
    expect(guest.control.slice(before)).toEqual(["ADD 2 1", "NAME 2 1 late", "OPEN 2 1"]);
    expect(added.id).toBe(2);
  });

  it("a port that was added later is there again, one that was removed is not", async () => {
    const { device, guest } = await streams();
    device.addPort({ name: "extra" });
    await settle();
    const next = new ConsoleDevice(STREAMS);
    move(guest, next);
    await resume(guest);
    expect(next.ports.map(({ name }) => name)).toEqual(["in", "out", "extra"]);
    await next.port("extra").end();
    await settle();
    expect(guest.hostConnected.get(2)).toBe(false);
    next.removePort(next.port("out"));
    expect(() => move(guest, new ConsoleDevice(STREAMS))).toThrow(VirtioStateError);
  });

  it("what the host was slow to take comes once and in order: queued, half-read and still in the guest", async () => {
    const options: ConsoleDeviceOptions = { ...STREAMS, bufferSize: 200 };
    const { device, guest } = await streams(options);
    const taken: string[] = [];
    const port = device.port("out");
    let release = (): void => {};
    port.onData = (data) => {
      taken.push(new TextDecoder().decode(data));
      return new Promise<void>((resolve) => {
        release = resolve;
      });
    };
    const text = "abcdefghijklmnopqrstuvwxyz".repeat(12);
    const writes = [guest.write(1, text.slice(0, 100), text.slice(100, 180)), guest.write(1, text.slice(180))];
    await settle();
    guest.close(1);
    await settle();
    expect(taken.length).toBe(1);

    const next = new ConsoleDevice(options);
    const log = record(next.port("out"));
    move(guest, next);
    release();
    await settle();
    expect(taken.length).toBe(1); // the old device is cut off
    await resume(guest);
    await Promise.all(writes);
    expect(taken.join("") + log.join("")).toBe(`${text.slice(0, taken[0]?.length)}<open>${text.slice(taken[0]?.length)}<close>`);
  });

  it("nothing moves while paused", async () => {
    const { device, guest } = await streams();
    const log = record(device.port("out"));
    const { frontend } = guest.driver.transport;
    expect(frontend.pause()).toBeUndefined();
    const written = guest.write(1, "late");
    await device.port("in").write(bytes("waiting"));
    await settle();
    expect([log, guest.received.get(0)]).toEqual([[], undefined]);
    frontend.resume();
    await written;
    await settle();
    expect([log, guest.received.get(0)]).toEqual([["late"], "waiting"]);
  });

  it("an end that was asked for comes when the rest is in the guest", async () => {
    const device = new ConsoleDevice(STREAMS);
    const guest = await GuestConsole.connect(device);
    guest.ready();
    await settle();
    void device.port("in").write(bytes("last words"));
    void device.port("in").end();
    const next = new ConsoleDevice(STREAMS);
    move(guest, next);
    await resume(guest);
    expect([next.port("in").hostOpen, guest.received.get(0)]).toEqual([true, undefined]);
    guest.open(0);
    await settle();
    expect([next.port("in").hostOpen, guest.endedAfter.get(0)]).toEqual([false, "last words"]);
  });

  it("a new size of the terminal reaches the guest", async () => {
    const options = (columns: number): ConsoleDeviceOptions => ({ maxPorts: 2, ports: [{ console: true }], size: { columns, rows: 25 } });
    const { guest } = await streams(options(80));
    move(guest, new ConsoleDevice(options(132)));
    await resume(guest);
    expect(guest.control.at(-1)).toMatch(/^RESIZE 0 1 132,0,25,0/);
    expect((await guest.driver.readConfig(virtioConsole.CONFIG.cols.offset, 2)).getUint16(0, true)).toBe(132);
  });

  it("survived: whatever is changed in a state, it is restored or refused", async () => {
    const { device, guest } = await streams({ ...STREAMS, bufferSize: 100 });
    device.port("out").onData = () => new Promise(() => {});
    void guest.write(1, "x".repeat(300));
    void device.port("in").write(bytes("y".repeat(10)));
    guest.close(1);
    await settle();
    const guestMemory = new Uint8Array(guest.driver.transport.memory.size);
    guest.driver.transport.memory.read(0, guestMemory);
    const state = JSON.stringify(guest.driver.transport.frontend.save());
    const paths: (string | number)[][] = [];
    const walk = (value: unknown, path: (string | number)[]): void => {
      if (path[0] === "device" || path[0] === "active") paths.push(path);
      if (typeof value !== "object" || value === null) return;
      for (const key of Object.keys(value)) walk((value as Record<string, unknown>)[key], [...path, key]);
    };
    walk(JSON.parse(state), []);
    const junk = fc.constantFrom<unknown>(
      undefined,
      null,
      true,
      "",
      "zz",
      "open",
      "buffer",
      "00",
      -1,
      0,
      1,
      2,
      100,
      301,
      2 ** 53,
      {},
      [],
      [null],
      [{}],
    );
    let restored = 0;
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.constantFrom(...paths), junk), { minLength: 1, maxLength: 3 }), (changes) => {
        const hostile = JSON.parse(state) as Record<string | number, unknown>;
        for (const [path, value] of changes) {
          let at: Record<string | number, unknown> | undefined = hostile;
          for (const key of path.slice(0, -1)) at = at?.[key] as typeof at;
          if (typeof at === "object" && at !== null) at[path.at(-1) as string] = value;
        }
        const memory = new FlatMemory(guestMemory.length);
        memory.write(0, guestMemory);
        const next = new ConsoleDevice({ ...STREAMS, bufferSize: 100 });
        const frontend = new VirtioFrontend(next, { memory, interrupts: { queueInterrupt() {}, configInterrupt() {} } });
        try {
          frontend.restore(hostile);
          restored++;
        } catch (error) {
          expect(error).toBeInstanceOf(VirtioStateError);
          expect(frontend.status).toBe(0);
        }
        frontend.resume();
        void frontend.reset();
        expect(frontend.status).toBe(0);
      }),
      { numRuns: 300 },
    );
    expect(restored).toBeGreaterThan(0);
  });
});
