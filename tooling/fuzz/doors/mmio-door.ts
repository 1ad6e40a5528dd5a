import type { Endian } from "../../../packages/guest-memory/src/index.ts";
import { VirtioMmioRegister as Register, VirtioMmioDevice, VirtioMmioLegacyRegister } from "../../../packages/transport-mmio/src/index.ts";
import {
  F_NOTIFICATION_DATA,
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

const REGISTERS = [...Object.values(Register), ...Object.values(VirtioMmioLegacyRegister)];

/** Alignment and page size of the legacy layout. */
const ALIGN = 64;
const PAGE = 0x1000;

/** Memory-mapped registers, either version: any load or store. */
export class MmioDoor implements Door {
  readonly frontend: VirtioFrontend;
  readonly legacyEndian: Endian;
  readonly writesMemory = false;
  readonly #device: VirtioMmioDevice;
  readonly #memorySize: number;
  readonly #legacy: boolean;

  constructor({ device, memory, logger }: DoorSetting, input: ByteInput) {
    const options = input.u8();
    this.#memorySize = memory.size;
    this.#legacy = (options & 1) !== 0;
    this.legacyEndian = (options & 2) !== 0 ? "big" : "little";
    this.#device = new VirtioMmioDevice(device, {
      memory,
      version: this.#legacy ? 1 : 2,
      legacyEndian: this.legacyEndian,
      ring: { packed: (options & 4) !== 0, inOrder: (options & 8) !== 0 },
      extraFeatures: (options & 16) !== 0 ? [F_NOTIFICATION_DATA] : [],
      logger,
    });
    this.frontend = this.#device.frontend;
  }

  get endian(): Endian {
    return this.#legacy ? this.legacyEndian : "little";
  }

  #write(register: number, value: number): void {
    this.#device.write(register, 4, value);
  }

  #write64(register: number, value: number): void {
    this.#write(register, value);
    this.#write(register + 4, Math.floor(value / 2 ** 32));
  }

  begin(features: (word: number, offered: number) => number): void {
    this.#write(Register.status, STATUS_ACKNOWLEDGE | STATUS_DRIVER);
    for (let word = 0; word < (this.#legacy ? 1 : 3); word++) {
      this.#write(Register.deviceFeaturesSel, word);
      this.#write(Register.driverFeaturesSel, word);
      this.#write(Register.driverFeatures, features(word, this.#device.read(Register.deviceFeatures, 4)));
    }
    if (this.#legacy) this.#write(VirtioMmioLegacyRegister.guestPageSize, PAGE);
    else this.#write(Register.status, STATUS_ACKNOWLEDGE | STATUS_DRIVER | STATUS_FEATURES_OK);
  }

  setUpQueue(index: number, { size, areas }: QueueSetup): void {
    this.#write(Register.queueSel, index);
    this.#write(Register.queueSize, size);
    if (this.#legacy) {
      this.#write(VirtioMmioLegacyRegister.queueAlign, ALIGN);
      this.#write(VirtioMmioLegacyRegister.queuePfn, areas.descriptor / PAGE);
    } else {
      this.#write64(Register.queueDescLow, areas.descriptor);
      this.#write64(Register.queueDriverLow, areas.driver);
      this.#write64(Register.queueDeviceLow, areas.device);
      this.#write(Register.queueReady, 1);
    }
  }

  end(): void {
    this.#write(Register.status, STATUS_ACKNOWLEDGE | STATUS_DRIVER | (this.#legacy ? 0 : STATUS_FEATURES_OK) | STATUS_DRIVER_OK);
  }

  notify(queue: number): void {
    this.#write(Register.queueNotify, queue);
  }

  reset(): void {
    this.#write(Register.status, 0);
  }

  act(input: ByteInput, queue: number): void {
    const offset = input.below(8) === 1 ? input.u16() : input.pick(REGISTERS) + (input.below(8) === 1 ? input.below(40) : 0);
    const width = input.below(8) === 1 ? input.below(10) : 4;
    if (input.below(4) === 1) {
      const value = this.#device.read(offset, width);
      if (!Number.isInteger(value) || value < 0 || value > 0xffff_ffff) throw new Finding("answer", `a register reads ${value}`);
      return;
    }
    if (input.flag()) this.#write(Register.queueSel, queue);
    this.#device.write(offset, width, this.#value(input));
  }

  #value(input: ByteInput): number {
    switch (input.below(4)) {
      case 0:
        return input.u32();
      case 1:
        return 16 * input.below(this.#memorySize / 16);
      default:
        return input.u8();
    }
  }
}
