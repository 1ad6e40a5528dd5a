import { GCProfiler } from "node:v8";
import { FlatMemory, type GuestMemory, ReversedMemory } from "../../packages/guest-memory/src/index.ts";
import { createDeviceVirtqueue, type DeviceVirtqueue, type VirtqueueFormat } from "../../packages/vring/src/index.ts";
import { areas, BarePackedDriver, BareSplitDriver, batchSize, memorySize, queueSize } from "./ring-driver.ts";
import { median } from "./statistics.ts";

export type MemoryLayout = "flat" | "reversed";

/** Nanoseconds a chain in the device and in the driver: medians over batches, in which a collection does not show. */
export interface ChainTimes {
  readonly device: number;
  readonly driver: number;
}

/** What the collector has to do with what the device allocates; for a million chains. */
export interface HeapUse {
  /** Bytes by which the heap grew between two full collections. */
  readonly growth: number;
  readonly scavenges: number;
  /** Bytes that survived a scavenge: median. */
  readonly survivors: number;
  /** Nanoseconds a chain in all scavenges. */
  readonly time: number;
}

function createMemory(layout: MemoryLayout): GuestMemory {
  if (layout === "flat") return new FlatMemory(memorySize);
  // Like the memory of a CPU: in the middle of a larger buffer.
  return new ReversedMemory(new ArrayBuffer(memorySize + 0x1000), memorySize + 7, memorySize);
}

/** The measured work: everything that a device does for a batch but the request itself. Returns a checksum of the headers. */
function serve(queue: DeviceVirtqueue): number {
  let sum = 0;
  for (let chain = queue.pop(); chain; chain = queue.pop()) {
    const { readable, writable } = chain;
    sum += readable.readUint32("little") + readable.readUint32("little") + readable.readUint64("little");
    writable.writeUint8(0);
    queue.push(chain, 1);
  }
  queue.flush();
  return sum;
}

/** A ring with a driver that offers batches for ever, and a device that serves them. */
export class ServedRing {
  readonly #driver: BarePackedDriver | BareSplitDriver;
  readonly #queue: DeviceVirtqueue;
  #sum = 0;
  #expected = 0;
  #served = 0;

  constructor(format: VirtqueueFormat, layout: MemoryLayout) {
    const memory = createMemory(layout);
    this.#driver = format === "packed" ? new BarePackedDriver(memory) : new BareSplitDriver(memory);
    this.#queue = createDeviceVirtqueue(memory, { format, size: queueSize, areas, endian: "little", eventIndex: true });
  }

  /** The clock is read around each part of a batch; what reading it takes counts. */
  run(batches: number): ChainTimes {
    const inDevice = new Float64Array(batches);
    const inDriver = new Float64Array(batches);
    for (let i = 0; i < batches; i++) {
      const started = performance.now();
      this.#driver.offer();
      const before = performance.now();
      this.#sum += serve(this.#queue);
      const after = performance.now();
      this.#driver.take();
      inDevice[i] = after - before;
      inDriver[i] = before - started + performance.now() - after;
    }
    for (const end = this.#served + batches * batchSize; this.#served < end; this.#served++)
      this.#expected += 1 + (this.#served % 64) + this.#served;
    if (this.#sum !== this.#expected) throw new Error("the device read wrong headers");
    const perChain = 1e6 / batchSize;
    return { device: median([...inDevice]) * perChain, driver: median([...inDriver]) * perChain };
  }
}

export function measureDevice(format: VirtqueueFormat, layout: MemoryLayout, batches: number): ChainTimes {
  const ring = new ServedRing(format, layout);
  // V8 optimises.
  ring.run(20_000);
  return ring.run(batches);
}

/** @param collect a full collection */
export function measureHeap(format: VirtqueueFormat, layout: MemoryLayout, collect: () => void): HeapUse {
  const ring = new ServedRing(format, layout);
  const batches = 1e6 / batchSize;
  const heapUsed = (): number => {
    // Twice: what the first one has found to be dead may have held something.
    collect();
    collect();
    return process.memoryUsage().heapUsed;
  };
  const grow = (): number => {
    const before = heapUsed();
    ring.run(batches);
    return heapUsed() - before;
  };
  // What goes with the chains is in each of them; what V8 compiles in the meantime is not.
  const growth = Math.min(...Array.from({ length: 5 }, grow));
  const profiler = new GCProfiler();
  profiler.start();
  ring.run(batches);
  const scavenges = profiler.stop().statistics.filter(({ gcType }) => gcType === "Scavenge");
  const survived = scavenges.map(({ beforeGC, afterGC }) => used(afterGC, "new") + used(afterGC, "old") - used(beforeGC, "old"));
  // Microseconds each.
  const cost = scavenges.map(({ cost }) => cost);
  return { growth, scavenges: scavenges.length, survivors: median(survived), time: (median(cost) * scavenges.length * 1000) / 1e6 };
}

interface Spaces {
  readonly heapSpaceStatistics: readonly { readonly spaceName: string; readonly spaceUsedSize: number }[];
}

function used({ heapSpaceStatistics }: Spaces, generation: "new" | "old"): number {
  return heapSpaceStatistics.find(({ spaceName }) => spaceName === `${generation}_space`)?.spaceUsedSize ?? 0;
}
