import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  AVAILABLE_FLAGS,
  AVAILABLE_INDEX,
  availableEntryOffset,
  availableRingSize,
  availEventOffset,
  descriptorOffset,
  descriptorTableSize,
  USED_ENTRY_SIZE,
  USED_FLAGS,
  USED_INDEX,
  usedEntryOffset,
  usedEventOffset,
  usedRingSize,
} from "./split-layout.ts";

describe("layout of split rings", () => {
  it("RING-SPLIT-FACT-DEV-001, RING-SPLIT-FACT-DRV-001: the fields fill the parts without gap or overlap", () => {
    fc.assert(
      fc.property(
        fc.nat(10).map((power) => 2 ** power),
        fc.nat(0xffff),
        (size, start) => {
          const fill = (fields: [number, number][]) => {
            let end = 0;
            for (const [offset, length] of fields.toSorted(([a], [b]) => a - b)) {
              expect(offset).toBe(end);
              end += length;
            }
            return end;
          };
          // Any `size` indices that follow each other name all the slots.
          const indices = Array.from({ length: size }, (_, i) => (start + i) & 0xffff);
          expect(fill(indices.map((index) => [descriptorOffset(index % size), 16]))).toBe(descriptorTableSize(size));
          expect(
            fill([
              [AVAILABLE_FLAGS, 2],
              [AVAILABLE_INDEX, 2],
              ...indices.map((index): [number, number] => [availableEntryOffset(index, size), 2]),
              [usedEventOffset(size), 2],
            ]),
          ).toBe(availableRingSize(size));
          expect(
            fill([
              [USED_FLAGS, 2],
              [USED_INDEX, 2],
              ...indices.map((index): [number, number] => [usedEntryOffset(index, size), USED_ENTRY_SIZE]),
              [availEventOffset(size), 2],
            ]),
          ).toBe(usedRingSize(size));
          expect([descriptorTableSize(size), availableRingSize(size), usedRingSize(size)]).toEqual([16 * size, 6 + 2 * size, 6 + 8 * size]);
        },
      ),
    );
  });
});
