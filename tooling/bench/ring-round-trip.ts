import { FlatMemory } from "../../packages/guest-memory/src/index.ts";
import { createDeviceVirtqueue, createDriverVirtqueue, type VirtqueueFormat } from "../../packages/vring/src/index.ts";
import { areas, batchSize, memorySize, queueSize } from "./ring-driver.ts";
import { median } from "./statistics.ts";

/** Nanoseconds a buffer for add, kickPrepare and getBuf: median over batches, with our own device at the other end. */
export function measureRoundTrip(format: VirtqueueFormat, batches: number): number {
  const memory = new FlatMemory(memorySize);
  const config = { format, size: queueSize, areas, endian: "little" as const, eventIndex: true };
  const driver = createDriverVirtqueue<number>(memory, config);
  const device = createDeviceVirtqueue(memory, config);
  const out = [
    { address: 0x1_0000, length: 16 },
    { address: 0x2_0000, length: 512 },
  ];
  const into = [{ address: 0x3_0000, length: 1 }];
  const run = (count: number): number => {
    const times: number[] = [];
    for (let i = 0; i < count; i++) {
      const started = performance.now();
      for (let token = 0; token < batchSize; token++) driver.add(out, into, token);
      driver.kickPrepare();
      const offered = performance.now();
      for (let chain = device.pop(); chain; chain = device.pop()) device.push(chain, 1);
      device.flush();
      const returned = performance.now();
      for (let token = 0; token < batchSize; token++) if (driver.getBuf()?.token !== token) throw new Error("a buffer came back wrong");
      times.push(performance.now() - returned + offered - started);
    }
    return (median(times) * 1e6) / batchSize;
  };
  run(10_000);
  return run(batches);
}
