import { type Endian, FlatMemory, type GuestMemory } from "../../packages/guest-memory/src/index.ts";
import { VirtioMmioDevice } from "../../packages/transport-mmio/src/index.ts";
import {
  type DriverInterface,
  F_RING_PACKED,
  F_RING_RESET,
  type VirtioDevice,
  type VirtioFrontend,
} from "../../packages/virtio/src/index.ts";
import { DirectTransport, type DriverTransport } from "../../packages/virtio-driver/src/index.ts";
import { MmioTransport } from "../../packages/virtio-driver/src/mmio/index.ts";

/** How a device is reached, and what rings it has. */
export interface Way {
  readonly transport: "direct" | "mmio";
  readonly driverInterface: DriverInterface;
  readonly packed?: boolean;
  readonly legacyEndian?: Endian;
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
export const ways: readonly [string, Way][] = (["direct", "mmio"] as const).flatMap((transport): [string, Way][] => [
  [`${transport}, modern, split`, { transport, driverInterface: "modern" }],
  [`${transport}, modern, packed`, { transport, driverInterface: "modern", packed: true }],
  [`${transport}, legacy, big-endian`, { transport, driverInterface: "legacy", legacyEndian: "big" }],
  [`${transport}, legacy, little-endian`, { transport, driverInterface: "legacy", legacyEndian: "little" }],
]);

export function openRig(device: VirtioDevice, way: Way, options: RigOptions = {}): Rig {
  const { driverInterface, packed = false, legacyEndian = "big" } = way;
  const memory = options.memory ?? new FlatMemory(4 << 20);
  const extraFeatures = [...(options.extraFeatures ?? []), F_RING_RESET, ...(packed ? [F_RING_PACKED] : [])];
  if (way.transport === "direct") {
    const transport = new DirectTransport(device, { memory, driverInterface, legacyEndian, extraFeatures });
    return { transport, frontend: transport.frontend };
  }
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
