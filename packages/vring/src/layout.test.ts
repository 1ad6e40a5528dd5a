import { FlatMemory } from "@zarch/guest-memory";
import { describe, expect, it } from "vitest";
import { codeOf } from "../test/raw-ring.ts";
import { checkVirtqueueConfig, isQueueSize } from "./layout.ts";
import { availableRingSize, descriptorTableSize, usedRingSize } from "./split-layout.ts";

describe("virtqueue layout", () => {
  it("RING-SPLIT-FACT-DEV-001: sizes and alignments of the three parts", () => {
    expect([descriptorTableSize(256), availableRingSize(256), usedRingSize(256)]).toEqual([4096, 518, 2054]);
    const memory = new FlatMemory(0x10000);
    const areas = { descriptor: 0x1000, driver: 0x2000, device: 0x3000 };
    const check = (change: Partial<typeof areas>) =>
      codeOf(() => checkVirtqueueConfig(memory, { size: 8, areas: { ...areas, ...change } }));
    expect(check({})).toBe("no error");
    expect(check({ descriptor: 0x1008 })).toBe("ERR_VIRTQUEUE_AREA");
    expect(check({ descriptor: 0x1010 })).toBe("no error");
    expect(check({ driver: 0x2001 })).toBe("ERR_VIRTQUEUE_AREA");
    expect(check({ driver: 0x2002 })).toBe("no error");
    expect(check({ device: 0x3002 })).toBe("ERR_VIRTQUEUE_AREA");
    expect(check({ device: 0x3004 })).toBe("no error");
  });

  it("RING-SPLIT-FACT-DEV-001: an area that does not end inside memory is refused, one that ends with it is not", () => {
    const memory = new FlatMemory(0x1_0000);
    const at = (device: number) => codeOf(() => checkVirtqueueConfig(memory, { size: 8, areas: { descriptor: 0, driver: 0x80, device } }));
    expect(at(0x1_0000 - 72)).toBe("no error");
    expect(at(0x1_0000 - 68)).toBe("ERR_VIRTQUEUE_AREA");
    expect(at(2 ** 60)).toBe("ERR_VIRTQUEUE_AREA");
    expect(at(-4)).toBe("ERR_VIRTQUEUE_AREA");
    expect(at(Number.NaN)).toBe("ERR_VIRTQUEUE_AREA");
  });

  it("RING-SPLIT-FACT-DEV-002: a split queue has a power of two of entries, at most 32768; a packed one any number", () => {
    expect([1, 2, 256, 32768].every((size) => isQueueSize(size, "split"))).toBe(true);
    expect([0, 3, 12, 65536, -1, 1.5, Number.NaN].some((size) => isQueueSize(size, "split"))).toBe(false);
    expect([1, 3, 12, 32768].every((size) => isQueueSize(size, "packed"))).toBe(true);
    expect([0, 32769].some((size) => isQueueSize(size, "packed"))).toBe(false);
    const areas = { descriptor: 0, driver: 0x80, device: 0x100 };
    expect(codeOf(() => checkVirtqueueConfig(new FlatMemory(4096), { size: 3, areas }))).toBe("ERR_VIRTQUEUE_SIZE");
  });
});
