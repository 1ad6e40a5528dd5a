import { describe, expect, it } from "vitest";
import { type ChannelDevice, ChannelSubsystem, normalEnd } from "../../packages/channel-subsystem/src/index.ts";
import { FlatMemory } from "../../packages/guest-memory/src/index.ts";
import { CcwNotifications, VirtioCcwDevice, type VirtioCcwOptions } from "../../packages/transport-ccw/src/index.ts";
import { F_ADMIN_VQ, F_NOTIFICATION_DATA, F_RING_RESET } from "../../packages/virtio/src/index.ts";
import { CcwInterruptions, CcwTransport, type CcwTransportOptions } from "../../packages/virtio-driver/src/ccw/index.ts";
import { VirtioDriver } from "../../packages/virtio-driver/src/index.ts";
import { EchoDevice } from "../../packages/virtio-driver/test/echo-device.ts";

const SET_REVISION = 0x83;
const READ_STATUS = 0x72;

interface Issued {
  readonly command: number;
  readonly flags: number;
  readonly data: readonly number[];
}

/** A channel subsystem with one device, that tells what it was asked to do. */
class Channel {
  readonly memory = new FlatMemory(4 << 20);
  readonly interruptions = new CcwInterruptions();
  readonly issued: Issued[] = [];
  readonly notified: number[][] = [];
  readonly channel: ChannelSubsystem;
  readonly subsystemId: number;

  constructor(make: (host: ConstructorParameters<typeof VirtioCcwDevice>[1]) => ChannelDevice) {
    this.channel = new ChannelSubsystem({
      memory: this.memory,
      attention: this.interruptions,
      defer: (work) => void setImmediate(work),
    });
    const { adapterInterruptions } = this.channel;
    this.subsystemId = this.channel.attach(make({ memory: this.memory, adapterInterruptions })).subsystemId;
    const { startSubchannel } = this.channel;
    this.channel.startSubchannel = (subchannel, orb) => {
      const at = new DataView(orb.buffer).getUint32(8);
      const count = this.memory.loadUint16(at + 2, "big");
      const data = new Uint8Array(count);
      this.memory.read(this.memory.loadUint32(at + 4, "big"), data);
      this.issued.push({ command: this.memory.loadUint8(at), flags: this.memory.loadUint8(at + 1), data: [...data] });
      return startSubchannel.call(this.channel, subchannel, orb);
    };
  }

  open(options: Partial<CcwTransportOptions> = {}): Promise<CcwTransport> {
    const notifications = new CcwNotifications(this.channel);
    return CcwTransport.open({
      channel: this.channel,
      subsystemId: this.subsystemId,
      interruptions: this.interruptions,
      notify: (...call) => {
        this.notified.push(call);
        return notifications.notify(...call);
      },
      memory: this.memory,
      ...options,
    });
  }

  get commands(): number[] {
    return this.issued.map(({ command }) => command);
  }

  payloads(command: number): readonly (readonly number[])[] {
    return this.issued.filter((issued) => issued.command === command).map(({ data }) => data);
  }
}

/** Takes whatever a command brings. */
const take: ChannelDevice["execute"] = (_, data) => {
  data.readUpTo(new Uint8Array(64));
  return normalEnd;
};

function virtio(options: VirtioCcwOptions = {}, device = new EchoDevice()): Channel {
  return new Channel((host) => new VirtioCcwDevice(device, host, options));
}

describe("CcwTransport: finding a device", () => {
  it("CCW-DRV-001, CCW-DRV-002: a control unit type of 0x3832 is a virtio device, whatever its device type", async () => {
    const other = (controlUnitType: number) =>
      new Channel(() => ({
        senseId: { controlUnitType, controlUnitModel: 2, deviceType: 0x3390, deviceModel: 0x0a },
        execute: take,
      }));
    expect((await other(0x3832).open()).deviceId).toBe(2);
    await expect(other(0x3990).open()).rejects.toMatchObject({ code: "ERR_DRIVER_DEVICE_TYPE" });
  });

  it("no subchannel, or one that goes away, is a failure of the transport", async () => {
    const host = virtio();
    await expect(host.open({ subsystemId: 0x0001_0007 })).rejects.toMatchObject({ code: "ERR_DRIVER_TRANSPORT" });
    const transport = await host.open();
    const driver = await VirtioDriver.open(transport);
    const subchannel = host.channel.find(host.subsystemId);
    host.channel.detach(subchannel!.controlUnit.device);
    await expect(driver.check()).rejects.toMatchObject({ code: "ERR_DRIVER_TRANSPORT" });
    await expect(driver.request(0, [new Uint8Array(1)])).rejects.toMatchObject({ code: "ERR_DRIVER_TRANSPORT" });
  });

  it("a released transport leaves the subchannel to the next", async () => {
    const host = virtio();
    const transport = await host.open();
    await (await VirtioDriver.open(transport)).close();
    transport.release();
    await expect(transport.reset()).rejects.toMatchObject({ code: "ERR_DRIVER_TRANSPORT" });
    const driver = await VirtioDriver.open(await host.open({ maxRevision: 1 }));
    expect((await driver.request(0, [Uint8Array.of(1)], [1])).data[0]).toBe(1);
  });

  it("too little memory, or too high", async () => {
    const host = virtio();
    await expect(host.open({ region: { address: 0x1000, length: 100 } })).rejects.toMatchObject({ code: "ERR_DRIVER_MEMORY" });
    await expect(host.open({ region: { address: 0x8000_0000, length: 0x1_0000 } })).rejects.toMatchObject({ code: "ERR_DRIVER_MEMORY" });
  });
});

describe("CcwTransport: revisions", () => {
  const revisions = (host: Channel) => host.payloads(SET_REVISION).map(([high, low]) => high! * 256 + low!);

  it("CCW-REV-FACT-DRV-001, CCW-REV-FACT-DRV-002, CCW-REV-DRV-001..003: first the highest, lower ones when it is rejected, none after success, nothing before", async () => {
    for (const [maxRevision, tried] of [
      [2, [2]],
      [1, [2, 1]],
      [0, [2, 1, 0]],
    ] as const) {
      const host = virtio({ maxRevision });
      const driver = await VirtioDriver.open(await host.open());
      await driver.request(0, [Uint8Array.of(1)], [1]);
      await driver.close();
      expect(revisions(host)).toEqual(tried);
      const first = host.commands.findIndex((command) => command !== 0xe4);
      expect(host.commands[first]).toBe(SET_REVISION);
      expect(host.issued[first]?.data).toEqual([0, 2, 0, 0]);
      expect(driver.transport.revision).toBe(tried.at(-1));
    }
  });

  it("CCW-LEGACY-DRV-001: a driver that wants the modern interface lets go of a device that has none", async () => {
    const host = virtio({ personality: "legacy" });
    await expect(host.open({ driverInterface: "modern" })).rejects.toMatchObject({ code: "ERR_DRIVER_DEVICE_TYPE" });
    expect(revisions(host)).toEqual([2, 1]);
  });

  it("CCW-LEGACY-DRV-002: any other goes on as with revision 0", async () => {
    const host = virtio({ personality: "legacy" });
    const transport = await host.open();
    const driver = await VirtioDriver.open(transport);
    expect([transport.revision, transport.driverInterface, transport.endian]).toEqual([0, "legacy", "big"]);
    expect((await driver.request(0, [Uint8Array.of(1)], [1])).data[0]).toBe(1);
  });

  it("CCW-STATUS-DRV-002, CCW-STATUS-DRV-003, CCW-RESET-DRV-002: the status is read with revision 2, and never below", async () => {
    for (const maxRevision of [0, 1, 2] as const) {
      const host = virtio();
      const driver = await VirtioDriver.open(await host.open({ maxRevision }));
      const before = host.commands.filter((command) => command === READ_STATUS).length;
      await driver.check();
      const after = host.commands.filter((command) => command === READ_STATUS).length;
      expect([before > 0, after - before]).toEqual(maxRevision === 2 ? [true, 1] : [false, 0]);
    }
  });

  it("CCW-STATUS-DRV-001: after a rejected write the status is what it was", async () => {
    const device = new EchoDevice();
    device.refuses = () => true;
    const host = virtio({}, device);
    const transport = await host.open({ maxRevision: 1 });
    await expect(VirtioDriver.open(transport)).rejects.toMatchObject({ code: "ERR_DRIVER_FEATURES" });
    expect(host.payloads(0x31)).toEqual([[1], [3], [11], [0x83]]);
    expect(await transport.readStatus()).toBe(0x83);
  });
});

describe("CcwTransport: commands", () => {
  it("CCW-DRV-003, CCW-FACT-DRV-001, CCW-FEAT-FACT-DRV-001, CCW-FEAT-FACT-DRV-003, CCW-VQ-FACT-DRV-001, CCW-VQ-FACT-DRV-002, CCW-IND-FACT-DRV-002..004, CCW-RESET-FACT-DRV-001: every payload has its length", async () => {
    const host = virtio();
    await VirtioDriver.open(await host.open());
    const lengths: Record<number, number> = { 17: 5, 18: 5, 19: 32, 49: 1, 50: 4, 51: 0, 67: 8, 83: 8, 114: 1, 115: 25, 131: 4 };
    for (const { command, data, flags } of host.issued) {
      if (command === 0xe4) continue;
      expect([command, data.length, flags]).toEqual([command, lengths[command], 0]);
    }
    expect(new Set(host.commands)).toEqual(new Set([0xe4, 0x83, 0x33, 0x73, 0x53, 0x72, 0x31, 0x12, 0x11, 0x32, 0x13]));
    const [queue] = host.payloads(0x13);
    expect([queue?.slice(8, 12), queue?.slice(12, 16)]).toEqual([
      [0, 0, 0, 0],
      [0, 0, 0, 8],
    ]);
  });

  it("CCW-LEGACY-FACT-DRV-001, CCW-LEGACY-FACT-DRV-002, CCW-LEGACY-FACT-DRV-003: with revision 0 a queue has 16 bytes and 4096 as alignment, indicators are classic", async () => {
    const host = virtio();
    await VirtioDriver.open(await host.open({ maxRevision: 0 }));
    expect(host.payloads(0x13).map((data) => [data.length, data.slice(8, 16)])).toEqual([
      [16, [0, 0, 0x10, 0, 0, 0, 0, 8]],
      [16, [0, 0, 0x10, 0, 0, 1, 0, 4]],
    ]);
    expect([host.commands.includes(0x43), host.commands.includes(0x73)]).toEqual([true, false]);
  });

  it("CCW-IND-FACT-DRV-001: classic indicators where adapter indicators are rejected, never both", async () => {
    const host = virtio({ adapterIndicators: false });
    const driver = await VirtioDriver.open(await host.open());
    expect((await driver.request(1, [Uint8Array.of(1)], [1])).data[0]).toBe(1);
    expect(host.commands.filter((command) => command === 0x73 || command === 0x43)).toEqual([0x73, 0x43]);
  });

  it("CCW-CONF-FACT-DRV-001, CCW-CONF-FACT-DRV-002: configuration moves from its start; a write keeps what lies before", async () => {
    const device = new EchoDevice();
    const host = virtio({}, device);
    const driver = await VirtioDriver.open(await host.open());
    host.issued.length = 0;
    await driver.readConfigFields({ knob: { offset: 16, width: 4 } });
    expect(host.issued.map(({ command, data }) => [command, data.length])).toEqual([
      [0x22, 20],
      [0x22, 20],
    ]);
    await driver.writeConfig(16, 4, 7);
    expect(host.issued.slice(2).map(({ command, data }) => [command, data.length])).toEqual([
      [0x22, 16],
      [0x21, 20],
    ]);
    expect((device.config as unknown as { get(name: string): number }).get("knob")).toBe(7);
  });

  it("commands asked for at the same time come one after the other", async () => {
    const transport = await virtio().open();
    const answers = await Promise.all([
      transport.queueMaxSize(0),
      transport.queueMaxSize(1),
      transport.readStatus(),
      transport.readConfig(0, 2),
      transport.queueMaxSize(2),
    ]);
    expect(answers).toEqual([8, 4, 0, new Uint8Array(2), 0]);
  });

  it("CCW-RSV-FACT-DRV-001, CCW-RSV-FACT-DRV-002, CORE-FEAT-DRV-007: no queue reset and no administration queue, even if a device offers them", async () => {
    const transport = await virtio().open();
    const offer = transport.readDeviceFeatures.bind(transport);
    transport.readDeviceFeatures = async (word) =>
      (await offer(word)) | (word === 1 ? (1 << (F_RING_RESET - 32)) | (1 << (F_ADMIN_VQ - 32)) : 0);
    const driver = await VirtioDriver.open(transport);
    expect([F_RING_RESET, F_ADMIN_VQ].map((bit) => driver.features.has(bit))).toEqual([false, false]);
  });

  it("CCW-RESET-DRV-001: a reset that takes time is waited for", async () => {
    const device = new EchoDevice();
    const host = virtio({}, device);
    const driver = await VirtioDriver.open(await host.open());
    let finish = (): void => {};
    device.resetGate = new Promise((resolve) => {
      finish = resolve;
    });
    let done = false;
    const reset = driver.reset().then(() => {
      done = true;
    });
    for (let i = 0; i < 20; i++) await new Promise((resolve) => setImmediate(resolve));
    expect(done).toBe(false);
    finish();
    await reset;
  });

  it("a command that never ends is given up, and the subchannel can be used again", async () => {
    let end: ((end: typeof normalEnd) => void) | undefined;
    const host = new Channel(() => ({
      senseId: { controlUnitType: 0x3832, controlUnitModel: 2 },
      execute: (ccw, data) => {
        if (end || ccw.command !== 0x33) return take(ccw, data);
        return new Promise((resolve) => {
          end = resolve;
        });
      },
    }));
    let clears = 0;
    const { clearSubchannel } = host.channel;
    host.channel.clearSubchannel = (subchannel) => {
      clears++;
      return clearSubchannel.call(host.channel, subchannel);
    };
    const transport = await host.open({ polling: { attempts: 20 } });
    await expect(transport.reset()).rejects.toMatchObject({ code: "ERR_DRIVER_TIMEOUT" });
    expect(clears).toBe(1);
    end?.(normalEnd);
    await transport.reset();
  });

  it("ends that are no command reject are failures of the transport", async () => {
    const host = new Channel(() => ({
      senseId: { controlUnitType: 0x3832, controlUnitModel: 2 },
      execute: (ccw, data) => (ccw.command === 0x31 ? { status: 0x0e, sense: Uint8Array.of(0x10) } : take(ccw, data)),
    }));
    const transport = await host.open();
    await expect(transport.writeStatus(1)).rejects.toMatchObject({ code: "ERR_DRIVER_TRANSPORT" });
  });
});

describe("CcwTransport: notifications", () => {
  it("CCW-G2H-FACT-DRV-002, CCW-G2H-FACT-DRV-003, CCW-G2H-DRV-001: subchannel, queue index, and the cookie of the time before", async () => {
    const host = virtio();
    const driver = await VirtioDriver.open(await host.open());
    for (const queue of [0, 1, 1]) await driver.request(queue, [Uint8Array.of(1)], [1]);
    expect(host.notified).toEqual([
      [host.subsystemId, 0, 0],
      [host.subsystemId, 1, 1],
      [host.subsystemId, 1, 1],
    ]);
  });

  it("with notification data, the place of the next buffer is above the index", async () => {
    const host = virtio({ extraFeatures: [F_NOTIFICATION_DATA] });
    const driver = await VirtioDriver.open(await host.open());
    await driver.request(1, [Uint8Array.of(1)], [1]);
    expect(host.notified.map(([, data]) => data)).toEqual([0x1_0001]);
  });

  it.each([
    ["adapter", true],
    ["classic", false],
  ])("CCW-H2G-DRV-001: %s indicators carry queues and configuration changes, and are clear afterwards", async (_, adapterIndicators) => {
    const device = new EchoDevice();
    const host = virtio({}, device);
    const driver = await VirtioDriver.open(await host.open({ adapterIndicators }));
    let changes = 0;
    driver.onConfigChange(() => changes++);
    const config = device.config as unknown as { set(values: object): void };
    for (let i = 1; i <= 10; i++) {
      config.set({ small: i });
      const answers = await Promise.all([0, 1, 0].map((queue) => driver.request(queue, [Uint8Array.of(i)], [1])));
      expect(answers.map(({ data }) => data[0])).toEqual([i, i, i]);
      await expect.poll(() => changes).toBe(i);
    }
    const area = new Uint8Array(160);
    host.memory.read(0x1000 + 64, area);
    expect(area.every((byte) => byte === 0)).toBe(true);
  });

  it("indicators that are left from before a reset do not stand in the way of new ones", async () => {
    const host = virtio();
    const driver = await VirtioDriver.open(await host.open());
    host.memory.fill(0x1000 + 64, 160, 0xff);
    await driver.initialize();
    expect((await driver.request(0, [Uint8Array.of(1)], [1])).data[0]).toBe(1);
    expect(driver.queue(0).interrupts).toBe(1);
  });

  it("several devices on one channel subsystem: everybody gets his own", async () => {
    const host = virtio();
    const { adapterInterruptions } = host.channel;
    const others = Array.from({ length: 3 }, () =>
      host.channel.attach(new VirtioCcwDevice(new EchoDevice(), { memory: host.memory, adapterInterruptions })),
    );
    const drivers = await Promise.all(
      [host.subsystemId, ...others.map(({ subsystemId }) => subsystemId)].map(async (subsystemId, i) =>
        VirtioDriver.open(
          await host.open({ subsystemId, adapterIndicators: i % 2 === 0, region: { address: 0x10_0000 * i + 0x1000, length: 0xf_0000 } }),
        ),
      ),
    );
    const answers = await Promise.all(
      drivers.flatMap((driver, i) => [0, 1].map((queue) => driver.request(queue, [Uint8Array.of(i)], [1]))),
    );
    expect(answers.map(({ data }) => data[0])).toEqual([0, 0, 1, 1, 2, 2, 3, 3]);
  });
});
