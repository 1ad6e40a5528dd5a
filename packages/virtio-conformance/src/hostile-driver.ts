import { F_RING_PACKED, STATUS_ACKNOWLEDGE, STATUS_DRIVER, STATUS_DRIVER_OK, STATUS_FEATURES_OK, STATUS_NEEDS_RESET } from "@zarch/virtio";
import type { DriverTransport } from "@zarch/virtio-driver";
import { DESCRIPTOR_SIZE, legacyAreas, type VirtqueueAreas } from "@zarch/vring";

const MAX_QUEUES = 8;
const RING_SIZE = 16;
/** Layout of what belongs to one queue, in bytes: rings, buffers that may be taken for indirect tables, headers, data. */
const QUEUE_SPACE = 0x4000;
const BUFFERS = 0x2000;
const HEADERS = 0x2200;
const DATA = 0x3000;

const LEGACY_ALIGN = 0x1000;

/** Lets everything run that is ready to run. */
async function settle(): Promise<void> {
  for (let i = 0; i < 20; i++) await Promise.resolve();
}

/**
 * A guest that breaks rules: drives a device over any transport with calls and ring contents that are right, nearly right or wild, as a list
 * of numbers says. For fuzzing devices and transports: nothing it does may make an operation of the transport reject, and nothing it does is
 * the host's fault.
 *
 * ```ts
 * fc.assert(fc.asyncProperty(fc.array(fc.nat()), async (choices) => {
 *   const log = new ErrorLog();
 *   await new HostileDriver(new DirectTransport(device, { logger: log }), choices).run();
 *   expect(log.errors).toEqual([]);
 * }));
 * ```
 */
export class HostileDriver {
  readonly #transport: DriverTransport;
  readonly #choices: readonly number[];
  #next = 0;
  readonly #base: number;
  /** Queues that there are, among the first eight. */
  #queues: number[] = [];
  /** Entries of each queue. */
  readonly #sizes: number[] = [];
  /** Rings that are where the host has placed them. */
  readonly #placed: (VirtqueueAreas | undefined)[] = [];
  /** Where the next buffer of each packed ring goes, over two rounds. */
  readonly #packedPositions: number[] = [];
  #packed = false;

  /**
   * @param transport its region is used: 128 KiB or more, from the next multiple of 4 KiB on
   * @param choices non-negative integers; the same ones do the same
   */
  constructor(transport: DriverTransport, choices: readonly number[]) {
    this.#transport = transport;
    this.#choices = choices;
    this.#base = Math.ceil(transport.region.address / LEGACY_ALIGN) * LEGACY_ALIGN;
  }

  /** A number below `bound`; 0 when all choices are used up. */
  #pick(bound: number): number {
    const choice = this.#choices[this.#next++] ?? 0;
    return choice % bound;
  }

  #chance(oneIn: number): boolean {
    return this.#pick(oneIn) === 1;
  }

  get #memory() {
    return this.#transport.memory;
  }

  get #endian() {
    return this.#transport.endian;
  }

  /** Does everything that the choices say, then resets the device and waits for that. */
  async run(): Promise<void> {
    await this.#transport.reset();
    for (let queue = 0; queue < MAX_QUEUES; queue++) {
      const size = await this.#transport.queueMaxSize(queue);
      const fixed = await this.#transport.fixedQueue?.(queue);
      this.#sizes.push(fixed?.size ?? Math.min(RING_SIZE, size));
      this.#placed.push(fixed?.areas);
      if (size > 0) this.#queues.push(queue);
    }
    if (this.#queues.length === 0) this.#queues = [0];
    while (this.#next < this.#choices.length) await this.#step();
    await this.#transport.reset();
    await settle();
  }

  async #step(): Promise<void> {
    const transport = this.#transport;
    const status = await transport.readStatus();
    const inService = (status & STATUS_DRIVER_OK) !== 0 && (status & STATUS_NEEDS_RESET) === 0;
    if (!inService && !this.#chance(4)) {
      await transport.reset();
      await this.#bringUp();
      return;
    }
    switch (this.#pick(20)) {
      case 0:
        if (this.#chance(4)) await transport.writeStatus(this.#pick(256));
        break;
      case 1:
        await transport.writeDriverFeatures(this.#pick(5), this.#wild32());
        break;
      case 2:
        await this.#setUpWildly();
        break;
      case 3:
      case 4:
        this.#writeDescriptor();
        break;
      case 5:
        this.#offer(this.#queue(), this.#chance(2) ? this.#pick(16) : this.#pick(0x1_0000));
        break;
      case 6:
        if (this.#chance(8)) transport.notify(this.#pick(0x1_0000), this.#pick(0x1_0000));
        else transport.notify(this.#queue());
        break;
      case 7:
        await this.#touchConfig();
        break;
      case 8:
        if (this.#chance(6)) await transport.reset();
        else if (this.#chance(3)) await transport.resetQueue?.(this.#queue());
        break;
      case 9:
        this.#memory.fill(this.#space(this.#queue()) + BUFFERS + this.#pick(0x400), this.#pick(64), this.#pick(256));
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
    return this.#queues[this.#pick(this.#queues.length)] as number;
  }

  #wild32(): number {
    return (this.#pick(0x1_0000) * 0x1_0000 + this.#pick(0x1_0000)) >>> 0;
  }

  /** Start of what belongs to a queue. */
  #space(queue: number): number {
    return this.#base + queue * QUEUE_SPACE;
  }

  #areas(queue: number): VirtqueueAreas {
    return this.#placed[queue] ?? legacyAreas(this.#space(queue), this.#sizes[queue] || 1, LEGACY_ALIGN);
  }

  /** Initialization as it should be. */
  async #bringUp(): Promise<void> {
    const transport = this.#transport;
    const status = STATUS_ACKNOWLEDGE | STATUS_DRIVER;
    const legacy = transport.driverInterface === "legacy";
    await transport.writeStatus(status);
    let features1 = 0;
    for (let word = 0; word < (legacy ? 1 : 3); word++) {
      const offered = await transport.readDeviceFeatures(word);
      const features = this.#chance(8) ? offered & this.#wild32() : offered;
      await transport.writeDriverFeatures(word, features);
      if (word === 1) features1 = features;
    }
    this.#packed = ((features1 >>> (F_RING_PACKED - 32)) & 1) === 1;
    if (!legacy) await transport.writeStatus(status | STATUS_FEATURES_OK);
    for (const queue of this.#queues) await this.#setUp(queue);
    await transport.writeStatus(status | (legacy ? 0 : STATUS_FEATURES_OK) | STATUS_DRIVER_OK);
  }

  async #setUp(queue: number): Promise<void> {
    const { descriptor } = this.#areas(queue);
    this.#memory.fill(descriptor, BUFFERS, 0);
    this.#packedPositions[queue] = 0;
    await this.#transport.setUpQueue(queue, { size: this.#sizes[queue] ?? 0, areas: this.#areas(queue) });
  }

  async #setUpWildly(): Promise<void> {
    const address = (): number => (this.#chance(3) ? this.#wild32() : this.#base + this.#pick(MAX_QUEUES * QUEUE_SPACE));
    const size = this.#chance(2) ? this.#pick(70_000) : 1 << this.#pick(10);
    const queue = this.#chance(8) ? this.#pick(0x1_0000) : this.#queue();
    const descriptor = address();
    const areas =
      this.#transport.driverInterface === "legacy"
        ? legacyAreas(descriptor - (descriptor % LEGACY_ALIGN), size, LEGACY_ALIGN)
        : { descriptor, driver: address(), device: address() };
    await this.#transport.setUpQueue(queue, { size, areas });
  }

  /** A descriptor in a ring or in what may be taken for an indirect table. */
  #writeDescriptor(): void {
    const memory = this.#memory;
    const endian = this.#endian;
    const queue = this.#queue();
    const space = this.#space(queue);
    const table = this.#chance(3) ? space + BUFFERS : this.#areas(queue).descriptor;
    const at = table + DESCRIPTOR_SIZE * this.#pick(RING_SIZE);
    const address = this.#chance(16) ? this.#wild32() * this.#pick(0x1_0000_0000) : space + BUFFERS + this.#pick(0x600);
    memory.storeUint64(at, Math.min(address, Number.MAX_SAFE_INTEGER), endian);
    memory.storeUint32(at + 8, this.#chance(16) ? this.#wild32() : ([1, 8, 16, 16, 20, 512, 513, 1024][this.#pick(8)] as number), endian);
    memory.storeUint16(at + 12, this.#chance(12) ? this.#pick(0x1_0000) : this.#pick(4), endian);
    memory.storeUint16(at + 14, this.#chance(12) ? this.#pick(0x1_0000) : this.#pick(16), endian);
  }

  /** A message as a driver would send it: something to read that starts like a header, something to write, or both. */
  #message(): void {
    const memory = this.#memory;
    const endian = this.#endian;
    const queue = this.#queue();
    const space = this.#space(queue);
    const { descriptor } = this.#areas(queue);
    const size = this.#sizes[queue] || 1;
    const parts = this.#chance(3) ? 1 + this.#pick(4) : 3;
    const readable = Math.min(parts, this.#chance(4) ? this.#pick(parts + 1) : 1 + this.#pick(2));
    const position = this.#packedPositions[queue] ?? 0;
    const first = this.#packed ? position % size : this.#pick(size);
    const header = space + HEADERS + 16 * this.#pick(8);
    const bytes = new Uint8Array(16);
    const view = new DataView(bytes.buffer);
    view.setUint32(0, this.#pick(4), endian === "little");
    view.setUint16(4, this.#pick(8), endian === "little");
    view.setUint16(6, this.#pick(2), endian === "little");
    view.setUint32(endian === "little" ? 8 : 12, this.#pick(20), endian === "little");
    memory.write(header, bytes);
    // The head comes last, as a packed ring wants it.
    for (let i = parts - 1; i >= 0; i--) {
      const at = descriptor + DESCRIPTOR_SIZE * ((first + i) % size);
      const length =
        i === 0 && readable > 0 ? 16 : i === parts - 1 ? (this.#chance(3) ? 1 + this.#pick(16) : 1) : 512 * (1 + this.#pick(2));
      memory.storeUint64(at, i === 0 && readable > 0 ? header : space + DATA, endian);
      memory.storeUint32(at + 8, length, endian);
      const flags = (i + 1 < parts ? 1 : 0) | (i < readable ? 0 : 2);
      if (this.#packed) {
        memory.storeUint16(at + 12, this.#pick(16), endian);
        memory.storeUint16(at + 14, flags | ((position + i) % (2 * size) < size ? 1 << 7 : 1 << 15), endian);
      } else {
        memory.storeUint16(at + 12, flags, endian);
        memory.storeUint16(at + 14, (first + i + 1) % size, endian);
      }
    }
    if (this.#packed) this.#packedPositions[queue] = (position + parts) % (2 * size);
    else this.#offer(queue, first);
    if (!this.#chance(4)) this.#transport.notify(queue);
  }

  #offer(queue: number, head: number): void {
    const memory = this.#memory;
    const endian = this.#endian;
    const { driver } = this.#areas(queue);
    const at = memory.loadUint16(driver + 2, endian);
    memory.storeUint16(driver + 4 + 2 * (at % (this.#sizes[queue] || 1)), head, endian);
    memory.storeUint16(driver + 2, this.#chance(48) ? this.#pick(0x1_0000) : (at + 1) & 0xffff, endian);
  }

  async #touchConfig(): Promise<void> {
    const bytes = new Uint8Array(this.#pick(80)).fill(this.#pick(256));
    if (this.#chance(2)) await this.#transport.writeConfig(this.#pick(100), bytes);
    else await this.#transport.readConfig(this.#pick(100), bytes.length);
  }
}
