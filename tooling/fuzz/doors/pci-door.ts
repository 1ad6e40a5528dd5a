import type { Endian } from "../../../packages/guest-memory/src/index.ts";
import { type AccessWidth, PciCommand, type PciFunction, PciRegister } from "../../../packages/pci/src/index.ts";
import {
  CommonConfig,
  LEGACY_PAGE,
  LegacyRegister,
  VirtioPciCapability,
  VirtioPciDevice,
} from "../../../packages/transport-pci-modern/src/index.ts";
import {
  type QueueSetup,
  STATUS_ACKNOWLEDGE,
  STATUS_DRIVER,
  STATUS_DRIVER_OK,
  STATUS_FEATURES_OK,
  type VirtioFrontend,
} from "../../../packages/virtio/src/index.ts";
import { Finding } from "../engine/target.ts";
import type { ByteInput } from "../harness/byte-input.ts";
import type { Door, DoorSetting } from "../harness/device-run.ts";

const COMMON_REGISTERS = Object.values(CommonConfig);
const LEGACY_REGISTERS = Object.values(LegacyRegister);
const WIDTHS: readonly AccessWidth[] = [1, 2, 4];
const LEGACY_BAR = 0;
const MAX_BARS = 6;

/** Where a structure is. */
interface Place {
  readonly bar: number;
  readonly offset: number;
}

/** A PCI function: any access to its configuration space and to what its base address registers lead to. */
export class PciDoor implements Door {
  readonly frontend: VirtioFrontend;
  readonly legacyEndian: Endian;
  readonly writesMemory = false;
  readonly #device: VirtioPciDevice;
  readonly #function: PciFunction;
  readonly #memorySize: number;
  readonly #common: Place;
  readonly #notify: Place;
  #legacy: boolean;

  constructor({ device, memory, logger }: DoorSetting, input: ByteInput) {
    const options = input.u8();
    this.#memorySize = memory.size;
    this.#legacy = (options & 1) !== 0;
    this.legacyEndian = (options & 2) !== 0 ? "big" : "little";
    this.#device = new VirtioPciDevice(device, {
      memory,
      personality: "transitional",
      legacyEndian: this.legacyEndian,
      ring: { packed: (options & 4) !== 0, inOrder: (options & 8) !== 0 },
      logger,
    });
    this.frontend = this.#device.frontend;
    this.#function = this.#device.pciFunction;
    this.#function.connect({ msi: { signal: () => {} }, setInterruptLine: () => {} });
    this.#common = this.#find(VirtioPciCapability.common);
    this.#notify = this.#find(VirtioPciCapability.notify);
    this.#enable();
  }

  #enable(): void {
    this.#function.writeConfig(PciRegister.command, 2, PciCommand.memory | PciCommand.io | PciCommand.busMaster);
  }

  /** Looks for a structure as a driver does. */
  #find(type: number): Place {
    const read = (offset: number, width: AccessWidth): number => this.#function.readConfig(offset, width);
    for (let at = read(PciRegister.capabilities, 1); at !== 0; at = read(at + 1, 1)) {
      if (read(at, 1) === 9 && read(at + 3, 1) === type) return { bar: read(at + 4, 1), offset: read(at + 8, 4) };
    }
    throw new Finding("answer", `there is no capability of type ${type}`);
  }

  get endian(): Endian {
    return this.frontend.driverInterface === "legacy" ? this.legacyEndian : "little";
  }

  #write(offset: number, width: AccessWidth, value: number): void {
    this.#function.writeBar(this.#common.bar, this.#common.offset + offset, width, value);
  }

  #write64(offset: number, value: number): void {
    this.#write(offset, 4, value % 2 ** 32);
    this.#write(offset + 4, 4, Math.floor(value / 2 ** 32));
  }

  #writeLegacy(offset: number, width: AccessWidth, value: number): void {
    this.#function.writeBar(LEGACY_BAR, offset, width, value);
  }

  #writeStatus(status: number): void {
    if (this.#legacy) this.#writeLegacy(LegacyRegister.deviceStatus, 1, status);
    else this.#write(CommonConfig.deviceStatus, 1, status);
  }

  begin(features: (word: number, offered: number) => number): void {
    this.#enable();
    this.#writeStatus(STATUS_ACKNOWLEDGE | STATUS_DRIVER);
    if (this.#legacy) {
      const offered = this.#function.readBar(LEGACY_BAR, LegacyRegister.deviceFeatures, 4);
      this.#writeLegacy(LegacyRegister.driverFeatures, 4, features(0, offered));
      return;
    }
    for (let word = 0; word < 3; word++) {
      this.#write(CommonConfig.deviceFeatureSelect, 4, word);
      this.#write(CommonConfig.driverFeatureSelect, 4, word);
      const offered = this.#function.readBar(this.#common.bar, this.#common.offset + CommonConfig.deviceFeature, 4);
      this.#write(CommonConfig.driverFeature, 4, features(word, offered));
    }
    this.#writeStatus(STATUS_ACKNOWLEDGE | STATUS_DRIVER | STATUS_FEATURES_OK);
  }

  setUpQueue(index: number, { size, areas }: QueueSetup): void {
    if (this.#legacy) {
      this.#writeLegacy(LegacyRegister.queueSelect, 2, index);
      this.#writeLegacy(LegacyRegister.queueAddress, 4, areas.descriptor / LEGACY_PAGE);
      return;
    }
    this.#write(CommonConfig.queueSelect, 2, index);
    this.#write(CommonConfig.queueSize, 2, size);
    this.#write64(CommonConfig.queueDescriptorLow, areas.descriptor);
    this.#write64(CommonConfig.queueDriverLow, areas.driver);
    this.#write64(CommonConfig.queueDeviceLow, areas.device);
    this.#write(CommonConfig.queueEnable, 2, 1);
  }

  end(): void {
    this.#writeStatus(STATUS_ACKNOWLEDGE | STATUS_DRIVER | (this.#legacy ? 0 : STATUS_FEATURES_OK) | STATUS_DRIVER_OK);
  }

  notify(queue: number): void {
    if (this.#legacy) this.#writeLegacy(LegacyRegister.queueNotify, 2, queue & 0xffff);
    else this.#function.writeBar(this.#notify.bar, this.#notify.offset + ((queue * 4) % 0x1000), 4, queue);
  }

  reset(): void {
    void this.#device.reset();
  }

  act(input: ByteInput, queue: number): void {
    switch (input.below(8)) {
      case 0:
        this.#legacy = input.flag();
        break;
      case 1:
        this.#function.writeConfig(input.below(256), input.pick(WIDTHS), this.#value(input));
        break;
      case 2:
        this.#check(this.#function.readConfig(input.below(256), input.pick(WIDTHS)));
        break;
      case 3:
        this.#check(this.#function.readBar(input.below(MAX_BARS), this.#offset(input), input.pick(WIDTHS)));
        break;
      case 4:
        this.#function.writeBar(LEGACY_BAR, input.pick(LEGACY_REGISTERS), input.pick(WIDTHS), this.#value(input));
        break;
      case 5:
        this.#function.writeBar(input.below(MAX_BARS), this.#offset(input), input.pick(WIDTHS), this.#value(input));
        break;
      default:
        if (input.flag()) this.#write(CommonConfig.queueSelect, 2, queue);
        this.#write(input.pick(COMMON_REGISTERS), input.pick(WIDTHS), this.#value(input));
    }
  }

  #offset(input: ByteInput): number {
    return input.below(8) === 1 ? input.u32() : (input.below(8) << 12) + input.u8();
  }

  #value(input: ByteInput): number {
    const choice = input.below(4);
    if (choice === 0) return input.u32();
    return choice === 1 ? 16 * input.below(this.#memorySize / 16) : input.u8();
  }

  #check(value: number): void {
    if (!Number.isInteger(value) || value < 0 || value > 0xffff_ffff) throw new Finding("answer", `a register reads ${value}`);
  }
}
