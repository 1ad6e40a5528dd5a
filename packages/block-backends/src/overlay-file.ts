import { type BlockBackend, HostError } from "@zarch/vmm-interface";
import { ClusterMap } from "./cluster-map.ts";
import { crc32 } from "./crc32.ts";
import { Mutex } from "./mutex.ts";
import { type ClusterStore, OverlayBackend } from "./overlay.ts";

/** A file that grows when written behind its end, as an overlay needs it. Offsets in bytes. */
export interface OverlayFile {
  /** Present length in bytes. */
  length(): Promise<number>;
  /** Fills all of `target`; rejects if the file is too short. */
  read(offset: number, target: Uint8Array): Promise<void>;
  write(offset: number, data: Uint8Array): Promise<void>;
  /** Makes every settled write survive a power failure. */
  flush(): Promise<void>;
}

/*
 * The file: a header of 4096 bytes, the map of present clusters rounded up to 4096 bytes, then the clusters, each at its
 * own fixed place, so that the file is sparse and has no offsets that could be wrong. Header, little-endian:
 *    0  "ZARCHOVL"
 *    8  version (1), 32 bits
 *   12  log2 of the cluster size, 32 bits
 *   16  size of the store in bytes, 64 bits
 *   24  CRC-32 of bytes 0 to 23, 32 bits
 *
 * A cluster's bit reaches the file only after its data is durable. So the file is valid at every moment: what was
 * flushed is there, and a cluster that was written but not flushed may show the backing store again.
 */
const HEADER_SIZE = 4096;
const PAGE = 4096;
const VERSION = 1;
/** The map is kept in memory; this bounds it, also for a hostile header. */
const MAX_MAP_BYTES = 64 << 20;
const MIN_CLUSTER_SHIFT = 9;
const MAX_CLUSTER_SHIFT = 24;

/**
 * Writes an empty overlay for `backing` into an empty file and opens it.
 * @throws HostError `ERR_ZARCH_OVERLAY_SIZE` for a store beyond 8 PiB
 */
export async function createOverlay(file: OverlayFile, backing: BlockBackend): Promise<BlockBackend> {
  let shift = 12;
  while (mapBytes(backing.size, shift) > MAX_MAP_BYTES) shift++;
  if (shift > MAX_CLUSTER_SHIFT) throw new HostError("ERR_ZARCH_OVERLAY_SIZE", `no overlay for a store of ${backing.size} bytes`);
  const header = new Uint8Array(HEADER_SIZE);
  header.set(MAGIC);
  const view = new DataView(header.buffer);
  view.setUint32(8, VERSION, true);
  view.setUint32(12, shift, true);
  view.setBigUint64(16, BigInt(backing.size), true);
  view.setUint32(24, crc32(header.subarray(0, 24)), true);
  const map = new ClusterMap(clusterCount(backing.size, shift));
  // The map before the header, so that a file with a header is complete.
  await file.write(dataStart(map) - 1, new Uint8Array(1));
  await file.flush();
  await file.write(0, header);
  await file.flush();
  return new OverlayBackend(backing, new FileClusterStore(file, map, 2 ** shift));
}

/**
 * Opens an overlay made by {@link createOverlay}.
 * @throws HostError `ERR_ZARCH_OVERLAY_FORMAT` for a file that is not an overlay, is damaged or truncated, or was made for
 *   a store of another size
 */
export async function openOverlay(file: OverlayFile, backing: BlockBackend): Promise<BlockBackend> {
  const length = await file.length();
  if (length < HEADER_SIZE) throw damaged("it is too short");
  const header = new Uint8Array(HEADER_SIZE);
  await file.read(0, header);
  const view = new DataView(header.buffer);
  if (MAGIC.some((byte, index) => header[index] !== byte)) throw damaged("it does not begin as one");
  if (view.getUint32(24, true) !== crc32(header.subarray(0, 24))) throw damaged("its header is damaged");
  const version = view.getUint32(8, true);
  if (version !== VERSION) throw damaged(`it has version ${version}`);
  const shift = view.getUint32(12, true);
  const size = Number(view.getBigUint64(16, true));
  if (shift < MIN_CLUSTER_SHIFT || shift > MAX_CLUSTER_SHIFT) throw damaged("its header makes no sense");
  if (size !== backing.size) throw damaged(`it was made for a store of ${size} bytes, not ${backing.size}`);
  if (mapBytes(size, shift) > MAX_MAP_BYTES) throw damaged("its map is too large");
  const map = new ClusterMap(clusterCount(size, shift));
  if (length < dataStart(map)) throw damaged("it is truncated");
  await file.read(HEADER_SIZE, map.bits);
  const last = map.last();
  if (last >= map.count) throw damaged("its map names clusters behind the end of the store");
  if (last >= 0 && length < dataStart(map) + Math.min(size, (last + 1) * 2 ** shift)) throw damaged("it is truncated");
  return new OverlayBackend(backing, new FileClusterStore(file, map, 2 ** shift));
}

class FileClusterStore implements ClusterStore {
  readonly map: ClusterMap;
  readonly clusterSize: number;
  readonly #file: OverlayFile;
  readonly #dataStart: number;
  /** Pages of the map with bits that are not in the file. */
  readonly #dirtyPages = new Set<number>();
  readonly #flushing = new Mutex();

  constructor(file: OverlayFile, map: ClusterMap, clusterSize: number) {
    this.#file = file;
    this.map = map;
    this.clusterSize = clusterSize;
    this.#dataStart = dataStart(map);
  }

  read(offset: number, target: Uint8Array): Promise<void> {
    return this.#file.read(this.#dataStart + offset, target);
  }

  write(offset: number, data: Uint8Array): Promise<void> {
    return this.#file.write(this.#dataStart + offset, data);
  }

  added(first: number, end: number): void {
    for (let page = Math.floor(first / (PAGE * 8)); page * PAGE * 8 < end; page++) this.#dirtyPages.add(page);
  }

  /** One flush at a time: an older copy of a page must not be written after a newer one. */
  flush(): Promise<void> {
    return this.#flushing.run(async () => {
      // Copies from before the first flush: bits that are set later may be of data that is not durable yet.
      const pages = [...this.#dirtyPages].map((page) => ({ page, bits: this.map.bits.slice(page * PAGE, (page + 1) * PAGE) }));
      this.#dirtyPages.clear();
      try {
        await this.#file.flush();
        if (pages.length === 0) return;
        for (const { page, bits } of pages) await this.#file.write(HEADER_SIZE + page * PAGE, bits);
        await this.#file.flush();
      } catch (error) {
        for (const { page } of pages) this.#dirtyPages.add(page);
        throw error;
      }
    });
  }
}

function clusterCount(size: number, shift: number): number {
  return Math.ceil(size / 2 ** shift);
}

function mapBytes(size: number, shift: number): number {
  return Math.ceil(clusterCount(size, shift) / 8);
}

function dataStart(map: ClusterMap): number {
  return HEADER_SIZE + Math.ceil(map.bits.length / PAGE) * PAGE;
}

function damaged(reason: string): HostError {
  return new HostError("ERR_ZARCH_OVERLAY_FORMAT", `the overlay cannot be used: ${reason}`);
}

const MAGIC = new TextEncoder().encode("ZARCHOVL");
