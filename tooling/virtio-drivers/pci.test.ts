import { describe, expect, it } from "vitest";
import { FlatMemory } from "../../packages/guest-memory/src/index.ts";
import { VirtioPciDevice, type VirtioPciOptions, vendorCapability } from "../../packages/transport-pci-modern/src/index.ts";
import { F_NOTIFICATION_DATA, F_RING_RESET } from "../../packages/virtio/src/index.ts";
import { DriverError, VirtioDriver } from "../../packages/virtio-driver/src/index.ts";
import { type PciAccess, PciTransport, type PciTransportOptions } from "../../packages/virtio-driver/src/pci/index.ts";
import { EchoDevice } from "../../packages/virtio-driver/test/echo-device.ts";

interface Rig {
  readonly transport: PciTransport;
  readonly log: string[];
}

/** A device and the driver's end, with all accesses of configuration space and registers in a log. */
function rig(
  options: Partial<VirtioPciOptions> = {},
  driver: Partial<PciTransportOptions> = {},
  change: (pci: PciAccess) => PciAccess = (pci) => pci,
): Rig {
  const memory = new FlatMemory(1 << 20);
  const end = new VirtioPciDevice(new EchoDevice(), { memory, legacyEndian: "big", ...options });
  const { pciFunction } = end;
  const log: string[] = [];
  const note = (what: string, ...numbers: number[]): void => void log.push([what, ...numbers.map((n) => n.toString(16))].join(" "));
  const transport = new PciTransport({
    pci: change({
      readConfig: (offset, width) => pciFunction.readConfig(offset, width),
      writeConfig: (offset, width, value) => {
        note("config", offset, value);
        pciFunction.writeConfig(offset, width, value);
      },
      readBar: (bar, offset, width) => pciFunction.readBar(bar, offset, width),
      writeBar: (bar, offset, width, value) => {
        note("bar", bar, offset, width, value);
        pciFunction.writeBar(bar, offset, width, value);
      },
    }),
    memory,
    legacyEndian: "big",
    ...driver,
  });
  pciFunction.connect({
    msi: { signal: (_high, _low, data) => transport.message(data) },
    setInterruptLine: (asserted) => {
      if (asserted) transport.interrupt();
    },
  });
  return { transport, log };
}

const messages = { addressHigh: 1, addressLow: 0xfee0_0000, data: 0x40 };

async function echo(transport: PciTransport): Promise<number[]> {
  await using driver = await VirtioDriver.open(transport);
  const { data } = await driver.request(0, [Uint8Array.of(1, 2, 3)], [3]);
  return [...data];
}

function codeOf(action: () => unknown): string {
  try {
    action();
    return "no error";
  } catch (error) {
    return error instanceof DriverError ? error.code : String(error);
  }
}

/** Changes what one byte of configuration space reads. */
const reading =
  (offset: number, value: number) =>
  (pci: PciAccess): PciAccess => ({
    ...pci,
    readConfig: (at, width) => (at === offset && width === 1 ? value : pci.readConfig(at, width)),
  });

describe("PciTransport", () => {
  it("PCI-DISC-DRV-001, PCI-LEGACY-DRV-004..007: takes the modern interface if there is one, else the legacy one, or the one that is asked for", async () => {
    expect(rig().transport.driverInterface).toBe("modern");
    expect(rig({ personality: "transitional" }).transport.driverInterface).toBe("modern");
    expect(rig({ personality: "legacy" }).transport.driverInterface).toBe("legacy");
    const legacy = rig({ personality: "transitional" }, { driverInterface: "legacy" }).transport;
    expect([legacy.driverInterface, legacy.endian, legacy.deviceId]).toEqual(["legacy", "big", 9]);
    expect(codeOf(() => rig({}, { driverInterface: "legacy" }))).toBe("ERR_DRIVER_DEVICE_TYPE");
    expect(codeOf(() => rig({ personality: "legacy" }, { driverInterface: "modern" }))).toBe("ERR_DRIVER_DEVICE_TYPE");
  });

  it("is for virtio devices only", () => {
    const other = (pci: PciAccess): PciAccess => ({ ...pci, readConfig: (at, width) => (at === 0 ? 0x8086 : pci.readConfig(at, width)) });
    expect(codeOf(() => rig({}, {}, other))).toBe("ERR_DRIVER_DEVICE_TYPE");
  });

  it("PCI-CAP-DRV-002, PCI-CAP-DRV-003, PCI-CAP-DRV-005, S004-067: passes over reserved kinds and registers, and takes the first of a kind that it can use", async () => {
    // The list begins with the common configuration at 0x40. With a register that is none it is not to be used.
    expect(codeOf(() => rig({}, {}, reading(0x44, 6)))).toBe("ERR_DRIVER_DEVICE_TYPE");
    expect(codeOf(() => rig({}, {}, reading(0x43, 0x77)))).toBe("ERR_DRIVER_DEVICE_TYPE");
    const { transport, log } = rig({ ioNotify: true, capabilities: [vendorCapability(0x1234, new Uint8Array(8))] });
    expect(await echo(transport)).toEqual([1, 2, 3]);
    expect(log.some((line) => line.startsWith("bar 2 0 "))).toBe(true);
    expect(log.some((line) => line.startsWith("bar 4 3000 "))).toBe(false);
  });

  it("a capability list that is a loop ends", async () => {
    // The last capability points back to the first.
    const { transport } = rig({ vectors: 0 }, {}, (pci) => ({
      ...pci,
      readConfig: (at, width) => pci.readConfig(at, width) || (width === 1 && at > 0x40 && pci.readConfig(at - 1, 1) === 9 ? 0x40 : 0),
    }));
    expect(await echo(transport)).toEqual([1, 2, 3]);
  });

  it("PCI-MSIX-DRV-001, PCI-MSIX-DRV-004: works with messages: one vector each, fewer vectors than queues, one vector for all, none", async () => {
    for (const vectors of [8, 3, 2, 1]) {
      const { transport } = rig({ vectors }, { messages });
      expect([vectors, await echo(transport), transport.msixEnabled]).toEqual([vectors, [1, 2, 3], true]);
    }
    const { transport } = rig({ vectors: 0 }, { messages });
    expect([await echo(transport), transport.msixEnabled]).toEqual([[1, 2, 3], false]);
  });

  it("PCI-MSIX-DRV-005, PCI-MSIX-DRV-006: a device that cannot map a vector gets along with the line", async () => {
    const refusing = (pci: PciAccess): PciAccess => ({
      ...pci,
      readBar: (bar, offset, width) => (bar === 4 && offset === 16 ? 0xffff : pci.readBar(bar, offset, width)),
    });
    const { transport } = rig({}, { messages }, refusing);
    expect([await echo(transport), transport.msixEnabled]).toEqual([[1, 2, 3], false]);
  });

  it("PCI-COMMON-DRV-004, PCI-COMMON-DRV-006: enables a queue with 1 only, after everything else", async () => {
    const { transport, log } = rig();
    await echo(transport);
    const enabled = log.filter((line) => line.startsWith("bar 4 1c "));
    expect(enabled.every((line) => line === "bar 4 1c 2 1") && enabled.length > 0).toBe(true);
    const first = log.indexOf("bar 4 1c 2 1");
    expect(log.slice(first - 6, first).map((line) => line.split(" ")[2])).toEqual(["20", "24", "28", "2c", "30", "34"]);
  });

  it("a device that never ends its reset is an error, not a wait without end", async () => {
    const stuck = (pci: PciAccess): PciAccess => ({
      ...pci,
      readBar: (bar, offset, width) => (bar === 4 && offset === 20 ? 4 : pci.readBar(bar, offset, width)),
    });
    const { transport } = rig({}, { polling: { attempts: 5 } }, stuck);
    await expect(transport.reset()).rejects.toMatchObject({ code: "ERR_DRIVER_TIMEOUT" });
  });

  it("D-011, S004-033..036, PCI-DISC-DRV-002..004: takes transitional device IDs too, any revision, and any subsystem vendor", async () => {
    const revision =
      (value: number) =>
      (pci: PciAccess): PciAccess => ({
        ...pci,
        readConfig: (at, width) => (at === 8 ? ((pci.readConfig(at, width) & ~0xff) | value) >>> 0 : pci.readConfig(at, width)),
      });
    for (const value of [0, 1, 0xff]) {
      for (const personality of ["modern", "transitional", "legacy"] as const) {
        const { transport } = rig({ personality, subsystemVendorId: 0x1234 }, {}, revision(value));
        expect([transport.deviceId, await echo(transport)]).toEqual([9, [1, 2, 3]]);
      }
    }
  });

  it("PCI-CAP-DRV-004, PCI-CAP-DRV-007: capabilities and structures may be larger than known", async () => {
    const lengths = [0x42, 0x4c];
    const larger = (pci: PciAccess): PciAccess => ({
      ...pci,
      readConfig: (at, width) => pci.readConfig(at, width) + (lengths.includes(at) ? (width === 1 ? 8 : 0x10_0000) : 0),
    });
    expect(await echo(rig({}, {}, larger).transport)).toEqual([1, 2, 3]);
  });

  it("S004-038, PCI-ACCESS-DRV-001, PCI-CAP-DRV-009, PCI-CFGACC-DRV-001..003, PCI-COMMON-DRV-001..003: accesses are as wide as the fields, and only to what may be written", async () => {
    const widths = new Map([
      ...[0x00, 0x04, 0x08, 0x0c].map((at) => [at, 4] as const),
      ...[0x10, 0x12, 0x16, 0x18, 0x1a, 0x1c, 0x1e].map((at) => [at, 2] as const),
      ...[0x14, 0x15].map((at) => [at, 1] as const),
      ...[0x20, 0x24, 0x28, 0x2c, 0x30, 0x34].map((at) => [at, 4] as const),
      ...[0x38, 0x3a].map((at) => [at, 2] as const),
    ]);
    const seen = new Set<number>();
    const watched = (pci: PciAccess): PciAccess => ({
      ...pci,
      readBar: (bar, offset, width) => {
        if (bar === 4 && offset < 0x1000) {
          expect([offset, width]).toEqual([offset, widths.get(offset)]);
          seen.add(offset);
        }
        expect(offset % width).toBe(0);
        return pci.readBar(bar, offset, width);
      },
      writeBar: (bar, offset, width, value) => {
        if (bar === 4 && offset < 0x1000) {
          expect([offset, width]).toEqual([offset, widths.get(offset)]);
          // device_feature, num_queues, config_generation, queue_notify_off, queue_notif_config_data
          expect([0x04, 0x12, 0x15, 0x1e, 0x38]).not.toContain(offset);
          seen.add(offset);
          if (offset === 0x18) expect([value > 0, value & (value - 1)]).toEqual([true, 0]);
        }
        expect(offset % width).toBe(0);
        pci.writeBar(bar, offset, width, value);
      },
    });
    const { transport, log } = rig({}, { messages }, watched);
    const driver = await VirtioDriver.open(transport);
    await driver.readConfigFields({ small: { offset: 0, width: 2 }, large: { offset: 8, width: 8 }, knob: { offset: 16, width: 4 } });
    await driver.writeConfig(16, 4, 1);
    await driver.close();
    expect(seen.size).toBeGreaterThan(10);
    // Of configuration space: the command register, and the message control of MSI-X, which is no capability of virtio's.
    expect(new Set(log.filter((line) => line.startsWith("config ")).map((line) => line.split(" ")[1])).size).toBe(2);
    expect(log.filter((line) => line.startsWith("config 4 ")).length).toBe(1);
  });

  it("PCI-COMMON-DRV-005, PCI-COMMON-DRV-007: waits for the end of a reset, and of a queue's", async () => {
    let [statusReads, resetReads] = [0, 0];
    const slow = (pci: PciAccess): PciAccess => ({
      ...pci,
      readBar: (bar, offset, width) => {
        const value = pci.readBar(bar, offset, width);
        if (bar === 4 && offset === 0x14 && value === 0 && statusReads < 3) return statusReads++ < 3 ? 0x0f : value;
        if (bar === 4 && offset === 0x3a && value === 0 && resetReads < 3) return resetReads++ < 3 ? 1 : value;
        return value;
      },
    });
    const { transport, log } = rig({ extraFeatures: [F_RING_RESET] }, {}, slow);
    const driver = await VirtioDriver.open(transport);
    expect([statusReads, log.indexOf("bar 4 14 1 0") < log.indexOf("bar 4 14 1 1")]).toEqual([3, true]);
    await driver.resetQueue(0);
    expect([resetReads, [...(await driver.request(0, [Uint8Array.of(4)], [1])).data]]).toEqual([3, [4]]);
  });

  it("PCI-NOTIFY-DRV-001..004: notifies with 16 bits, the queue; with NOTIFICATION_DATA with 32 bits, the queue in the lower half", async () => {
    for (const [without, width] of [
      [[F_NOTIFICATION_DATA], 2],
      [[], 4],
    ] as const) {
      const { transport, log } = rig({ extraFeatures: [F_NOTIFICATION_DATA] });
      const driver = await VirtioDriver.open(transport, { without });
      const before = log.length;
      for (const queue of [0, 1]) await driver.request(queue, [Uint8Array.of(1)], [1]);
      const notifications = log.slice(before).filter((line) => line.startsWith("bar 4 3"));
      expect(notifications.map((line) => line.split(" ")[3])).toEqual([`${width}`, `${width}`]);
      expect(notifications.map((line) => Number.parseInt(line.split(" ")[4] as string, 16) & 0xffff)).toEqual([0, 1]);
    }
  });

  it("PCI-LEGACY-DRV-001, PCI-LEGACY-DRV-003: in legacy mode everything is behind the first base address register, the configuration after the headers in use", async () => {
    for (const [use, offset] of [
      [{}, 20],
      [{ messages }, 24],
    ] as const) {
      const touched: string[] = [];
      const watched = (pci: PciAccess): PciAccess => ({
        ...pci,
        readBar: (bar, at, width) => {
          touched.push(`${bar} ${at}`);
          return pci.readBar(bar, at, width);
        },
      });
      const { transport, log } = rig({ personality: "transitional" }, { driverInterface: "legacy", ...use }, watched);
      const driver = await VirtioDriver.open(transport);
      touched.length = 0;
      await transport.readConfig(0, 2);
      expect(touched).toEqual([`0 ${offset}`]);
      await driver.request(0, [Uint8Array.of(1)], [1]);
      const msixTable = 1;
      const bars = new Set(log.filter((line) => line.startsWith("bar ")).map((line) => Number(line.split(" ")[1])));
      bars.delete(msixTable);
      expect([...bars]).toEqual([0]);
    }
  });

  it("PCI-INT-DRV-001: one interrupt can mean used buffers and a configuration change", async () => {
    let isr: number[] = [];
    const { transport } = rig({}, {}, (pci) => ({
      ...pci,
      readBar: (bar, offset, width) => (bar === 4 && offset === 0x1000 ? (isr.shift() ?? 0) : pci.readBar(bar, offset, width)),
    }));
    const heard: string[] = [];
    transport.listen({ queueInterrupt: (queue) => heard.push(`queue ${queue}`), configInterrupt: () => heard.push("configuration") });
    isr = [3];
    transport.interrupt();
    expect(heard).toEqual(["queue undefined", "configuration"]);
  });
});
