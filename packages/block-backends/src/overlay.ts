import { type BlockBackend, HostError } from "@zarch/vmm-interface";
import { ClusterMap } from "./cluster-map.ts";
import { Mutex } from "./mutex.ts";
import { checkSpan } from "./span.ts";

/** Where an overlay keeps the clusters that differ from the backing store. Offsets are those of the overlay, in bytes. */
export interface ClusterStore {
  readonly map: ClusterMap;
  /** Bytes in a cluster, a power of two. */
  readonly clusterSize: number;
  read(offset: number, target: Uint8Array): Promise<void>;
  write(offset: number, data: Uint8Array): Promise<void>;
  /** Notes that clusters have become present, after their data was written. */
  added(first: number, end: number): void;
  flush(): Promise<void>;
}

/**
 * Copy on write over another backend: changes go to a {@link ClusterStore}, and the backing store is only read. The first
 * change of a part of a cluster copies the rest of it.
 */
export class OverlayBackend implements BlockBackend {
  readonly size: number;
  readonly readOnly = false;
  readonly identity?: string;
  readonly blockSize?: number;
  readonly #backing: BlockBackend;
  readonly #store: ClusterStore;
  /** Held while absent clusters become present, so that a copy from the backing store never covers newer data. */
  readonly #allocation = new Mutex();

  constructor(backing: BlockBackend, store: ClusterStore) {
    this.#backing = backing;
    this.#store = store;
    this.size = backing.size;
    if (backing.identity !== undefined) this.identity = backing.identity;
    if (backing.blockSize !== undefined) this.blockSize = backing.blockSize;
  }

  async read(offset: number, target: Uint8Array): Promise<void> {
    checkSpan(this, offset, target.length, false);
    const { map, clusterSize } = this.#store;
    const end = offset + target.length;
    const lastCluster = Math.ceil(end / clusterSize);
    const parts: Promise<void>[] = [];
    for (let at = offset; at < end; ) {
      const cluster = Math.floor(at / clusterSize);
      const stop = Math.min(end, map.runEnd(cluster, lastCluster) * clusterSize);
      const part = target.subarray(at - offset, stop - offset);
      parts.push(map.has(cluster) ? this.#store.read(at, part) : this.#backing.read(at, part));
      at = stop;
    }
    await settleAll(parts);
  }

  async write(offset: number, data: Uint8Array): Promise<void> {
    checkSpan(this, offset, data.length, true);
    if (data.length === 0) return;
    const { map, clusterSize } = this.#store;
    const first = Math.floor(offset / clusterSize);
    const end = Math.ceil((offset + data.length) / clusterSize);
    const complete = () => map.has(first) && map.runEnd(first, end) === end;
    if (complete()) return this.#store.write(offset, data);
    await this.#allocation.run(async () => {
      // The two ends of the span may be parts of clusters whose other parts must come from the backing store.
      const start = map.has(first) ? offset : first * clusterSize;
      const stop = map.has(end - 1) ? offset + data.length : Math.min(this.size, end * clusterSize);
      let whole = data;
      if (start !== offset || stop !== offset + data.length) {
        whole = new Uint8Array(stop - start);
        const behind = offset + data.length;
        await settleAll([
          this.#readBacking(start, whole.subarray(0, offset - start)),
          this.#readBacking(behind, whole.subarray(behind - start)),
        ]);
        whole.set(data, offset - start);
      }
      await this.#store.write(start, whole);
      for (let cluster = first; cluster < end; cluster++) map.add(cluster);
      this.#store.added(first, end);
    });
  }

  flush(): Promise<void> {
    return this.#store.flush();
  }

  async writeZeroes(offset: number, length: number): Promise<void> {
    checkSpan(this, offset, length, true);
    const zeroes = new Uint8Array(Math.min(length, ZEROES));
    for (let at = offset; at < offset + length; at += ZEROES) {
      await this.write(at, zeroes.subarray(0, Math.min(ZEROES, offset + length - at)));
    }
  }

  #readBacking(offset: number, target: Uint8Array): Promise<void> {
    return target.length === 0 ? Promise.resolve() : this.#backing.read(offset, target);
  }
}

/** Waits for all, and only then fails if one has failed, so that nobody writes to a buffer of a call that has ended. */
async function settleAll(parts: readonly Promise<void>[]): Promise<void> {
  for (const result of await Promise.allSettled(parts)) {
    if (result.status === "rejected") throw result.reason;
  }
}

/** An overlay in memory: changes are lost with the process, and cost as much memory as the clusters that they touch. */
export function memoryOverlay(backing: BlockBackend): BlockBackend {
  return new OverlayBackend(backing, new MemoryClusterStore(backing.size));
}

class MemoryClusterStore implements ClusterStore {
  readonly clusterSize = 4096;
  readonly map: ClusterMap;
  readonly #clusters = new Map<number, Uint8Array>();

  constructor(size: number) {
    this.map = new ClusterMap(Math.ceil(size / this.clusterSize));
  }

  async read(offset: number, target: Uint8Array): Promise<void> {
    this.#each(offset, target.length, (cluster, from, at, length) => {
      target.set(cluster.subarray(from, from + length), at);
    });
  }

  async write(offset: number, data: Uint8Array): Promise<void> {
    this.#each(offset, data.length, (cluster, from, at, length) => {
      cluster.set(data.subarray(at, at + length), from);
    });
  }

  added(): void {}

  async flush(): Promise<void> {}

  #each(offset: number, length: number, use: (cluster: Uint8Array, from: number, at: number, length: number) => void): void {
    for (let at = 0; at < length; ) {
      const index = Math.floor((offset + at) / this.clusterSize);
      const from = (offset + at) % this.clusterSize;
      const part = Math.min(this.clusterSize - from, length - at);
      let cluster = this.#clusters.get(index);
      if (cluster === undefined) {
        try {
          cluster = new Uint8Array(this.clusterSize);
        } catch (cause) {
          throw new HostError("ERR_ZARCH_BLOCK_MEMORY", "no memory for another cluster of an overlay", { cause });
        }
        this.#clusters.set(index, cluster);
      }
      use(cluster, from, at, part);
      at += part;
    }
  }
}

const ZEROES = 1 << 20;
