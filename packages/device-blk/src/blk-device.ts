import { type ActiveDevice, type DeviceContext, FeatureSet, type ReadonlyFeatureSet, type VirtioDevice } from "@zarch/virtio";
import { type BlockBackend, HostError } from "@zarch/vmm-interface";
import { ActiveBlk } from "./active-blk.ts";
import {
  BLK_F_BLK_SIZE,
  BLK_F_CONFIG_WCE,
  BLK_F_DISCARD,
  BLK_F_FLUSH,
  BLK_F_GEOMETRY,
  BLK_F_MQ,
  BLK_F_RO,
  BLK_F_SEG_MAX,
  BLK_F_TOPOLOGY,
  BLK_F_WRITE_ZEROES,
  type BlkConfig,
  blkConfig,
  MAX_RANGE_SECTORS,
  MAX_RANGES,
  SECTOR_SIZE,
} from "./config.ts";
import { Executor, ID_SIZE } from "./executor.ts";

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

/** VIRTIO device ID 2 (virtio section 5). */
const DEVICE_ID_BLOCK = 2;

/** Descriptors of a request that hold no data: header and status. */
const FRAMING_DESCRIPTORS = 2;

/** A virtio block device (virtio 5.2) over a {@link BlockBackend}. */
export class BlkDevice implements VirtioDevice {
  readonly deviceId = DEVICE_ID_BLOCK;
  readonly features: ReadonlyFeatureSet;
  readonly featureDependencies = [{ feature: BLK_F_CONFIG_WCE, anyOf: [BLK_F_FLUSH], offerOnly: true }];
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
    if (!Number.isSafeInteger(backend.size) || backend.size < 0 || backend.size % SECTOR_SIZE !== 0) {
      throw new HostError("ERR_BLK_SIZE", `a disk of ${backend.size} bytes is no multiple of ${SECTOR_SIZE}`);
    }
    this.#backend = backend;
    this.#readOnly = options.readOnly === true || backend.readOnly;
    this.#identity = new TextEncoder().encode(options.identity ?? backend.identity ?? "").subarray(0, ID_SIZE);
    this.#writeCache = options.writeCache ?? true;
    this.#maxInFlight = Math.max(1, Math.floor(options.maxInFlight ?? 64));
    this.queueMaxSizes = new Array<number>(queues).fill(queueSize);

    const features = new FeatureSet([BLK_F_SEG_MAX, BLK_F_GEOMETRY, BLK_F_BLK_SIZE, BLK_F_FLUSH, BLK_F_TOPOLOGY, BLK_F_CONFIG_WCE]);
    if (queues > 1) features.add(BLK_F_MQ);
    if (this.#readOnly) features.add(BLK_F_RO);
    else {
      features.add(BLK_F_WRITE_ZEROES);
      if (backend.discard) features.add(BLK_F_DISCARD);
    }
    this.features = features;

    const blockSize = backend.blockSize ?? SECTOR_SIZE;
    const { cylinders, heads, sectors } = options.geometry ?? scsiGeometry(backend.size);
    this.config = blkConfig();
    this.config.set({
      capacity: backend.size / SECTOR_SIZE,
      seg_max: queueSize - FRAMING_DESCRIPTORS,
      cylinders,
      heads,
      sectors,
      blk_size: blockSize,
      physical_block_exp: options.physicalBlockExponent ?? 0,
      min_io_size: 1,
      num_queues: queues,
      ...(features.has(BLK_F_DISCARD)
        ? {
            max_discard_sectors: MAX_RANGE_SECTORS,
            max_discard_seg: MAX_RANGES,
            discard_sector_alignment: blockSize / SECTOR_SIZE,
          }
        : {}),
      ...(features.has(BLK_F_WRITE_ZEROES)
        ? {
            max_write_zeroes_sectors: MAX_RANGE_SECTORS,
            max_write_zeroes_seg: MAX_RANGES,
            write_zeroes_may_unmap: backend.writeZeroes ? 1 : 0,
          }
        : {}),
    });
    this.reset();
    this.#stopResize = backend.onResize?.(() => this.config.set({ capacity: Math.floor(backend.size / SECTOR_SIZE) }));
  }

  reset(): void {
    this.config.set({ writeback: this.#writeCache ? 1 : 0 });
  }

  negotiated(features: ReadonlyFeatureSet, legacy: boolean): void {
    // 5.2.5.2. For a legacy driver, who may have written the field before, the mode stays (5.2.5.3).
    if (!legacy && features.has(BLK_F_CONFIG_WCE) && !features.has(BLK_F_FLUSH)) this.config.set({ writeback: 0 });
  }

  /** Whether a completed write may still be in a volatile cache (5.2.6.2). */
  #isWriteback(features: ReadonlyFeatureSet): boolean {
    if (features.has(BLK_F_CONFIG_WCE)) return this.config.get("writeback") !== 0;
    // A driver that cannot flush is to find its completed writes stable.
    return features.has(BLK_F_FLUSH) && this.#writeCache;
  }

  activate(context: DeviceContext): ActiveDevice {
    const { features } = context;
    const executor = new Executor(this.#backend, this.#identity, () => this.#isWriteback(features));
    const backend = this.#backend;
    const readOnly = this.#readOnly;
    const limits = {
      get size(): number {
        return Math.floor(backend.size / SECTOR_SIZE) * SECTOR_SIZE;
      },
      readOnly,
      discard: features.has(BLK_F_DISCARD),
      writeZeroes: features.has(BLK_F_WRITE_ZEROES),
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
  return { cylinders: Math.min(0xffff, Math.floor(size / SECTOR_SIZE / heads / sectors)), heads, sectors };
}
