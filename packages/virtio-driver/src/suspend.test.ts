import { type ConfigSpace, F_SUSPEND, F_VERSION_1, type VirtioFrontend } from "@zarch/virtio";
import { describe, expect, it } from "vitest";
import { EchoDevice } from "../test/echo-device.ts";
import { tap } from "../test/tap.ts";
import { connect, DirectTransport, type DriverTransport, VirtioDriver } from "./index.ts";

const [DRIVER_OK, SUSPEND, NEEDS_RESET, FAILED] = [4, 16, 64, 128] as const;
const RUNNING = 15;
const SUSPENDED = 11 | SUSPEND;

type Config = ConfigSpace<{ small: { offset: 0; width: 2 }; knob: { offset: 16; width: 4; writable: true } }>;

class Rig {
  readonly device: EchoDevice;
  readonly driver: VirtioDriver<DirectTransport>;
  readonly answers: string[] = [];

  private constructor(device: EchoDevice, driver: VirtioDriver<DirectTransport>) {
    this.device = device;
    this.driver = driver;
  }

  static async open(features = [F_VERSION_1, F_SUSPEND]): Promise<Rig> {
    const device = new EchoDevice();
    return new Rig(device, await connect(device, { extraFeatures: [F_SUSPEND], selectFeatures: () => features, queueSize: 4 }));
  }

  get frontend(): VirtioFrontend {
    return this.driver.transport.frontend;
  }

  get config(): Config {
    return this.device.config as unknown as Config;
  }

  get status(): number {
    return this.frontend.status;
  }

  send(text: string): Promise<void> {
    return this.driver
      .request(0, [new TextEncoder().encode(text)], [16])
      .then(({ data, written }) => void this.answers.push(new TextDecoder().decode(data.subarray(0, written))));
  }

  suspend(): void {
    this.frontend.writeStatus(this.status | SUSPEND);
  }

  resume(): void {
    this.frontend.writeStatus((this.status & ~SUSPEND) | DRIVER_OK);
  }
}

describe("suspend", () => {
  it("CORE-SUSPEND-DEV-001: ignored before DRIVER_OK, and without the feature", async () => {
    const rig = await Rig.open([F_VERSION_1]);
    rig.suspend();
    expect(rig.status).toBe(RUNNING);
    const other = await Rig.open();
    await other.driver.reset();
    other.frontend.writeStatus(1 | SUSPEND);
    expect(other.status).toBe(1);
  });

  it("CORE-SUSPEND-DEV-008, CORE-SUSPEND-DEV-013: an idle device is suspended at once", async () => {
    const rig = await Rig.open();
    rig.suspend();
    expect(rig.status).toBe(SUSPENDED);
    rig.suspend();
    expect(rig.status).toBe(SUSPENDED);
  });

  it("CORE-SUSPEND-DEV-010, CORE-SUSPEND-DEV-011, CORE-SUSPEND-DEV-012: first the buffers in work are used and notified, no others are taken", async () => {
    const rig = await Rig.open();
    rig.device.hold = true;
    const sent = [rig.send("a"), rig.send("b")];
    rig.suspend();
    void rig.send("late");
    expect([rig.status, rig.device.held.length]).toEqual([RUNNING, 2]);
    rig.device.held.shift()?.();
    expect(rig.status).toBe(RUNNING);
    rig.device.held.shift()?.();
    expect(rig.status).toBe(SUSPENDED);
    await Promise.all(sent);
    expect([rig.answers, rig.driver.queue(0).interrupts]).toEqual([["a", "b"], 2]);
  });

  it("CORE-SUSPEND-DEV-003, CORE-SUSPEND-DEV-004, CORE-SUSPEND-DEV-009: nothing moves while suspended; DRIVER_OK resumes", async () => {
    const rig = await Rig.open();
    rig.suspend();
    const events = rig.device.events.length;
    const sent = rig.send("waiting");
    rig.frontend.notify(0);
    const queue = rig.device.context?.queue(0);
    expect([queue?.pop(), queue?.hasAvailable(), queue?.enableNotifications()]).toEqual([undefined, false, false]);
    expect([rig.device.events.length, rig.driver.queue(0).interrupts]).toEqual([events, 0]);
    rig.resume();
    await sent;
    expect([rig.status, rig.answers]).toEqual([RUNNING, ["waiting"]]);
  });

  it("CORE-SUSPEND-DEV-002, CORE-SUSPEND-DEV-005, CORE-SUSPEND-DEV-006, CORE-SUSPEND-DEV-007: the configuration stands still; a change is notified at resume", async () => {
    const rig = await Rig.open();
    rig.config.set({ small: 1 });
    rig.suspend();
    const before = rig.driver.configChanges;
    rig.config.set({ small: 2 });
    rig.frontend.writeConfig(16, new Uint8Array([1, 2, 3, 4]));
    expect([(await rig.driver.readConfig(0, 2)).getUint16(0, true), rig.config.get("knob"), rig.driver.configChanges]).toEqual([
      1,
      0,
      before,
    ]);
    expect((await rig.driver.readConfig(18, 8)).getBigUint64(0)).toBe(0n);
    rig.resume();
    expect([(await rig.driver.readConfig(0, 2)).getUint16(0, true), rig.driver.configChanges]).toEqual([2, before + 1]);
    rig.suspend();
    rig.resume();
    expect(rig.driver.configChanges).toBe(before + 1);
  });

  it("CORE-SUSPEND-DEV-009: a device that broke cannot be resumed, but reset", async () => {
    const rig = await Rig.open();
    rig.suspend();
    rig.device.context?.fail(new Error("gone"));
    rig.resume();
    expect(rig.status).toBe(SUSPENDED | NEEDS_RESET);
    rig.frontend.writeStatus(rig.status | FAILED);
    expect(rig.status).toBe(SUSPENDED | NEEDS_RESET | FAILED);
    await rig.driver.reset();
    expect(rig.status).toBe(0);
    await rig.driver.initialize();
    await rig.send("again");
    expect(rig.answers).toEqual(["again"]);
  });
});

describe("suspend, the driver's part", () => {
  /** A driver, and what it sends to its device, from the first suspension on. */
  async function tapped(lies: (inner: DirectTransport) => Partial<DriverTransport> = () => ({})) {
    const device = new EchoDevice();
    const inner = new DirectTransport(device, { extraFeatures: [F_SUSPEND] });
    const { transport, log } = tap(inner, lies(inner));
    const driver = await VirtioDriver.open(transport, { polling: { attempts: 50 } });
    log.length = 0;
    return { device, driver, log };
  }

  it("CORE-SUSPEND-DRV-001: without the feature it is refused", async () => {
    const { driver } = await Rig.open([F_VERSION_1]);
    await expect(driver.suspend()).rejects.toMatchObject({ code: "ERR_DRIVER_REQUEST" });
    await driver.reset();
    await expect(driver.suspend()).rejects.toMatchObject({ code: "ERR_DRIVER_RESET" });
  });

  it("CORE-SUSPEND-DRV-002..006: the status is read until it shows the suspension; nothing is sent before it shows the resumption", async () => {
    const { device, driver, log } = await tapped();
    device.hold = true;
    const first = driver.request(0, [Uint8Array.of(1)], [1]);
    log.length = 0;
    const suspended = driver.suspend();
    await Promise.resolve();
    const second = driver.request(0, [Uint8Array.of(2)], [1]);
    await expect(driver.writeConfig(16, 4, 1)).rejects.toMatchObject({ code: "ERR_DRIVER_REQUEST" });
    expect([driver.queue(0).inFlight, driver.queue(0).waiting]).toEqual([1, 1]);
    device.hold = false;
    device.release();
    await suspended;
    await driver.suspend();
    expect((await first).data[0]).toBe(1);
    expect(log[0]).toBe("writeStatus 31");
    expect(new Set(log.slice(1))).toEqual(new Set(["readStatus"]));
    log.length = 0;
    await driver.resume();
    await driver.resume();
    expect((await second).data[0]).toBe(2);
    expect(log).toEqual(["writeStatus 15", "readStatus", "notify 0"]);
    await driver.writeConfig(16, 4, 1);
  });

  it("a device that is never suspended, or breaks meanwhile, ends the wait", async () => {
    const { driver } = await tapped((inner) => ({ writeStatus: async (status) => (status & SUSPEND) !== 0 || inner.writeStatus(status) }));
    const request = driver.suspend();
    await expect(request).rejects.toMatchObject({ code: "ERR_DRIVER_TIMEOUT" });
    expect(driver.failure).toMatchObject({ code: "ERR_DRIVER_TIMEOUT" });
    await driver.initialize();
    const other = await tapped();
    other.device.hold = true;
    const lost = other.driver.request(0, [Uint8Array.of(1)]).catch(({ code }) => code);
    const suspended = other.driver.suspend();
    await Promise.resolve();
    other.device.context?.fail(new Error("gone"));
    await expect(suspended).rejects.toMatchObject({ code: "ERR_DRIVER_NEEDS_RESET" });
    expect(await lost).toBe("ERR_DRIVER_NEEDS_RESET");
  });
});
