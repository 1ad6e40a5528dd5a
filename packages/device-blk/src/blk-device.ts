import { type ActiveDevice, type DeviceContext, FeatureSet, type ReadonlyFeatureSet, StateReader, type VirtioDevice } from "@zarch/virtio";
import { blk } from "@zarch/virtio/device-types";
import { type BlockBackend, HostError } from "@zarch/vmm-interface";
import { ActiveBlk } from "./active-blk.ts";
import { type BlkConfig, blkConfig, MAX_RANGE_SECTORS, MAX_RANGES } from "./config.ts";
import { Executor } from "./executor.ts";

export interface BlkDeviceOptions {
  readonly backend: BlockBackend;
  /** Refuse writes even if the backend would take them. Default: as the backend. */
  readonly readOnly?: boolean;
  /** Device ID string; its first 20 bytes of UTF-8 are shown. Default: the identity of the backend, else empty. */
  readonly identity?: string;
  /** Number of request queues, 1 to 64. Default 1. */
  readonly queues?: number;
  /** Largest size of each queue in entries, one of {@link BLK_QUEUE_SIZES}. Default 256. */
  readonly queueSize?: number;
  /**
   * Whether a volatile write cache is there at first: writes are then stable after a flush only. Default true. A driver with
   * VIRTIO_BLK_F_CONFIG_WCE can change it.
   */
  readonly writeCache?: boolean;
  /** Most requests in work at a time, over all queues; the others wait in their queues. Default 64. */
  readonly maxInFlight?: number;
  /** log2 of the number of logical blocks per physical block. Default 0. */
  readonly physicalBlockExponent?: number;
  /** What the disk says of its cylinders, heads and sectors. Default: 255 heads, 63 sectors, as SCSI disks have it. */
  readonly geometry?: { readonly cylinders: number; readonly heads: number; readonly sectors: number };
}

/** Sizes that the queues of a {@link BlkDevice} can have, in entries. */
export const BLK_QUEUE_SIZES: readonly number[] = [4, 8, 16, 32, 64, 128, 256, 512, 1024];

/** Descriptors of a request that hold no data: header and status. */
const FRAMING_DESCRIPTORS = 2;

/** A virtio block device (virtio 5.2) over a {@link BlockBackend}. */
export class BlkDevice implements VirtioDevice {
  readonly deviceId = blk.ID;
  readonly features: ReadonlyFeatureSet;
  readonly featureDependencies = blk.FEATURE_DEPENDENCIES;
  readonly queueReset = true;
  readonly queueMaxSizes: readonly number[];
  readonly config: BlkConfig;
  readonly #backend: BlockBackend;
  readonly #readOnly: boolean;
  readonly #identity: Uint8Array;
  readonly #writeCache: boolean;
  readonly #maxInFlight: number;
  readonly #stopResize: (() => void) | undefined;

  /** @throws HostError for unsuitable options or a backend whose size is no multiple of 512 bytes */
  constructor(options: BlkDeviceOptions) {
    const { backend, queues = 1, queueSize = 256 } = options;
    if (!Number.isInteger(queues) || queues < 1 || queues > 64) throw new HostError("ERR_BLK_OPTIONS", `${queues} queues`);
    if (!BLK_QUEUE_SIZES.includes(queueSize)) throw new HostError("ERR_BLK_OPTIONS", `queue size ${queueSize}`);
    if (!Number.isSafeInteger(backend.size) || backend.size < 0 || backend.size % blk.SECTOR_SIZE !== 0) {
      throw new HostError("ERR_BLK_SIZE", `a disk of ${backend.size} bytes is no multiple of ${blk.SECTOR_SIZE}`);
    }
    this.#backend = backend;
    this.#readOnly = options.readOnly === true || backend.readOnly;
    this.#identity = new TextEncoder().encode(options.identity ?? backend.identity ?? "").subarray(0, blk.ID_BYTES);
    this.#writeCache = options.writeCache ?? true;
    this.#maxInFlight = Math.max(1, Math.floor(options.maxInFlight ?? 64));
    this.queueMaxSizes = new Array<number>(queues).fill(queueSize);

    const features = new FeatureSet([blk.F_SEG_MAX, blk.F_GEOMETRY, blk.F_BLK_SIZE, blk.F_FLUSH, blk.F_TOPOLOGY, blk.F_CONFIG_WCE]);
    if (queues > 1) features.add(blk.F_MQ);
    if (this.#readOnly) features.add(blk.F_RO);
    else {
      features.add(blk.F_WRITE_ZEROES);
      if (backend.discard) features.add(blk.F_DISCARD);
    }
    this.features = features;

    const blockSize = backend.blockSize ?? blk.SECTOR_SIZE;
    const { cylinders, heads, sectors } = options.geometry ?? scsiGeometry(backend.size);
    this.config = blkConfig();
    this.config.set({
      capacity: backend.size / blk.SECTOR_SIZE,
      seg_max: queueSize - FRAMING_DESCRIPTORS,
      cylinders,
      heads,
      sectors,
      blk_size: blockSize,
      physical_block_exp: options.physicalBlockExponent ?? 0,
      min_io_size: 1,
      num_queues: queues,
      ...(features.has(blk.F_DISCARD)
        ? {
            max_discard_sectors: MAX_RANGE_SECTORS,
            max_discard_seg: MAX_RANGES,
            discard_sector_alignment: blockSize / blk.SECTOR_SIZE,
          }
        : {}),
      ...(features.has(blk.F_WRITE_ZEROES)
        ? {
            max_write_zeroes_sectors: MAX_RANGE_SECTORS,
            max_write_zeroes_seg: MAX_RANGES,
            write_zeroes_may_unmap: backend.writeZeroes ? 1 : 0,
          }
        : {}),
    });
    this.reset();
    this.#stopResize = backend.onResize?.(() => this.config.set({ capacity: Math.floor(backend.size / blk.SECTOR_SIZE) }));
  }

  reset(): void {
    this.config.set({ writeback: this.#writeCache ? 1 : 0 });
  }

  /** What the driver chose. All else is told by the backend and the options. */
  save(): unknown {
    return { writeback: this.config.get("writeback") };
  }

  restore(state: unknown): void {
    this.config.set({ writeback: new StateReader(state, "block device").integer("writeback", 0, 255) });
  }

  negotiated(features: ReadonlyFeatureSet, legacy: boolean): void {
    // 5.2.5.2. For a legacy driver, who may have written the field before, the mode stays (5.2.5.3).
    if (!legacy && features.has(blk.F_CONFIG_WCE) && !features.has(blk.F_FLUSH)) this.config.set({ writeback: 0 });
  }

  /** Whether a completed write may still be in a volatile cache (5.2.6.2). */
  #isWriteback(features: ReadonlyFeatureSet): boolean {
    if (features.has(blk.F_CONFIG_WCE)) return this.config.get("writeback") !== 0;
    // A driver that cannot flush is to find its completed writes stable.
    return features.has(blk.F_FLUSH) && this.#writeCache;
  }

  activate(context: DeviceContext): ActiveDevice {
    const { features } = context;
    const executor = new Executor(this.#backend, this.#identity, () => this.#isWriteback(features));
    const backend = this.#backend;
    const readOnly = this.#readOnly;
    const limits = {
      get size(): number {
        return Math.floor(backend.size / blk.SECTOR_SIZE) * blk.SECTOR_SIZE;
      },
      readOnly,
      discard: features.has(blk.F_DISCARD),
      writeZeroes: features.has(blk.F_WRITE_ZEROES),
    };
    return new ActiveBlk(context, executor, limits, this.#maxInFlight);
  }

  /** Lets go of the backend, which is not closed. For a device that was unplugged. */
  close(): void {
    this.#stopResize?.();
  }
}

function scsiGeometry(size: number): { cylinders: number; heads: number; sectors: number } {
  const heads = 255;
  const sectors = 63;
  return { cylinders: Math.min(0xffff, Math.floor(size / blk.SECTOR_SIZE / heads / sectors)), heads, sectors };
}
