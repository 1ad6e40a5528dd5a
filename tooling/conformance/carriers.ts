import { ChannelSubsystem } from "../../packages/channel-subsystem/src/index.ts";
import type { GuestMemory } from "../../packages/guest-memory/src/index.ts";
import { CcwNotifications, VirtioCcwDevice } from "../../packages/transport-ccw/src/index.ts";
import { VirtioMmioDevice } from "../../packages/transport-mmio/src/index.ts";
import type { DriverInterface, VirtioDevice } from "../../packages/virtio/src/index.ts";
import type { Subject } from "../../packages/virtio-conformance/src/index.ts";
import { CcwInterruptions, CcwTransport } from "../../packages/virtio-driver/src/ccw/index.ts";
import { DirectTransport } from "../../packages/virtio-driver/src/index.ts";
import { MmioTransport } from "../../packages/virtio-driver/src/mmio/index.ts";
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

async function ccw(device: VirtioDevice, { driverInterface, features, memory, logger }: CarrierOptions): Promise<Subject> {
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
  });
  return { transport };
}

export const carriers: Readonly<Record<string, Carrier>> = { direct, mmio, ccw };
