import { createDriverVirtqueue, legacyAreas } from "@zarch/vring";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { gate, PciGuest, ReverseDevice, settled } from "../test/pci-guest.ts";
import { NO_VECTOR, LegacyRegister as Register } from "./index.ts";

const CAPACITY = [0, 0, 0, 0x11, 0x22, 0x33, 0x44, 0x55];

function legacyGuest(personality: "transitional" | "legacy" = "transitional"): PciGuest {
  return new PciGuest({ personality });
}

/** As a driver from before virtio 1.0: no FEATURES_OK, one page number. */
function start(guest: PciGuest, features = 0, queue = 0) {
  guest.writeIo(Register.deviceStatus, 1, 0);
  guest.writeIo(Register.deviceStatus, 1, 1);
  guest.writeIo(Register.deviceStatus, 1, 3);
  guest.writeIo(Register.driverFeatures, 4, features);
  guest.writeIo(Register.queueSelect, 2, queue);
  const size = guest.readIo(Register.queueSize, 2);
  const areas = legacyAreas(0x2_0000, size, 4096);
  const ring = createDriverVirtqueue<number>(guest.memory, { size, areas, endian: "big" });
  guest.writeIo(Register.queueAddress, 4, 0x20);
  guest.writeIo(Register.deviceStatus, 1, 7);
  return ring;
}

describe.each(["transitional", "legacy"] as const)("a %s device through the legacy interface", (personality) => {
  it("PCI-LEGACY-DEV-004, PCI-LEGACY-DEV-011, PCI-LEGACY-FACT-DEV-001, PCI-LEGACY-FACT-DEV-004: works through its first I/O register", () => {
    const guest = legacyGuest(personality);
    expect(guest.readConfig(0x10, 4) & 1).toBe(1);
    expect(guest.capabilities.length > 0).toBe(personality === "transitional");
    const ring = start(guest);
    expect([guest.readIo(Register.deviceStatus, 1), guest.readIo(Register.queueAddress, 4)]).toEqual([7, 0x20]);
    guest.offer(ring);
    guest.writeIo(Register.queueNotify, 2, 0);
    expect([guest.answer(), guest.line, guest.readIo(Register.isrStatus, 1), guest.line]).toEqual(["cba", true, 1, false]);
    guest.writeIo(Register.queueSelect, 2, 1);
    expect([guest.readIo(Register.queueSize, 2), guest.readIo(Register.queueAddress, 4)]).toEqual([128, 0]);
    guest.writeIo(Register.queueSelect, 2, 2);
    expect(guest.readIo(Register.queueSize, 2)).toBe(0);
  });

  it("PCI-LEGACY-DEV-007: 32 feature bits, without VERSION_1", () => {
    const guest = legacyGuest(personality);
    const offered = guest.readIo(Register.deviceFeatures, 4);
    expect(offered & ((1 << 5) | (1 << 23))).toBe((1 << 5) | (1 << 23));
    start(guest, (1 << 5) | (1 << 6));
    expect(guest.readIo(Register.driverFeatures, 4)).toBe((1 << 5) | (1 << 6));
    expect([...(guest.device.context?.features ?? [])]).toEqual([5]);
    expect(guest.device.context?.legacy).toBe(true);
  });

  it("PCI-LEGACY-DEV-005, PCI-LEGACY-DEV-006: configuration right behind the header, in the guest's order, by any width", () => {
    const guest = legacyGuest(personality);
    expect(Array.from({ length: 8 }, (_, i) => guest.readIo(20 + i, 1))).toEqual(CAPACITY);
    expect([guest.readIo(22, 2), guest.readIo(23, 2), guest.readIo(24, 4), guest.readIo(25, 1)]).toEqual([
      0x1100, 0x2211, 0x5544_3322, 0x33,
    ]);
    guest.writeIo(29, 1, 0x12);
    guest.writeIo(28, 1, 0x34);
    expect(guest.device.config.get("level")).toBe(0x3412);
    guest.writeIo(28, 2, 0x7856);
    expect(guest.device.config.get("level")).toBe(0x5678);
  });

  it("PCI-LEGACY-FACT-DEV-002, PCI-LEGACY-FACT-DEV-003, S004-060: with MSI-X two vectors come first, and the configuration moves, and back", () => {
    const guest = legacyGuest(personality);
    const ring = start(guest);
    guest.enableMsix();
    expect([guest.readIo(20, 2), guest.readIo(22, 2), guest.readIo(27, 1)]).toEqual([NO_VECTOR, NO_VECTOR, 0x11]);
    guest.writeIo(Register.configMsixVector, 2, 3);
    guest.writeIo(Register.queueMsixVector, 2, 1);
    expect([guest.readIo(20, 2), guest.readIo(22, 2)]).toEqual([3, 1]);
    guest.offer(ring);
    guest.writeIo(Register.queueNotify, 2, 0);
    guest.device.config.set({ level: 9 });
    expect([guest.messages, guest.line]).toEqual([[1, 3], false]);
    guest.writeIo(Register.configMsixVector, 2, 99);
    expect(guest.readIo(Register.configMsixVector, 2)).toBe(NO_VECTOR);
    guest.disableMsix();
    expect([guest.readIo(23, 1), guest.readIo(27, 1)]).toEqual([0x11, 0x55]);
  });

  it("a page number of 0 gives a queue up; status 0 resets, also with I/O in flight", async () => {
    const guest = legacyGuest(personality);
    const ring = start(guest);
    guest.writeIo(Register.queueAddress, 4, 0);
    guest.offer(ring);
    guest.writeIo(Register.queueNotify, 2, 0);
    expect([guest.answer(), guest.readIo(Register.queueAddress, 4)]).toEqual(["...", 0]);
    const { promise, open } = gate();
    guest.device.resetGate = promise;
    guest.writeIo(Register.deviceStatus, 1, 0);
    expect(guest.readIo(Register.deviceStatus, 1)).not.toBe(0);
    open();
    await settled();
    guest.device.resetGate = undefined;
    expect([guest.readIo(Register.deviceStatus, 1), guest.readIo(Register.queueAddress, 4)]).toEqual([0, 0]);
    guest.offer(start(guest), 1);
    guest.writeIo(Register.queueNotify, 2, 0);
    expect(guest.answer(1)).toBe("cba");
  });

  it("queues outside of memory are not set up", () => {
    const guest = legacyGuest(personality);
    guest.writeIo(Register.queueAddress, 4, 0xffff_ffff);
    expect(guest.readIo(Register.queueAddress, 4)).toBe(0);
  });
});

describe("a transitional device", () => {
  it("S004-015: serves one interface after the other, and only one at a time", () => {
    const guest = legacyGuest();
    start(guest);
    guest.writeIo(Register.deviceStatus, 1, 0);
    const ring = guest.start();
    expect(guest.device.context?.legacy).toBe(false);
    // A legacy driver that comes now sees nothing and changes nothing.
    expect([guest.readIo(Register.deviceFeatures, 4), guest.readIo(Register.deviceStatus, 1)]).toEqual([0, 0]);
    guest.writeIo(Register.deviceStatus, 1, 0);
    expect(guest.status).toBe(0x0f);
    guest.offer(ring);
    guest.notify(0);
    expect(guest.answer()).toBe("cba");
    guest.status = 0;
    start(guest);
    expect(guest.device.context?.legacy).toBe(true);
  });
});

describe("any traffic", () => {
  it("never throws and never wedges: after a reset of the function a driver works", async () => {
    const access = fc.record({
      bar: fc.constantFrom(0, 1, 2, 4, 4, 4, 5, "config" as const),
      offset: fc.oneof(fc.nat(0x60), fc.nat(0x4000), fc.constantFrom(0x3000, 0x1000)),
      width: fc.constantFrom<1 | 2 | 4>(1, 2, 4),
      value: fc.oneof(fc.nat(0x1f), fc.nat(0xffff_ffff)),
      write: fc.boolean(),
    });
    await fc.assert(
      fc.asyncProperty(
        fc.array(access, { maxLength: 80 }),
        fc.constantFrom("modern", "transitional", "legacy"),
        async (accesses, personality) => {
          const guest = new PciGuest({ personality: personality as "modern" }, new ReverseDevice());
          const f = guest.pci.pciFunction;
          for (const { bar, offset, width, value, write } of accesses) {
            const fits = width === 4 ? value : value % 2 ** (8 * width);
            if (bar === "config") {
              if (write) f.writeConfig(offset % 256, width, fits);
              else f.readConfig(offset % 256, width);
            } else if (write) f.writeBar(bar, offset, width, fits);
            else expect(f.readBar(bar, offset, width)).toBeLessThan(2 ** (8 * width));
          }
          await guest.pci.reset();
          guest.writeConfig(4, 2, 7);
          const ring = personality === "legacy" ? start(guest) : guest.start();
          guest.offer(ring, 3);
          if (personality === "legacy") guest.writeIo(Register.queueNotify, 2, 0);
          else guest.notify(0);
          expect(guest.answer(3)).toBe("cba");
        },
      ),
    );
  });
});
