import { ChannelSubsystem } from "../../packages/channel-subsystem/src/index.ts";
import { type GuestMemory, ReversedMemory } from "../../packages/guest-memory/src/index.ts";
import { CcwNotifications, VirtioCcwDevice } from "../../packages/transport-ccw/src/index.ts";
import { VirtioMmioDevice } from "../../packages/transport-mmio/src/index.ts";
import { VirtioPciDevice } from "../../packages/transport-pci-modern/src/index.ts";
import { DescriptorPage } from "../../packages/transport-s390-legacy/src/index.ts";
import type { DriverInterface, VirtioDevice } from "../../packages/virtio/src/index.ts";
import { DEVICE_ID_ECHO, type Subject } from "../../packages/virtio-conformance/src/index.ts";
import { CcwInterruptions, CcwTransport, type CcwTransportOptions } from "../../packages/virtio-driver/src/ccw/index.ts";
import { DirectTransport } from "../../packages/virtio-driver/src/index.ts";
import { MmioTransport } from "../../packages/virtio-driver/src/mmio/index.ts";
import { PciTransport } from "../../packages/virtio-driver/src/pci/index.ts";
import { DescriptorPageDriver } from "../../packages/virtio-driver/src/s390-legacy/index.ts";
import type { Logger } from "../../packages/vmm-interface/src/index.ts";

export interface CarrierOptions {
  readonly driverInterface: DriverInterface;
  /** Feature bits to offer beyond those of the device. */
  readonly features: readonly number[];
  readonly memory: GuestMemory;
  readonly logger: Logger;
}

/** Puts a device behind a transport and opens the driver's end of it. */
export type Carrier = (device: VirtioDevice, options: CarrierOptions) => Subject | Promise<Subject>;

function direct(device: VirtioDevice, { features, ...options }: CarrierOptions): Subject {
  return { transport: new DirectTransport(device, { ...options, extraFeatures: features }) };
}

function mmio(device: VirtioDevice, { driverInterface, features, memory, logger }: CarrierOptions): Subject {
  let transport: MmioTransport | undefined;
  const bus = new VirtioMmioDevice(device, {
    memory,
    version: driverInterface === "legacy" ? 1 : 2,
    // The other transports have big-endian guests.
    legacyEndian: "little",
    extraFeatures: features,
    logger,
    onInterrupt: (active) => {
      if (active) transport?.interrupt();
    },
  });
  transport = MmioTransport.probe({ bus, memory, legacyEndian: "little" });
  if (!transport) throw new Error("no device behind the registers");
  return { transport, registers: bus };
}

/** On memory as the CPU has it, which the suite cannot watch. */
function reversed(device: VirtioDevice, options: CarrierOptions): Subject {
  const { size } = options.memory;
  return direct(device, { ...options, memory: new ReversedMemory(new ArrayBuffer(size), size - 1, size) });
}

type CcwSettings = Pick<CcwTransportOptions, "maxRevision" | "adapterIndicators">;

async function openCcw(device: VirtioDevice, options: CarrierOptions, settings: CcwSettings): Promise<Subject> {
  const { driverInterface, features, memory, logger } = options;
  const interruptions = new CcwInterruptions();
  const channel = new ChannelSubsystem({ memory, attention: interruptions, defer: (work) => void setImmediate(work) });
  const { adapterInterruptions } = channel;
  const end = new VirtioCcwDevice(device, { memory, adapterInterruptions }, { extraFeatures: features, logger });
  const { subsystemId } = channel.attach(end);
  const notifications = new CcwNotifications(channel);
  const transport = await CcwTransport.open({
    channel,
    subsystemId,
    interruptions,
    notify: (...call) => notifications.notify(...call),
    memory,
    driverInterface,
    ...settings,
  });
  return { transport };
}

function pci(device: VirtioDevice, { driverInterface, features, memory, logger }: CarrierOptions): Subject {
  const end = new VirtioPciDevice(device, {
    memory,
    personality: driverInterface === "legacy" ? "transitional" : "modern",
    legacyEndian: "big",
    // The suite's own device has none.
    ...(device.deviceId === DEVICE_ID_ECHO && { transitionalDeviceId: 0x103f }),
    extraFeatures: features,
    logger,
  });
  const { pciFunction } = end;
  const messages = { addressHigh: 0, addressLow: 0xfee0_0000, data: 0 };
  const transport = new PciTransport({ pci: pciFunction, memory, driverInterface, legacyEndian: "big", messages });
  pciFunction.connect({
    msi: { signal: (_high, _low, data) => transport.message(data) },
    setInterruptLine: (asserted) => {
      if (asserted) transport.interrupt();
    },
  });
  return { transport };
}

/** The legacy interface only. Storage, which the driver has, ends where the page begins; the rings lie behind it. */
const page: Carrier = (device, { memory, logger }) => {
  const address = Math.floor(memory.size / 2 / 4096) * 4096;
  let driver: DescriptorPageDriver | undefined;
  const attention = {
    raise: () => {
      for (let taken = bus.takeExternalInterruption(); taken; taken = bus.takeExternalInterruption()) driver?.interruption(taken);
    },
  };
  const bus = new DescriptorPage({ memory, address, attention, logger });
  bus.attach(device);
  driver = new DescriptorPageDriver({ memory, address, hypercall: (number, argument) => bus.hypercall(number, argument) ?? -22 });
  const [transport] = driver.scan();
  if (!transport) throw new Error("no device on the page");
  return { transport };
};

const ccw: Carrier = (device, options) => openCcw(device, options, {});

/** As old hosts and guests have it; the legacy interface is revision 0 in any case. */
const oldCcw: Carrier = (device, options) =>
  openCcw(device, options, { adapterIndicators: false, ...(options.driverInterface === "modern" ? { maxRevision: 1 } : {}) });

export const carriers = { direct, mmio, ccw, pci, "s390-legacy": page } satisfies Readonly<Record<string, Carrier>>;

/** Those that have no modern interface. */
export const legacyOnly: ReadonlySet<Carrier> = new Set([page]);

/** Other ways to carry a device that one device is enough for. */
export const otherCarriers: Readonly<Record<string, Carrier>> = {
  "direct, on reversed memory": reversed,
  "ccw, revision 1 with classic indicators": oldCcw,
};
