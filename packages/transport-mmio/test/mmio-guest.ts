import { FlatMemory } from "@zarch/guest-memory";
import { createDriverVirtqueue, type DriverVirtqueue, legacyAreas, type VirtqueueAreas } from "@zarch/vring";
import {
  VirtioMmioLegacyRegister as LegacyRegister,
  VirtioMmioRegister as Register,
  VirtioMmioDevice,
  type VirtioMmioOptions,
} from "../src/index.ts";
import { ReverseDevice } from "./reverse-device.ts";

export const [ACKNOWLEDGE, DRIVER, DRIVER_OK, FEATURES_OK, NEEDS_RESET, FAILED] = [1, 2, 4, 8, 64, 128] as const;
export const READY = ACKNOWLEDGE | DRIVER | FEATURES_OK | DRIVER_OK;
export const LEGACY_READY = ACKNOWLEDGE | DRIVER | DRIVER_OK;
export const VERSION_1 = 1; // in word 1
export const RING_RESET = 1 << 8; // in word 1
export const RING_PACKED = 1 << 2; // in word 1
export const PAGE = 4096;

const RINGS = 0x1_0000;
const BUFFERS = 0x4_0000;
export const AREAS: VirtqueueAreas = { descriptor: RINGS, driver: RINGS + 0x1000, device: RINGS + 0x2000 };

/** A guest program that drives one virtio-mmio device by its registers, as far as a driver would, and also as no driver would. */
export class MmioGuest {
  readonly memory = new FlatMemory(0x8_0000);
  readonly transport: VirtioMmioDevice;
  /** All changes of the interrupt line. */
  readonly line: boolean[] = [];
  readonly log: string[] = [];

  readonly device: ReverseDevice;

  constructor(options: Partial<VirtioMmioOptions> = {}, device = new ReverseDevice()) {
    this.device = device;
    this.transport = new VirtioMmioDevice(device, {
      memory: this.memory,
      onInterrupt: (active) => this.line.push(active),
      logger: { log: (level, message) => this.log.push(`${level}: ${message}`) },
      ...options,
    });
  }

  load(offset: number): number {
    return this.transport.read(offset, 4);
  }

  store(offset: number, value: number): void {
    this.transport.write(offset, 4, value);
  }

  get status(): number {
    return this.load(Register.status);
  }

  set status(value: number) {
    this.store(Register.status, value);
  }

  deviceFeatures(word: number): number {
    this.store(Register.deviceFeaturesSel, word);
    return this.load(Register.deviceFeatures);
  }

  driverFeatures(word: number, value: number): void {
    this.store(Register.driverFeaturesSel, word);
    this.store(Register.driverFeatures, value);
  }

  /** Takes the device from the start to FEATURES_OK. */
  negotiate(word0 = 0, word1: number = VERSION_1): void {
    for (const status of [0, ACKNOWLEDGE, ACKNOWLEDGE | DRIVER]) this.status = status;
    this.driverFeatures(0, word0);
    this.driverFeatures(1, word1);
    this.status = ACKNOWLEDGE | DRIVER | FEATURES_OK;
  }

  /** Writes the addresses of the selected queue. */
  storeAreas(areas: VirtqueueAreas): void {
    const registers: [number, number][] = [
      [Register.queueDescLow, areas.descriptor],
      [Register.queueDriverLow, areas.driver],
      [Register.queueDeviceLow, areas.device],
    ];
    for (const [low, address] of registers) {
      this.store(low, address % 2 ** 32);
      this.store(low + 4, Math.floor(address / 2 ** 32));
    }
  }

  /** Sets a queue up and returns what QueueReady reads. */
  setUp(queue: number, size: number, areas = AREAS): number {
    this.store(Register.queueSel, queue);
    this.store(Register.queueSize, size);
    this.storeAreas(areas);
    this.store(Register.queueReady, 1);
    return this.load(Register.queueReady);
  }

  /** A driver's half of a ring in fresh memory. */
  ring(size = 8, areas = AREAS, endian: "big" | "little" = "little"): DriverVirtqueue<number> {
    this.memory.fill(RINGS, 0x3000, 0);
    const packed = (this.transport.frontend.driverFeatures(1) & RING_PACKED) !== 0;
    return createDriverVirtqueue<number>(this.memory, { format: packed ? "packed" : "split", size, areas, endian });
  }

  /** The whole initialization, with queue 0. */
  start(word0 = 0, word1: number = VERSION_1): DriverVirtqueue<number> {
    this.negotiate(word0, word1);
    const ring = this.ring();
    this.setUp(0, 8);
    this.status = READY;
    return ring;
  }

  /** The whole initialization through the legacy layout, with queue 0. */
  startLegacy(endian: "big" | "little"): DriverVirtqueue<number> {
    this.store(LegacyRegister.guestPageSize, PAGE);
    for (const status of [0, ACKNOWLEDGE, ACKNOWLEDGE | DRIVER]) this.status = status;
    this.driverFeatures(0, 0);
    const ring = this.ring(8, legacyAreas(RINGS, 8, PAGE), endian);
    this.setUpLegacy(0, 8, RINGS / PAGE);
    this.status = LEGACY_READY;
    return ring;
  }

  /** Sets a queue up through the legacy layout and returns what QueuePFN reads. */
  setUpLegacy(queue: number, size: number, page: number, align = PAGE): number {
    this.store(Register.queueSel, queue);
    this.store(Register.queueSize, size);
    this.store(LegacyRegister.queueAlign, align);
    this.store(LegacyRegister.queuePfn, page);
    return this.load(LegacyRegister.queuePfn);
  }

  /** Makes a buffer of three bytes available, with room for three to come back. */
  offer(ring: DriverVirtqueue<number>, token = 0): void {
    const address = BUFFERS + token * 16;
    this.memory.write(address, Uint8Array.of(1, 2, 3, 0, 0, 0));
    ring.add([{ address, length: 3 }], [{ address: address + 3, length: 3 }], token);
    ring.kickPrepare();
  }

  /** Offers a buffer and notifies the device. */
  send(ring: DriverVirtqueue<number>, token = 0): void {
    this.offer(ring, token);
    this.store(Register.queueNotify, 0);
  }

  /** What came back for a token: [3, 2, 1] if the device served it, [0, 0, 0] if not. */
  answer(token = 0): number[] {
    return [...this.memory.view(BUFFERS + token * 16 + 3, 3)];
  }

  get interruptStatus(): number {
    return this.load(Register.interruptStatus);
  }

  acknowledge(bits: number): void {
    this.store(Register.interruptAck, bits);
  }
}

/** Lets everything run that is ready to run. */
export async function settle(): Promise<void> {
  for (let i = 0; i < 20; i++) await Promise.resolve();
}

/** A promise and the means to settle it. */
export function gate(): { closed: Promise<void>; open: () => void } {
  const { promise, resolve } = Promise.withResolvers<void>();
  return { closed: promise, open: resolve };
}
