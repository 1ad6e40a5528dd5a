import { FlatMemory } from "@zarch/guest-memory";
import { describe, expect, it } from "vitest";
import type { DescriptorChain } from "./chain.ts";
import { createDeviceVirtqueue, createDriverVirtqueue } from "./create.ts";
import type { VirtqueueConfig, VirtqueueFormat } from "./layout.ts";

const DATA = 0x1_0000;
const AREAS = { descriptor: 0x10_0000, driver: 0x20_0000, device: 0x30_0000 };

const sizes: [VirtqueueFormat, number][] = [
  ["split", 1],
  ["split", 2],
  ["split", 32768],
  ["packed", 1],
  ["packed", 2],
  ["packed", 3],
  ["packed", 1000],
  ["packed", 32767],
  ["packed", 32768],
];

/** Numbers below `count`, each once, in an order that is neither that of the ring nor its reverse. */
function shuffled(count: number): number[] {
  const numbers = Array.from({ length: count }, (_, i) => i);
  for (let i = count - 1, seed = 12345; i > 0; i--) {
    seed = (seed * 1103515245 + 12345) % 0x8000_0000;
    const j = seed % (i + 1);
    [numbers[i], numbers[j]] = [numbers[j] as number, numbers[i] as number];
  }
  return numbers;
}

describe.each(sizes)("a %s queue of %i", (format, size) => {
  it("RING-SPLIT-FACT-DEV-002, RING-SPLIT-FACT-DRV-002, RING-PACKED-FACT-DEV-001, RING-PACKED-FACT-DRV-001: is filled to the brim again and again, returned in any order", () => {
    const memory = new FlatMemory(0x40_0000);
    const config: VirtqueueConfig = { format, size, areas: AREAS, endian: "little", eventIndex: true };
    const driver = createDriverVirtqueue<number>(memory, config);
    const device = createDeviceVirtqueue(memory, config);
    for (let round = 0; round < 2; round++) {
      // After the first round the ring is not begun at its first place.
      if (round > 0) {
        driver.add([{ address: DATA, length: 1 }], [], -1);
        driver.kickPrepare();
        device.push(device.pop() as DescriptorChain, 0);
        device.flush();
        expect(driver.getBuf()?.token).toBe(-1);
      }
      expect(device.pop()).toBeUndefined();
      const tokens = Array.from({ length: size }, (_, token) => token);
      expect(tokens.every((token) => driver.add([], [{ address: DATA + token, length: 1 }], token))).toBe(true);
      expect([driver.add([], [{ address: DATA, length: 1 }], size), driver.free]).toEqual([false, 0]);
      expect(driver.kickPrepare()).toBe(true);
      const chains = [...device];
      expect([chains.length, device.inFlight, device.hasAvailable()]).toEqual([size, size, false]);
      const order = shuffled(size);
      for (const i of order) device.push(chains[i] as DescriptorChain, i % 2);
      expect(device.flush()).toBe(true);
      const used = order.map(() => driver.getBuf());
      expect(used.every((buffer, i) => buffer?.token === order[i] && buffer?.written === (order[i] as number) % 2)).toBe(true);
      expect([driver.getBuf(), driver.free]).toEqual([undefined, size]);
    }
  });

  it("RING-SPLIT-DRV-008, RING-PACKED-DRV-009: takes one buffer of as many parts as it has entries, and none of more", () => {
    const memory = new FlatMemory(0x40_0000);
    const config: VirtqueueConfig = { format, size, areas: AREAS, endian: "big" };
    const driver = createDriverVirtqueue<string>(memory, config);
    const device = createDeviceVirtqueue(memory, config);
    const parts = (count: number) => Array.from({ length: count }, (_, i) => ({ address: DATA + i, length: 1 }));
    for (let round = 0; round < 3; round++) {
      expect(driver.add([], parts(size + 1), "too long")).toBe(false);
      expect(driver.add([], parts(size), "all")).toBe(true);
      driver.kickPrepare();
      const chain = device.pop() as DescriptorChain;
      expect([chain.descriptorCount, chain.writableLength]).toEqual([size, size]);
      chain.writable.fill(round, size);
      device.push(chain, size);
      device.flush();
      expect(driver.getBuf()).toEqual({ token: "all", written: size });
      expect(memory.view(DATA, size).every((byte) => byte === round)).toBe(true);
    }
  });
});
