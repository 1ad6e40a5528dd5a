import { type Endian, FlatMemory, type GuestMemory } from "@zarch/guest-memory";
import { HostError, type Logger } from "@zarch/vmm-interface";
import {
  availableRingSize,
  type BufferSpan,
  createDriverVirtqueue,
  type DriverVirtqueue,
  descriptorTableSize,
  EVENT_SUPPRESSION_SIZE,
  legacyAreas,
  legacyRingSize,
  usedRingSize,
  type VirtqueueAreas,
} from "@zarch/vring";
import { BufferPool } from "./buffer-pool.ts";
import type { TransportInterrupts, VirtioDevice } from "./device.ts";
import { F_EVENT_IDX, F_IN_ORDER, F_INDIRECT_DESC, F_RING_PACKED, FeatureSet, type ReadonlyFeatureSet } from "./features.ts";
import { type DriverInterface, VirtioFrontend } from "./frontend.ts";
import { STATUS_ACKNOWLEDGE, STATUS_DRIVER, STATUS_DRIVER_OK, STATUS_FEATURES_OK } from "./status.ts";

export interface DirectDriverOptions {
  /** Memory for rings and buffers, all of it used. Default: 4 MiB of new memory. */
  readonly memory?: GuestMemory;
  /** Default `"modern"`. */
  readonly driverInterface?: DriverInterface;
  /** Byte order of the legacy interface. Default `"big"`. */
  readonly legacyEndian?: Endian;
  /** Chooses among the offered features. Default: all of them. */
  readonly selectFeatures?: (offered: ReadonlyFeatureSet) => Iterable<number>;
  /** Most entries per queue. Default: what the device allows, up to 256. */
  readonly queueSize?: number;
  /** Feature bits that the frontend offers beyond the usual ones. */
  readonly extraFeatures?: Iterable<number>;
  readonly onConfigChange?: () => void;
  readonly logger?: Logger;
}

/** What the device answered. */
export interface DirectAnswer {
  /** Bytes that the device reports to have written. */
  readonly written: number;
  /** A copy of the device-writable part: as many bytes as were asked for. */
  readonly data: Uint8Array;
}

interface Waiting {
  readonly out: readonly Uint8Array[];
  readonly into: readonly number[];
  readonly resolve: (answer: DirectAnswer) => void;
}

interface Posted {
  readonly spans: readonly BufferSpan[];
  readonly into: readonly BufferSpan[];
  readonly resolve: (answer: DirectAnswer) => void;
}

interface DriverQueue {
  readonly ring: DriverVirtqueue<Posted>;
  readonly waiting: Waiting[];
}

const MAX_PARTS = 64;

/**
 * A virtio driver in the same process: brings a device up without any bus, guest or CPU, and sends it requests. For tests, and for everyone
 * who wants a virtio device as a plain object.
 *
 * ```ts
 * const driver = new DirectDriver(device);
 * const { data } = await driver.request(0, [header], [512, 1]);
 * ```
 */
export class DirectDriver {
  readonly frontend: VirtioFrontend;
  readonly memory: GuestMemory;
  readonly driverInterface: DriverInterface;
  /** Byte order of messages and configuration. */
  readonly endian: Endian;
  /** Number of configuration change notifications so far. */
  configChanges = 0;
  /** Number of used buffer notifications so far, by queue. */
  readonly interrupts: number[];
  readonly #options: DirectDriverOptions;
  readonly #legacyEndian: Endian;
  #pool: BufferPool;
  /** By index; undefined where the device has none. */
  #queues: (DriverQueue | undefined)[] = [];

  /** Takes the device through initialization up to DRIVER_OK (virtio 3.1.1). Throws HostError if it refuses. */
  constructor(device: VirtioDevice, options: DirectDriverOptions = {}) {
    this.#options = options;
    this.memory = options.memory ?? new FlatMemory(4 << 20);
    this.driverInterface = options.driverInterface ?? "modern";
    this.#legacyEndian = options.legacyEndian ?? "big";
    this.endian = this.driverInterface === "legacy" ? this.#legacyEndian : "little";
    this.interrupts = device.queueMaxSizes.map(() => 0);
    const interrupts: TransportInterrupts = {
      queueInterrupt: (index) => {
        this.interrupts[index] = (this.interrupts[index] ?? 0) + 1;
        this.#collect(index);
      },
      configInterrupt: () => {
        this.configChanges++;
        options.onConfigChange?.();
      },
    };
    this.frontend = new VirtioFrontend(device, {
      memory: this.memory,
      interrupts,
      personality: "transitional",
      legacyEndian: this.#legacyEndian,
      ...(options.extraFeatures ? { extraFeatures: options.extraFeatures } : {}),
      ...(options.logger ? { logger: options.logger } : {}),
    });
    this.#pool = this.#newPool();
    this.start();
  }

  #newPool(): BufferPool {
    return new BufferPool(0, this.memory.size);
  }

  /** Initialises the device anew, after {@link reset}. */
  start(): void {
    const { frontend } = this;
    const ok = (done: boolean, what: string): void => {
      if (!done) throw new HostError("ERR_VIRTIO_DRIVER", `the device refuses ${what}`);
    };
    ok(frontend.useInterface(this.driverInterface), `the ${this.driverInterface} interface`);
    ok(frontend.writeStatus(STATUS_ACKNOWLEDGE), "ACKNOWLEDGE");
    ok(frontend.writeStatus(STATUS_ACKNOWLEDGE | STATUS_DRIVER), "DRIVER");
    const offered = new FeatureSet();
    for (let word = 0; word < 4; word++) offered.setWord(word, frontend.deviceFeatures(word));
    const features = new FeatureSet(this.#options.selectFeatures?.(offered) ?? offered);
    for (let word = 0; word < 4; word++) ok(frontend.setDriverFeatures(word, features.word(word)), "features");
    let status = STATUS_ACKNOWLEDGE | STATUS_DRIVER;
    if (this.driverInterface === "modern") {
      status |= STATUS_FEATURES_OK;
      ok(frontend.writeStatus(status), "FEATURES_OK");
    }
    this.#pool = this.#newPool();
    this.#queues = this.interrupts.map((_, index) => {
      if (frontend.queueMaxSize(index) === 0) return undefined;
      const ring = this.#setUpQueue(index, features);
      ok(frontend.setUpQueue(index, { size: ring.size, areas: ring.areas }), `queue ${index}`);
      return { ring: ring.ring, waiting: [] };
    });
    ok(frontend.writeStatus(status | STATUS_DRIVER_OK), "DRIVER_OK");
  }

  #setUpQueue(index: number, features: ReadonlyFeatureSet): { ring: DriverVirtqueue<Posted>; size: number; areas: VirtqueueAreas } {
    const size = Math.min(this.frontend.queueMaxSize(index), this.#options.queueSize ?? 256);
    const format = features.has(F_RING_PACKED) ? "packed" : "split";
    let areas: VirtqueueAreas;
    if (this.driverInterface === "legacy") {
      areas = legacyAreas(this.#take(legacyRingSize(size, 4096), 4096), size, 4096);
    } else {
      const packed = format === "packed";
      areas = {
        descriptor: this.#take(descriptorTableSize(size), 16),
        driver: this.#take(packed ? EVENT_SUPPRESSION_SIZE : availableRingSize(size), 4),
        device: this.#take(packed ? EVENT_SUPPRESSION_SIZE : usedRingSize(size), 4),
      };
    }
    const indirect = features.has(F_INDIRECT_DESC);
    const ring = createDriverVirtqueue<Posted>(this.memory, {
      format,
      size,
      areas,
      endian: this.endian,
      indirect,
      eventIndex: features.has(F_EVENT_IDX),
      inOrder: features.has(F_IN_ORDER),
      ...(indirect ? { indirectTables: { address: this.#take(16 * 16 * size, 16), entries: 16 } } : {}),
    });
    return { ring, size, areas };
  }

  #take(length: number, align: number): number {
    const address = this.#pool.take(length, align);
    if (address === undefined) throw new HostError("ERR_VIRTIO_DRIVER", "too little memory for the rings");
    return address;
  }

  #queue(index: number): DriverQueue {
    const queue = this.#queues[index];
    if (!queue) throw new HostError("ERR_VIRTIO_DRIVER", `there is no queue ${index}`);
    return queue;
  }

  /** The ring of a queue, for those who want to do it themselves. */
  ring(index: number): DriverVirtqueue<unknown> {
    return this.#queue(index).ring;
  }

  /**
   * Sends one buffer and waits for its return. Waits for room, too. A request that a reset or a failure of the device ends never returns.
   * @param out what the device reads, each element in a descriptor of its own
   * @param into sizes in bytes of what the device writes, each in a descriptor of its own
   */
  request(index: number, out: readonly Uint8Array[], into: readonly number[] = []): Promise<DirectAnswer> {
    const queue = this.#queue(index);
    if (out.length + into.length > MAX_PARTS) throw new HostError("ERR_VIRTIO_DRIVER", `a request of more than ${MAX_PARTS} parts`);
    return new Promise((resolve) => {
      queue.waiting.push({ out, into, resolve });
      this.#submit(index, queue);
    });
  }

  #submit(index: number, queue: DriverQueue): void {
    for (let next = queue.waiting[0]; next; next = queue.waiting[0]) {
      if (!this.#post(queue.ring, next)) break;
      queue.waiting.shift();
    }
    if (queue.ring.kickPrepare()) this.frontend.notify(index);
  }

  #post(ring: DriverVirtqueue<Posted>, { out, into, resolve }: Waiting): boolean {
    const spans: BufferSpan[] = [];
    for (const length of [...out.map((bytes) => bytes.length), ...into]) {
      const address = this.#pool.take(length);
      if (address === undefined) {
        this.#release(spans);
        return false;
      }
      spans.push({ address, length });
    }
    for (const [i, bytes] of out.entries()) this.memory.write((spans[i] as BufferSpan).address, bytes);
    const writable = spans.slice(out.length);
    if (ring.add(spans.slice(0, out.length), writable, { spans, into: writable, resolve })) return true;
    this.#release(spans);
    return false;
  }

  #release(spans: readonly BufferSpan[]): void {
    for (const { address, length } of spans) this.#pool.give(address, length);
  }

  #collect(index: number): void {
    const queue = this.#queue(index);
    do {
      for (let used = queue.ring.getBuf(); used; used = queue.ring.getBuf()) {
        const { spans, into, resolve } = used.token;
        const data = new Uint8Array(into.reduce((sum, { length }) => sum + length, 0));
        let at = 0;
        for (const { address, length } of into) {
          this.memory.read(address, data.subarray(at, at + length));
          at += length;
        }
        this.#release(spans);
        resolve({ written: used.written, data });
      }
    } while (!queue.ring.enableCallbacks());
    if (queue.waiting.length > 0) this.#submit(index, queue);
  }

  /** Reads configuration bytes. */
  readConfig(offset: number, length: number): DataView {
    const bytes = new Uint8Array(length);
    this.frontend.readConfig(offset, bytes);
    return new DataView(bytes.buffer);
  }

  /** Resets the device and waits until that is complete. */
  async reset(): Promise<void> {
    await this.frontend.reset();
  }
}
