import { ChannelSubsystem } from "../../packages/channel-subsystem/src/index.ts";
import { type Endian, FlatMemory, type GuestMemory } from "../../packages/guest-memory/src/index.ts";
import { CcwNotifications, VirtioCcwDevice } from "../../packages/transport-ccw/src/index.ts";
import { VirtioMmioDevice } from "../../packages/transport-mmio/src/index.ts";
import { VirtioPciDevice } from "../../packages/transport-pci-modern/src/index.ts";
import { DescriptorPage } from "../../packages/transport-s390-legacy/src/index.ts";
import {
  type DriverInterface,
  F_RING_PACKED,
  F_RING_RESET,
  type VirtioDevice,
  type VirtioFrontend,
} from "../../packages/virtio/src/index.ts";
import { CcwInterruptions, CcwTransport } from "../../packages/virtio-driver/src/ccw/index.ts";
import { DirectTransport, type DriverTransport } from "../../packages/virtio-driver/src/index.ts";
import { MmioTransport } from "../../packages/virtio-driver/src/mmio/index.ts";
import { PciTransport } from "../../packages/virtio-driver/src/pci/index.ts";
import { DescriptorPageDriver } from "../../packages/virtio-driver/src/s390-legacy/index.ts";

/** How a device is reached, and what rings it has. */
export interface Way {
  readonly transport: "direct" | "mmio" | "ccw" | "pci" | "page";
  readonly driverInterface: DriverInterface;
  readonly packed?: boolean;
  readonly legacyEndian?: Endian;
  /** ccw only. */
  readonly revision?: 0 | 1 | 2;
  readonly adapterIndicators?: boolean;
  /** pci only. */
  readonly messages?: boolean;
}

/** A device behind a transport, with both ends of it. */
export interface Rig {
  readonly transport: DriverTransport;
  readonly frontend: VirtioFrontend;
}

export interface RigOptions {
  readonly memory?: GuestMemory;
  readonly extraFeatures?: readonly number[];
}

const modernRings: readonly [string, Pick<Way, "driverInterface" | "packed">][] = [
  ["modern, split", { driverInterface: "modern" }],
  ["modern, packed", { driverInterface: "modern", packed: true }],
];
const legacyRings: readonly [string, Pick<Way, "driverInterface" | "legacyEndian">][] = [
  ["legacy, big-endian", { driverInterface: "legacy", legacyEndian: "big" }],
  ["legacy, little-endian", { driverInterface: "legacy", legacyEndian: "little" }],
];

/** All ways that there are, the plainest first. */
export const ways: readonly [string, Way][] = [
  ...(["direct", "mmio"] as const).flatMap((transport) =>
    [...modernRings, ...legacyRings].map(([rings, way]): [string, Way] => [`${transport}, ${rings}`, { transport, ...way }]),
  ),
  ...([2, 1] as const).flatMap((revision) =>
    modernRings.map(([rings, way]): [string, Way] => [`ccw, revision ${revision}, ${rings}`, { transport: "ccw", revision, ...way }]),
  ),
  ["ccw, revision 2, classic indicators", { transport: "ccw", driverInterface: "modern", adapterIndicators: false }],
  ["ccw, revision 0", { transport: "ccw", driverInterface: "legacy" }],
  ["ccw, revision 0, classic indicators", { transport: "ccw", driverInterface: "legacy", adapterIndicators: false }],
  ...[true, false].flatMap((messages) =>
    [...modernRings, ...legacyRings].map(([rings, way]): [string, Way] => [
      `pci, ${rings}, ${messages ? "MSI-X" : "INTx"}`,
      { transport: "pci", messages, ...way },
    ]),
  ),
  ["s390 descriptor page", { transport: "page", driverInterface: "legacy" }],
];

export function openRig(device: VirtioDevice, way: Way, options: RigOptions = {}): Promise<Rig> {
  switch (way.transport) {
    case "direct":
      return openDirect(device, way, options);
    case "mmio":
      return openMmio(device, way, options);
    case "ccw":
      return openCcw(device, way, options);
    case "pci":
      return openPci(device, way, options);
    case "page":
      return openPage(device, options);
  }
}

function settingsOf({ driverInterface, packed = false, legacyEndian = "big" }: Way, options: RigOptions) {
  const memory = options.memory ?? new FlatMemory(4 << 20);
  const extraFeatures = [...(options.extraFeatures ?? []), F_RING_RESET, ...(packed ? [F_RING_PACKED] : [])];
  return { memory, driverInterface, legacyEndian, extraFeatures };
}

async function openDirect(device: VirtioDevice, way: Way, options: RigOptions): Promise<Rig> {
  const transport = new DirectTransport(device, settingsOf(way, options));
  return { transport, frontend: transport.frontend };
}

async function openMmio(device: VirtioDevice, way: Way, options: RigOptions): Promise<Rig> {
  const { memory, driverInterface, legacyEndian, extraFeatures } = settingsOf(way, options);
  let transport: MmioTransport | undefined;
  const bus = new VirtioMmioDevice(device, {
    memory,
    version: driverInterface === "legacy" ? 1 : 2,
    legacyEndian,
    extraFeatures,
    onInterrupt: (active) => {
      if (active) transport?.interrupt();
    },
  });
  transport = MmioTransport.probe({ bus, memory, legacyEndian });
  if (!transport) throw new Error("no device");
  return { transport, frontend: bus.frontend };
}

async function openCcw(device: VirtioDevice, way: Way, options: RigOptions): Promise<Rig> {
  const { memory, driverInterface, extraFeatures } = settingsOf(way, options);
  const interruptions = new CcwInterruptions();
  const channel = new ChannelSubsystem({ memory, attention: interruptions, defer: (work) => void setImmediate(work) });
  const { adapterInterruptions } = channel;
  const end = new VirtioCcwDevice(device, { memory, adapterInterruptions }, { extraFeatures });
  const { subsystemId } = channel.attach(end);
  const notifications = new CcwNotifications(channel);
  const transport = await CcwTransport.open({
    channel,
    subsystemId,
    interruptions,
    notify: (...call) => notifications.notify(...call),
    memory,
    driverInterface,
    ...(way.revision === undefined ? {} : { maxRevision: way.revision }),
    adapterIndicators: way.adapterIndicators ?? true,
  });
  return { transport, frontend: end.frontend };
}

async function openPci(device: VirtioDevice, way: Way, options: RigOptions): Promise<Rig> {
  const { memory, driverInterface, legacyEndian, extraFeatures } = settingsOf(way, options);
  const personality = driverInterface === "legacy" ? "transitional" : "modern";
  const end = new VirtioPciDevice(device, { memory, personality, legacyEndian, extraFeatures });
  const messages = { addressHigh: 0, addressLow: 0xfee0_0000, data: 0x40 };
  const transport = new PciTransport({
    pci: end.pciFunction,
    memory,
    driverInterface,
    legacyEndian,
    ...(way.messages && { messages }),
  });
  end.pciFunction.connect({
    msi: { signal: (_high, _low, data) => transport.message(data) },
    setInterruptLine: (asserted) => {
      if (asserted) transport.interrupt();
    },
  });
  return { transport, frontend: end.frontend };
}

/** Storage ends where the page begins; the rings have the rest of the memory. */
async function openPage(device: VirtioDevice, options: RigOptions): Promise<Rig> {
  const memory = options.memory ?? new FlatMemory(4 << 20);
  const address = Math.floor(memory.size / 2 / 4096) * 4096;
  let driver: DescriptorPageDriver | undefined;
  const attention = {
    raise: () => {
      for (let taken = page.takeExternalInterruption(); taken; taken = page.takeExternalInterruption()) driver?.interruption(taken);
    },
  };
  const page = new DescriptorPage({ memory, address, attention });
  const { frontend } = page.attach(device);
  driver = new DescriptorPageDriver({ memory, address, hypercall: (number, argument) => page.hypercall(number, argument) ?? -22 });
  const [transport] = driver.scan();
  if (!transport) throw new Error("no device on the page");
  return { transport, frontend };
}
