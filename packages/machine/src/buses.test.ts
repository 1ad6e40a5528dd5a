import { F_ACCESS_PLATFORM, FeatureSet, type VirtioDevice } from "@zarch/virtio";
import { HostError } from "@zarch/vmm-interface";
import { describe, expect, it } from "vitest";
import { ccw, createMachine, type DeviceAddress, formatDeviceAddress, parseDeviceAddress, pci, rawProgram, s390Legacy } from "./index.ts";

const MEMORY = 2 ** 20;
/** An enabled wait at once. */
const idle = () => rawProgram({ bytes: Uint8Array.of(0x07, 0xfe), address: 0x1_0000 });

function deviceWith(reset: () => Promise<void> | void = () => {}): VirtioDevice & { closed: boolean } {
  return {
    deviceId: 4,
    features: new FeatureSet(),
    queueMaxSizes: [8],
    config: { size: 0, read: (_offset, target) => void target.fill(0), write() {}, onChange: () => () => {} },
    closed: false,
    activate: () => ({ notify() {}, reset }),
    close() {
      this.closed = true;
    },
  };
}

async function codeOf(action: () => unknown): Promise<string> {
  try {
    await action();
    return "no error";
  } catch (error) {
    return error instanceof HostError ? error.code : String(error);
  }
}

describe("device addresses", () => {
  it("have a form for each bus", () => {
    const addresses: [DeviceAddress, string][] = [
      [{ cssid: 0xfe, ssid: 1, devno: 0x23 }, "fe.1.0023"],
      [{ uid: 0x1f }, "pci:001f"],
      [{ entry: 3 }, "page:3"],
    ];
    for (const [address, text] of addresses) {
      expect([formatDeviceAddress(address), parseDeviceAddress(text)]).toEqual([text, address]);
    }
  });

  it.each(["pci:", "pci:10000", "page:x", "isa:1", ""])("%j is none", async (text) => {
    expect(await codeOf(() => parseDeviceAddress(text))).toBe("ERR_DEVICE_ADDRESS");
  });
});

describe("PCI in a machine", () => {
  it("is there if a first device needs it, or if told to; devices come and go by their UID", async () => {
    await using plain = await createMachine({ memory: MEMORY, ipl: idle() });
    expect([plain.zpci, await codeOf(() => plain.attach(pci(deviceWith())))]).toEqual([undefined, "ERR_MACHINE_BUS"]);
    await using vm = await createMachine({ memory: MEMORY, ipl: idle(), devices: [pci(deviceWith(), { uid: 7 })] });
    const added = vm.attach(pci(deviceWith()));
    expect([vm.devices, added, vm.zpci?.functions.map(({ id, uid }) => [id, uid])]).toEqual([
      [{ uid: 7 }, { uid: 1 }],
      { uid: 1 },
      [
        [0, 7],
        [1, 1],
      ],
    ]);
    await vm.detach({ uid: 7 });
    expect([vm.devices, await codeOf(() => vm.detach({ uid: 7 }))]).toEqual([[{ uid: 1 }], "ERR_DEVICE_ADDRESS"]);
    await using empty = await createMachine({ memory: MEMORY, ipl: idle(), pci: true });
    expect(empty.attach(pci(deviceWith()))).toEqual({ uid: 1 });
  });

  it("a guest that does not run is not asked for a device; one that runs is; a channel-attached device cannot be asked for", async () => {
    const devices = [pci(deviceWith()), pci(deviceWith()), ccw(deviceWith(), { devno: 1 })];
    await using vm = await createMachine({ memory: MEMORY, ipl: idle(), devices });
    const log: string[] = [];
    vm.on("deviceDetached", ({ address }) => log.push(formatDeviceAddress(address)));
    await vm.requestDetach({ uid: 1 });
    expect(await codeOf(() => vm.requestDetach({ cssid: 0xfe, ssid: 0, devno: 1 }))).toBe("ERR_DEVICE_REQUEST");
    expect(await codeOf(() => vm.requestDetach({ uid: 1 }))).toBe("ERR_DEVICE_ADDRESS");
    void vm.run();
    const asked = vm.requestDetach({ uid: 2 }).then(() => log.push("given up"));
    expect([log, vm.devices.length]).toEqual([["pci:0001"], 2]);
    // What the SCLP does when Linux has removed the device.
    vm.zpci?.deconfigure(1);
    await asked;
    expect([log, vm.devices.length]).toEqual([["pci:0001", "pci:0002", "given up"], 1]);
    expect(vm.attach(pci(deviceWith()))).toEqual({ uid: 1 });
  });

  it("a device that the guest keeps can still be pulled; whoever waited for the guest has it then", async () => {
    await using vm = await createMachine({ memory: MEMORY, ipl: idle(), devices: [pci(deviceWith())] });
    const log: string[] = [];
    vm.on("deviceDetached", ({ address }) => log.push(formatDeviceAddress(address)));
    void vm.run();
    const asked = vm.requestDetach({ uid: 1 });
    await vm.detach({ uid: 1 });
    await asked;
    expect([log, vm.devices]).toEqual([["pci:0001"], []]);
  });

  it("a device is in one machine at a time", async () => {
    const device = pci(deviceWith());
    await using vm = await createMachine({ memory: MEMORY, ipl: idle(), devices: [device] });
    expect(await codeOf(() => vm.attach(device))).toBe("ERR_DEVICE_ATTACHED");
  });

  it("accessPlatform offers the feature, and insists on it", async () => {
    await using vm = await createMachine({ memory: MEMORY, ipl: idle(), devices: [pci(deviceWith(), { accessPlatform: true })] });
    const f = vm.zpci?.functions[0]?.pciFunction;
    // Common configuration is at the beginning of register 4: feature words, then the status.
    f?.writeBar(4, 0, 4, 1);
    expect((f?.readBar(4, 4, 4) ?? 0) & (1 << (F_ACCESS_PLATFORM - 32))).not.toBe(0);
    const negotiate = (high: number): number => {
      f?.writeBar(4, 20, 1, 0);
      f?.writeBar(4, 20, 1, 3);
      f?.writeBar(4, 8, 4, 1);
      f?.writeBar(4, 12, 4, high);
      f?.writeBar(4, 20, 1, 0x0b);
      return f?.readBar(4, 20, 1) ?? 0;
    };
    expect([negotiate(1), negotiate(1 | (1 << (F_ACCESS_PLATFORM - 32)))]).toEqual([3, 0x0b]);
  });
});

describe("the descriptor page in a machine", () => {
  it("S002-003: lies right above the guest's storage, which is all that the guest is told of; a device on it stays", async () => {
    const device = deviceWith();
    const vm = await createMachine({ memory: MEMORY, ipl: idle(), devices: [s390Legacy(device)] });
    expect([vm.descriptorPage?.address, vm.memory.loadUint8(MEMORY), vm.memory.size > MEMORY]).toEqual([MEMORY, 4, true]);
    expect([vm.devices, await codeOf(() => vm.detach({ entry: 0 })), vm.devices]).toEqual([
      [{ entry: 0 }],
      "ERR_DEVICE_STAYS",
      [{ entry: 0 }],
    ]);
    await vm.close();
    expect(device.closed).toBe(true);
  });

  it("is as new after a reset", async () => {
    await using vm = await createMachine({ memory: MEMORY, ipl: idle(), devices: [s390Legacy(deviceWith())] });
    vm.memory.fill(MEMORY, 4096, 0xff);
    await vm.reset();
    expect(vm.memory.loadUint32(MEMORY, "big")).toBe(0x0401_0400);
  });

  it("without one, devices for it are refused", async () => {
    await using vm = await createMachine({ memory: MEMORY, ipl: idle() });
    expect([vm.descriptorPage, vm.memory.size, await codeOf(() => vm.attach(s390Legacy(deviceWith())))]).toEqual([
      undefined,
      MEMORY,
      "ERR_MACHINE_BUS",
    ]);
  });
});
