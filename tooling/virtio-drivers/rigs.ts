import { ChannelSubsystem } from "../../packages/channel-subsystem/src/index.ts";
import { type Endian, FlatMemory, type GuestMemory } from "../../packages/guest-memory/src/index.ts";
import { CcwNotifications, VirtioCcwDevice } from "../../packages/transport-ccw/src/index.ts";
import { VirtioMmioDevice } from "../../packages/transport-mmio/src/index.ts";
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

/** How a device is reached, and what rings it has. */
export interface Way {
  readonly transport: "direct" | "mmio" | "ccw";
  readonly driverInterface: DriverInterface;
  readonly packed?: boolean;
  readonly legacyEndian?: Endian;
  /** ccw only. */
  readonly revision?: 0 | 1 | 2;
  readonly adapterIndicators?: boolean;
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

/** All ways that there are. */
export const ways: readonly [string, Way][] = [
  ...(["direct", "mmio"] as const).flatMap((transport): [string, Way][] => [
    [`${transport}, modern, split`, { transport, driverInterface: "modern" }],
    [`${transport}, modern, packed`, { transport, driverInterface: "modern", packed: true }],
    [`${transport}, legacy, big-endian`, { transport, driverInterface: "legacy", legacyEndian: "big" }],
    [`${transport}, legacy, little-endian`, { transport, driverInterface: "legacy", legacyEndian: "little" }],
  ]),
  ["ccw, revision 2, split", { transport: "ccw", driverInterface: "modern" }],
  ["ccw, revision 2, packed", { transport: "ccw", driverInterface: "modern", packed: true }],
  ["ccw, revision 2, classic indicators", { transport: "ccw", driverInterface: "modern", adapterIndicators: false }],
  ["ccw, revision 1", { transport: "ccw", driverInterface: "modern", revision: 1 }],
  ["ccw, revision 0", { transport: "ccw", driverInterface: "legacy" }],
];

export function openRig(device: VirtioDevice, way: Way, options: RigOptions = {}): Promise<Rig> {
  switch (way.transport) {
    case "direct":
      return openDirect(device, way, options);
    case "mmio":
      return openMmio(device, way, options);
    case "ccw":
      return openCcw(device, way, options);
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
