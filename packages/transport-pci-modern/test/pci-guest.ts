import { type Endian, FlatMemory } from "@zarch/guest-memory";
import { type AccessWidth, PciCommand, PciRegister } from "@zarch/pci";
import { type ActiveDevice, ConfigSpace, type DeviceContext, FeatureSet, type ReadonlyFeatureSet, type VirtioDevice } from "@zarch/virtio";
import { createDriverVirtqueue, type DriverVirtqueue, legacyAreas, type VirtqueueAreas } from "@zarch/vring";
import { CommonConfig, VirtioPciCapability, VirtioPciDevice, type VirtioPciOptions } from "../src/index.ts";

/** Returns what it reads in reverse order. */
export class ReverseDevice implements VirtioDevice {
  readonly deviceId: number = 2;
  readonly features: ReadonlyFeatureSet = new FeatureSet([5, 23, 50, 70]);
  readonly queueMaxSizes: readonly number[] = [64, 128, 0];
  readonly config = new ConfigSpace({ capacity: { offset: 0, width: 8 }, level: { offset: 8, width: 2, writable: true } });
  readonly queueReset = true;
  context: DeviceContext | undefined;
  activations = 0;
  notified: number[] = [];
  /** Hold a reset of the device, or of a queue, until they settle. */
  resetGate: Promise<void> | undefined;
  queueGate: Promise<void> | undefined;

  constructor() {
    this.config.set({ capacity: 0x11_2233_4455, level: 7 });
  }

  activate(context: DeviceContext): ActiveDevice {
    this.context = context;
    this.activations++;
    return {
      notify: (index) => {
        this.notified.push(index);
        const queue = context.queue(index);
        if (!queue) return;
        for (const chain of queue) {
          const bytes = new Uint8Array(Math.min(chain.readable.remaining, 4096));
          chain.readable.read(bytes);
          chain.writable.write(bytes.reverse());
          queue.push(chain, chain.writable.written);
        }
        queue.flush();
      },
      reset: () => {
        this.context = undefined;
        return this.resetGate;
      },
      resetQueue: () => this.queueGate,
    };
  }
}

/** A virtio capability as a driver reads it. */
export interface FoundCapability {
  readonly at: number;
  readonly length: number;
  readonly type: number;
  readonly bar: number;
  readonly id: number;
  readonly offset: number;
  readonly size: number;
}

/** A driver that works register by register. */
export class PciGuest {
  readonly memory = new FlatMemory(0x10_0000);
  readonly device: ReverseDevice;
  readonly pci: VirtioPciDevice;
  /** Data of messages, in order. */
  readonly messages: number[] = [];
  line = false;
  legacyEndian: Endian = "big";

  constructor(options: Partial<VirtioPciOptions> = {}, device = new ReverseDevice()) {
    this.device = device;
    this.pci = new VirtioPciDevice(device, { memory: this.memory, legacyEndian: "big", ...options });
    this.pci.pciFunction.connect({
      msi: { signal: (_high, _low, data) => void this.messages.push(data) },
      setInterruptLine: (asserted) => {
        this.line = asserted;
      },
    });
    this.writeConfig(PciRegister.command, 2, PciCommand.memory | PciCommand.io | PciCommand.busMaster);
  }

  readConfig(offset: number, width: AccessWidth): number {
    return this.pci.pciFunction.readConfig(offset, width);
  }

  writeConfig(offset: number, width: AccessWidth, value: number): void {
    this.pci.pciFunction.writeConfig(offset, width, value);
  }

  /** Offsets of capabilities with an ID. */
  capabilitiesWith(id: number): number[] {
    const found: number[] = [];
    for (let at = this.readConfig(PciRegister.capabilities, 1); at !== 0; at = this.readConfig(at + 1, 1)) {
      if (this.readConfig(at, 1) === id) found.push(at);
    }
    return found;
  }

  get capabilities(): FoundCapability[] {
    return this.capabilitiesWith(9).map((at) => ({
      at,
      length: this.readConfig(at + 2, 1),
      type: this.readConfig(at + 3, 1),
      bar: this.readConfig(at + 4, 1),
      id: this.readConfig(at + 5, 1),
      offset: this.readConfig(at + 8, 4),
      size: this.readConfig(at + 12, 4),
    }));
  }

  structure(type: number): FoundCapability {
    const found = this.capabilities.find((capability) => capability.type === type);
    if (!found) throw new Error(`no capability of type ${type}`);
    return found;
  }

  read(type: number, offset: number, width: AccessWidth): number {
    const { bar, offset: start } = this.structure(type);
    return this.pci.pciFunction.readBar(bar, start + offset, width);
  }

  write(type: number, offset: number, width: AccessWidth, value: number): void {
    const { bar, offset: start } = this.structure(type);
    this.pci.pciFunction.writeBar(bar, start + offset, width, value);
  }

  common(offset: number, width: AccessWidth): number {
    return this.read(VirtioPciCapability.common, offset, width);
  }

  setCommon(offset: number, width: AccessWidth, value: number): void {
    this.write(VirtioPciCapability.common, offset, width, value);
  }

  get status(): number {
    return this.common(CommonConfig.deviceStatus, 1);
  }

  set status(value: number) {
    this.setCommon(CommonConfig.deviceStatus, 1, value);
  }

  deviceFeatures(word: number): number {
    this.setCommon(CommonConfig.deviceFeatureSelect, 4, word);
    return this.common(CommonConfig.deviceFeature, 4);
  }

  setDriverFeatures(word: number, value: number): void {
    this.setCommon(CommonConfig.driverFeatureSelect, 4, word);
    this.setCommon(CommonConfig.driverFeature, 4, value);
  }

  driverFeatures(word: number): number {
    this.setCommon(CommonConfig.driverFeatureSelect, 4, word);
    return this.common(CommonConfig.driverFeature, 4);
  }

  /** Writes the features of the first two words, and goes on to FEATURES_OK. */
  negotiate(low = 0, high = 1): void {
    this.status = 0;
    this.status = 1;
    this.status = 3;
    this.setDriverFeatures(0, low);
    this.setDriverFeatures(1, high);
    this.status = 0x0b;
  }

  /** Sets a queue up with size 64 or its maximum and enables it. */
  setUpQueue(queue: number): DriverVirtqueue<number> {
    this.setCommon(CommonConfig.queueSelect, 2, queue);
    const size = this.common(CommonConfig.queueSize, 2);
    const areas = legacyAreas(0x1_0000 + 0x1_0000 * queue, size, 4096);
    const ring = createDriverVirtqueue<number>(this.memory, { size, areas, endian: "little" });
    this.setAddresses(areas);
    this.setCommon(CommonConfig.queueEnable, 2, 1);
    return ring;
  }

  setAddresses({ descriptor, driver, device }: VirtqueueAreas): void {
    for (const [i, address] of [descriptor, driver, device].entries()) {
      this.setCommon(CommonConfig.queueDescriptorLow + 8 * i, 4, address % 2 ** 32);
      this.setCommon(CommonConfig.queueDescriptorHigh + 8 * i, 4, Math.floor(address / 2 ** 32));
    }
  }

  /** A device in service, with queue 0. */
  start(low = 0, high = 1): DriverVirtqueue<number> {
    this.negotiate(low, high);
    const ring = this.setUpQueue(0);
    this.status = 0x0f;
    return ring;
  }

  notify(queue: number, width: AccessWidth = 2, value = queue): void {
    const { bar, offset, at } = this.structure(VirtioPciCapability.notify);
    this.setCommon(CommonConfig.queueSelect, 2, queue);
    const place = this.common(CommonConfig.queueNotifyOffset, 2) * this.readConfig(at + 16, 4);
    this.pci.pciFunction.writeBar(bar, offset + place, width, value);
  }

  /** Makes "abc" available with room for three bytes. */
  offer(ring: DriverVirtqueue<number>, token = 0): void {
    const address = 0x1000 + 16 * token;
    this.memory.write(address, new TextEncoder().encode("abc...."));
    ring.add([{ address, length: 3 }], [{ address: address + 3, length: 3 }], token);
    ring.kickPrepare();
  }

  answer(token = 0): string {
    return new TextDecoder().decode(this.memory.view(0x1000 + 16 * token + 3, 3));
  }

  /** Switches MSI-X on; vector n sends n. */
  enableMsix(): void {
    const [at] = this.capabilitiesWith(0x11);
    if (at === undefined) throw new Error("no MSI-X");
    const count = (this.readConfig(at + 2, 2) & 0x7ff) + 1;
    for (let vector = 0; vector < count; vector++) {
      for (const [i, value] of [0x1000, 0, vector, 0].entries()) this.pci.pciFunction.writeBar(1, 16 * vector + 4 * i, 4, value);
    }
    this.writeConfig(at + 2, 2, 0x8000);
  }

  disableMsix(): void {
    this.writeConfig((this.capabilitiesWith(0x11)[0] ?? 0) + 2, 2, 0);
  }

  readIo(offset: number, width: AccessWidth): number {
    return this.pci.pciFunction.readBar(0, offset, width);
  }

  writeIo(offset: number, width: AccessWidth, value: number): void {
    this.pci.pciFunction.writeBar(0, offset, width, value);
  }
}

/** Lets everything run that is ready to run. */
export async function settled(): Promise<void> {
  for (let i = 0; i < 20; i++) await Promise.resolve();
}

export function gate(): { promise: Promise<void>; open: () => void } {
  let open = (): void => {};
  const promise = new Promise<void>((resolve) => {
    open = resolve;
  });
  return { promise, open };
}
