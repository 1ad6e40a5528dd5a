import type { ReadonlyFeatureSet } from "@zarch/virtio";
import { blk } from "@zarch/virtio/device-types";
import type { BlockBackend } from "@zarch/vmm-interface";
import { DriverError } from "../errors.ts";
import { Listeners } from "../listeners.ts";
import type { DriverTransport } from "../transport.ts";
import { VirtioDriver, type VirtioDriverOptions } from "../virtio-driver.ts";
import { type BlockLimits, type RangeLimits, readLimits } from "./limits.ts";

export interface BlockDriverOptions extends Pick<VirtioDriverOptions, "queueSize" | "without" | "polling"> {
  /** Most request queues to use, where the device has several (VIRTIO_BLK_F_MQ). Default 1. */
  readonly queues?: number;
}

const FEATURES = [
  blk.F_SIZE_MAX,
  blk.F_SEG_MAX,
  blk.F_RO,
  blk.F_BLK_SIZE,
  blk.F_FLUSH,
  blk.F_CONFIG_WCE,
  blk.F_MQ,
  blk.F_DISCARD,
  blk.F_WRITE_ZEROES,
];

/** Before the device has written its status, the status byte has this value, which no device may give. */
const NO_STATUS = 0xff;

/**
 * A driver for block devices (virtio 5.2). To its user a disk is a store of bytes: it is a {@link BlockBackend} itself, and can stand
 * behind anything that takes one. Offsets and lengths are in bytes and multiples of 512. Large transfers are split as the device wants it.
 *
 * ```ts
 * await using disk = await BlockDriver.open(transport);
 * await disk.write(512, new Uint8Array(512).fill(7));
 * ```
 */
export class BlockDriver<T extends DriverTransport = DriverTransport> implements BlockBackend {
  readonly driver: VirtioDriver<T>;
  readonly readOnly: boolean;
  /** Absent where the device has no DISCARD. */
  readonly discard?: (offset: number, length: number) => Promise<void>;
  /** Absent where the device has no WRITE_ZEROES. */
  readonly writeZeroes?: (offset: number, length: number, mayUnmap: boolean) => Promise<void>;
  readonly #queues: readonly number[];
  readonly #limits: BlockLimits;
  readonly #resizeListeners = new Listeners();
  #capacity: number;
  #nextQueue = 0;

  private constructor(driver: VirtioDriver<T>, queues: readonly number[], limits: BlockLimits, capacity: number) {
    this.driver = driver;
    this.readOnly = driver.features.has(blk.F_RO);
    this.#queues = queues;
    this.#limits = limits;
    this.#capacity = capacity;
    const { discard, writeZeroes } = limits;
    if (discard) this.discard = (offset, length) => this.#changeRange(blk.T_DISCARD, offset, length, 0, discard);
    if (writeZeroes) {
      this.writeZeroes = (offset, length, mayUnmap) =>
        this.#changeRange(blk.T_WRITE_ZEROES, offset, length, mayUnmap ? blk.RANGE_F_UNMAP : 0, writeZeroes);
    }
    driver.onConfigChange(() => {
      this.#readCapacity().catch(() => {
        // The device has failed, or changes too fast; it will say so again.
      });
    });
  }

  /** @throws DriverError as {@link VirtioDriver.open}; ERR_DRIVER_DEVICE if what the device says of itself makes no sense */
  static async open<T extends DriverTransport>(transport: T, options: BlockDriverOptions = {}): Promise<BlockDriver<T>> {
    const { queues: wanted = 1, ...rest } = options;
    const driver = await VirtioDriver.open(transport, {
      ...rest,
      deviceId: blk.ID,
      features: FEATURES,
      inspect,
      queues: async (negotiated) => Math.min(wanted, await queueCount(negotiated)),
    });
    try {
      const queues = Array.from({ length: driver.queueCount }, (_, index) => driver.queue(index));
      const limits = await readLimits(driver, Math.min(...queues.map(({ size }) => size)));
      return new BlockDriver(
        driver,
        queues.map(({ index }) => index),
        limits,
        await readCapacity(driver),
      );
    } catch (error) {
      await driver.close();
      throw error;
    }
  }

  /** Bytes of the disk. */
  get size(): number {
    return this.#capacity * blk.SECTOR_SIZE;
  }

  /** Preferred unit in bytes. */
  get blockSize(): number {
    return this.#limits.blockSize;
  }

  /** Whether completed writes may be in a volatile cache until {@link flush} (5.2.5.1). */
  async isWriteBack(): Promise<boolean> {
    const { features } = this.driver;
    if (!features.has(blk.F_CONFIG_WCE)) return features.has(blk.F_FLUSH);
    const { writeback } = blk.CONFIG;
    return (await this.driver.readConfigFields({ writeback })).writeback !== 0;
  }

  /**
   * Switches the cache. What was written before becomes stable with a {@link flush} only.
   * @throws DriverError ERR_DRIVER_REQUEST if the device cannot
   */
  async setWriteBack(writeBack: boolean): Promise<void> {
    if (!this.driver.features.has(blk.F_CONFIG_WCE)) throw refused("the cache of the disk cannot be switched");
    const { offset, width } = blk.CONFIG.writeback;
    await this.driver.writeConfig(offset, width, writeBack ? 1 : 0);
  }

  async #readCapacity(): Promise<void> {
    const capacity = await readCapacity(this.driver);
    if (capacity === this.#capacity) return;
    this.#capacity = capacity;
    this.#resizeListeners.notify();
  }

  onResize(listener: () => void): () => void {
    return this.#resizeListeners.add(listener);
  }

  /**
   * @throws DriverError ERR_DRIVER_REQUEST for a span that is not on the disk or not of whole sectors, ERR_DRIVER_IO if the device reports an
   * error, ERR_DRIVER_DEVICE if its answer makes no sense
   */
  read(offset: number, target: Uint8Array): Promise<void> {
    return this.#transfer(offset, target.length, async (at, length) => {
      const data = await this.#request(blk.T_IN, offset + at, [], this.#segments(length));
      target.set(data, at);
    });
  }

  /** @throws DriverError as {@link read}; ERR_DRIVER_REQUEST on a read-only disk */
  async write(offset: number, data: Uint8Array): Promise<void> {
    this.#ensureWritable();
    await this.#transfer(offset, data.length, async (at, length) => {
      const parts: Uint8Array[] = [];
      let end = at;
      for (const segment of this.#segments(length)) {
        parts.push(data.subarray(end, end + segment));
        end += segment;
      }
      await this.#request(blk.T_OUT, offset + at, parts, []);
    });
  }

  /** Makes completed writes stable. Does nothing for a disk without a volatile cache. */
  async flush(): Promise<void> {
    if (this.driver.features.has(blk.F_FLUSH)) await this.#request(blk.T_FLUSH, 0, [], []);
  }

  /** The name of the disk, at most 20 bytes of ASCII. */
  async id(): Promise<string> {
    const bytes = await this.#request(blk.T_GET_ID, 0, [], [blk.ID_BYTES]);
    const end = bytes.indexOf(0);
    return new TextDecoder("latin1").decode(end < 0 ? bytes : bytes.subarray(0, end));
  }

  #ensureWritable(): void {
    if (this.readOnly) throw refused("the disk is read-only");
  }

  #ensureOnDisk(offset: number, length: number): void {
    const whole = offset % blk.SECTOR_SIZE === 0 && length % blk.SECTOR_SIZE === 0;
    if (!whole || offset < 0 || offset + length > this.size) {
      throw refused(`${length} bytes at ${offset} are no sectors of a disk of ${this.size} bytes`);
    }
  }

  /** Splits a transfer into requests. Settles when all of them have ended, so that the caller's bytes are not touched any more. */
  async #transfer(offset: number, length: number, move: (at: number, length: number) => Promise<void>): Promise<void> {
    this.#ensureOnDisk(offset, length);
    const moves: Promise<void>[] = [];
    for (let at = 0; at < length; at += this.#limits.requestBytes) {
      moves.push(move(at, Math.min(this.#limits.requestBytes, length - at)));
    }
    await allEnded(moves);
  }

  #segments(length: number): number[] {
    const { segmentBytes } = this.#limits;
    return Array.from({ length: Math.ceil(length / segmentBytes) }, (_, i) => Math.min(segmentBytes, length - i * segmentBytes));
  }

  async #changeRange(type: number, offset: number, length: number, flags: number, limits: RangeLimits): Promise<void> {
    this.#ensureWritable();
    this.#ensureOnDisk(offset, length);
    const ranges: Uint8Array[] = [];
    const sectors = length / blk.SECTOR_SIZE;
    for (let done = 0; done < sectors; done += limits.maxSectors) {
      ranges.push(this.#range(offset / blk.SECTOR_SIZE + done, Math.min(limits.maxSectors, sectors - done), flags));
    }
    const requests: Promise<unknown>[] = [];
    for (let i = 0; i < ranges.length; i += limits.maxRanges) {
      const part = ranges.slice(i, i + limits.maxRanges);
      requests.push(this.#request(type, 0, [Uint8Array.from(part.flatMap((range) => [...range]))], []));
    }
    await allEnded(requests);
  }

  #range(sector: number, sectors: number, flags: number): Uint8Array {
    const view = new DataView(new ArrayBuffer(blk.RANGE_SIZE));
    const little = this.driver.endian === "little";
    view.setBigUint64(0, BigInt(sector), little);
    view.setUint32(8, sectors, little);
    view.setUint32(12, flags, little);
    return new Uint8Array(view.buffer);
  }

  /**
   * Header, data and status, each in descriptors of its own, which suits every device (5.2.6.4).
   * @returns the data that the device wrote
   */
  async #request(type: number, offset: number, out: readonly Uint8Array[], into: readonly number[]): Promise<Uint8Array> {
    const view = new DataView(new ArrayBuffer(blk.HEADER_SIZE));
    const little = this.driver.endian === "little";
    view.setUint32(0, type, little);
    view.setBigUint64(8, BigInt(offset / blk.SECTOR_SIZE), little);
    const queue = this.#queues[this.#nextQueue] as number;
    this.#nextQueue = (this.#nextQueue + 1) % this.#queues.length;
    const { data, written } = await this.driver.request(queue, [new Uint8Array(view.buffer), ...out], [...into, 1], { fill: NO_STATUS });
    const status = data.at(-1);
    if (status === blk.S_IOERR) throw new DriverError("ERR_DRIVER_IO", "the disk reports an error");
    if (status === blk.S_UNSUPP) throw new DriverError("ERR_DRIVER_IO", `the disk does not support requests of type ${type}`);
    if (status !== blk.S_OK) throw new DriverError("ERR_DRIVER_DEVICE", `the disk answers with status ${status}`);
    // A legacy device may have the used length wrong (5.2.6.3).
    if (written !== data.length && this.driver.driverInterface !== "legacy") {
      throw new DriverError("ERR_DRIVER_DEVICE", `the disk says it is done, with ${written} of ${data.length} bytes written`);
    }
    return data.subarray(0, -1);
  }

  /** Brings the device back after a failure; see {@link VirtioDriver.initialize}. Requests that were under way have been rejected. */
  async recover(): Promise<void> {
    await this.driver.initialize();
    await this.#readCapacity();
  }

  /** Resets the device; see {@link VirtioDriver.close}. */
  close(): Promise<void> {
    return this.driver.close();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}

function refused(message: string): DriverError {
  return new DriverError("ERR_DRIVER_REQUEST", message);
}

/** Host-managed zones need a driver that knows zones; a disk with others can be used like any disk (5.2.5.1). */
async function inspect(offered: ReadonlyFeatureSet, driver: VirtioDriver): Promise<void> {
  if (!offered.has(blk.F_ZONED)) return;
  const { model } = blk.CONFIG;
  if ((await driver.readConfigFields({ model })).model !== blk.Z_HM) return;
  throw new DriverError("ERR_DRIVER_DEVICE_TYPE", "the disk has host-managed zones");
}

async function queueCount(driver: VirtioDriver): Promise<number> {
  if (!driver.features.has(blk.F_MQ)) return 1;
  const { num_queues } = blk.CONFIG;
  return Math.max(1, (await driver.readConfigFields({ num_queues })).num_queues);
}

async function readCapacity(driver: VirtioDriver): Promise<number> {
  const { capacity } = blk.CONFIG;
  return (await driver.readConfigFields({ capacity })).capacity;
}

/** Waits for all of them, then rejects with the first reason, if any. */
async function allEnded(promises: readonly Promise<unknown>[]): Promise<void> {
  for (const result of await Promise.allSettled(promises)) if (result.status === "rejected") throw result.reason;
}
