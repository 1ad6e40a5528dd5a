import type { Endian } from "@zarch/guest-memory";
import { legacyAreas } from "@zarch/vring";
import { describe, expect, it } from "vitest";
import { gate, LEGACY_READY, MmioGuest, PAGE, settle } from "../test/mmio-guest.ts";
import { ReverseDevice } from "../test/reverse-device.ts";
import { VirtioMmioRegister as Register, VirtioMmioDevice, VirtioMmioInterrupt } from "./index.ts";

function legacyGuest(legacyEndian: Endian = "big"): MmioGuest {
  return new MmioGuest({ version: 1, legacyEndian });
}

describe("4.2.4 legacy interface", () => {
  it("MMIO-LEGACY-FACT-DEV-001: Version reads 1; the byte order has to be given", () => {
    const guest = legacyGuest();
    expect([0x000, 0x004, 0x008].map((offset) => guest.load(offset))).toEqual([0x7472_6976, 1, 42]);
    const memory = guest.memory;
    expect(() => new VirtioMmioDevice(new ReverseDevice(), { memory, version: 1 })).toThrow(/byte order/);
  });

  it.each<Endian>(["big", "little"])(
    "MMIO-LEGACY-FACT-DEV-002, MMIO-LEGACY-FACT-DEV-004: a driver that knows only numbers, %s-endian",
    (endian) => {
      const guest = legacyGuest(endian);
      const writes: [number, number][] = [
        [0x028, 4096],
        [0x070, 0],
        [0x070, 1],
        [0x070, 3],
        [0x024, 0],
        [0x020, 1 << 5],
        [0x030, 1],
        [0x038, 16],
        [0x03c, 4096],
        [0x040, 0x10],
        [0x070, 7],
      ];
      for (const [offset, value] of writes) guest.store(offset, value);
      expect([guest.load(0x070), guest.load(0x034), guest.load(0x040)]).toEqual([7, 16, 0x10]);
      const ring = guest.ring(16, legacyAreas(0x1_0000, 16, 4096), endian);
      guest.offer(ring);
      guest.store(0x050, 1);
      expect([guest.answer(), ring.getBuf()?.written, guest.load(0x060)]).toEqual([[3, 2, 1], 3, 1]);
      guest.store(0x064, 1);
      expect([guest.load(0x060), guest.line, guest.device.context?.endian]).toEqual([0, [true, false], endian]);
      expect([...guest.transport.frontend.features]).toEqual([5]);
    },
  );

  it("MMIO-LEGACY-FACT-DEV-004: page size and alignment are the driver's choice", () => {
    const guest = legacyGuest();
    guest.startLegacy("big");
    guest.status = 0;
    guest.store(0x028, 0x2000);
    const areas = legacyAreas(0xa000, 8, 64);
    expect(areas.device).toBe(0xa0c0);
    guest.memory.fill(0xa000, 0x1000, 0);
    const ring = guest.ring(8, areas, "big");
    expect(guest.setUpLegacy(0, 8, 5, 64)).toBe(5);
    guest.status = LEGACY_READY;
    guest.send(ring);
    expect([guest.answer(), ring.getBuf()?.written]).toEqual([[3, 2, 1], 3]);
  });

  it("GuestPageSize outlives a reset by the driver: Linux writes it before it resets the device", () => {
    const guest = legacyGuest();
    guest.store(0x028, PAGE);
    guest.status = 0;
    guest.status = 3;
    expect(guest.setUpLegacy(0, 8, 0x10)).toBe(0x10);
  });

  it("MMIO-LEGACY-FACT-DEV-003: a reset zeroes QueuePFN of all queues, and InterruptStatus", () => {
    const guest = legacyGuest();
    const ring = guest.startLegacy("big");
    guest.setUpLegacy(1, 8, 0x20);
    guest.send(ring);
    expect(guest.interruptStatus).toBe(VirtioMmioInterrupt.usedBuffer);
    guest.status = 0;
    const pages = [0, 1].map((queue) => {
      guest.store(Register.queueSel, queue);
      return guest.load(0x040);
    });
    expect([pages, guest.status, guest.interruptStatus]).toEqual([[0, 0], 0, 0]);
    guest.send(guest.startLegacy("big"));
    expect(guest.answer()).toEqual([3, 2, 1]);
  });

  it("MMIO-LEGACY-FACT-DEV-002: QueuePFN 0 stops a queue", () => {
    const guest = legacyGuest();
    guest.device.hold = true;
    const ring = guest.startLegacy("big");
    guest.send(ring);
    guest.store(0x040, 0);
    guest.device.release();
    guest.store(0x040, 0);
    guest.send(ring, 1);
    expect(guest.setUpLegacy(0, 8, 0x10)).toBe(0); // Once in service, a queue comes back with a reset.
    expect([guest.load(0x040), guest.answer(0), guest.answer(1), guest.line]).toEqual([0, [0, 0, 0], [0, 0, 0], []]);
    guest.device.hold = false;
    guest.send(guest.startLegacy("big"));
    expect(guest.answer()).toEqual([3, 2, 1]);
  });

  it("MMIO-LEGACY-FACT-DEV-002: before its first use a queue can be stopped and set up elsewhere", () => {
    const guest = legacyGuest();
    guest.store(0x028, PAGE);
    guest.status = 3;
    expect(guest.setUpLegacy(0, 8, 0x20)).toBe(0x20);
    guest.store(0x038, 4); // not while it is in use
    guest.store(0x040, 0x30);
    expect([guest.load(0x040), guest.transport.frontend.queueSize(0)]).toEqual([0x20, 8]);
    guest.store(0x040, 0);
    guest.store(0x040, 0x20);
    expect([guest.load(0x040), guest.transport.frontend.queueSize(0)]).toEqual([0x20, 8]);
    guest.store(0x040, 0);
    expect(guest.setUpLegacy(0, 4, 0x10)).toBe(0x10);
    const ring = guest.ring(4, legacyAreas(0x1_0000, 4, PAGE), "big");
    guest.status = 7;
    guest.send(ring);
    expect(guest.answer()).toEqual([3, 2, 1]);
  });

  it("a queue that cannot be is refused: QueuePFN stays 0", () => {
    const guest = legacyGuest();
    guest.status = 3;
    expect(guest.setUpLegacy(0, 8, 0x10)).toBe(0); // no page size
    for (const size of [0x1800, 3, 0xffff_ffff]) {
      guest.store(0x028, size);
      expect(guest.setUpLegacy(0, 8, 0x10)).toBe(0);
    }
    guest.store(0x028, PAGE);
    for (const size of [0, 3, 16, 0x1_0000, 0xffff_ffff]) expect(guest.setUpLegacy(0, size, 0x10)).toBe(0);
    for (const page of [0x7f, 0x80, 0x10_0000, 0x8000_0000, 0xffff_ffff]) expect(guest.setUpLegacy(0, 8, page)).toBe(0);
    for (const align of [0, 3, 0x1800, 0x8000_0000]) expect(guest.setUpLegacy(0, 8, 0x10, align)).toBe(0);
    for (const queue of [2, 3, 0xffff_ffff]) expect(guest.setUpLegacy(queue, 8, 0x10)).toBe(0);
    guest.store(0x028, 0x8000_0000); // 2^63: nowhere in memory
    expect(guest.setUpLegacy(0, 8, 0xffff_ffff)).toBe(0);
    guest.store(0x028, PAGE);
    expect(guest.setUpLegacy(0, 8, 0x10)).toBe(0x10);
  });

  it("registers of version 2 are not there", () => {
    const guest = legacyGuest();
    guest.startLegacy("big");
    for (const offset of [0x044, 0x080, 0x084, 0x090, 0x0a0, 0x0ac, 0x0b0, 0x0b4, 0x0b8, 0x0bc, 0x0c0, 0x0fc]) {
      guest.store(offset, 1);
      expect(guest.load(offset)).toBe(0);
    }
    for (const offset of [0x028, 0x03c]) expect(guest.load(offset)).toBe(0);
    expect([1, 2].map((word) => guest.deviceFeatures(word))).toEqual([0, 0]);
  });

  it("CORE-INIT-DEV-002: a queue is served before DRIVER_OK", () => {
    const guest = legacyGuest();
    guest.store(0x028, PAGE);
    guest.status = 3;
    const ring = guest.ring(8, legacyAreas(0x1_0000, 8, PAGE), "big");
    guest.setUpLegacy(0, 8, 0x10);
    guest.send(ring);
    expect([guest.answer(), guest.interruptStatus]).toEqual([[3, 2, 1], 1]);
  });

  it("CORE-CFG-FACT-DEV-001, CORE-INIT-DEV-001: configuration is in the guest's order, and is written at any time", () => {
    const guest = legacyGuest();
    const { transport } = guest;
    const bytes = (): number[] => Array.from({ length: 16 }, (_, i) => transport.read(0x100 + i, 1));
    expect(bytes()).toEqual([0, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 0, 0x0a, 0x0b, 0x0c, 0x0d]);
    // A wider register is little-endian like all others: a big-endian processor swaps it, and has the bytes as they are.
    expect(transport.read(0x108, 2)).toBe(0x0807);
    for (const [i, byte] of [1, 2, 3, 4].entries()) transport.write(0x10c + i, 1, byte);
    expect(guest.device.config.get("knob")).toBe(0x0102_0304);
    transport.write(0x108, 2, 0x3412);
    expect(guest.device.config.get("level")).toBe(0x1234);
  });

  it("a reset that takes time shows in Status", async () => {
    const guest = legacyGuest();
    const { closed, open } = gate();
    guest.device.resetGate = closed;
    guest.startLegacy("big");
    guest.status = 0;
    expect([guest.status, guest.load(0x040)]).toEqual([LEGACY_READY, 0]);
    expect(guest.setUpLegacy(0, 8, 0x10)).toBe(0);
    open();
    await settle();
    expect(guest.status).toBe(0);
    expect(guest.setUpLegacy(0, 8, 0x10)).toBe(0x10);
  });
});
