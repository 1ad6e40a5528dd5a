import { describe, expect, it } from "vitest";
import { FlatMemory } from "../../packages/guest-memory/src/index.ts";
import { VirtioPciDevice, type VirtioPciOptions, vendorCapability } from "../../packages/transport-pci-modern/src/index.ts";
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

  it("PCI-CAP-DRV-002, PCI-CAP-DRV-003, PCI-CAP-DRV-005: passes over reserved kinds and registers, and takes the first of a kind that it can use", async () => {
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
});
