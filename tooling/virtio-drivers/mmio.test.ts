import { describe, expect, it } from "vitest";
import { FlatMemory } from "../../packages/guest-memory/src/index.ts";
import { VirtioMmioDevice } from "../../packages/transport-mmio/src/index.ts";
import { F_ADMIN_VQ, F_NOTIFICATION_DATA, F_RING_PACKED, F_RING_RESET, type VirtioFrontend } from "../../packages/virtio/src/index.ts";
import { VirtioDriver } from "../../packages/virtio-driver/src/index.ts";
import { MmioTransport, type RegisterBus } from "../../packages/virtio-driver/src/mmio/index.ts";
import { EchoDevice } from "../../packages/virtio-driver/test/echo-device.ts";

const READ_ONLY = [0x000, 0x004, 0x008, 0x00c, 0x010, 0x034, 0x060, 0x0b0, 0x0b4, 0x0b8, 0x0bc, 0x0fc];
const WRITE_ONLY = [0x014, 0x020, 0x024, 0x030, 0x038, 0x050, 0x064, 0x080, 0x084, 0x090, 0x094, 0x0a0, 0x0a4, 0x0ac];
const BOTH = [0x044, 0x070, 0x0c0];
const LEGACY = {
  readOnly: [0x000, 0x004, 0x008, 0x00c, 0x010, 0x034, 0x060],
  writeOnly: [0x014, 0x020, 0x024, 0x028, 0x030, 0x038, 0x03c, 0x050, 0x064],
  both: [0x040, 0x070],
};

/** A bus that keeps a driver to the rules of virtio 4.2.2.2 and notes what it does. */
class StrictBus implements RegisterBus {
  readonly log: string[] = [];
  readonly #device: VirtioMmioDevice;
  readonly #readable: Set<number>;
  readonly #writable: Set<number>;
  readonly #fields: readonly { readonly offset: number; readonly width: number }[];
  #queue = 0;
  readonly #ready = new Set<number>();
  /** Selectors written since the reset. */
  readonly #selected = new Set<number>();

  constructor(device: VirtioMmioDevice, version: 1 | 2, fields: readonly { readonly offset: number; readonly width: number }[]) {
    this.#device = device;
    this.#fields = fields;
    this.#readable = new Set(version === 2 ? [...READ_ONLY, ...BOTH] : [...LEGACY.readOnly, ...LEGACY.both]);
    this.#writable = new Set(version === 2 ? [...WRITE_ONLY, ...BOTH] : [...LEGACY.writeOnly, ...LEGACY.both]);
  }

  #check(offset: number, width: number, allowed: Set<number>): void {
    if (offset >= 0x100) {
      const within = this.#fields.some(
        (field) =>
          offset >= 0x100 + field.offset && offset + width <= 0x100 + field.offset + field.width && width === Math.min(field.width, 4),
      );
      if (!within) throw new Error(`configuration access of ${width} bytes at ${offset - 0x100}`);
      return;
    }
    if (width !== 4 || !allowed.has(offset)) throw new Error(`access of ${width} bytes to 0x${offset.toString(16)}`);
    if (this.#ready.has(this.#queue) && [0x038, 0x080, 0x084, 0x090, 0x094, 0x0a0, 0x0a4].includes(offset)) {
      throw new Error("a queue that is ready is changed");
    }
  }

  read(offset: number, width: 1 | 2 | 4): number {
    this.#check(offset, width, this.#readable);
    if (offset === 0x010 && !this.#selected.has(0x014)) throw new Error("features read without a selection");
    const value = this.#device.read(offset, width);
    this.log.push(`r ${offset.toString(16)} ${value.toString(16)}`);
    return value;
  }

  write(offset: number, width: 1 | 2 | 4, value: number): void {
    this.#check(offset, width, this.#writable);
    if (!Number.isInteger(value) || value < 0 || value >= 2 ** (8 * width)) throw new Error(`value ${value}`);
    if (offset === 0x020 && !this.#selected.has(0x024)) throw new Error("features written without a selection");
    if (offset === 0x064 && (value & ~3) !== 0) throw new Error("acknowledgement of nothing");
    if (offset === 0x014 || offset === 0x024) this.#selected.add(offset);
    if (offset === 0x030) this.#queue = value;
    if (offset === 0x044) this.#ready[value === 1 ? "add" : "delete"](this.#queue);
    if (offset === 0x0c0) this.#ready.delete(this.#queue);
    if (offset === 0x070 && value === 0) this.#ready.clear();
    this.log.push(`w ${offset.toString(16)} ${value.toString(16)}`);
    this.#device.write(offset, width, value);
  }
}

const FIELDS = [
  { offset: 0, width: 2 },
  { offset: 8, width: 8 },
  { offset: 16, width: 4 },
];

function rig(version: 1 | 2, extraFeatures: readonly number[] = [], legacyEndian: "big" | "little" = "little") {
  const memory = new FlatMemory(4 << 20);
  const echo = new EchoDevice();
  let transport: MmioTransport | undefined;
  const device = new VirtioMmioDevice(echo, {
    memory,
    version,
    legacyEndian,
    extraFeatures,
    onInterrupt: (active) => {
      if (active) transport?.interrupt();
    },
  });
  const bus = new StrictBus(device, version, FIELDS);
  transport = MmioTransport.probe({ bus, memory, legacyEndian });
  return { echo, device, frontend: device.frontend as VirtioFrontend, bus, transport: transport as MmioTransport };
}

/** Uses everything that the driver has. */
async function exercise(version: 1 | 2, extraFeatures: readonly number[] = []) {
  const made = rig(version, extraFeatures);
  const { transport, bus, echo } = made;
  const driver = await VirtioDriver.open(transport);
  for (let i = 0; i < 20; i++) await driver.request(i % 2, [Uint8Array.of(i)], [4]);
  await driver.readConfigFields({ small: { offset: 0, width: 2 }, large: { offset: 8, width: 8 } });
  await driver.writeConfig(16, 4, 0xffff_ffff);
  (echo.config as unknown as { set(values: object): void }).set({ small: 3 });
  await driver.check();
  if (driver.features.has(F_RING_RESET)) await driver.resetQueue(0);
  await driver.initialize();
  await driver.request(0, [Uint8Array.of(1)], [4]);
  await driver.close();
  return { ...made, driver, log: bus.log };
}

const ids = ["MMIO-REG-DRV-001..005", "MMIO-REG-DRV-012..015", "MMIO-REG-DRV-020", "MMIO-INIT-DRV-005", "MMIO-INIT-DRV-006"].join(", ");

describe("MmioTransport", () => {
  it.each([[[]], [[F_RING_PACKED, F_NOTIFICATION_DATA, F_RING_RESET]]])(
    `${ids}, MMIO-REG-FACT-DRV-001..004: no access that the rules forbid (%j)`,
    async (extra) => {
      const { log } = await exercise(2, extra);
      expect(log.length).toBeGreaterThan(200);
    },
  );

  it("MMIO-LEGACY-FACT-DRV-001..005: version 1: page size before any queue, alignment, page number; and back", async () => {
    const { log } = await exercise(1);
    const [pageSize, align, pfn] = ["w 28 1000", "w 3c 1000", "w 40"].map((line) => log.findIndex((entry) => entry.startsWith(line)));
    expect([pageSize! >= 0, pageSize! < align!, align! < pfn!]).toEqual([true, true, true]);
    expect(log.filter((line) => line.startsWith("w 44") || line.startsWith("w 80"))).toEqual([]);
  });

  it("MMIO-INIT-DRV-001, MMIO-INIT-DRV-002: first magic value and version, then the device ID", () => {
    expect(rig(2).bus.log.slice(0, 3)).toEqual(["r 0 74726976", "r 4 2", "r 8 9"]);
  });

  it.each([
    ["MMIO-REG-DRV-006, MMIO-REG-DRV-007: a wrong magic value", [0x1234_5678, 2, 2]],
    ["MMIO-REG-DRV-008, MMIO-REG-DRV-009: an unknown version", [0x7472_6976, 3, 2]],
  ])("%s is no device", (_, registers) => {
    const bus: RegisterBus = {
      read: (offset) => registers[offset / 4] ?? 0,
      write: () => {
        throw new Error("written to");
      },
    };
    expect(() => MmioTransport.probe({ bus, memory: new FlatMemory(8192) })).toThrow(
      expect.objectContaining({ code: "ERR_DRIVER_DEVICE_TYPE" }),
    );
  });

  it("MMIO-REG-DRV-010, MMIO-REG-DRV-011, MMIO-INIT-DRV-003, MMIO-INIT-DRV-004: device ID 0 is no device, no error, and touched no further", () => {
    const offsets: number[] = [];
    const bus: RegisterBus = {
      read: (offset) => {
        offsets.push(offset);
        return [0x7472_6976, 2, 0][offset / 4] ?? 0;
      },
      write: (offset) => void offsets.push(offset),
    };
    expect(MmioTransport.probe({ bus, memory: new FlatMemory(8192) })).toBeUndefined();
    expect(offsets).toEqual([0, 4, 8]);
  });

  it("MMIO-INIT-FACT-DRV-001: a queue is selected, must not be ready, and gets size, addresses and readiness in this order", async () => {
    const { bus, transport } = rig(2);
    await VirtioDriver.open(transport);
    const start = bus.log.findIndex((line, i) => line === "w 30 0" && bus.log[i + 1] === "r 44 0");
    expect(bus.log.slice(start, start + 12).map((line) => line.split(" ").slice(0, 2).join(" "))).toEqual([
      "w 30",
      "r 44",
      "r 34",
      "w 38",
      "w 80",
      "w 84",
      "w 90",
      "w 94",
      "w a0",
      "w a4",
      "w 44",
      "r 44",
    ]);
    expect(await transport.setUpQueue(0, { size: 4, areas: { descriptor: 0x4000, driver: 0x5000, device: 0x6000 } })).toBe(false);
    expect(await transport.setUpQueue(2, { size: 4, areas: { descriptor: 0x4000, driver: 0x5000, device: 0x6000 } })).toBe(false);
  });

  it("MMIO-REG-DRV-016, MMIO-REG-DRV-017: a queue is stopped by QueueReady, which is read back", async () => {
    const { bus, transport } = rig(2);
    await VirtioDriver.open(transport);
    bus.log.length = 0;
    transport.stopQueue(1);
    expect(bus.log).toEqual(["w 30 1", "w 44 0", "r 44 0"]);
  });

  it("MMIO-REG-DRV-021, MMIO-REG-DRV-022: a queue reset is complete when QueueReset reads 0; then the queue can be used again", async () => {
    const { bus, transport, echo } = rig(2, [F_RING_RESET]);
    const driver = await VirtioDriver.open(transport);
    let finish = (): void => {};
    echo.resetGate = new Promise((resolve) => {
      finish = resolve;
    });
    bus.log.length = 0;
    let done = false;
    const reset = driver.resetQueue(0).then(() => {
      done = true;
    });
    await expect.poll(() => bus.log.filter((line) => line === "r c0 1").length).toBeGreaterThan(3);
    await transport.queueMaxSize(1);
    for (let i = 0; i < 5; i++) await new Promise((resolve) => setImmediate(resolve));
    expect(done).toBe(false);
    finish();
    await reset;
    expect(bus.log).toContain("r c0 0");
    expect((await driver.request(0, [Uint8Array.of(5)], [1])).data[0]).toBe(5);
  });

  it("a reset that takes time is waited for, and one that never ends is given up", async () => {
    const { transport, echo } = rig(2);
    const driver = await VirtioDriver.open(transport);
    let finish = (): void => {};
    echo.resetGate = new Promise((resolve) => {
      finish = resolve;
    });
    const reset = driver.reset();
    setImmediate(finish);
    await reset;
    const bus: RegisterBus = { read: (offset) => [0x7472_6976, 2, 2][offset / 4] ?? 15, write: () => {} };
    const stuck = MmioTransport.probe({ bus, memory: new FlatMemory(8192), polling: { attempts: 5 } }) as MmioTransport;
    await expect(VirtioDriver.open(stuck)).rejects.toMatchObject({ code: "ERR_DRIVER_TIMEOUT" });
  });

  it("MMIO-NOTIF-DRV-001..003, MMIO-REG-DRV-018, MMIO-REG-DRV-019: an interrupt's cause is read, handled, then acknowledged; unknown causes are not", async () => {
    const { bus, transport } = rig(2);
    const order: string[] = [];
    let status = 0xff;
    const wired = MmioTransport.probe({
      bus: {
        read: (offset, width) => {
          if (offset !== 0x060) return bus.read(offset, width);
          order.push("read");
          return status;
        },
        write: (offset, _, value) => {
          if (offset === 0x064) {
            order.push(`ack ${value}`);
            status &= ~value;
          }
        },
      },
      memory: transport.memory,
    }) as MmioTransport;
    wired.listen({ queueInterrupt: (queue) => void order.push(`used ${queue}`), configInterrupt: () => void order.push("config") });
    wired.interrupt();
    expect(order).toEqual(["read", "used undefined", "config", "ack 3", "used undefined"]);
    order.length = 0;
    wired.interrupt();
    expect(order).toEqual(["read"]);
  });

  it("a device that interrupts without end does not hold the program", () => {
    let reads = 0;
    let wired: MmioTransport | undefined;
    wired = MmioTransport.probe({
      bus: {
        read: (offset) => (offset === 0x060 ? 1 : ([0x7472_6976, 2, 2][offset / 4] ?? 0)),
        write: (offset) => {
          if (offset === 0x064 && reads++ < 1e6) wired?.interrupt();
        },
      },
      memory: new FlatMemory(8192),
    });
    wired?.interrupt();
    expect(reads).toBeLessThan(10_000);
  });

  it("MMIO-NOTIF-FACT-DRV-001: a notification is the index of the queue", async () => {
    const { bus, transport } = rig(2);
    const driver = await VirtioDriver.open(transport);
    await driver.request(1, [Uint8Array.of(1)], [1]);
    expect(bus.log.filter((line) => line.startsWith("w 50"))).toEqual(["w 50 1"]);
  });

  it.each([
    ["split", [F_NOTIFICATION_DATA], ["w 50 10001", "w 50 20001", "w 50 30001", "w 50 40001", "w 50 50001"]],
    ["packed", [F_NOTIFICATION_DATA, F_RING_PACKED], ["w 50 80010001", "w 50 80020001", "w 50 80030001", "w 50 1", "w 50 10001"]],
  ])("MMIO-NOTIF-FACT-DRV-002, RING-PACKED-DRV-006: with data, it says where the next buffer will be (%s)", async (_, extra, expected) => {
    const { bus, transport } = rig(2, extra);
    const driver = await VirtioDriver.open(transport, { without: [29] });
    for (let i = 0; i < 5; i++) await driver.request(1, [Uint8Array.of(1)], [1]);
    expect(bus.log.filter((line) => line.startsWith("w 50"))).toEqual(expected);
  });

  it("MMIO-RSV-FACT-DRV-001, CORE-FEAT-DRV-007: there is no administration queue", async () => {
    const { bus, transport } = rig(2);
    const driver = await VirtioDriver.open(
      new Proxy(transport, {
        get: (target, name) => {
          const member: unknown = Reflect.get(target, name, target);
          if (name === "readDeviceFeatures")
            return async (word: number) => (await transport.readDeviceFeatures(word)) | (word === 1 ? 1 << (F_ADMIN_VQ - 32) : 0);
          return typeof member === "function" ? member.bind(target) : member;
        },
      }),
    );
    expect([driver.features.has(F_ADMIN_VQ), bus.log.length > 0]).toEqual([false, true]);
  });
});
