import { FlatMemory } from "@zarch/guest-memory";
import { describe, expect, it } from "vitest";
import { codeOf } from "../test/raw-ring.ts";
import {
  availableRingSize,
  checkVirtqueueConfig,
  descriptorTableSize,
  isQueueSize,
  legacyAreas,
  legacyRingSize,
  usedRingSize,
} from "./layout.ts";

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

  it("RING-SPLIT-LEGACY-FACT-DEV-001: the legacy size rounds both halves up to the alignment", () => {
    expect(legacyRingSize(256, 4096)).toBe(4096 * 3);
    expect(legacyRingSize(128, 4096)).toBe(4096 * 2);
    expect(legacyRingSize(8, 4)).toBe(128 + 24 + 72);
  });

  it("RING-SPLIT-LEGACY-DEV-001: descriptor table, available ring, then the used ring at the alignment", () => {
    expect(legacyAreas(0x10000, 256, 4096)).toEqual({ descriptor: 0x10000, driver: 0x11000, device: 0x12000 });
    expect(legacyAreas(0x10000, 128, 4096)).toEqual({ descriptor: 0x10000, driver: 0x10800, device: 0x11000 });
    expect(legacyAreas(0x10000, 8, 64)).toEqual({ descriptor: 0x10000, driver: 0x10080, device: 0x100c0 });
    for (const align of [0, 3, -4096, 2 ** 33, Number.NaN]) expect(codeOf(() => legacyAreas(0, 8, align))).toBe("ERR_VIRTQUEUE_AREA");
  });
});
