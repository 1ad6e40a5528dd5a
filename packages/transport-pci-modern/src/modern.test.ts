import { PciCommand, PciRegister, PciStatus, RamRegion } from "@zarch/pci";
import { F_NOTIFICATION_DATA, F_RING_PACKED, F_RING_RESET } from "@zarch/virtio";
import { HostError } from "@zarch/vmm-interface";
import { describe, expect, it } from "vitest";
import { gate, PciGuest, ReverseDevice, settled } from "../test/pci-guest.ts";
import { CommonConfig, NO_VECTOR, VirtioPciCapability as Type, vendorCapability } from "./index.ts";

function codeOf(action: () => unknown): string {
  try {
    action();
    return "no error";
  } catch (error) {
    return error instanceof HostError ? error.code : String(error);
  }
}

describe("discovery", () => {
  it("PCI-DISC-DEV-003, PCI-DISC-DEV-004, PCI-DISC-DEV-006..008: a modern device", () => {
    const guest = new PciGuest();
    expect([guest.readConfig(0, 2), guest.readConfig(2, 2)]).toEqual([0x1af4, 0x1042]);
    expect(guest.readConfig(PciRegister.revisionId, 1)).toBeGreaterThanOrEqual(1);
    expect(guest.readConfig(PciRegister.subsystemId, 2)).toBeGreaterThanOrEqual(0x40);
    expect(guest.readConfig(PciRegister.classCode, 1) | (guest.readConfig(PciRegister.classCode + 1, 2) << 8)).toBe(0x01_00_00);
  });

  it("PCI-LEGACY-DEV-001..003, PCI-DISC-DEV-002, PCI-DISC-FACT-DEV-001: a transitional device", () => {
    const ids = [1, 2, 5, 3, 8, 4, 9].map((type) => {
      const device = Object.assign(new ReverseDevice(), { deviceId: type });
      const guest = new PciGuest({ personality: "transitional" }, device);
      expect([guest.readConfig(PciRegister.revisionId, 1), guest.readConfig(PciRegister.subsystemId, 2)]).toEqual([0, type]);
      return guest.readConfig(2, 2);
    });
    expect(ids).toEqual([0x1000, 0x1001, 0x1002, 0x1003, 0x1004, 0x1005, 0x1009]);
    const modernOnly = Object.assign(new ReverseDevice(), { deviceId: 16 });
    expect(codeOf(() => new PciGuest({ personality: "transitional" }, modernOnly))).toBe("ERR_VIRTIO_PCI_OPTIONS");
    const own = new PciGuest({ personality: "transitional", transitionalDeviceId: 0x103f }, modernOnly);
    expect([own.readConfig(2, 2), own.readConfig(PciRegister.subsystemId, 2)]).toEqual([0x103f, 16]);
  });

  it("a type above 63 has no PCI device ID", () => {
    const device = Object.assign(new ReverseDevice(), { deviceId: 64 });
    expect(codeOf(() => new PciGuest({}, device))).toBe("ERR_VIRTIO_PCI_OPTIONS");
    expect(new PciGuest({}, Object.assign(new ReverseDevice(), { deviceId: 63 })).readConfig(2, 2)).toBe(0x107f);
  });

  it("PCI-DISC-DEV-005: the subsystem vendor can be chosen", () => {
    expect(new PciGuest({ subsystemVendorId: 0x1234 }).readConfig(PciRegister.subsystemVendorId, 2)).toBe(0x1234);
  });
});

describe("capabilities", () => {
  it("PCI-COMMON-DEV-002, PCI-NOTIFY-DEV-001, PCI-ISR-DEV-001, PCI-DEVCFG-DEV-001, PCI-CFGACC-DEV-001, PCI-CAP-FACT-DEV-002: one of each kind", () => {
    expect(new PciGuest().capabilities.map(({ type }) => type)).toEqual([1, 3, 4, 2, 5]);
    const plain = Object.assign(new ReverseDevice(), { config: { size: 0, read() {}, write() {}, onChange: () => () => {} } });
    expect(new PciGuest({}, plain as unknown as ReverseDevice).capabilities.map(({ type }) => type)).toEqual([1, 3, 2, 5]);
  });

  it("PCI-CAP-FACT-DEV-001, PCI-CAP-DEV-004: each says how long it is, with what follows the basic fields", () => {
    const guest = new PciGuest({ sharedMemory: [{ id: 3, length: 100, region: new RamRegion(100) }] });
    expect(Object.fromEntries(guest.capabilities.map(({ type, length }) => [type, length]))).toEqual({
      1: 16,
      3: 16,
      4: 16,
      2: 20,
      8: 24,
      5: 20,
    });
    const list = [...guest.capabilitiesWith(9), ...guest.capabilitiesWith(0x11)];
    for (const [i, { at, length }] of guest.capabilities.entries()) expect(at + length).toBeLessThanOrEqual(list[i + 1]!);
  });

  it("PCI-COMMON-DEV-001, PCI-DEVCFG-DEV-002, PCI-NOTIFY-DEV-002..006, PCI-NOTIFY-DEV-007..011: alignments and lengths", () => {
    const device = Object.assign(new ReverseDevice(), { queueMaxSizes: new Array<number>(2000).fill(8) });
    const guest = new PciGuest({ ioNotify: true }, device);
    expect(guest.structure(Type.common).offset % 4).toBe(0);
    expect(guest.structure(Type.device).offset % 4).toBe(0);
    const notify = guest.capabilities.filter(({ type }) => type === Type.notify);
    expect(notify.length).toBe(2);
    for (const { at, offset, size } of notify) {
      const multiplier = guest.readConfig(at + 16, 4);
      expect([offset % 4, multiplier % 4, multiplier & (multiplier - 1)]).toEqual([0, 0, 0]);
      for (let queue = 0; queue < 2000; queue += 199) {
        guest.setCommon(CommonConfig.queueSelect, 2, queue);
        expect(size).toBeGreaterThanOrEqual(guest.common(CommonConfig.queueNotifyOffset, 2) * multiplier + 4);
      }
    }
  });

  it("PCI-CAP-DEV-002, PCI-CAP-DEV-006, S004-068, S004-076: notification by I/O comes first, all queues in one place", () => {
    const guest = new PciGuest({ ioNotify: true });
    const ring = guest.start();
    guest.offer(ring);
    const first = guest.structure(Type.notify);
    expect([first.bar, guest.readConfig(first.at + 16, 4), guest.readConfig(0x10 + 8, 4) & 1]).toEqual([2, 0, 1]);
    guest.notify(0);
    expect(guest.answer()).toBe("cba");
  });

  it("PCI-SHM-DEV-001, PCI-SHM-DEV-002, PCI-SHM-FACT-DEV-001: shared memory lies in its register, each region with its own id", () => {
    const regions = [5000, 4096].map((length, i) => ({ id: 7 + i, length, region: new RamRegion(length) }));
    const guest = new PciGuest({ sharedMemory: regions });
    const found = guest.capabilities.filter(({ type }) => type === Type.sharedMemory);
    expect(found.map(({ id, offset, size, bar }) => [id, offset, size, bar])).toEqual([
      [7, 0, 5000, 2],
      [8, 8192, 4096, 2],
    ]);
    expect(found.map(({ at }) => [guest.readConfig(at + 16, 4), guest.readConfig(at + 20, 4)])).toEqual([
      [0, 0],
      [0, 0],
    ]);
    expect(guest.pci.pciFunction.bars[2]?.size).toBe(16384);
    guest.pci.pciFunction.writeBar(2, 8192 + 8, 4, 0x1234);
    expect(regions[1]!.region.read(8, 4)).toBe(0x1234);
    const twice = [regions[0]!, regions[0]!];
    expect(codeOf(() => new PciGuest({ sharedMemory: twice }))).toBe("ERR_VIRTIO_PCI_OPTIONS");
    expect(codeOf(() => new PciGuest({ sharedMemory: regions, ioNotify: true }))).toBe("ERR_VIRTIO_PCI_OPTIONS");
  });

  it("PCI-VNDR-DEV-001..006: vendor data, several of them, of a multiple of 4 bytes, read without effects", () => {
    const data = [Uint8Array.of(1, 2, 3), new Uint8Array(6).fill(9)];
    const guest = new PciGuest({ capabilities: data.map((bytes) => vendorCapability(0x1234, bytes)) });
    const found = guest.capabilities.filter(({ type }) => type === Type.vendor);
    expect(found.map(({ length }) => length)).toEqual([12, 12]);
    const read = (): number[] => found.flatMap(({ at, length }) => Array.from({ length }, (_, i) => guest.readConfig(at + i, 1)));
    const first = read();
    expect(first.slice(3, 10)).toEqual([9, 0x34, 0x12, 1, 2, 3, 0]);
    expect([read(), guest.status, guest.device.activations]).toEqual([first, 0, 0]);
    expect(codeOf(() => vendorCapability(0x1af4, new Uint8Array(0)))).toBe("ERR_VIRTIO_PCI_OPTIONS");
  });
});

describe("common configuration", () => {
  it("PCI-COMMON-FACT-DEV-001, PCI-COMMON-FACT-DEV-002, PCI-COMMON-FACT-DEV-004: the fields as they are at first", () => {
    const guest = new PciGuest();
    const words = Array.from({ length: 16 }, (_, i) => guest.common(4 * i, 4));
    expect(words[4]).toBe(0x0003_ffff);
    // status, generation, selected queue
    expect(words[5]! & 0xffff_00ff).toBe(0);
    expect(words.slice(6, 15)).toEqual([0xffff_0040, 0, 0, 0, 0, 0, 0, 0, 0]);
    expect(words[15]).toBe(0x0000_0003);
  });

  it("PCI-COMMON-DEV-003, PCI-COMMON-DEV-004: offered features for any select value", () => {
    const guest = new PciGuest();
    expect(guest.deviceFeatures(0) & ((1 << 5) | (1 << 23))).toBe((1 << 5) | (1 << 23));
    expect(guest.deviceFeatures(1) & 1).toBe(1);
    expect(guest.deviceFeatures(1) & (1 << (50 - 32))).not.toBe(0);
    expect(guest.deviceFeatures(2)).toBe(1 << (70 - 64));
    for (const word of [3, 4, 255, 0x1_0000, 0xffff_ffff]) expect(guest.deviceFeatures(word)).toBe(0);
  });

  it("PCI-COMMON-DEV-005, PCI-COMMON-DEV-006: driver features read back for any select value", () => {
    const guest = new PciGuest();
    guest.status = 3;
    for (const [word, value] of [
      [0, 1 << 5],
      [1, 1],
      [2, 1 << 6],
    ] as const) {
      guest.setDriverFeatures(word, value);
    }
    expect([0, 1, 2, 3, 0xffff_ffff].map((word) => guest.driverFeatures(word))).toEqual([1 << 5, 1, 1 << 6, 0, 0]);
    guest.status = 0x0b;
    expect(guest.status).toBe(0x0b);
    guest.status = 0;
    guest.status = 3;
    guest.setDriverFeatures(1, 1);
    guest.setDriverFeatures(3, 1);
    guest.status = 0x0b;
    expect(guest.status).toBe(3);
  });

  it("PCI-COMMON-DEV-007, PCI-COMMON-DEV-008: the generation moves once the driver has seen a change, and 256 changes do not hide one", () => {
    const guest = new PciGuest();
    const before = guest.common(CommonConfig.configGeneration, 1);
    for (let i = 0; i < 256; i++) guest.device.config.set({ level: 100 + i });
    expect(guest.read(Type.device, 8, 2)).toBe(355);
    const after = guest.common(CommonConfig.configGeneration, 1);
    expect([after === before, guest.common(CommonConfig.configGeneration, 1)]).toEqual([false, after]);
  });

  it("PCI-COMMON-DEV-009, PCI-COMMON-DEV-010, PCI-COMMON-DEV-011: status 0 resets, and reads 0 when that is done", async () => {
    const guest = new PciGuest();
    guest.start();
    const { promise, open } = gate();
    guest.device.resetGate = promise;
    guest.status = 0;
    expect(guest.status).not.toBe(0);
    open();
    await settled();
    expect([guest.status, guest.common(CommonConfig.queueEnable, 2), guest.common(CommonConfig.queueReset, 2)]).toEqual([0, 0, 0]);
    guest.setCommon(CommonConfig.queueSelect, 2, 0);
    expect(
      [CommonConfig.queueDescriptorLow, CommonConfig.queueDriverLow, CommonConfig.queueDeviceLow].map((at) => guest.common(at, 4)),
    ).toEqual([0, 0, 0]);
  });

  it("PCI-COMMON-DEV-012..015: queue reset: 1 while under way, then 0 with the queue disabled; enabled again with a new set-up", async () => {
    const guest = new PciGuest();
    guest.start(0, (1 << (F_RING_RESET - 32)) | 1);
    guest.setCommon(CommonConfig.queueSelect, 2, 0);
    const state = (): [number, number] => [guest.common(CommonConfig.queueReset, 2), guest.common(CommonConfig.queueEnable, 2)];
    expect(state()).toEqual([0, 1]);
    const { promise, open } = gate();
    guest.device.queueGate = promise;
    guest.setCommon(CommonConfig.queueReset, 2, 1);
    expect(state()).toEqual([1, 0]);
    open();
    await settled();
    expect([state(), guest.common(CommonConfig.queueSize, 2)]).toEqual([[0, 0], 64]);
    guest.setCommon(CommonConfig.queueSize, 2, 16);
    const ring = guest.setUpQueue(0);
    expect([state(), guest.common(CommonConfig.queueSize, 2)]).toEqual([[0, 1], 16]);
    guest.offer(ring);
    guest.notify(0);
    expect(guest.answer()).toBe("cba");
  });

  it("PCI-COMMON-DEV-016, PCI-COMMON-DEV-017: queue sizes: 0 for none, powers of two, at most the maximum", () => {
    const guest = new PciGuest();
    guest.negotiate();
    const size = (queue: number, wanted?: number): number => {
      guest.setCommon(CommonConfig.queueSelect, 2, queue);
      if (wanted !== undefined) guest.setCommon(CommonConfig.queueSize, 2, wanted);
      return guest.common(CommonConfig.queueSize, 2);
    };
    expect([size(0), size(1), size(2), size(3), size(0xffff)]).toEqual([64, 128, 0, 0, 0]);
    expect([size(0, 32), size(0, 24), size(0, 0), size(0, 128), size(1, 1), size(2, 8)]).toEqual([32, 32, 32, 32, 1, 0]);
    const packed = new PciGuest({ ring: { packed: true } });
    packed.negotiate(0, (1 << (F_RING_PACKED - 32)) | 1);
    packed.setCommon(CommonConfig.queueSize, 2, 24);
    expect(packed.common(CommonConfig.queueSize, 2)).toBe(24);
  });

  it("PCI-COMMON-DEV-018, PCI-COMMON-DEV-019, PCI-COMMON-FACT-DEV-003: no administration virtqueues, behind the others", () => {
    const guest = new PciGuest();
    const index = guest.common(CommonConfig.adminQueueIndex, 2);
    expect([index, guest.common(CommonConfig.adminQueueCount, 2)]).toEqual([guest.common(CommonConfig.queueCount, 2), 0]);
    expect(guest.deviceFeatures(1) & (1 << (41 - 32))).toBe(0);
  });

  it("PCI-ACCESS-DEV-001, PCI-ACCESS-FACT-DEV-001: halves of 64-bit fields by themselves, in either order", () => {
    const guest = new PciGuest();
    guest.negotiate();
    guest.setCommon(CommonConfig.queueDriverHigh, 4, 0x12);
    guest.setCommon(CommonConfig.queueDriverLow, 4, 0x3456_7890);
    guest.setCommon(CommonConfig.queueDescriptorLow, 4, 0x1000);
    expect([32, 36, 40, 44, 48, 52].map((at) => guest.common(at, 4))).toEqual([0x1000, 0, 0x3456_7890, 0x12, 0, 0]);
    expect([guest.read(Type.device, 0, 4), guest.read(Type.device, 4, 4)]).toEqual([0x2233_4455, 0x11]);
  });

  it("a queue outside of memory is not enabled; addresses at and above 2^53 do no harm", () => {
    const guest = new PciGuest();
    guest.negotiate();
    for (const descriptor of [0x10_0000, 0xf_ffff_ffff_0000, 2 ** 63]) {
      guest.setAddresses({ descriptor, driver: 0x2000, device: 0x3000 });
      guest.setCommon(CommonConfig.queueEnable, 2, 1);
      expect(guest.common(CommonConfig.queueEnable, 2)).toBe(0);
    }
    guest.setCommon(CommonConfig.queueEnable, 2, 2);
    expect(guest.common(CommonConfig.queueEnable, 2)).toBe(0);
  });
});

describe("notifications by the driver", () => {
  it("PCI-NOTIFY-FACT-DEV-001: 16 or 32 bits at the queue's place", () => {
    const guest = new PciGuest();
    guest.start();
    guest.device.notified.length = 0;
    guest.notify(0);
    guest.notify(0, 4);
    guest.notify(0, 1);
    guest.notify(2);
    guest.notify(0, 2, 0xffff);
    expect(guest.device.notified).toEqual([0, 0]);
  });

  it("NOTIFICATION_DATA: the queue is in the low half", () => {
    const guest = new PciGuest();
    guest.start(0, (1 << (F_NOTIFICATION_DATA - 32)) | 1);
    guest.device.notified.length = 0;
    guest.notify(0, 4, 0x0007_0000);
    guest.notify(0, 4, 0x0007_0001);
    expect(guest.device.notified).toEqual([0]);
  });

  it("without bus mastering nothing is touched; it comes when that is switched on", () => {
    const guest = new PciGuest();
    const ring = guest.start();
    guest.writeConfig(PciRegister.command, 2, PciCommand.memory);
    guest.offer(ring);
    guest.notify(0);
    expect(guest.answer()).toBe("...");
    guest.writeConfig(PciRegister.command, 2, PciCommand.memory | PciCommand.busMaster);
    expect(guest.answer()).toBe("cba");
  });
});

describe("ISR status and INTx", () => {
  it("PCI-ISR-DEV-003, PCI-ISR-DEV-005, PCI-ISR-FACT-DEV-001: bit 0 for a used buffer; a read clears it and takes the line back", () => {
    const guest = new PciGuest();
    const ring = guest.start();
    guest.offer(ring);
    guest.notify(0);
    expect(guest.line).toBe(true);
    expect([guest.read(Type.isr, 0, 1), guest.line, guest.read(Type.isr, 0, 1)]).toEqual([1, false, 0]);
  });

  it("PCI-ISR-DEV-002, PCI-ISR-DEV-004, PCI-INT-DEV-002: bit 1 for a configuration change; the PCI status shows whether any is set", () => {
    const guest = new PciGuest();
    const ring = guest.start();
    const pciStatus = (): number => guest.readConfig(PciRegister.status, 2) & PciStatus.interrupt;
    expect(pciStatus()).toBe(0);
    guest.device.config.set({ level: 8 });
    expect([guest.line, pciStatus()]).toEqual([true, PciStatus.interrupt]);
    guest.offer(ring);
    guest.notify(0);
    expect([guest.read(Type.isr, 0, 1), guest.line, pciStatus()]).toEqual([3, false, 0]);
  });

  it("with MSI-X a configuration change still sets bit 1, without a line", () => {
    const guest = new PciGuest();
    guest.start();
    guest.enableMsix();
    guest.device.config.set({ level: 8 });
    expect([guest.line, guest.read(Type.isr, 0, 1), guest.messages]).toEqual([false, 2, []]);
  });
});

describe("MSI-X", () => {
  it("PCI-MSIX-DEV-001..003: one vector for each queue and one for the configuration, or as many as told", () => {
    const vectors = (guest: PciGuest): number => (guest.readConfig(guest.capabilitiesWith(0x11)[0]! + 2, 2) & 0x7ff) + 1;
    expect([vectors(new PciGuest()), vectors(new PciGuest({ vectors: 2048 }))]).toEqual([4, 2048]);
    expect(new PciGuest({ vectors: 0 }).capabilitiesWith(0x11)).toEqual([]);
    expect(codeOf(() => new PciGuest({ vectors: 2049 }))).toBe("ERR_PCI_MSIX");
  });

  it("PCI-MSIX-DEV-004..006, PCI-MSIX-FACT-DEV-001, PCI-MSIX-DEV-008: any event on any vector, shared too, and off again", () => {
    const guest = new PciGuest();
    const ring = guest.start();
    guest.enableMsix();
    const signal = (): number[] => {
      guest.messages.length = 0;
      guest.offer(ring);
      guest.notify(0);
      ring.getBuf();
      guest.device.config.set({ level: (guest.device.config.get("level") + 1) & 0xff });
      return [...guest.messages];
    };
    const map = (config: number, queue: number): [number, number] => {
      guest.setCommon(CommonConfig.configMsixVector, 2, config);
      guest.setCommon(CommonConfig.queueSelect, 2, 0);
      guest.setCommon(CommonConfig.queueMsixVector, 2, queue);
      return [guest.common(CommonConfig.configMsixVector, 2), guest.common(CommonConfig.queueMsixVector, 2)];
    };
    for (const [config, queue] of [
      [0, 1],
      [3, 0],
      [2, 2],
    ] as const) {
      expect([map(config, queue), signal()]).toEqual([
        [config, queue],
        [queue, config],
      ]);
    }
    expect([map(NO_VECTOR, 1), signal()]).toEqual([[NO_VECTOR, 1], [1]]);
  });

  it("PCI-INT-DEV-001, PCI-INT-DEV-003: NO_VECTOR: no interrupt of either kind", () => {
    const guest = new PciGuest();
    const ring = guest.start();
    guest.enableMsix();
    guest.offer(ring);
    guest.notify(0);
    guest.device.config.set({ level: 9 });
    expect([guest.messages, guest.line, guest.answer()]).toEqual([[], false, "cba"]);
  });

  it("PCI-MSIX-DEV-007: a reset unmaps all events", () => {
    const guest = new PciGuest();
    guest.start();
    guest.enableMsix();
    guest.setCommon(CommonConfig.configMsixVector, 2, 1);
    guest.setCommon(CommonConfig.queueMsixVector, 2, 2);
    guest.status = 0;
    expect([guest.common(CommonConfig.configMsixVector, 2), guest.common(CommonConfig.queueMsixVector, 2)]).toEqual([NO_VECTOR, NO_VECTOR]);
  });

  it("PCI-MSIX-DEV-009: a vector that does not exist reads back as NO_VECTOR", () => {
    const guest = new PciGuest();
    for (const vector of [4, 0x7ff, 0xfffe]) {
      guest.setCommon(CommonConfig.configMsixVector, 2, 1);
      guest.setCommon(CommonConfig.configMsixVector, 2, vector);
      guest.setCommon(CommonConfig.queueMsixVector, 2, vector);
      expect([guest.common(CommonConfig.configMsixVector, 2), guest.common(CommonConfig.queueMsixVector, 2)]).toEqual([
        NO_VECTOR,
        NO_VECTOR,
      ]);
    }
    const none = new PciGuest({ vectors: 0 });
    none.setCommon(CommonConfig.configMsixVector, 2, 0);
    expect(none.common(CommonConfig.configMsixVector, 2)).toBe(NO_VECTOR);
  });
});

describe("configuration access window", () => {
  const window = (guest: PciGuest): { open(bar: number, offset: number, length: number): void; data: number } => {
    const { at } = guest.structure(Type.configAccess);
    return {
      open: (bar, offset, length) => {
        guest.writeConfig(at + 4, 1, bar);
        guest.writeConfig(at + 8, 4, offset);
        guest.writeConfig(at + 12, 4, length);
      },
      data: at + 16,
    };
  };

  it("PCI-CFGACC-DEV-002, PCI-CFGACC-DEV-003, PCI-CFGACC-FACT-DEV-001: accesses of the data are accesses of the register", () => {
    const guest = new PciGuest();
    const { open, data } = window(guest);
    const { bar, offset } = guest.structure(Type.common);
    open(bar, offset + CommonConfig.deviceStatus, 1);
    guest.writeConfig(data, 1, 1);
    expect([guest.status, guest.readConfig(data, 1)]).toEqual([1, 1]);
    open(bar, offset + CommonConfig.queueSelect, 2);
    guest.writeConfig(data, 2, 1);
    open(bar, offset + CommonConfig.queueSize, 2);
    expect(guest.readConfig(data, 2)).toBe(128);
    open(bar, offset + CommonConfig.configMsixVector, 4);
    expect(guest.readConfig(data, 4)).toBe(0x0003_ffff);
  });

  it("with the effects of the access itself: reading ISR clears it, writing a notification notifies", () => {
    const guest = new PciGuest();
    const ring = guest.start();
    const { open, data } = window(guest);
    const notify = guest.structure(Type.notify);
    guest.offer(ring);
    open(notify.bar, notify.offset, 2);
    guest.writeConfig(data, 2, 0);
    expect(guest.answer()).toBe("cba");
    const isr = guest.structure(Type.isr);
    open(isr.bar, isr.offset, 1);
    expect([guest.readConfig(data, 1), guest.readConfig(data, 1), guest.line]).toEqual([1, 0, false]);
  });

  it("a wrong length, an unaligned offset, a register that is none: nothing happens", () => {
    const guest = new PciGuest();
    const { open, data } = window(guest);
    const { bar, offset } = guest.structure(Type.common);
    for (const [b, at, length] of [
      [bar, offset + CommonConfig.deviceStatus, 0],
      [bar, offset + CommonConfig.deviceStatus, 3],
      [bar, offset + CommonConfig.deviceStatus, 0xffff_ffff],
      [bar, offset + CommonConfig.deviceStatus + 1, 2],
      [bar, 0xffff_fff0, 4],
      [3, 0, 4],
      [6, 0, 4],
      [255, 0, 1],
    ] as const) {
      open(b, at, length);
      guest.writeConfig(data, 4, 3);
      guest.readConfig(data, 4);
      expect(guest.status).toBe(0);
    }
  });
});
