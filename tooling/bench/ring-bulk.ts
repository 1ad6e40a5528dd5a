import { FlatMemory, type GuestMemory } from "../../packages/guest-memory/src/index.ts";
import { createCpu } from "../../packages/s390x-cpu/src/index.ts";
import { createDeviceVirtqueue, createDriverVirtqueue } from "../../packages/vring/src/index.ts";
import type { MemoryLayout } from "./ring-device.ts";
import { areas } from "./ring-driver.ts";
import { median } from "./statistics.ts";

const memorySize = 0x100_0000;
const segmentSize = 0x1_0000;
/** Segments of a chain in each direction: as many as a chain of 2 MiB has. */
const segments = 16;
const dataAt = 0x40_0000;

/** GB/s (10^9 bytes): medians over chains. */
export interface BulkRates {
  readonly read: number;
  readonly write: number;
}

function createMemory(layout: MemoryLayout): GuestMemory {
  if (layout === "flat") return new FlatMemory(memorySize);
  return createCpu({ memorySize, clock: { now: () => 0, wallClock: () => 0, setAlarm: () => () => {} } }).memory;
}

/** Data through chains of 64 KiB segments: what a block device does for a large request. */
export function measureBulk(layout: MemoryLayout, chains: number): BulkRates {
  const memory = createMemory(layout);
  const config = { size: 64, areas, endian: "little" as const };
  const driver = createDriverVirtqueue<number>(memory, config);
  const device = createDeviceVirtqueue(memory, config);
  const spans = (at: number) => Array.from({ length: segments }, (_, i) => ({ address: at + i * segmentSize, length: segmentSize }));
  const out = spans(dataAt);
  const into = spans(dataAt + segments * segmentSize);
  const bytes = new Uint8Array(segments * segmentSize);
  const pattern = Uint8Array.from({ length: segmentSize }, (_, i) => (i * 31) ^ (i >>> 8));
  for (const { address } of out) memory.write(address, pattern);
  const run = (count: number): BulkRates => {
    const reading: number[] = [];
    const writing: number[] = [];
    for (let i = 0; i < count; i++) {
      driver.add(out, into, i);
      driver.kickPrepare();
      const started = performance.now();
      const chain = device.pop();
      if (!chain) throw new Error("no chain");
      chain.readable.readExact(bytes);
      const between = performance.now();
      chain.writable.writeExact(bytes);
      device.push(chain, chain.writable.written);
      device.flush();
      writing.push(performance.now() - between);
      reading.push(between - started);
      if (driver.getBuf()?.written !== bytes.length) throw new Error("the chain came back wrong");
    }
    return { read: bytes.length / 1e6 / median(reading), write: bytes.length / 1e6 / median(writing) };
  };
  run(50);
  const rates = run(chains);
  const copy = new Uint8Array(segmentSize);
  for (const { address } of into) {
    memory.read(address, copy);
    if (Buffer.compare(copy, pattern) !== 0) throw new Error("the data came out wrong");
  }
  return rates;
}
