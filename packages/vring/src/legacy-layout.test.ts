import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { codeOf } from "../test/raw-ring.ts";
import { legacyAreas, legacyRingParts, legacyRingSize } from "./legacy-layout.ts";

const queueSizes = fc.nat(15).map((power) => 2 ** power);
const alignments = fc.nat(16).map((power) => 2 ** power);

describe("the contiguous legacy layout", () => {
  it("RING-SPLIT-LEGACY-FACT-DEV-001, S003-053, D-008: the legacy size rounds both halves up to the alignment", () => {
    expect(legacyRingSize(256, 4096)).toBe(4096 * 3);
    expect(legacyRingSize(128, 4096)).toBe(4096 * 2);
    expect(legacyRingSize(8, 4)).toBe(128 + 24 + 72);
  });

  it("RING-SPLIT-LEGACY-FACT-DEV-001, RING-SPLIT-LEGACY-FACT-DRV-001, RING-SPLIT-LEGACY-DRV-002: the formula of the specification for any size and alignment", () => {
    fc.assert(
      fc.property(queueSizes, alignments, (size, align) => {
        const up = (bytes: number) => (bytes + align - 1) & ~(align - 1);
        expect(legacyRingSize(size, align)).toBe(up(16 * size + 2 * (3 + size)) + up(6 + 8 * size));
      }),
    );
  });

  it("RING-SPLIT-LEGACY-DEV-001: descriptor table, available ring, then the used ring at the alignment", () => {
    expect(legacyAreas(0x10000, 256, 4096)).toEqual({ descriptor: 0x10000, driver: 0x11000, device: 0x12000 });
    expect(legacyAreas(0x10000, 128, 4096)).toEqual({ descriptor: 0x10000, driver: 0x10800, device: 0x11000 });
    expect(legacyAreas(0x10000, 8, 64)).toEqual({ descriptor: 0x10000, driver: 0x10080, device: 0x100c0 });
    for (const align of [0, 3, -4096, 2 ** 33, Number.NaN]) {
      expect(codeOf(() => legacyAreas(0, 8, align))).toBe("ERR_VIRTQUEUE_AREA");
      expect(codeOf(() => legacyRingParts(8, align))).toBe("ERR_VIRTQUEUE_AREA");
    }
  });

  it("256 entries and pages of 4 KiB: a page for each part", () => {
    expect(legacyRingParts(256, 4096)).toEqual([
      { name: "descriptor table", offset: 0, length: 4096 },
      { name: "available ring", offset: 4096, length: 518 },
      { name: "padding", offset: 4614, length: 3578 },
      { name: "used ring", offset: 8192, length: 2054 },
      { name: "padding", offset: 10246, length: 2042 },
    ]);
    expect(legacyRingParts(1, 1).map(({ name }) => name)).toEqual(["descriptor table", "available ring", "used ring"]);
  });

  it("RING-SPLIT-LEGACY-DEV-001, RING-SPLIT-LEGACY-DRV-003: the parts cover the ring without gap or overlap, where the areas say", () => {
    fc.assert(
      fc.property(queueSizes, alignments, fc.nat(1000), (size, align, page) => {
        const parts = legacyRingParts(size, align);
        let end = 0;
        for (const { offset, length } of parts) {
          expect(offset).toBe(end);
          expect(length).toBeGreaterThan(0);
          end = offset + length;
        }
        expect(end).toBe(legacyRingSize(size, align));
        const address = page * align;
        const areas = legacyAreas(address, size, align);
        const offsetOf = (name: string) => parts.find((part) => part.name === name)?.offset as number;
        expect([areas.descriptor, areas.driver, areas.device].map((area) => area - address)).toEqual(
          ["descriptor table", "available ring", "used ring"].map(offsetOf),
        );
        expect(areas.device % align).toBe(0);
      }),
    );
  });
});
