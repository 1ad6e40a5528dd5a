import { BlkDevice } from "../../packages/device-blk/src/index.ts";
import { ConsoleDevice } from "../../packages/device-console/src/index.ts";
import { RngDevice } from "../../packages/device-rng/src/index.ts";
import type { VirtioDevice } from "../../packages/virtio/src/index.ts";
import {
  type ConformanceTarget,
  EchoDevice,
  ErrorLog,
  type HostControls,
  LEGACY,
  MODERN_PACKED,
  MODERN_SPLIT,
} from "../../packages/virtio-conformance/src/index.ts";
import { type Carrier, carriers, legacyOnly, otherCarriers } from "./carriers.ts";
import { PowerCutDisk } from "./power-cut-disk.ts";

/** A device with the host's side of it. */
interface Made {
  readonly device: VirtioDevice;
  readonly controls: HostControls;
}

function echo(): Made {
  const device = new EchoDevice();
  return { device, controls: { hold: () => device.hold(), release: () => device.release(), changeConfig: () => device.change() } };
}

const DISK_SIZE = 64 * 512;

function blk(readOnly: boolean): Made {
  const disk = new PowerCutDisk(DISK_SIZE, readOnly);
  const controls: HostControls = {
    hold: () => disk.hold(),
    release: () => disk.release(),
    changeConfig: () => disk.resize(disk.size + 512),
    disk: {
      get size() {
        return disk.size;
      },
      read: (offset, length) => disk.content(offset, length),
      readStable: (offset, length) => disk.stable(offset, length),
      resize: (size) => disk.resize(size),
    },
  };
  return { device: new BlkDevice({ backend: disk }), controls };
}

function console(ports: number): Made {
  const output: number[] = [];
  const emergency: number[] = [];
  const names = ["console", "org.example.second", "ü"];
  const device = new ConsoleDevice({
    ports: Array.from({ length: ports }, (_, i) => (ports > 1 ? { name: names[i] ?? `port ${i}`, console: i === 0 } : { console: true })),
    size: { columns: 80, rows: 24 },
    emergencyWrite: (byte) => emergency.push(byte),
  });
  const port = device.port(0);
  port.onData = (bytes) => void output.push(...bytes);
  let columns = 80;
  return {
    device,
    controls: {
      changeConfig: () => port.resize(++columns, 24),
      console: {
        output: () => Uint8Array.from(output),
        input: (bytes) => void port.tryWrite(bytes),
        emergencyOutput: () => Uint8Array.from(emergency),
        resize: (width, height) => port.resize(width, height),
      },
    },
  };
}

function rng(): Made {
  let state = 1;
  const fill = (bytes: Uint8Array): void => {
    for (let i = 0; i < bytes.length; i++) {
      state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
      bytes[i] = state >>> 24;
    }
  };
  return { device: new RngDevice({ source: { fill } }), controls: {} };
}

/** These behind every transport. */
const devices: Readonly<Record<string, () => Made>> = { echo, blk: () => blk(false), console: () => console(1), rng };

/** What is different in these is not for a transport to see. */
const otherDevices: Readonly<Record<string, () => Made>> = { "blk, read-only": () => blk(true), "console with ports": () => console(3) };

function target(name: string, make: () => Made, transport: string, carrier: Carrier): ConformanceTarget {
  const { device } = make();
  return {
    name,
    deviceId: device.deviceId,
    transport,
    variants: legacyOnly.has(carrier) ? [LEGACY] : [MODERN_SPLIT, MODERN_PACKED, LEGACY],
    featureDependencies: device.featureDependencies ?? [],
    open: async ({ driverInterface, features, memory }) => {
      const made = make();
      const logger = new ErrorLog();
      const subject = await carrier(made.device, { driverInterface, features, memory, logger });
      return { ...subject, controls: { ...made.controls, failures: () => logger.errors }, close: () => made.device.close?.() };
    },
  };
}

/** Every device behind every transport, and some that are enough on their own. */
export const targets: readonly ConformanceTarget[] = [
  ...Object.entries(carriers).flatMap(([by, carrier]) =>
    Object.entries(devices).map(([name, make]) => target(`${name} over ${by}`, make, by, carrier)),
  ),
  ...Object.entries(otherDevices).map(([name, make]) => target(`${name} over direct`, make, "direct", carriers.direct)),
  ...Object.entries(otherCarriers).map(([by, carrier]) => target(`echo over ${by}`, echo, by.split(",")[0] as string, carrier)),
];
