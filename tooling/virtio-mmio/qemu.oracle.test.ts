// Against QEMU's virtio-mmio (Debian: qemu-system-misc), which is required in CI.
import { afterEach, describe, expect, it } from "vitest";
import { MemoryBackend } from "../../packages/block-backends/src/index.ts";
import { BlkDevice } from "../../packages/device-blk/src/index.ts";
import { FlatMemory, OffsetMemory } from "../../packages/guest-memory/src/index.ts";
import { VirtioMmioDevice } from "../../packages/transport-mmio/src/index.ts";
import { F_RING_PACKED } from "../../packages/virtio/src/index.ts";
import { BlockDriver, EntropyDriver, VirtioDriver } from "../../packages/virtio-driver/src/index.ts";
import { MmioTransport } from "../../packages/virtio-driver/src/mmio/index.ts";
import { FIRST_SLOT, Qtest, type QtestOptions, qemuVersion, RAM_BASE } from "./qtest.ts";
import { QtestMemory } from "./qtest-memory.ts";
import { agreed, different, type Registers } from "./registers.ts";

const DISK_SIZE = 1 << 20;
const RAM_SIZE = 1 << 20;
/** QEMU fills its slots from the last one on. */
const RNG_SLOT = FIRST_SLOT + 7 * 0x1000;
const BLK_SLOT = FIRST_SLOT + 6 * 0x1000;
const EMPTY_SLOT = FIRST_SLOT;

const isMissing = qemuVersion() === undefined && !process.env.CI;
if (isMissing) process.stderr.write("SKIPPED: qemu-system-riscv64 not found (Debian: qemu-system-misc)\n");

const machines: Qtest[] = [];
afterEach(() => {
  for (const machine of machines.splice(0)) machine[Symbol.dispose]();
});

function boot(options: Omit<QtestOptions, "diskSize">): Qtest {
  const machine = new Qtest({ ...options, diskSize: DISK_SIZE });
  machines.push(machine);
  return machine;
}

function theirs(version: 1 | 2): Registers {
  const machine = boot({ version });
  return {
    read: (offset, width) => machine.load(BLK_SLOT + offset, width),
    write: (offset, width, value) => machine.store(BLK_SLOT + offset, width, value),
    storeUint16: (address, value) => machine.store(address, 2, value),
  };
}

function ours(version: 1 | 2): Registers {
  const memory = new OffsetMemory(new FlatMemory(RAM_SIZE), RAM_BASE);
  const device = new VirtioMmioDevice(new BlkDevice({ backend: new MemoryBackend(DISK_SIZE) }), {
    memory,
    version,
    legacyEndian: "little",
  });
  return {
    read: (offset, width) => device.read(offset, width),
    write: (offset, width, value) => device.write(offset, width, value),
    storeUint16: (address, value) => memory.storeUint16(address, value, "little"),
  };
}

describe.skipIf(isMissing).each([2, 1] as const)("registers of version %i, beside QEMU", (version) => {
  it("the same answers", () => {
    const [a, b] = [theirs(version), ours(version)];
    const answers = (device: Registers) =>
      Object.entries(agreed[version]).map(([name, scenario]) => {
        device.write(0x70, 4, 0);
        return [name, ...scenario(device)];
      });
    expect(answers(b)).toEqual(answers(a));
  });

  it("other answers, each with its reason", () => {
    const [a, b] = [theirs(version), ours(version)];
    for (const [name, [scenario, expectedTheirs, expectedOurs]] of Object.entries(different[version])) {
      for (const device of [a, b]) device.write(0x70, 4, 0);
      expect([scenario(a), scenario(b)], name).toEqual([expectedTheirs, expectedOurs]);
    }
  });
});

/** The driver's end, and an end for the timer that stands for the interrupt. */
function probe(machine: Qtest, slot: number) {
  const transport = MmioTransport.probe({
    bus: {
      read: (offset, width) => machine.load(slot + offset, width),
      write: (offset, width, value) => machine.store(slot + offset, width, value),
    },
    memory: new QtestMemory(machine, RAM_SIZE),
    region: { address: RAM_BASE + 0x1_0000, length: RAM_SIZE - 0x1_0000 },
  });
  if (!transport) return undefined;
  const timer = setInterval(() => transport.interrupt(), 1);
  return { transport, [Symbol.dispose]: () => clearInterval(timer) };
}

describe.skipIf(isMissing).each([2, 1] as const)("our driver on QEMU's devices, version %i", (version) => {
  it("a disk keeps what is written to it", async () => {
    using end = probe(boot({ version }), BLK_SLOT);
    const disk = await BlockDriver.open(end!.transport);
    expect(disk.size).toBe(DISK_SIZE);
    const data = Uint8Array.from({ length: 20 * 512 }, (_, i) => i * 7 + (i >> 8));
    await disk.write(512, data);
    await disk.flush();
    const read = new Uint8Array(22 * 512);
    await disk.read(0, read);
    expect([read.subarray(512, 21 * 512), read[0], read.at(-1)]).toEqual([data, 0, 0]);
    await disk.driver.initialize();
    const again = new Uint8Array(512);
    await disk.read(512, again);
    expect(again).toEqual(data.subarray(0, 512));
    await disk.driver.close();
  });

  it("random bytes are random; an empty place is passed by", async () => {
    const machine = boot({ version });
    using end = probe(machine, RNG_SLOT);
    const source = await EntropyDriver.open(end!.transport);
    const bytes = await source.read(64);
    expect(new Set(bytes).size).toBeGreaterThan(20);
    await source.driver.close();
    expect(probe(machine, EMPTY_SLOT)).toBe(undefined);
  });
});

describe.skipIf(isMissing)("our driver on QEMU's devices, packed rings", () => {
  it.each([
    { toleratesLengths: false, length: 0, how: "the length stays unknown, for QEMU does not set WRITE in used descriptors (2.8.4)" },
    { toleratesLengths: true, length: 64, how: "the length is taken without WRITE if that is asked for" },
  ])("buffers go to and fro; $how", async ({ toleratesLengths, length }) => {
    using end = probe(boot({ version: 2, properties: "packed=on" }), RNG_SLOT);
    const driver = await VirtioDriver.open(end!.transport, { required: [F_RING_PACKED], queueSize: 3, toleratesLengths });
    for (let i = 0; i < 8; i++) {
      const { data, written } = await driver.request(0, [], [64]);
      expect([new Set(data).size > 20, written]).toEqual([true, length]);
    }
    await driver.close();
  });
});
