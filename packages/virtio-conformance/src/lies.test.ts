import {
  F_ANY_LAYOUT,
  F_IN_ORDER,
  F_NOTIFICATION_DATA,
  F_NOTIFY_ON_EMPTY,
  F_SR_IOV,
  F_SUSPEND,
  STATUS_ACKNOWLEDGE,
  STATUS_DRIVER_OK,
  STATUS_SUSPEND,
} from "@zarch/virtio";
import { DirectTransport, type DriverTransport } from "@zarch/virtio-driver";
import { describe, expect, it } from "vitest";
import { allCases, type ConformanceTarget, EchoDevice, LEGACY, MODERN_SPLIT, runConformance, type Variant } from "./index.ts";

/** What a transport says or does otherwise than the good one under it. */
type Lie = (good: DirectTransport, device: EchoDevice) => Partial<Record<keyof DriverTransport, unknown>>;

/** Offers a feature, and does not tell the device when it is accepted. */
function pretends(bit: number): Lie {
  const wordOf = Math.floor(bit / 32);
  const mask = 1 << (bit % 32);
  return (good) => ({
    readDeviceFeatures: async (word: number) => ((await good.readDeviceFeatures(word)) | (word === wordOf ? mask : 0)) >>> 0,
    writeDriverFeatures: (word: number, value: number) => good.writeDriverFeatures(word, word === wordOf ? (value & ~mask) >>> 0 : value),
  });
}

function hides(bit: number): Lie {
  return (good) => ({
    readDeviceFeatures: async (word: number) =>
      (word === Math.floor(bit / 32) ? (await good.readDeviceFeatures(word)) & ~(1 << (bit % 32)) : await good.readDeviceFeatures(word)) >>>
      0,
  });
}

/** Offers what is not for ccw, by that name. */
const overCcw: Lie = () => ({ name: "ccw" });

function target(lie: Lie): ConformanceTarget {
  const { deviceId, featureDependencies } = new EchoDevice();
  return {
    name: "a transport that lies",
    ...(lie === overCcw ? { transport: "ccw" } : {}),
    deviceId,
    featureDependencies,
    open: ({ driverInterface, memory, features }) => {
      const device = new EchoDevice();
      const good = new DirectTransport(device, { driverInterface, memory, extraFeatures: features });
      const lies = lie(good, device);
      const transport = new Proxy(good, {
        get: (_, key) => {
          if (key in lies) return lies[key as keyof DriverTransport];
          const value: unknown = Reflect.get(good, key, good);
          return typeof value === "function" ? value.bind(good) : value;
        },
      });
      return {
        transport,
        controls: { hold: () => device.hold(), release: () => device.release(), changeConfig: () => device.change() },
      };
    },
  };
}

/** Rules that are about what the lies are about. */
const cases = allCases.filter(
  ({ level, requirements, title }) =>
    level !== "hostile" &&
    (requirements.some((id) => /^(CORE|CCW-RSV|RING-SPLIT-FACT-DEV-002)/.test(id)) || /configuration|suspended|device type/.test(title)),
);

async function redIds(lie: Lie, variant: Variant): Promise<string[]> {
  const report = await runConformance(target(lie), { cases, variants: [variant], deadline: 40 });
  return report.results
    .filter(({ score }) => ["FAIL", "WEDGED", "WARN"].includes(score))
    .map((result) => result.case.requirements.join(" ") || result.case.title)
    .sort();
}

describe("the suite against a transport that lies", () => {
  it("believes one that does not", async () => {
    expect(await redIds(() => ({}), MODERN_SPLIT)).toEqual([]);
    expect(await redIds(() => ({}), LEGACY)).toEqual([]);
  });

  const lies: [string, Variant, Lie, string[]][] = [
    [
      "of a status that is not 0",
      MODERN_SPLIT,
      (good) => ({ readStatus: async () => (await good.readStatus()) || 0x20 }),
      ["CORE-RESET-DEV-001 CORE-RESET-FACT-DEV-001", "CORE-STATUS-FACT-DEV-002"],
    ],
    [
      "of a status without ACKNOWLEDGE",
      LEGACY,
      (good) => ({ readStatus: async () => (await good.readStatus()) & ~STATUS_ACKNOWLEDGE }),
      ["CORE-STATUS-FACT-DEV-001"],
    ],
    [
      "of a queue reset",
      MODERN_SPLIT,
      () => ({ resetQueue: async () => true }),
      ["CORE-VQRESET-DEV-001", "CORE-VQRESET-DEV-001 CORE-VQRESET-DEV-002", "CORE-VQRESET-DEV-003", "CORE-VQRESET-DEV-004"],
    ],
    [
      "of use in order",
      MODERN_SPLIT,
      (good, device) => {
        backwards(device);
        return pretends(F_IN_ORDER)(good, device);
      },
      ["CORE-RSVF-DEV-005"],
    ],
    [
      "of understanding notification data",
      MODERN_SPLIT,
      (good, device) => ({
        ...pretends(F_NOTIFICATION_DATA)(good, device),
        notify: (queue: number, data = 0) => good.notify(data * 0x1_0000 + queue),
      }),
      ["CORE-NOTIF-FACT-DEV-001", "CORE-NOTIF-FACT-DEV-002"],
    ],
    [
      "of a device that cannot suspend",
      MODERN_SPLIT,
      pretends(F_SUSPEND),
      [
        "CORE-SUSPEND-DEV-002",
        "CORE-SUSPEND-DEV-003 CORE-SUSPEND-DEV-004",
        "CORE-SUSPEND-DEV-005 CORE-SUSPEND-DEV-006 CORE-SUSPEND-DEV-007",
        "CORE-SUSPEND-DEV-008 CORE-SUSPEND-DEV-009",
        "CORE-SUSPEND-DEV-010 CORE-SUSPEND-DEV-011 CORE-SUSPEND-DEV-012 CORE-SUSPEND-DEV-013",
        "a suspended device can be reset",
      ],
    ],
    [
      "of being suspended",
      MODERN_SPLIT,
      sleepless,
      [
        "CORE-SUSPEND-DEV-001",
        "CORE-SUSPEND-DEV-002",
        "CORE-SUSPEND-DEV-003 CORE-SUSPEND-DEV-004",
        "CORE-SUSPEND-DEV-005 CORE-SUSPEND-DEV-006 CORE-SUSPEND-DEV-007",
        "CORE-SUSPEND-DEV-010 CORE-SUSPEND-DEV-011 CORE-SUSPEND-DEV-012 CORE-SUSPEND-DEV-013",
      ],
    ],
    ["of SR_IOV", MODERN_SPLIT, pretends(F_SR_IOV), ["CORE-RSVF-DEV-010"]],
    ["of the probe bit", MODERN_SPLIT, pretends(30), ["CORE-RSVF-DEV-014"]],
    ["of RING_RESET over ccw", MODERN_SPLIT, overCcw, ["CCW-RSV-FACT-DEV-001 CCW-RSV-FACT-DEV-002"]],
    ["of a feature that needs another", MODERN_SPLIT, hides(0), ["CORE-FEAT-DEV-001", "CORE-FEAT-DEV-003"]],
    ["of no ANY_LAYOUT", LEGACY, hides(F_ANY_LAYOUT), ["CORE-RSVF-DEV-013"]],
    ["of NOTIFY_ON_EMPTY", LEGACY, pretends(F_NOTIFY_ON_EMPTY), ["CORE-RSVF-DEV-012"]],
    [
      "of the sizes of queues",
      MODERN_SPLIT,
      (good) => ({ queueMaxSize: async (queue: number) => Math.min(24, await good.queueMaxSize(queue)) }),
      ["RING-SPLIT-FACT-DEV-002"],
    ],
    [
      "of the configuration, byte by byte",
      MODERN_SPLIT,
      (good) => ({
        readConfig: async (offset: number, length: number) => (length === 1 ? new Uint8Array(1) : good.readConfig(offset, length)),
      }),
      ["CORE-SUSPEND-DEV-002", "the configuration can be read byte by byte, and beyond its end"],
    ],
    [
      "of one generation for ever",
      MODERN_SPLIT,
      () => ({ configGeneration: async () => 3 }),
      ["a change of the configuration is notified"],
    ],
    ["of who it is", MODERN_SPLIT, () => ({ deviceId: 1 }), ["the device type is the one that the target names"]],
  ];

  it.each(lies)("does not believe one that lies %s", async (_, variant, lie, ids) => {
    expect(await redIds(lie, variant)).toEqual(ids);
  });
});

/** Answers what it finds in the queue last to first. */
function backwards(device: EchoDevice): void {
  const activate = device.activate.bind(device);
  const hold = device.hold.bind(device);
  let holding = false;
  device.hold = () => {
    holding = true;
    hold();
  };
  device.activate = (context) => {
    const active = activate(context);
    return {
      ...active,
      notify: (index) => {
        if (holding) {
          active.notify(index);
          return;
        }
        const queue = context.queue(index);
        const chains = [...(queue ?? [])].reverse();
        for (const chain of chains) {
          const bytes = new Uint8Array(chain.readable.remaining);
          chain.readable.read(bytes);
          chain.writable.write(bytes);
          queue?.push(chain, chain.writable.written);
        }
        queue?.flush();
      },
    };
  };
}

/** Shows SUSPEND as soon as it is asked for, and goes on. */
function sleepless(good: DirectTransport, device: EchoDevice): ReturnType<Lie> {
  let asleep = false;
  return {
    ...pretends(F_SUSPEND)(good, device),
    reset: async () => {
      asleep = false;
      await good.reset();
    },
    writeStatus: async (status: number) => {
      asleep = (status & STATUS_SUSPEND) !== 0;
      return good.writeStatus(status & ~STATUS_SUSPEND);
    },
    readStatus: async () => {
      const status = await good.readStatus();
      return asleep ? (status & ~STATUS_DRIVER_OK) | STATUS_SUSPEND : status;
    },
  };
}
