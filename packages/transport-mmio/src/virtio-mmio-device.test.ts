import { F_ADMIN_VQ, F_NOTIF_CONFIG_DATA, F_NOTIFICATION_DATA, F_SR_IOV } from "@zarch/virtio";
import { describe, expect, it } from "vitest";
import {
  ACKNOWLEDGE,
  AREAS,
  DRIVER,
  FAILED,
  FEATURES_OK,
  gate,
  MmioGuest,
  NEEDS_RESET,
  READY,
  RING_PACKED,
  RING_RESET,
  settle,
  VERSION_1,
} from "../test/mmio-guest.ts";
import { ReverseDevice } from "../test/reverse-device.ts";
import { emptyVirtioMmioSlot, VirtioMmioRegister as Register, VirtioMmioDevice, VirtioMmioInterrupt } from "./index.ts";

const { usedBuffer, configChange } = VirtioMmioInterrupt;

describe("4.2.2 register layout", () => {
  it("MMIO-REG-FACT-DEV-001, MMIO-REG-DEV-001, MMIO-REG-DEV-002: identity and offered features", () => {
    const guest = new MmioGuest({ vendorId: 0xfedc_ba98 });
    expect([0x000, 0x004, 0x008, 0x00c].map((offset) => guest.load(offset))).toEqual([0x7472_6976, 2, 42, 0xfedc_ba98]);
    guest.store(0x014, 0);
    expect(guest.load(0x010)).toBe((1 << 28) | (1 << 29) | (1 << 23) | (1 << 5));
    guest.store(0x014, 1);
    expect(guest.load(0x010)).toBe(VERSION_1 | RING_RESET);
  });

  it("MMIO-REG-FACT-DEV-001: any DeviceFeaturesSel is answered, features beyond bit 63 included", () => {
    const guest = new MmioGuest();
    expect([2, 3, 255, 0x7fff_ffff, 0x8000_0000, 0xffff_ffff].map((word) => guest.deviceFeatures(word))).toEqual([1 << 6, 0, 0, 0, 0, 0]);
  });

  it("MMIO-REG-FACT-DEV-002, MMIO-REG-FACT-DEV-003: a driver that knows only numbers brings a queue up and uses it", () => {
    const guest = new MmioGuest();
    const writes: [number, number][] = [
      [0x070, 1],
      [0x070, 3],
      [0x024, 0],
      [0x020, 1 << 5],
      [0x024, 1],
      [0x020, 1],
      [0x070, 0x0b],
      [0x030, 1],
      [0x038, 16],
      [0x080, 0x1_0000],
      [0x084, 0],
      [0x090, 0x1_1000],
      [0x094, 0],
      [0x0a0, 0x1_2000],
      [0x0a4, 0],
      [0x044, 1],
      [0x070, 0x0f],
    ];
    for (const [offset, value] of writes) guest.store(offset, value);
    expect([guest.load(0x070), guest.load(0x034), guest.load(0x044)]).toEqual([0x0f, 16, 1]);
    const ring = guest.ring(16);
    guest.offer(ring);
    guest.store(0x050, 1);
    expect([guest.answer(), guest.load(0x060)]).toEqual([[3, 2, 1], 1]);
    guest.store(0x064, 1);
    expect([guest.load(0x060), guest.line, [...guest.transport.frontend.features]]).toEqual([0, [true, false], [5, 32]]);
  });

  it("MMIO-REG-FACT-DEV-004, MMIO-REG-FACT-DEV-008: without shared memory regions, length and base of any id are all ones", () => {
    const guest = new MmioGuest();
    for (const id of [0, 1, 255, 0xffff_ffff]) {
      guest.store(0x0ac, id);
      expect([0x0b0, 0x0b4, 0x0b8, 0x0bc].map((offset) => guest.load(offset))).toEqual(Array(4).fill(0xffff_ffff));
    }
  });

  it("MMIO-REG-FACT-DEV-004, MMIO-REG-FACT-DEV-008: a shared memory region shows in the registers, others do not", () => {
    const device = new ReverseDevice();
    const sharedMemory = [
      { id: 3, address: 0x12_8000_0000, length: 0x1_0000_1000 },
      { id: 255, address: 0x1000, length: 0x1000 },
    ];
    const guest = new MmioGuest({}, Object.assign(device, { sharedMemory }));
    const region = (id: number): number[] => {
      guest.store(0x0ac, id);
      return [0x0b0, 0x0b4, 0x0b8, 0x0bc].map((offset) => guest.load(offset));
    };
    const none = Array(4).fill(0xffff_ffff);
    expect([3, 0, 255, 256, 259].map(region)).toEqual([[0x1000, 1, 0x8000_0000, 0x12], none, [0x1000, 0, 0x1000, 0], none, none]);
    region(3);
    guest.status = 0;
    expect(guest.load(0x0b0)).toBe(0xffff_ffff);
  });

  it("MMIO-REG-FACT-DEV-005: QueueSizeMax reads 0 for queues that are not there", () => {
    const guest = new MmioGuest();
    const maxima = [0, 1, 2, 3, 0xffff, 0x1_0000, 0xffff_ffff].map((queue) => {
      guest.store(Register.queueSel, queue);
      return guest.load(Register.queueSizeMax);
    });
    expect(maxima).toEqual([8, 16, 0, 0, 0, 0, 0]);
  });

  it("MMIO-REG-FACT-DEV-006: QueueReady reads what was written, for each queue", () => {
    const guest = new MmioGuest();
    guest.negotiate();
    expect(guest.load(Register.queueReady)).toBe(0);
    expect(guest.setUp(1, 4)).toBe(1);
    guest.store(Register.queueSel, 0);
    expect(guest.load(Register.queueReady)).toBe(0);
    guest.store(Register.queueSel, 1);
    expect(guest.load(Register.queueReady)).toBe(1);
    guest.store(Register.queueReady, 0);
    expect(guest.load(Register.queueReady)).toBe(0);
    guest.store(Register.queueReady, 1); // Size and addresses are still there.
    expect(guest.load(Register.queueReady)).toBe(1);
  });

  it("registers that are only written read 0, and writes of those that are only read change nothing", () => {
    const guest = new MmioGuest();
    guest.start();
    const writeOnly = [0x014, 0x020, 0x024, 0x030, 0x038, 0x050, 0x064, 0x080, 0x084, 0x090, 0x094, 0x0a0, 0x0a4, 0x0ac];
    expect(writeOnly.map((offset) => guest.load(offset))).toEqual(writeOnly.map(() => 0));
    const readOnly = [0x000, 0x004, 0x008, 0x00c, 0x010, 0x034, 0x060, 0x0b0, 0x0b4, 0x0b8, 0x0bc, 0x0fc];
    const before = readOnly.map((offset) => guest.load(offset));
    for (const offset of readOnly) guest.store(offset, 0x5a5a_5a5a);
    expect(readOnly.map((offset) => guest.load(offset))).toEqual(before);
    expect(guest.log.filter((line) => line.includes("not allowed"))).toHaveLength(readOnly.length);
  });

  it("registers that do not exist, those of the legacy layout among them, read 0 and take nothing", () => {
    const guest = new MmioGuest();
    for (let offset = 0; offset < 0x100; offset += 4) {
      if (Object.values<number>(Register).includes(offset)) continue;
      guest.store(offset, 0xffff_ffff);
      expect(guest.load(offset)).toBe(0);
    }
    guest.start();
    expect(guest.status).toBe(READY);
  });

  it.each([1, 2, 8, 3, 0, -1])("a control register is not accessed with %i bytes", (width) => {
    const guest = new MmioGuest();
    guest.transport.write(Register.status, width, 1);
    expect([guest.transport.read(Register.magicValue, width), guest.status]).toEqual([0, 0]);
    expect(guest.log).toHaveLength(2);
  });

  it.each([1, 2, 3])("a control register is not accessed %i bytes beside its offset", (shift) => {
    const guest = new MmioGuest();
    guest.transport.write(Register.status + shift, 4, 1);
    expect([guest.transport.read(Register.magicValue + shift, 4), guest.status]).toEqual([0, 0]);
  });

  it("values are taken modulo 2^32, signed ones too", () => {
    const guest = new MmioGuest();
    guest.negotiate(-1 & ~(1 << 5));
    expect(guest.status).toBe(ACKNOWLEDGE | DRIVER);
    expect(guest.transport.frontend.driverFeatures(0)).toBe(0xffff_ffdf);
    guest.store(Register.status, 2 ** 32 + FAILED + ACKNOWLEDGE + DRIVER);
    expect(guest.status).toBe(FAILED | ACKNOWLEDGE | DRIVER);
    const addresses: number[] = [];
    guest.transport.frontend.setUpQueue = (_, { areas }) => addresses.push(areas.descriptor, areas.driver) > 0;
    guest.store(Register.queueDescLow, -(2 ** 31));
    guest.store(Register.queueDriverHigh, -1);
    guest.store(Register.queueReady, 1);
    expect(addresses).toEqual([0x8000_0000, 0xffff_ffff * 2 ** 32]);
  });

  it("the selectors are 0 at first, and after a reset", () => {
    const guest = new MmioGuest();
    const selected = (): number[] => [Register.deviceFeatures, Register.queueSizeMax].map((offset) => guest.load(offset));
    const first = selected();
    for (const selector of [Register.deviceFeaturesSel, Register.driverFeaturesSel, Register.queueSel]) guest.store(selector, 1);
    expect(selected()).not.toEqual(first);
    guest.status = 0;
    expect(selected()).toEqual(first);
    guest.status = ACKNOWLEDGE | DRIVER;
    guest.store(Register.driverFeatures, 1 << 5);
    expect(guest.transport.frontend.driverFeatures(0)).toBe(1 << 5);
  });

  it("the region holds registers and configuration, in a power of two", () => {
    expect(new MmioGuest().transport.size).toBe(0x200);
    const device = new ReverseDevice();
    Object.defineProperty(device.config, "size", { value: 0x101 });
    expect(new MmioGuest({}, device).transport.size).toBe(0x400);
  });
});

describe("status and features", () => {
  it("MMIO-REG-FACT-DEV-007, MMIO-REG-DEV-005: writing 0 to Status resets; InterruptStatus and every QueueReady read 0", () => {
    const guest = new MmioGuest();
    const ring = guest.start();
    guest.setUp(1, 8);
    guest.send(ring);
    guest.device.config.set({ level: 1 });
    expect([guest.interruptStatus, guest.line]).toEqual([usedBuffer | configChange, [true]]);
    guest.status = 0;
    expect([guest.status, guest.interruptStatus, guest.line]).toEqual([0, 0, [true, false]]);
    for (const queue of [0, 1]) {
      guest.store(Register.queueSel, queue);
      expect(guest.load(Register.queueReady)).toBe(0);
    }
    expect(guest.transport.interruptPending).toBe(false);
    const again = guest.start();
    guest.send(again);
    expect(guest.answer()).toEqual([3, 2, 1]);
  });

  it("the status is 8 bits: what is above does not count, not for a reset either", () => {
    const guest = new MmioGuest();
    guest.status = 0xffff_ff00 | ACKNOWLEDGE;
    expect(guest.status).toBe(ACKNOWLEDGE);
    guest.start();
    guest.status = 0x100;
    expect([guest.status, guest.load(Register.queueReady)]).toEqual([0, 0]);
  });

  it("a reset that takes time: the status reads 0 when it is complete, and nothing is accepted before", async () => {
    const guest = new MmioGuest();
    const { closed, open } = gate();
    guest.device.resetGate = closed;
    const ring = guest.start();
    guest.status = 0;
    expect([guest.status, guest.load(Register.queueReady)]).toEqual([READY, 0]);
    guest.status = ACKNOWLEDGE;
    guest.send(ring);
    expect(guest.setUp(0, 8)).toBe(0);
    guest.status = 0; // again
    await settle();
    expect([guest.status, guest.answer()]).toEqual([READY, [0, 0, 0]]);
    open();
    await settle();
    expect([guest.status, guest.line, guest.device.events.filter((event) => event === "reset")]).toEqual([0, [], ["reset"]]);
    guest.send(guest.start());
    expect(guest.answer()).toEqual([3, 2, 1]);
  });

  it("a machine's reset: the line falls at once, and the promise tells when the device is done", async () => {
    const guest = new MmioGuest();
    const { closed, open } = gate();
    guest.device.resetGate = closed;
    guest.send(guest.start());
    const done = guest.transport.reset();
    expect([guest.line, guest.status]).toEqual([[true, false], READY]);
    open();
    await done;
    expect(guest.status).toBe(0);
    expect(guest.transport.reset()).toBe(undefined);
  });

  it("I/O in flight at a reset writes no buffer and raises no interrupt afterwards", () => {
    const guest = new MmioGuest();
    guest.device.hold = true;
    guest.send(guest.start());
    guest.status = 0;
    guest.device.release();
    expect([guest.answer(), guest.line]).toEqual([[0, 0, 0], []]);
  });

  it("CORE-FEAT-DEV-003: features that cannot be leave FEATURES_OK clear, and others can be tried", () => {
    const guest = new MmioGuest();
    guest.negotiate(1 << 6);
    expect(guest.status).toBe(ACKNOWLEDGE | DRIVER);
    guest.driverFeatures(0, 1 << 5);
    guest.status = ACKNOWLEDGE | DRIVER | FEATURES_OK;
    expect(guest.status).toBe(ACKNOWLEDGE | DRIVER | FEATURES_OK);
    guest.driverFeatures(0, 0);
    expect(guest.transport.frontend.driverFeatures(0)).toBe(1 << 5);
    guest.negotiate(0, 0);
    expect(guest.status).toBe(ACKNOWLEDGE | DRIVER);
  });

  it("features in words that nobody knows are refused like others, and need no memory without end", () => {
    const guest = new MmioGuest();
    for (const status of [ACKNOWLEDGE, ACKNOWLEDGE | DRIVER]) guest.status = status;
    guest.driverFeatures(1, VERSION_1);
    for (let word = 0; word < 2000; word++) guest.driverFeatures(0xffff_ffff - word, 1);
    guest.status = ACKNOWLEDGE | DRIVER | FEATURES_OK;
    expect(guest.status).toBe(ACKNOWLEDGE | DRIVER);
    guest.start();
    expect(guest.status).toBe(READY);
  });

  it("MMIO-RSV-FACT-DEV-001, CORE-RSVF-DEV-010: administration virtqueues and what belongs to PCI are never offered", () => {
    const guest = new MmioGuest({ extraFeatures: [F_ADMIN_VQ, F_SR_IOV, F_NOTIF_CONFIG_DATA, F_NOTIFICATION_DATA] });
    expect(guest.deviceFeatures(1)).toBe(VERSION_1 | RING_RESET | (1 << (F_NOTIFICATION_DATA - 32)));
    guest.negotiate(0, VERSION_1 | (1 << (F_ADMIN_VQ - 32)));
    expect(guest.status & FEATURES_OK).toBe(0);
  });

  it("a placeholder has magic value, version and device id 0, and nothing else", () => {
    const offsets = Array.from({ length: 0x80 }, (_, i) => 4 * i);
    for (const offset of offsets) emptyVirtioMmioSlot.write(offset, 4, 0xffff_ffff);
    const read = offsets.map((offset) => emptyVirtioMmioSlot.read(offset, 4)).filter((value) => value !== 0);
    expect([read, emptyVirtioMmioSlot.read(0, 1), emptyVirtioMmioSlot.size]).toEqual([[0x7472_6976, 2], 0, 0x200]);
  });
});

describe("interrupts", () => {
  it("MMIO-REG-DEV-003, MMIO-REG-DEV-004: a bit from its event until its acknowledgement, and no other", () => {
    const guest = new MmioGuest();
    const ring = guest.start();
    expect(guest.interruptStatus).toBe(0);
    guest.send(ring);
    expect([guest.interruptStatus, guest.interruptStatus, guest.transport.interruptPending]).toEqual([usedBuffer, usedBuffer, true]);
    guest.device.config.set({ level: 1 });
    expect(guest.interruptStatus).toBe(usedBuffer | configChange);
    guest.acknowledge(configChange);
    expect([guest.interruptStatus, guest.line]).toEqual([usedBuffer, [true]]);
    guest.acknowledge(0xffff_fffc | configChange);
    expect(guest.interruptStatus).toBe(usedBuffer);
    guest.acknowledge(usedBuffer);
    expect([guest.interruptStatus, guest.line, guest.transport.interruptPending]).toEqual([0, [true, false], false]);
    guest.send(ring, 1);
    expect([guest.interruptStatus, guest.line]).toEqual([usedBuffer, [true, false, true]]);
  });

  it("MMIO-REG-DEV-004: nothing before DRIVER_OK, and nothing that the driver did not want", () => {
    const guest = new MmioGuest();
    guest.negotiate();
    const ring = guest.ring();
    guest.setUp(0, 8);
    guest.send(ring);
    guest.device.config.set({ level: 2 });
    expect([guest.interruptStatus, guest.line, guest.answer()]).toEqual([0, [], [0, 0, 0]]);
    ring.disableCallbacks();
    guest.status = READY;
    expect([guest.interruptStatus, guest.answer()]).toEqual([0, [3, 2, 1]]);
  });

  it("CORE-STATUS-DEV-004: DEVICE_NEEDS_RESET comes with a configuration change", () => {
    const guest = new MmioGuest();
    guest.start();
    guest.memory.storeUint16(AREAS.driver + 2, 0x8000, "little");
    guest.store(Register.queueNotify, 0);
    expect([guest.status, guest.interruptStatus, guest.line]).toEqual([READY | NEEDS_RESET, configChange, [true]]);
    guest.send(guest.start());
    expect([guest.status, guest.answer()]).toEqual([READY, [3, 2, 1]]);
  });

  it("a machine may poll instead of being called", () => {
    const guest = new MmioGuest();
    Object.assign(guest, { transport: new VirtioMmioDevice(guest.device, { memory: guest.memory }) });
    guest.send(guest.start());
    expect([guest.transport.interruptPending, guest.line]).toEqual([true, []]);
    guest.acknowledge(usedBuffer);
    expect(guest.transport.interruptPending).toBe(false);
  });
});

describe("queues", () => {
  it("MMIO-REG-DEV-007: a queue that is not ready is not touched", () => {
    const guest = new MmioGuest();
    const ring = guest.start();
    guest.store(Register.queueReady, 0);
    guest.send(ring);
    expect([guest.load(Register.queueReady), guest.answer(), guest.line]).toEqual([0, [0, 0, 0], []]);
    guest.store(Register.queueReady, 1); // Once in service, a queue comes back with a reset.
    guest.send(ring, 1);
    expect([guest.load(Register.queueReady), guest.answer(1)]).toEqual([0, [0, 0, 0]]);
    guest.send(guest.start());
    expect(guest.answer()).toEqual([3, 2, 1]);
  });

  it("MMIO-REG-DEV-007: what was in work when a queue is stopped goes nowhere", () => {
    const guest = new MmioGuest();
    guest.device.hold = true;
    const ring = guest.start();
    guest.send(ring);
    guest.store(Register.queueReady, 0);
    expect(guest.load(Register.queueReady)).toBe(0);
    guest.device.release();
    expect([guest.answer(), ring.getBuf(), guest.line, guest.status]).toEqual([[0, 0, 0], undefined, [], READY]);
  });

  it("MMIO-REG-DEV-007: before DRIVER_OK a queue can be stopped and set up anew", () => {
    const guest = new MmioGuest();
    guest.negotiate();
    guest.setUp(0, 8);
    guest.store(Register.queueReady, 0);
    const areas = { descriptor: 0x1_2000, driver: 0x1_0000, device: 0x1_1000 };
    expect(guest.setUp(0, 4, areas)).toBe(1);
    guest.status = READY;
    guest.send(guest.ring(4, areas));
    expect([guest.answer(), guest.transport.frontend.queueSize(0)]).toEqual([[3, 2, 1], 4]);
  });

  it("a queue that cannot be is refused: QueueReady stays 0, and a good set-up can follow", () => {
    const guest = new MmioGuest();
    guest.negotiate();
    const sizes = [0, 3, 9, 16, 0x1_0000, 0x8000_0000, 0xffff_ffff].map((size) => guest.setUp(0, size));
    expect(sizes).toEqual(sizes.map(() => 0));
    const areas = ["descriptor", "driver", "device"] as const;
    for (const address of [0x1_0001, 0x7_fff0, 0x7_ffff, 0x8_0000, 2 ** 32, 2 ** 53, 2 ** 53 + 2 ** 32, 2 ** 64 - 2 ** 12]) {
      expect(areas.map((area) => guest.setUp(0, 8, { ...AREAS, [area]: address }))).toEqual([0, 0, 0]);
    }
    expect([2, 3, 0xffff_ffff].map((queue) => guest.setUp(queue, 8))).toEqual([0, 0, 0]);
    expect(guest.setUp(0, 8)).toBe(1);
  });

  it("addresses at or above 2^53 do not come down into memory by rounding or by wrapping", () => {
    const guest = new MmioGuest();
    guest.negotiate();
    guest.store(Register.queueSel, 0);
    guest.store(Register.queueSize, 8);
    guest.storeAreas(AREAS);
    for (const high of [0x20_0000, 0x80_0000, 0x8000_0000, 0xffff_ffff]) {
      guest.store(Register.queueDescHigh, high);
      guest.store(Register.queueReady, 1);
      expect(guest.load(Register.queueReady)).toBe(0);
    }
    guest.store(Register.queueDescHigh, 0);
    guest.store(Register.queueReady, 1);
    expect(guest.load(Register.queueReady)).toBe(1);
  });

  it("QueueReady is refused before FEATURES_OK and for a queue that was not there at DRIVER_OK", () => {
    const guest = new MmioGuest();
    guest.status = ACKNOWLEDGE | DRIVER;
    expect(guest.setUp(0, 8)).toBe(0);
    guest.start();
    expect(guest.setUp(1, 8)).toBe(0);
  });

  it("while a queue is ready its size and addresses stay (CVE-2026-5747)", () => {
    const guest = new MmioGuest();
    const ring = guest.start();
    guest.store(Register.queueSize, 0x8000);
    guest.storeAreas({ descriptor: 0, driver: 0, device: 0 });
    guest.store(Register.queueReady, 1);
    guest.send(ring);
    expect([guest.answer(), guest.transport.frontend.queueSize(0)]).toEqual([[3, 2, 1], 8]);
    guest.negotiate();
    guest.setUp(0, 8);
    guest.store(Register.queueSize, 4);
    guest.store(Register.queueReady, 1);
    expect(guest.transport.frontend.queueSize(0)).toBe(8);
    guest.store(Register.queueReady, 0);
    guest.store(Register.queueReady, 1);
    expect(guest.transport.frontend.queueSize(0)).toBe(8);
  });

  it("values other than 0 and 1 in QueueReady and QueueReset mean nothing", () => {
    const guest = new MmioGuest();
    const ring = guest.start(0, VERSION_1 | RING_RESET);
    for (const value of [2, 3, 0xffff_ffff]) guest.store(Register.queueReady, value);
    for (const value of [0, 2, 3, 0xffff_ffff]) guest.store(Register.queueReset, value);
    guest.send(ring);
    expect([guest.load(Register.queueReady), guest.answer()]).toEqual([1, [3, 2, 1]]);
    guest.negotiate();
    guest.setUp(0, 8);
    guest.store(Register.queueReady, 0);
    for (const value of [2, 0xffff_ffff]) guest.store(Register.queueReady, value);
    expect(guest.load(Register.queueReady)).toBe(0);
  });

  it("QueueNotify of what is no queue does nothing; only queues that exist are notified", () => {
    const guest = new MmioGuest();
    const ring = guest.start();
    guest.offer(ring);
    for (const value of [1, 2, 3, 0x1_0000, 0x8000_0000, 0xffff_ffff]) guest.store(Register.queueNotify, value);
    expect(guest.answer()).toEqual([0, 0, 0]);
    guest.store(Register.queueNotify, 0);
    expect(guest.answer()).toEqual([3, 2, 1]);
  });

  it("CORE-NOTIF-FACT-DEV-001: with NOTIFICATION_DATA, QueueNotify has the queue in its low half", () => {
    const guest = new MmioGuest({ extraFeatures: [F_NOTIFICATION_DATA] });
    const ring = guest.start(0, VERSION_1 | (1 << (F_NOTIFICATION_DATA - 32)));
    guest.offer(ring);
    guest.store(Register.queueNotify, 0x8005_0001);
    expect(guest.answer()).toEqual([0, 0, 0]);
    guest.store(Register.queueNotify, 0x0001_0000);
    expect(guest.answer()).toEqual([3, 2, 1]);
  });

  it("packed rings of a size that is no power of two", () => {
    const guest = new MmioGuest({ ring: { packed: true } });
    guest.negotiate(0, VERSION_1 | RING_PACKED);
    expect(guest.setUp(0, 5)).toBe(1);
    guest.status = READY;
    const ring = guest.ring(5);
    for (let token = 0; token < 12; token++) {
      guest.send(ring, token);
      expect([ring.getBuf()?.token, guest.answer(token)]).toEqual([token, [3, 2, 1]]);
    }
  });
});

describe("queue reset", () => {
  const both = VERSION_1 | RING_RESET;

  it("MMIO-REG-DEV-009, MMIO-REG-DEV-010, MMIO-REG-DEV-012: QueueReset resets the selected queue alone; it can be set up anew", () => {
    const guest = new MmioGuest();
    guest.negotiate(0, both);
    guest.ring();
    guest.setUp(1, 8, { descriptor: 0x2_0000, driver: 0x2_1000, device: 0x2_2000 });
    guest.setUp(0, 8);
    guest.status = READY;
    guest.store(Register.queueReset, 1);
    expect([guest.load(Register.queueReset), guest.load(Register.queueReady), guest.device.events.at(-1)]).toEqual([0, 0, "reset queue 0"]);
    guest.store(Register.queueSel, 1);
    expect(guest.load(Register.queueReady)).toBe(1);
    expect(guest.setUp(0, 4)).toBe(1);
    guest.send(guest.ring(4));
    expect([guest.load(Register.queueReset), guest.answer(), guest.transport.frontend.queueSize(0)]).toEqual([0, [3, 2, 1], 4]);
  });

  it("MMIO-REG-DEV-011, MMIO-REG-DEV-012: QueueReset reads 1 as long as the reset takes, then both read 0", async () => {
    const guest = new MmioGuest();
    const { closed, open } = gate();
    guest.device.resetGate = closed;
    guest.device.hold = true;
    const ring = guest.start(0, both);
    guest.send(ring);
    guest.store(Register.queueReset, 1);
    guest.store(Register.queueReset, 1);
    await settle();
    expect(guest.load(Register.queueReset)).toBe(1);
    guest.store(Register.queueReady, 1);
    expect(guest.setUp(0, 4)).toBe(1); // still the old one
    guest.device.release();
    open();
    await settle();
    expect([guest.load(Register.queueReset), guest.load(Register.queueReady), guest.answer(), guest.line]).toEqual([0, 0, [0, 0, 0], []]);
    expect(guest.device.events.filter((event) => event === "reset queue 0")).toHaveLength(1);
    guest.store(Register.queueReady, 1); // What was written before is forgotten.
    expect(guest.load(Register.queueReady)).toBe(0);
    guest.device.hold = false;
    const fresh = guest.ring();
    expect(guest.setUp(0, 8)).toBe(1);
    guest.send(fresh);
    expect([guest.answer(), guest.load(Register.queueReset)]).toEqual([[3, 2, 1], 0]);
  });

  it("MMIO-REG-DEV-008: after a device reset QueueReset reads 0, also if the queue's reset was under way", async () => {
    const guest = new MmioGuest();
    const queueGate = gate();
    guest.device.resetGate = queueGate.closed;
    guest.start(0, both);
    guest.store(Register.queueReset, 1);
    expect(guest.load(Register.queueReset)).toBe(1);
    guest.device.resetGate = undefined;
    guest.status = 0;
    expect([guest.status, guest.load(Register.queueReset), guest.load(Register.queueReady)]).toEqual([0, 0, 0]);
    const ring = guest.start(0, both);
    queueGate.open(); // The old one must not take the new queue away.
    await settle();
    guest.send(ring);
    expect([guest.load(Register.queueReady), guest.answer()]).toEqual([1, [3, 2, 1]]);
  });

  it("QueueReady 0 is a reset of the queue, too: it can be used again", async () => {
    const guest = new MmioGuest();
    const { closed, open } = gate();
    guest.device.resetGate = closed;
    guest.start(0, both);
    guest.store(Register.queueReady, 0);
    expect([guest.load(Register.queueReady), guest.load(Register.queueReset)]).toEqual([0, 1]);
    open();
    await settle();
    expect(guest.load(Register.queueReset)).toBe(0);
    expect(guest.setUp(0, 8)).toBe(1);
    guest.send(guest.ring());
    expect(guest.answer()).toEqual([3, 2, 1]);
  });

  it("MMIO-REG-DEV-010: before DRIVER_OK the set-up is forgotten, and that is all", () => {
    const guest = new MmioGuest();
    guest.negotiate(0, both);
    guest.setUp(0, 8);
    guest.store(Register.queueReset, 1);
    expect([guest.load(Register.queueReset), guest.load(Register.queueReady)]).toEqual([0, 0]);
    guest.store(Register.queueReady, 1);
    expect(guest.load(Register.queueReady)).toBe(0);
    expect(guest.setUp(0, 8)).toBe(1);
    expect(guest.device.events).toEqual([]);
  });

  it("without the feature QueueReset does nothing, and a device that cannot do it does not offer it", () => {
    const guest = new MmioGuest();
    const ring = guest.start();
    guest.store(Register.queueReset, 1);
    guest.send(ring);
    expect([guest.load(Register.queueReady), guest.answer()]).toEqual([1, [3, 2, 1]]);
    const device = new ReverseDevice();
    Object.defineProperty(device, "queueReset", { value: false });
    expect(new MmioGuest({}, device).deviceFeatures(1)).toBe(VERSION_1);
  });

  it("a device that fails in the reset of a queue keeps nobody waiting", async () => {
    for (const fails of [
      () => Promise.reject(new Error("late")),
      () => {
        throw new Error("at once");
      },
    ]) {
      const guest = new MmioGuest();
      const device = guest.device;
      const { activate } = device;
      device.activate = (context) => ({ ...activate.call(device, context), resetQueue: fails });
      guest.start(0, both);
      guest.store(Register.queueReset, 1);
      await settle();
      expect([guest.load(Register.queueReset), guest.load(Register.queueReady), guest.setUp(0, 8)]).toEqual([0, 0, 1]);
      expect(guest.log.filter((line) => line.startsWith("error"))).toHaveLength(1);
    }
  });
});

describe("configuration", () => {
  it("MMIO-REG-FACT-DEV-004, CORE-CFG-DEV-001: fields are read with their widths at 0x100, before FEATURES_OK", () => {
    const { transport } = new MmioGuest();
    expect([transport.read(0x100, 4), transport.read(0x104, 4)]).toEqual([0x0304_0506, 0x0102]);
    expect([transport.read(0x108, 2), transport.read(0x10a, 1), transport.read(0x10c, 4)]).toEqual([0x0708, 9, 0x0a0b_0c0d]);
  });

  it("any byte can be read with any width of 1, 2 and 4; beyond the end there are zeroes", () => {
    const { transport } = new MmioGuest();
    const bytes = Array.from({ length: 20 }, (_, i) => transport.read(0x100 + i, 1));
    expect(bytes).toEqual([6, 5, 4, 3, 2, 1, 0, 0, 8, 7, 9, 0, 0x0d, 0x0c, 0x0b, 0x0a, 0, 0, 0, 0]);
    for (let i = 0; i < 16; i++) {
      expect(transport.read(0x100 + i, 2)).toBe(bytes[i]! + 0x100 * bytes[i + 1]!);
      expect(transport.read(0x100 + i, 4)).toBe((bytes[i]! | (bytes[i + 1]! << 8) | (bytes[i + 2]! << 16) | (bytes[i + 3]! << 24)) >>> 0);
    }
    for (const offset of [0x110, 0x200, 0x1000, 0xffff_ffff, 2 ** 53]) expect(transport.read(offset, 4)).toBe(0);
  });

  it("other widths read 0 and write nothing: 64 bits are two accesses", () => {
    const { transport } = new MmioGuest();
    for (const width of [8, 3, 5, 0, -1, 16]) {
      transport.write(0x10c, width, 0);
      expect(transport.read(0x100, width)).toBe(0);
    }
    expect(transport.read(0x10c, 4)).toBe(0x0a0b_0c0d);
  });

  it("writable fields are written with their widths, others not; nothing lies beyond the end", () => {
    const guest = new MmioGuest();
    const { transport } = guest;
    transport.write(0x108, 2, 0x1_1234);
    transport.write(0x10a, 1, 0x156);
    transport.write(0x10c, 4, -2);
    transport.write(0x100, 4, 0xffff_ffff);
    transport.write(0x110, 4, 0xffff_ffff);
    transport.write(0xffff_fffc, 4, 0xffff_ffff);
    const fields = ["capacity", "level", "mode", "knob"] as const;
    expect(fields.map((name) => guest.device.config.get(name))).toEqual([0x0102_0304_0506, 0x1234, 0x56, 0xffff_fffe]);
  });

  it("MMIO-REG-DEV-006: ConfigGeneration differs when the configuration changed between two reads", () => {
    const guest = new MmioGuest();
    const generation = (): number => guest.load(Register.configGeneration);
    const first = generation();
    expect(generation()).toBe(first);
    const torn: number[] = [];
    for (let i = 1; i <= 300; i++) {
      const before = generation();
      const low = guest.load(0x100);
      guest.device.config.set({ capacity: 2 ** 32 * i + i });
      const high = guest.load(0x104);
      if (generation() === before) torn.push(high, low);
    }
    expect(torn).toEqual([]);
    guest.start();
    const started = generation();
    guest.device.config.set({ level: 77 });
    expect(generation()).not.toBe(started);
  });

  it("the modern interface is little-endian, whatever the guest is", () => {
    const { transport } = new MmioGuest({ legacyEndian: "big" });
    expect(transport.read(0x108, 2)).toBe(0x0708);
  });
});
