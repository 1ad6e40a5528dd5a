import { ConfigSpace, F_EVENT_IDX, F_VERSION_1, FeatureSet } from "@zarch/virtio";
import { HostError } from "@zarch/vmm-interface";
import { legacyRingSize } from "@zarch/vring";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { LegacyGuest, ReverseDevice, STORAGE } from "../test/legacy-guest.ts";
import { HEADER, scanPage } from "./index.ts";

const bytesAt = (guest: LegacyGuest, address: number, length: number): number[] => [...guest.memory.view(address, length)];

function codeOf(action: () => unknown): string {
  try {
    action();
    return "no error";
  } catch (error) {
    return error instanceof HostError ? error.code : String(error);
  }
}

async function settled(): Promise<void> {
  for (let i = 0; i < 10; i++) await Promise.resolve();
}

describe("the page", () => {
  it("LEGACY-S390-PAGE-DEV-001, LEGACY-S390-PAGE-DEV-002: it lies right above the guest's storage, in memory of its own", () => {
    const guest = new LegacyGuest();
    guest.attach();
    expect(guest.page.address).toBe(STORAGE);
    expect(guest.memory.loadUint8(STORAGE)).toBe(2);
    expect(bytesAt(guest, 0, STORAGE).every((byte) => byte === 0)).toBe(true);
    expect(codeOf(() => new LegacyGuest({}, STORAGE))).toBe("ERR_S390_LEGACY_PAGE");
    expect(codeOf(() => new LegacyGuest({ address: STORAGE + 8 }))).toBe("ERR_S390_LEGACY_PAGE");
  });

  it("LEGACY-S390-HDR-DEV-001..007, LEGACY-S390-VQCFG-DEV-001..005, LEGACY-S390-CFG-DEV-004, S000-002..015: an entry byte by byte", () => {
    const guest = new LegacyGuest();
    const { address } = guest.attach(new ReverseDevice(2, [256]), { ringSize: 256 });
    const ring = STORAGE + 4096;
    const size = 5 + 24 + 2 * 4 + 10;
    expect(bytesAt(guest, address, size + 1)).toEqual([
      ...[2, 1, 4, 10, 0],
      ...[0, 0, 0, 0, 0, 0, 0, 0],
      ...[0, 0, 0, 0, 0, ring >> 16, (ring >> 8) & 0xff, 0],
      ...[1, 0, 0, 0, 0, 0, 0, 0],
      // Offered: 5, 9, 23 of the device and 24, 27, 28, 29 of the rings; then the guest's half.
      ...[0x20, 0x02, 0x80, 0x39, 0, 0, 0, 0],
      ...[0, 0, 0, 0, 1, 2, 3, 4, 0, 7],
      0,
    ]);
  });

  it("LEGACY-S390-FEAT-DEV-001..003, LEGACY-S390-FEAT-DEV-005, LEGACY-S390-CFG-DEV-001, LEGACY-S390-CFG-DEV-002: features and configuration", () => {
    const guest = new LegacyGuest();
    const device = new ReverseDevice();
    expect(device.features.has(40)).toBe(true);
    const entry = guest.attach(device);
    const features = entry.address + 5 + 24 * 2;
    const offered = new FeatureSet();
    for (const [i, byte] of bytesAt(guest, features, 4).entries()) {
      for (let bit = 0; bit < 8; bit++) if ((byte >> bit) & 1) offered.add(8 * i + bit);
    }
    expect([...offered]).toEqual([5, 9, 23, 24, 27, 28, 29]);
    expect([entry.featureLength, offered.has(F_VERSION_1)]).toEqual([4, false]);
    expect(bytesAt(guest, features + 8, entry.configLength)).toEqual([0, 0, 0, 0, 1, 2, 3, 4, 0, 7]);
  });

  it("LEGACY-S390-CFG-DEV-005: configuration is big-endian", () => {
    const guest = new LegacyGuest();
    const device = new ReverseDevice();
    const { address } = guest.attach(device);
    device.config.set({ capacity: 0x1122_3344_5566 });
    expect(bytesAt(guest, address + 5 + 48 + 8, 8)).toEqual([0, 0, 0x11, 0x22, 0x33, 0x44, 0x55, 0x66]);
  });

  it("LEGACY-S390-PAGE-DEV-003, LEGACY-S390-PAGE-FACT-DEV-001, S000-016: entries follow each other without a gap, and a type of 0 ends them", () => {
    const guest = new LegacyGuest();
    for (const [type, queues] of [
      [1, [64, 64, 64]],
      [2, [128]],
      [4, []],
    ] as const) {
      guest.attach(new ReverseDevice(type, queues));
    }
    const [net, blk, rng] = guest.entries();
    const sizes = [3, 1, 0].map((queues) => 5 + 24 * queues + 8 + 10);
    expect([net?.address, blk?.address, rng?.address]).toEqual([STORAGE, STORAGE + sizes[0]!, STORAGE + sizes[0]! + sizes[1]!]);
    expect(guest.memory.loadUint8(rng!.address + sizes[2]! + HEADER.type)).toBe(0);
    expect(guest.entries().length).toBe(3);
  });

  it("LEGACY-S390-PAGE-DEV-004, LEGACY-S390-PAGE-DEV-005: what does not fit is refused with nothing changed, the last byte is usable", () => {
    const guest = new LegacyGuest({}, STORAGE + 0x40_0000);
    const entry = (queues: number, config: number): ReverseDevice => {
      const device = new ReverseDevice(
        3,
        Array.from({ length: queues }, () => 8),
      );
      return Object.assign(device, { config: new ConfigSpace({}, config) }) as unknown as ReverseDevice;
    };
    // 4096 = 16 * 253 + 48: each of the big ones has 5 + 24 * 10 + 8.
    for (let i = 0; i < 16; i++) guest.attach(entry(10, 0));
    const before = bytesAt(guest, STORAGE, 4096);
    expect(codeOf(() => guest.attach(entry(1, 12)))).toBe("ERR_S390_LEGACY_PAGE_FULL");
    expect(bytesAt(guest, STORAGE, 4096)).toEqual(before);
    const last = guest.attach(entry(1, 11));
    expect(last.address + 5 + 24 + 8 + 11).toBe(STORAGE + 4096);
    expect(guest.entries().length).toBe(17);
    expect(codeOf(() => guest.attach(entry(0, 0)))).toBe("ERR_S390_LEGACY_PAGE_FULL");
  });

  it("LEGACY-S390-HDR-FACT-DEV-002: more than 255 queues or bytes of configuration cannot be described", () => {
    const guest = new LegacyGuest();
    const queues = new ReverseDevice(2, new Array<number>(256).fill(0));
    const config = Object.assign(new ReverseDevice(), { config: new ConfigSpace({}, 256) }) as unknown as ReverseDevice;
    expect([new ReverseDevice(256), queues, config].map((device) => codeOf(() => guest.attach(device)))).toEqual([
      "ERR_S390_LEGACY_DEVICE",
      "ERR_S390_LEGACY_DEVICE",
      "ERR_S390_LEGACY_DEVICE",
    ]);
    expect(guest.entries()).toEqual([]);
  });

  it("rings that find no room are refused, and what was taken for them is free again", () => {
    const guest = new LegacyGuest({}, STORAGE + 4096 + 4 * 4096);
    expect(codeOf(() => guest.attach(new ReverseDevice(2, [128, 128, 128])))).toBe("ERR_S390_LEGACY_RING_SPACE");
    expect(guest.ringAddress(guest.attach(new ReverseDevice(2, [128, 128])), 1)).toBe(STORAGE + 3 * 4096);
  });
});

describe("rings", () => {
  it("LEGACY-S390-VQCFG-DEV-007, LEGACY-S390-RING-DEV-004..007: whole pages above the page, none shared, by the legacy formula", () => {
    const guest = new LegacyGuest({}, STORAGE + 0x10_0000);
    const spans: [number, number][] = [[STORAGE, STORAGE + 4096]];
    for (const sizes of [[256, 128, 8], [64], [512, 0, 16]]) {
      const entry = guest.attach(new ReverseDevice(1, sizes), { ringSize: 512 });
      for (const [queue, size] of sizes.entries()) {
        const address = guest.ringAddress(entry, queue);
        expect(guest.ringSize(entry, queue)).toBe(size);
        if (size === 0) expect(address).toBe(0);
        else spans.push([address, address + legacyRingSize(size, 4096)]);
      }
    }
    spans.sort(([a], [b]) => a - b);
    for (const [i, [start, end]] of spans.entries()) {
      expect([start % 4096, end % 4096]).toEqual([0, 0]);
      expect(start).toBeGreaterThanOrEqual(i === 0 ? STORAGE : spans[i - 1]![1]);
      expect(end).toBeLessThanOrEqual(guest.memory.size);
    }
  });

  it("LEGACY-S390-VQCFG-DEV-008: the host sets the number of entries, 128 at most unless it is told otherwise", () => {
    const guest = new LegacyGuest();
    const sizes = (entry: ReturnType<LegacyGuest["attach"]>) => [guest.ringSize(entry, 0), guest.ringSize(entry, 1)];
    expect(sizes(guest.attach(new ReverseDevice(2, [256, 64])))).toEqual([128, 64]);
    expect(sizes(guest.attach(new ReverseDevice(2, [256, 64]), { ringSize: 256 }))).toEqual([256, 64]);
    expect(sizes(guest.attach(new ReverseDevice(2, [256, 64]), { ringSize: 16 }))).toEqual([16, 16]);
  });

  it("LEGACY-S390-RING-DEV-001..003, LEGACY-S390-RING-DEV-008, LEGACY-S390-RING-DEV-009, LEGACY-S390-RING-FACT-DEV-001, LEGACY-S390-RING-FACT-DEV-002, S000-028..031: a request byte by byte, big-endian", () => {
    const guest = new LegacyGuest();
    const entry = guest.attach(new ReverseDevice(2, [256]), { ringSize: 256 });
    guest.probe(entry);
    const ring = guest.ringAddress(entry);
    guest.memory.write(0x1000, new TextEncoder().encode("abc"));
    // Descriptor 0: address, length, NEXT, next 1. Descriptor 1: WRITE.
    guest.memory.write(ring, Uint8Array.of(0, 0, 0, 0, 0, 0, 0x10, 0, 0, 0, 0, 3, 0, 1, 0, 1));
    guest.memory.write(ring + 16, Uint8Array.of(0, 0, 0, 0, 0, 0, 0x20, 0, 0, 0, 0, 5, 0, 2, 0, 0));
    // Available: flags 0, index 1, head 0.
    guest.memory.write(ring + 4096, Uint8Array.of(0, 0, 0, 1, 0, 0));
    expect(guest.notify(entry)).toBe(0);
    expect(bytesAt(guest, 0x2000, 5)).toEqual([0x63, 0x62, 0x61, 0, 0]);
    // Used: flags, index 1, id 0, length 3.
    expect(bytesAt(guest, ring + 8192, 12)).toEqual([0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 3]);
  });

  it("LEGACY-S390-RING-DEV-010: a device that wants no notifications sets flag 1 of the used ring", () => {
    const guest = new LegacyGuest();
    const device = new ReverseDevice();
    const entry = guest.attach(device);
    guest.probe(entry);
    guest.notify(entry);
    const used = guest.ringAddress(entry) + 4096;
    device.context?.queue(0)?.disableNotifications();
    expect(bytesAt(guest, used, 2)).toEqual([0, 1]);
    device.context?.queue(0)?.enableNotifications();
    expect(bytesAt(guest, used, 2)).toEqual([0, 0]);
  });
});

describe("hypercalls", () => {
  it("LEGACY-S390-HCALL-DEV-004..008: NOTIFY by ring, RESET and SET_STATUS by entry", () => {
    const guest = new LegacyGuest();
    const devices = [new ReverseDevice(2), new ReverseDevice(3)];
    const [first, second] = devices.map((device) => guest.attach(device));
    guest.probe(second!);
    const ring = guest.ring(second!, 1);
    guest.offer(ring);
    expect(guest.page.hypercall(0, guest.ringAddress(second!, 1))).toBe(0);
    expect([guest.answer(), ring.getBuf()]).toEqual(["cba", { token: 0, written: 3 }]);
    expect(devices.map(({ activations }) => activations)).toEqual([0, 1]);
    guest.memory.storeUint8(first!.address + HEADER.status, 7);
    expect([guest.page.hypercall(2, first!.address), devices[0]!.activations]).toEqual([0, 1]);
    expect([guest.page.hypercall(1, first!.address), guest.status(first!), guest.status(second!)]).toEqual([0, 0, 3]);
  });

  it("LEGACY-S390-HCALL-DEV-009: unknown addresses and numbers fail and do nothing", () => {
    const guest = new LegacyGuest();
    const device = new ReverseDevice();
    const entry = guest.attach(device);
    guest.probe(entry);
    const before = bytesAt(guest, STORAGE, 0x4000);
    for (const address of [STORAGE, STORAGE + 4096 + 16, guest.memory.size, 2 ** 40, 2 ** 64]) {
      if (address !== STORAGE) expect(guest.page.hypercall(1, address)).toBe(-22);
      if (address !== STORAGE) expect(guest.page.hypercall(2, address)).toBe(-22);
      expect(guest.page.hypercall(0, address)).toBe(-22);
    }
    expect([guest.page.hypercall(1, entry.address + 1), guest.page.hypercall(2, entry.address + 5)]).toEqual([-22, -22]);
    expect([guest.page.hypercall(3, 0), guest.page.hypercall(99, 0)]).toEqual([undefined, undefined]);
    expect(bytesAt(guest, STORAGE, 0x4000)).toEqual(before);
    expect([device.activations, guest.interruptions()]).toEqual([0, []]);
  });

  it("NOTIFY below the page prints a text of at most 16 bytes up to its end", () => {
    const guest = new LegacyGuest();
    const print = (address: number, text: string): number | undefined => {
      guest.memory.write(address, new TextEncoder().encode(text));
      return guest.page.hypercall(0, address);
    };
    expect(print(0x500, "Linux version 3\0junk")).toBe(0);
    expect(print(0x600, "no end in sight here")).toBe(0);
    expect(print(STORAGE - 2, "ab")).toBe(0);
    expect(guest.early).toEqual(["Linux version 3", "no end in sight ", "ab"]);
  });
});

describe("status and features", () => {
  it("LEGACY-S390-STATUS-DEV-001, LEGACY-S390-STATUS-DEV-002: the status byte counts when SET_STATUS says so, and stays the guest's", () => {
    const guest = new LegacyGuest();
    const device = new ReverseDevice();
    const entry = guest.attach(device);
    guest.probe(entry);
    guest.memory.storeUint8(entry.address + HEADER.status, 7);
    expect(device.activations).toBe(0);
    guest.setStatus(entry, 7);
    expect([device.activations, guest.status(entry)]).toEqual([1, 7]);
    device.context?.fail("broken");
    expect(guest.status(entry)).toBe(7);
    // A status of 0 is no reset on this transport.
    guest.setStatus(entry, 0);
    expect([device.context !== undefined, guest.status(entry)]).toEqual([true, 0]);
  });

  it("service begins at status 3: queues are used before DRIVER_OK", () => {
    const guest = new LegacyGuest();
    const device = new ReverseDevice();
    const entry = guest.attach(device);
    guest.probe(entry);
    const ring = guest.ring(entry);
    guest.offer(ring);
    guest.notify(entry);
    expect([guest.answer(), guest.interruptions()]).toEqual(["cba", [[0, 0x1000n]]]);
    guest.setStatus(entry, 7);
    guest.offer(ring, 1);
    guest.notify(entry);
    expect([guest.answer(1), device.activations]).toEqual(["cba", 1]);
  });

  it("LEGACY-S390-FEAT-DEV-004: accepted features are read from the page at NOTIFY, and at DRIVER_OK", () => {
    const guest = new LegacyGuest();
    const device = new ReverseDevice();
    const entry = guest.attach(device);
    guest.probe(entry, 1 << 5);
    // Not offered: ignored.
    guest.accept(entry, (1 << 5) | (1 << 6));
    guest.notify(entry);
    expect([...(device.context?.features ?? [])]).toEqual([5]);
    guest.reset(entry);
    guest.setStatus(entry, 3);
    guest.accept(entry, 1 << 9);
    guest.setStatus(entry, 7);
    expect([...(device.context?.features ?? [])]).toEqual([9]);
  });

  it("LEGACY-S390-STATUS-DEV-003..005, LEGACY-S390-STATUS-FACT-DEV-002, S001-023, D-002: RESET clears status, accepted features, tokens, ring progress and pending interruptions", () => {
    const guest = new LegacyGuest();
    const device = new ReverseDevice();
    const entry = guest.attach(device);
    guest.probe(entry, (1 << 9) | (1 << 5));
    const offered = bytesAt(guest, entry.address + 5 + 48, 4);
    guest.offer(guest.ring(entry));
    guest.notify(entry);
    guest.setStatus(entry, 7);
    device.config.set({ level: 8 });
    guest.reset(entry);
    expect([guest.status(entry), guest.interruptions()]).toEqual([0, []]);
    expect(bytesAt(guest, entry.address + 5 + 48, 8)).toEqual([...offered, 0, 0, 0, 0]);
    const ring = guest.ringAddress(entry);
    expect(bytesAt(guest, ring, legacyRingSize(128, 4096)).every((byte) => byte === 0)).toBe(true);
    // A driver that takes the ring as it is starts at 0 again.
    guest.probe(entry);
    const fresh = guest.ring(entry);
    guest.offer(fresh, 2);
    guest.notify(entry);
    expect([guest.answer(2), fresh.getBuf()?.token]).toEqual(["cba", 2]);
  });

  it("LEGACY-S390-VQCFG-DEV-009: what a guest writes into the pad bytes means nothing", () => {
    const guest = new LegacyGuest();
    const entry = guest.attach();
    for (const queue of [0, 1]) guest.memory.fill(entry.address + 5 + 24 * queue + 18, 6, 0xff);
    guest.probe(entry);
    guest.setStatus(entry, 7);
    guest.memory.fill(entry.address + 5 + 18, 6, 0x55);
    const ring = guest.ring(entry);
    guest.offer(ring);
    expect([guest.notify(entry), guest.answer(), ring.getBuf()?.token]).toEqual([0, "cba", 0]);
    expect(guest.interruptions()).toEqual([[0, 0x1000n]]);
  });

  it("CORE-RESET-DEV-003: after a reset nothing is taken from a ring before there is a driver again", () => {
    const guest = new LegacyGuest();
    const device = new ReverseDevice();
    const entry = guest.attach(device);
    guest.probe(entry);
    guest.page.hypercall(1, entry.address);
    guest.offer(guest.ring(entry));
    expect([guest.notify(entry), guest.answer(), device.activations]).toEqual([0, "...", 0]);
    guest.setStatus(entry, 1);
    expect([guest.notify(entry), guest.answer(), device.activations]).toEqual([0, "cba", 1]);
  });

  it("a reset with I/O in flight: what follows takes effect when that is over", async () => {
    const guest = new LegacyGuest();
    const device = new ReverseDevice();
    const entry = guest.attach(device);
    guest.probe(entry);
    guest.setStatus(entry, 7);
    let open = (): void => {};
    device.resetGate = new Promise((resolve) => {
      open = resolve;
    });
    guest.probe(entry, 1 << 9);
    device.resetGate = undefined;
    const ring = guest.ring(entry);
    guest.setStatus(entry, 7);
    guest.offer(ring);
    expect([guest.notify(entry), guest.answer(), device.activations]).toEqual([0, "...", 1]);
    open();
    await settled();
    expect([guest.answer(), device.activations, [...(device.context?.features ?? [])]]).toEqual(["cba", 2, [9]]);
    expect(guest.interruptions()).toEqual([[0, 0x1000n]]);
  });
});

describe("configuration", () => {
  it("LEGACY-S390-CFG-DEV-003: what the guest writes on the page reaches the device at the next hypercall", () => {
    const guest = new LegacyGuest();
    const device = new ReverseDevice();
    const entry = guest.attach(device);
    guest.probe(entry);
    const config = entry.address + 5 + 48 + 8;
    guest.memory.storeUint16(config + 8, 0x1234, "big");
    guest.notify(entry);
    expect(device.config.get("level")).toBe(0x1234);
    // What is not writable shows its true value again.
    guest.memory.storeUint16(config, 0xffff, "big");
    guest.setStatus(entry, 7);
    expect([device.config.get("capacity"), guest.memory.loadUint16(config, "big")]).toEqual([0x0102_0304, 0]);
  });

  it("a notification leaves the page alone unless the guest wrote there", () => {
    const guest = new LegacyGuest();
    const entry = guest.attach();
    guest.probe(entry);
    guest.notify(entry);
    const config = entry.address + 5 + 48 + 8;
    let writes = 0;
    guest.memory.observeWrites((address) => {
      if (address >= STORAGE && address < STORAGE + 4096) writes++;
    });
    guest.notify(entry);
    expect(writes).toBe(0);
    guest.memory.storeUint8(config, 0xff);
    writes = 0;
    guest.notify(entry);
    expect([writes > 0, guest.memory.loadUint8(config)]).toEqual([true, 0]);
  });

  it("a change by the host and one by the guest at the same time: neither is lost", () => {
    const guest = new LegacyGuest();
    const device = new ReverseDevice();
    const entry = guest.attach(device);
    guest.probe(entry);
    const config = entry.address + 5 + 48 + 8;
    guest.memory.storeUint16(config + 8, 0x1234, "big");
    device.config.set({ capacity: 99 });
    expect([device.config.get("level"), guest.memory.loadUint64(config, "big"), guest.memory.loadUint16(config + 8, "big")]).toEqual([
      0x1234, 99, 0x1234,
    ]);
  });
});

describe("interruptions", () => {
  it("LEGACY-S390-INT-DEV-001..004, LEGACY-S390-VQCFG-DEV-006: 0x2603, subcode 0x0d00, parameter 0, the token unchanged", () => {
    const guest = new LegacyGuest();
    const entry = guest.attach();
    guest.probe(entry);
    guest.setToken(entry, 1, 0xfedc_ba98_7654_3210n);
    guest.offer(guest.ring(entry, 1));
    guest.notify(entry, 1);
    expect(guest.raised).toBeGreaterThan(0);
    expect(guest.page.pendingExternalInterruption()).toBe(0x2603);
    expect(guest.page.takeExternalInterruption()).toEqual({
      code: 0x2603,
      cpuAddress: 0x0d00,
      parameter: 0,
      parameter64: { high: 0xfedc_ba98, low: 0x7654_3210 },
    });
    expect([guest.page.pendingExternalInterruption(), guest.page.takeExternalInterruption()]).toEqual([0, undefined]);
  });

  it("LEGACY-S390-INT-DEV-005, LEGACY-S390-INT-FACT-DEV-001, D-004: a configuration change has parameter 1 and the token of one of its queues", () => {
    const guest = new LegacyGuest();
    const device = new ReverseDevice();
    const entry = guest.attach(device);
    guest.probe(entry);
    guest.setToken(entry, 0, 0n);
    guest.setStatus(entry, 7);
    device.config.set({ level: 8 });
    expect(guest.interruptions()).toEqual([[1, 0x1001n]]);
  });

  it("a configuration change before DRIVER_OK is held until then", () => {
    const guest = new LegacyGuest();
    const device = new ReverseDevice();
    const entry = guest.attach(device);
    guest.probe(entry);
    guest.notify(entry);
    device.config.set({ level: 8 });
    expect(guest.interruptions()).toEqual([]);
    guest.setStatus(entry, 7);
    expect(guest.interruptions()).toEqual([[1, 0x1000n]]);
  });

  it("LEGACY-S390-INT-DEV-006: none for a queue without a token", () => {
    const guest = new LegacyGuest();
    const entry = guest.attach();
    guest.probe(entry);
    guest.setToken(entry, 0, 0n);
    const ring = guest.ring(entry);
    guest.offer(ring);
    guest.notify(entry);
    expect([guest.answer(), guest.interruptions()]).toEqual(["cba", []]);
    guest.setToken(entry, 0, 5n);
    guest.offer(ring, 1);
    guest.notify(entry);
    expect(guest.interruptions()).toEqual([[0, 5n]]);
  });

  it("LEGACY-S390-INT-DEV-007: none while the driver has set bit 0 of the available flags; by index with EVENT_IDX", () => {
    const guest = new LegacyGuest();
    const entry = guest.attach();
    for (const eventIndex of [false, true]) {
      guest.probe(entry, eventIndex ? 1 << F_EVENT_IDX : 0);
      const ring = guest.ring(entry, 0, eventIndex);
      ring.disableCallbacks();
      // With an index: the first buffer interrupts, as the index is 0.
      guest.offer(ring, 0);
      guest.notify(entry);
      guest.interruptions();
      guest.offer(ring, 1);
      guest.notify(entry);
      expect(guest.interruptions()).toEqual([]);
      while (ring.getBuf());
      ring.enableCallbacks();
      guest.offer(ring, 2);
      guest.notify(entry);
      expect(guest.interruptions()).toEqual([[0, 0x1000n]]);
    }
  });

  it("a device that comes later is announced with parameter 2, after all, once the guest knows the page", () => {
    const guest = new LegacyGuest();
    const first = guest.attach();
    guest.attach(new ReverseDevice(4, [8]));
    expect(guest.interruptions()).toEqual([]);
    guest.probe(first);
    const late = guest.attach(new ReverseDevice(3, [8]));
    expect(guest.interruptions()).toEqual([[2, 0n]]);
    expect(guest.entries().map(({ deviceId }) => deviceId)).toEqual([2, 4, 3]);
    guest.probe(late);
    guest.offer(guest.ring(late));
    guest.notify(late);
    expect(guest.answer()).toBe("cba");
  });

  it("what is pending is bounded by the number of queues and devices", () => {
    const guest = new LegacyGuest();
    const device = new ReverseDevice();
    const entry = guest.attach(device);
    guest.probe(entry);
    guest.setStatus(entry, 7);
    const ring = guest.ring(entry);
    for (let i = 0; i < 1000; i++) {
      guest.offer(ring, i % 8);
      guest.notify(entry);
      while (ring.getBuf());
      device.config.set({ level: i });
    }
    expect(guest.interruptions()).toEqual([
      [0, 0x1000n],
      [1, 0x1000n],
    ]);
  });
});

describe("the life of a machine", () => {
  it("machine reset: the page is as new, whatever the guest made of it", () => {
    const guest = new LegacyGuest();
    const device = new ReverseDevice();
    const entry = guest.attach(device);
    // The page, and two rings of two pages each.
    const used = 5 * 4096;
    const fresh = bytesAt(guest, STORAGE, used);
    guest.probe(entry, 1 << 5);
    guest.offer(guest.ring(entry));
    guest.notify(entry);
    guest.memory.fill(STORAGE, guest.memory.size - STORAGE, 0xff);
    guest.page.reset();
    expect(bytesAt(guest, STORAGE, used)).toEqual(fresh);
    expect([guest.interruptions(), device.config.get("level")]).toEqual([[], 7]);
    guest.probe(entry);
    guest.offer(guest.ring(entry), 1);
    guest.notify(entry);
    expect(guest.answer(1)).toBe("cba");
  });

  it("close ends every device, after its I/O", async () => {
    const guest = new LegacyGuest();
    const devices = [new ReverseDevice(), new ReverseDevice(3, [8])];
    const entries = devices.map((device) => guest.attach(device));
    for (const entry of entries) guest.probe(entry);
    guest.notify(entries[0]!);
    let open = (): void => {};
    devices[0]!.resetGate = new Promise((resolve) => {
      open = resolve;
    });
    const closing = guest.page.close();
    await settled();
    expect(devices[0]!.closed).toBe(false);
    open();
    await closing;
    expect(devices.map(({ closed }) => closed)).toEqual([true, true]);
  });
});

describe("a guest that breaks everything", () => {
  it("overwrites the page and the rings, and calls at random: nothing throws, other memory stays, and a reset repairs it", () => {
    const action = fc.oneof(
      fc.record({ kind: fc.constant("write" as const), at: fc.nat(0x8000), bytes: fc.uint8Array({ minLength: 1, maxLength: 40 }) }),
      fc.record({ kind: fc.constant("call" as const), number: fc.nat(3), target: fc.nat(5), offset: fc.constantFrom(0, 0, 0, 1, 16) }),
      fc.record({ kind: fc.constant("far" as const), number: fc.nat(2), address: fc.double({ min: 0, max: 2 ** 64, noNaN: true }) }),
    );
    fc.assert(
      fc.property(fc.array(action, { maxLength: 60 }), (actions) => {
        const guest = new LegacyGuest();
        const entries = [guest.attach(), guest.attach(new ReverseDevice(3, [8, 8]))];
        guest.memory.fill(0, 0x400, 0xa5);
        for (const step of actions) {
          if (step.kind === "write") guest.memory.write(STORAGE + step.at, step.bytes);
          else if (step.kind === "far") guest.page.hypercall(step.number, Math.floor(step.address));
          else {
            const entry = entries[step.target % 2]!;
            const rings = [STORAGE + 4096, STORAGE + 3 * 4096];
            const address = step.target < 2 ? entry.address : step.target < 4 ? rings[step.target - 2]! : step.target;
            guest.page.hypercall(step.number, address + step.offset);
          }
          guest.page.takeExternalInterruption();
        }
        guest.page.reset();
        expect(scanPage(guest.memory, STORAGE).map(({ deviceId }) => deviceId)).toEqual([2, 3]);
        for (const entry of entries) {
          guest.probe(entry);
          guest.offer(guest.ring(entry), entry.deviceId);
          guest.notify(entry);
          expect(guest.answer(entry.deviceId)).toBe("cba");
        }
      }),
      { numRuns: 200 },
    );
  });
});
