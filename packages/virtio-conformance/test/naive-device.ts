import type { Endian, GuestMemory } from "@zarch/guest-memory";
import {
  type DriverInterface,
  F_ANY_LAYOUT,
  F_EVENT_IDX,
  F_INDIRECT_DESC,
  F_RING_PACKED,
  F_VERSION_1,
  FeatureSet,
  STATUS_DRIVER,
  STATUS_DRIVER_OK,
  STATUS_FEATURES_OK,
  STATUS_NEEDS_RESET,
} from "@zarch/virtio";
import type { DriverInterrupts, DriverQueueSetup, DriverTransport } from "@zarch/virtio-driver";
import { DEVICE_ID_ECHO } from "../src/index.ts";
import type { Fault } from "./faults.ts";
import type { NaiveDisk } from "./naive-disk.ts";
import { type Buffer, NaivePackedRing, type NaiveRing, NaiveSplitRing, RingError, type Span } from "./naive-ring.ts";

const DEVICE_ID_BLOCK = 2;
const MAX_SIZE = 256;
/** VIRTIO_BLK_F_FLUSH. */
const F_FLUSH = 9;
const CONFIG_SIZE = 8;
const MAX_MESSAGE = 1 << 16;

/**
 * An echo device and its transport in one, sharing nothing with the devices and rings of the other packages: somebody else's device. Without
 * faults it passes the suite.
 */
export class NaiveDevice implements DriverTransport {
  readonly name = "naive";
  readonly memory: GuestMemory;
  readonly region: Span;
  readonly driverInterface: DriverInterface;
  readonly endian: Endian;
  readonly deviceId: number;
  readonly #disk: NaiveDisk | undefined;
  readonly #faults: ReadonlySet<Fault>;
  #listener: DriverInterrupts = { queueInterrupt: () => {}, configInterrupt: () => {} };
  #status = 0;
  #broken = false;
  #driverFeatures = new FeatureSet();
  #setup: DriverQueueSetup | undefined;
  #ring: NaiveRing | undefined;
  #count = 0;
  #changes = 0;
  #holding = false;
  #held: (() => void)[] = [];

  /** @param disk makes a block device of it */
  constructor(memory: GuestMemory, driverInterface: DriverInterface, faults: Iterable<Fault> = [], disk?: NaiveDisk) {
    this.#disk = disk;
    this.deviceId = disk ? DEVICE_ID_BLOCK : DEVICE_ID_ECHO;
    this.memory = memory;
    this.region = { address: 0x1000, length: memory.size - 0x1000 };
    this.driverInterface = driverInterface;
    this.endian = this.#legacy ? "big" : "little";
    this.#faults = new Set(faults);
  }

  #has(fault: Fault): boolean {
    return this.#faults.has(fault);
  }

  get #legacy(): boolean {
    return this.driverInterface === "legacy";
  }

  get #offered(): FeatureSet {
    const features = new FeatureSet([...(this.#disk?.features ?? [0]), F_INDIRECT_DESC, F_EVENT_IDX]);
    if (this.#legacy) return features.add(F_ANY_LAYOUT);
    if (!this.#has("offers no VERSION_1")) features.add(F_VERSION_1);
    if (this.#has("offers a reserved feature")) features.add(45);
    return features.add(F_RING_PACKED);
  }

  // ---- controls ----

  hold(): void {
    this.#holding = true;
  }

  release(): void {
    this.#holding = false;
    for (const finish of this.#held.splice(0)) finish();
  }

  change(): void {
    this.#changes++;
    if (this.#live && !this.#has("changes its configuration in silence")) this.#listener.configInterrupt();
  }

  // ---- DriverTransport ----

  listen(interrupts: DriverInterrupts): void {
    this.#listener = interrupts;
  }

  async reset(): Promise<void> {
    if (!this.#has("keeps its status over a reset")) this.#status = 0;
    if (!this.#has("stays broken over a reset")) this.#broken = false;
    this.#driverFeatures = new FeatureSet();
    if (!this.#has("completes requests of before a reset")) this.#held = [];
    if (this.#has("serves after a reset")) return;
    if (!this.#has("keeps its ring indices over a reset")) this.#ring = undefined;
    this.#setup = undefined;
  }

  async readStatus(): Promise<number> {
    const shows = this.#broken && !this.#has("says nothing when it is broken") && !this.#legacy;
    return this.#status | (shows ? STATUS_NEEDS_RESET : 0);
  }

  async writeStatus(status: number): Promise<boolean> {
    if (status === 0) {
      await this.reset();
      return true;
    }
    const cleared = this.#status & ~status;
    if (cleared !== 0 && !this.#legacy) return false;
    const added = status & ~this.#status;
    let next = (this.#status | status) & ~(STATUS_NEEDS_RESET | 0x30);
    if (this.#legacy) next &= ~STATUS_FEATURES_OK;
    else if ((added & STATUS_FEATURES_OK) !== 0 && !this.#featuresAreFine(status)) next &= ~STATUS_FEATURES_OK;
    if (!this.#legacy && (next & STATUS_FEATURES_OK) === 0) next &= ~STATUS_DRIVER_OK;
    this.#status = next;
    if ((added & next & STATUS_DRIVER_OK) !== 0) this.#work();
    return true;
  }

  #featuresAreFine(status: number): boolean {
    if ((status & STATUS_DRIVER) === 0) return false;
    if (this.#has("accepts features that it did not offer")) return true;
    if (!this.#driverFeatures.has(F_VERSION_1) && !this.#has("offers no VERSION_1")) return false;
    return this.#driverFeatures.isSubsetOf(this.#offered);
  }

  async readDeviceFeatures(word: number): Promise<number> {
    return this.#offered.word(word);
  }

  async writeDriverFeatures(word: number, value: number): Promise<boolean> {
    const late = (this.#status & (this.#legacy ? STATUS_DRIVER_OK : STATUS_FEATURES_OK)) !== 0;
    if (late || (!this.#legacy && (this.#status & STATUS_DRIVER) === 0)) return false;
    // Through the legacy interface a driver gets what it may have.
    this.#driverFeatures.setWord(word, this.#legacy ? value & this.#offered.word(word) : value);
    return true;
  }

  async readConfig(offset: number, length: number): Promise<Uint8Array> {
    const config = this.#disk?.config(this.endian) ?? new Uint8Array(CONFIG_SIZE);
    if (!this.#disk) new DataView(config.buffer).setUint32(0, 0x0102_0300 + this.#changes, this.endian === "little");
    const early = (this.#status & (STATUS_FEATURES_OK | STATUS_DRIVER_OK)) === 0;
    const bytes = new Uint8Array(length);
    if (!early || !this.#has("hides its configuration before FEATURES_OK")) bytes.set(config.subarray(offset, offset + length));
    return bytes;
  }

  async writeConfig(): Promise<void> {}

  async queueMaxSize(queue: number): Promise<number> {
    return queue === 0 || this.#has("has every queue there could be") ? MAX_SIZE : 0;
  }

  async setUpQueue(queue: number, setup: DriverQueueSetup): Promise<boolean> {
    if (queue > 0) return this.#has("has every queue there could be");
    if (this.#setup || (!this.#legacy && (this.#status & STATUS_FEATURES_OK) === 0)) return false;
    const { size } = setup;
    const isGood = size > 0 && size <= MAX_SIZE && (this.#packed || (size & (size - 1)) === 0);
    if (!isGood) return false;
    if (!this.#fits(setup)) return false;
    this.#setup = setup;
    return true;
  }

  #fits({ size, areas }: DriverQueueSetup): boolean {
    const fits = (address: number, length: number, align: number): boolean =>
      address % align === 0 && this.memory.contains(address, length);
    if (!fits(areas.descriptor, 16 * size, 16)) return false;
    if (this.#packed) return fits(areas.driver, 4, 4) && fits(areas.device, 4, 4);
    return fits(areas.driver, 6 + 2 * size, 2) && fits(areas.device, 6 + 8 * size, 4);
  }

  notify(queue: number): void {
    if (queue === 0) this.#work();
  }

  // ---- service ----

  get #packed(): boolean {
    return this.#driverFeatures.has(F_RING_PACKED);
  }

  get #live(): boolean {
    if (this.#has("serves before DRIVER_OK")) return this.#setup !== undefined;
    if (this.#has("serves after a reset") && this.#ring) return true;
    if (this.#legacy && !this.#has("waits for DRIVER_OK of legacy drivers")) return this.#setup !== undefined;
    return (this.#status & STATUS_DRIVER_OK) !== 0;
  }

  #openRing(setup: DriverQueueSetup): NaiveRing {
    if (this.#ring && (this.#has("keeps its ring indices over a reset") || this.#ring.setup === setup)) return this.#ring;
    const features = {
      packed: this.#packed,
      indirect: this.#driverFeatures.has(F_INDIRECT_DESC),
      eventIndex: this.#driverFeatures.has(F_EVENT_IDX),
    };
    const endian = this.#has("is little-endian whatever the guest") ? "little" : this.endian;
    const Ring = this.#packed ? NaivePackedRing : NaiveSplitRing;
    return new Ring(this.memory, endian, setup, features, this.#faults);
  }

  #work(): void {
    if (!this.#live || this.#broken || !this.#setup) return;
    const ring = this.#openRing(this.#setup);
    this.#ring = ring;
    try {
      for (let buffer = ring.pop(); buffer; buffer = ring.pop()) {
        const taken = buffer;
        if (this.#holding) this.#held.push(() => this.#answer(ring, taken));
        else this.#answer(ring, taken);
      }
    } catch (error) {
      if (!(error instanceof RingError)) throw error;
      this.#broken = true;
      if (!this.#has("is broken without a notification") && !this.#has("says nothing when it is broken")) this.#listener.configInterrupt();
    }
  }

  #answer(ring: NaiveRing, buffer: Buffer): void {
    this.#count++;
    if (this.#has("loses every seventh buffer") && this.#count % 7 === 0) return;
    if (this.#has("wants its message in one descriptor") && buffer.out.length !== 1) {
      this.#finish(ring, buffer, 0);
      return;
    }
    const message = this.#gather(buffer.out);
    const room = buffer.into.reduce((sum, { length }) => sum + length, 0);
    const canFlush = this.#driverFeatures.has(F_FLUSH);
    const bytes = this.#disk ? this.#disk.serve(message, Math.min(room, MAX_MESSAGE), this.endian, canFlush) : message;
    if (!bytes) {
      this.#finish(ring, buffer, 0);
      return;
    }
    if (this.#has("reads device-writable buffers")) this.#gather(buffer.into);
    let written = 0;
    for (const { address, length } of buffer.into) {
      const piece = bytes.subarray(written, written + length);
      this.memory.write(address, piece);
      written += piece.length;
    }
    const last = buffer.into.at(-1);
    if (last && this.#has("writes behind the buffer")) this.memory.storeUint8(last.address + last.length, 0xee);
    const first = buffer.out[0];
    if (first && this.#has("writes into device-readable buffers")) this.memory.storeUint8(first.address, 0xee);
    if (this.#has("reports one byte too many")) written++;
    if (this.#has("reports what it has not written")) written = room;
    this.#finish(ring, buffer, written);
    if (this.#has("returns every fifth buffer twice") && this.#count % 5 === 0) this.#finish(ring, buffer, written);
  }

  #gather(spans: readonly Span[]): Uint8Array {
    const total = spans.reduce((sum, { length }) => sum + length, 0);
    const bytes = new Uint8Array(Math.min(MAX_MESSAGE, total));
    let at = 0;
    for (const { address, length } of spans) {
      const piece = bytes.subarray(at, at + length);
      this.memory.read(address, piece);
      at += piece.length;
    }
    return bytes;
  }

  #finish(ring: NaiveRing, buffer: Buffer, written: number): void {
    const wanted = ring.push(buffer, written);
    if ((wanted && !this.#has("notifies never")) || this.#has("notifies always")) this.#listener.queueInterrupt(0);
  }
}
