import { FlatMemory } from "@zarch/guest-memory";
import type { Logger, LogLevel } from "@zarch/vmm-interface";
import { descriptorTableSize } from "@zarch/vring";
import type { VirtioDevice } from "./device.ts";
import { F_RING_PACKED } from "./features.ts";
import { VirtioFrontend } from "./frontend.ts";
import type { DriverInterface } from "./personality.ts";
import { STATUS_ACKNOWLEDGE, STATUS_DRIVER, STATUS_DRIVER_OK, STATUS_FEATURES_OK } from "./status.ts";

/** Bytes of memory per queue: rings of up to 16 entries, then buffers and indirect tables. */
const QUEUE_SPACE = 0x2000;
const DRIVER_AREA = 0x400;
const DEVICE_AREA = 0x600;
const BUFFERS = 0x800;

/** Lets everything run that is ready to run. */
async function settle(): Promise<void> {
  for (let i = 0; i < 20; i++) await Promise.resolve();
}

/**
 * A guest that breaks rules: drives a device through its frontend with calls and ring contents that are right, nearly right or wild, as a
 * list of numbers says. For fuzzing devices: nothing it does may throw, and nothing it does is the host's fault.
 *
 * ```ts
 * fc.assert(fc.asyncProperty(fc.array(fc.nat()), async (choices) => {
 *   const driver = new HostileDriver(device, choices);
 *   await driver.run();
 *   expect(driver.hostErrors).toEqual([]);
 * }));
 * ```
 */
export class HostileDriver {
  readonly frontend: VirtioFrontend;
  readonly memory: FlatMemory;
  /** What was logged as a failure of the host or a bug: a device that survives logs nothing of that kind. */
  readonly hostErrors: string[] = [];
  readonly #choices: readonly number[];
  #next = 0;
  /** Where the next buffer of each packed ring goes, over two rounds. */
  readonly #packedPositions: number[] = [];

  /** @param choices non-negative integers; the same ones do the same */
  constructor(device: VirtioDevice, choices: readonly number[], extraFeatures: Iterable<number> = []) {
    this.#choices = choices;
    const queues = Math.min(8, device.queueMaxSizes.length);
    this.memory = new FlatMemory(Math.max(1, queues) * QUEUE_SPACE);
    const logger: Logger = {
      log: (level: LogLevel, message, fields) => {
        if (level === "error") this.hostErrors.push(`${message} ${String(fields?.error ?? "")}`);
      },
    };
    this.frontend = new VirtioFrontend(device, {
      memory: this.memory,
      interrupts: { queueInterrupt: () => {}, configInterrupt: () => {} },
      personality: "transitional",
      legacyEndian: "big",
      extraFeatures,
      logger,
    });
  }

  /** A number below `bound`; 0 when all choices are used up. */
  #pick(bound: number): number {
    const choice = this.#choices[this.#next++] ?? 0;
    return choice % bound;
  }

  #chance(oneIn: number): boolean {
    return this.#pick(oneIn) === 1;
  }

  /** Does everything that the choices say, then resets the device and waits for that. */
  async run(): Promise<void> {
    while (this.#next < this.#choices.length) await this.#step();
    await this.frontend.reset();
    await settle();
  }

  async #step(): Promise<void> {
    const inService = (this.frontend.status & STATUS_DRIVER_OK) !== 0 && !this.frontend.needsReset;
    if (!inService && !this.#chance(4)) {
      await this.frontend.reset();
      this.#bringUp();
      return;
    }
    switch (this.#pick(20)) {
      case 0:
        if (this.#chance(4)) this.frontend.writeStatus(this.#pick(256));
        break;
      case 1:
        this.frontend.setDriverFeatures(this.#pick(5), this.#wild32());
        break;
      case 2:
        this.#setUpWildly();
        break;
      case 3:
      case 4:
        this.#writeDescriptor();
        break;
      case 5:
        this.#offer(this.#queue(), this.#chance(2) ? this.#pick(16) : this.#pick(0x1_0000));
        break;
      case 6:
        this.frontend.notify(this.#chance(8) ? this.#wild32() : this.#queue());
        break;
      case 7:
        this.#touchConfig();
        break;
      case 8:
        if (this.#chance(6)) await this.frontend.reset();
        break;
      case 9:
        this.memory.fill(this.#queue() * QUEUE_SPACE + BUFFERS + this.#pick(0x400), this.#pick(64), this.#pick(256));
        break;
      case 10:
      case 11:
        await settle();
        break;
      default:
        this.#message();
    }
  }

  #queue(): number {
    return this.#pick(Math.min(8, this.frontend.queueCount));
  }

  #wild32(): number {
    return (this.#pick(0x1_0000) * 0x1_0000 + this.#pick(0x1_0000)) >>> 0;
  }

  /** Initialization as it should be, through either interface. */
  #bringUp(): void {
    const { frontend } = this;
    const driverInterface: DriverInterface = this.#chance(3) ? "legacy" : "modern";
    if (frontend.useInterface(driverInterface)) frontend.writeStatus(0);
    frontend.useInterface(driverInterface);
    const status = STATUS_ACKNOWLEDGE | STATUS_DRIVER;
    frontend.writeStatus(status);
    for (let word = 0; word < 3; word++) {
      const offered = frontend.deviceFeatures(word);
      frontend.setDriverFeatures(word, this.#chance(4) ? offered & this.#wild32() : offered);
    }
    frontend.writeStatus(status | STATUS_FEATURES_OK);
    for (let index = 0; index < Math.min(8, frontend.queueCount); index++) this.#setUp(index);
    frontend.writeStatus(status | (driverInterface === "modern" ? STATUS_FEATURES_OK : 0) | STATUS_DRIVER_OK);
  }

  #setUp(index: number): void {
    const base = index * QUEUE_SPACE;
    this.memory.fill(base, BUFFERS, 0);
    this.#packedPositions[index] = 0;
    const size = Math.min(16, this.frontend.queueMaxSize(index));
    this.frontend.setUpQueue(index, { size, areas: { descriptor: base, driver: base + DRIVER_AREA, device: base + DEVICE_AREA } });
  }

  #setUpWildly(): void {
    const address = (): number => (this.#chance(3) ? this.#wild32() : this.#pick(this.memory.size));
    const size = this.#chance(2) ? this.#pick(70_000) : 1 << this.#pick(10);
    const index = this.#queue();
    const how = this.#pick(4);
    if (how === 0) this.frontend.setUpLegacyQueue(index, { address: address(), size, align: 1 << this.#pick(32) });
    else if (how === 1) this.frontend.disableQueue(index);
    else this.frontend.setUpQueue(index, { size, areas: { descriptor: address(), driver: address(), device: address() } });
  }

  get #endian(): "big" | "little" {
    return this.frontend.driverInterface === "legacy" ? "big" : "little";
  }

  /** A descriptor in a ring or in what may be taken for an indirect table. */
  #writeDescriptor(): void {
    const { memory } = this;
    const endian = this.#endian;
    const base = this.#queue() * QUEUE_SPACE;
    const table = this.#chance(3) ? base + BUFFERS : base;
    const at = table + 16 * this.#pick(descriptorTableSize(16) / 16);
    const address = this.#chance(16) ? this.#wild32() * this.#pick(0x1_0000_0000) : base + BUFFERS + this.#pick(0x600);
    memory.storeUint64(at, Math.min(address, Number.MAX_SAFE_INTEGER), endian);
    memory.storeUint32(at + 8, this.#chance(16) ? this.#wild32() : [1, 8, 16, 16, 20, 512, 513, 1024][this.#pick(8)]!, endian);
    memory.storeUint16(at + 12, this.#chance(12) ? this.#pick(0x1_0000) : this.#pick(4), endian);
    memory.storeUint16(at + 14, this.#chance(12) ? this.#pick(0x1_0000) : this.#pick(16), endian);
  }

  /** A message as a driver would send it: something to read that starts like a header, something to write, or both. */
  #message(): void {
    const { memory } = this;
    const endian = this.#endian;
    const queue = this.#queue();
    const base = queue * QUEUE_SPACE;
    const parts = this.#chance(3) ? 1 + this.#pick(4) : 3;
    const readable = Math.min(parts, this.#chance(4) ? this.#pick(parts + 1) : 1 + this.#pick(2));
    const packed = this.frontend.features.has(F_RING_PACKED);
    const position = this.#packedPositions[queue] ?? 0;
    const first = packed ? position % 16 : this.#pick(16);
    const header = base + BUFFERS + 0x200 + 16 * this.#pick(8);
    const bytes = new Uint8Array(16);
    const view = new DataView(bytes.buffer);
    view.setUint32(0, this.#pick(4), endian === "little");
    view.setUint16(4, this.#pick(8), endian === "little");
    view.setUint16(6, this.#pick(2), endian === "little");
    view.setUint32(endian === "little" ? 8 : 12, this.#pick(20), endian === "little");
    memory.write(header, bytes);
    // The head comes last, as a packed ring wants it.
    for (let i = parts - 1; i >= 0; i--) {
      const at = base + 16 * ((first + i) % 16);
      const length =
        i === 0 && readable > 0 ? 16 : i === parts - 1 ? (this.#chance(3) ? 1 + this.#pick(16) : 1) : 512 * (1 + this.#pick(2));
      memory.storeUint64(at, i === 0 && readable > 0 ? header : base + 0x1000, endian);
      memory.storeUint32(at + 8, length, endian);
      const flags = (i + 1 < parts ? 1 : 0) | (i < readable ? 0 : 2);
      if (packed) {
        memory.storeUint16(at + 12, this.#pick(16), endian);
        memory.storeUint16(at + 14, flags | ((position + i) % 32 < 16 ? 1 << 7 : 1 << 15), endian);
      } else {
        memory.storeUint16(at + 12, flags, endian);
        memory.storeUint16(at + 14, (first + i + 1) % 16, endian);
      }
    }
    if (packed) this.#packedPositions[queue] = (position + parts) % 32;
    else this.#offer(queue, first);
    if (!this.#chance(4)) this.frontend.notify(queue);
  }

  #offer(queue: number, head: number): void {
    const { memory } = this;
    const endian = this.#endian;
    const available = queue * QUEUE_SPACE + DRIVER_AREA;
    const at = memory.loadUint16(available + 2, endian);
    memory.storeUint16(available + 4 + 2 * (at % 16), head, endian);
    memory.storeUint16(available + 2, this.#chance(48) ? this.#pick(0x1_0000) : (at + 1) & 0xffff, endian);
  }

  #touchConfig(): void {
    const bytes = new Uint8Array(this.#pick(80)).fill(this.#pick(256));
    if (this.#chance(2)) this.frontend.writeConfig(this.#pick(100), bytes);
    else this.frontend.readConfig(this.#pick(100), bytes);
  }
}
