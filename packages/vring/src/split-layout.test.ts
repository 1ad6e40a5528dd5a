import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { DESC_ADDRESS, DESC_F_INDIRECT, DESC_F_NEXT, DESC_F_WRITE, DESC_LENGTH, DESCRIPTOR_SIZE } from "./descriptor.ts";
import {
  AVAILABLE_FLAGS,
  AVAILABLE_INDEX,
  availableEntryOffset,
  availableRingSize,
  availEventOffset,
  descriptorOffset,
  descriptorTableSize,
  SPLIT_DESC_FLAGS,
  SPLIT_DESC_NEXT,
  USED_ENTRY_ID,
  USED_ENTRY_LENGTH,
  USED_ENTRY_SIZE,
  USED_F_NO_NOTIFY,
  USED_FLAGS,
  USED_INDEX,
  usedEntryOffset,
  usedEventOffset,
  usedRingSize,
} from "./split-layout.ts";

describe("layout of split rings", () => {
  it("S003-056..059, S003-061..064: flags, and where the fields are", () => {
    expect([DESC_F_NEXT, DESC_F_WRITE, DESC_F_INDIRECT, USED_F_NO_NOTIFY]).toEqual([1, 2, 4, 1]);
    expect([DESC_ADDRESS, DESC_LENGTH, SPLIT_DESC_FLAGS, SPLIT_DESC_NEXT, DESCRIPTOR_SIZE]).toEqual([0, 8, 12, 14, 16]);
    expect([AVAILABLE_FLAGS, AVAILABLE_INDEX, availableEntryOffset(0, 8), availableEntryOffset(7, 8)]).toEqual([0, 2, 4, 18]);
    expect([USED_FLAGS, USED_INDEX, usedEntryOffset(0, 8), usedEntryOffset(7, 8)]).toEqual([0, 2, 4, 60]);
    expect([USED_ENTRY_ID, USED_ENTRY_LENGTH, USED_ENTRY_SIZE]).toEqual([0, 4, 8]);
  });

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
