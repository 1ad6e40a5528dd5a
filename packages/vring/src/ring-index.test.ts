import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { advanceIndex, indexDistance, indexSlot, needEvent } from "./ring-index.ts";

const index = fc.oneof(fc.nat(0xffff), fc.constantFrom(0, 1, 0x7fff, 0x8000, 0xfffe, 0xffff));

describe("indices of split rings", () => {
  it("RING-SPLIT-FACT-DEV-005, RING-SPLIT-FACT-DRV-005: wrap at 65536", () => {
    expect([advanceIndex(0xffff, 1), advanceIndex(0, -1), advanceIndex(0xfff0, 0x20)]).toEqual([0, 0xffff, 0x10]);
    expect([indexDistance(0xfffe, 1), indexDistance(1, 0xfffe), indexDistance(7, 7)]).toEqual([3, 0xfffd, 0]);
    fc.assert(fc.property(index, fc.nat(0xffff), (from, count) => indexDistance(from, advanceIndex(from, count)) === count));
  });

  it("name slots that go on in order over the wrap", () => {
    fc.assert(
      fc.property(index, fc.nat(15), (at, power) => {
        const size = 2 ** power;
        expect(indexSlot(advanceIndex(at, 1), size)).toBe((indexSlot(at, size) + 1) % size);
      }),
    );
  });
});

describe("needEvent", () => {
  it("RING-SPLIT-USEDNOTIF-FACT-DEV-001: with event 0 the first entry notifies, the following ones do not until the indices have wrapped", () => {
    expect(needEvent(0, 1, 0)).toBe(true);
    expect(needEvent(0, 2, 1)).toBe(false);
    expect(needEvent(0, 0xffff, 2)).toBe(false);
    expect(needEvent(0, 0, 0xffff)).toBe(false);
    expect(needEvent(0, 1, 0xffff)).toBe(true);
  });

  it("nothing new never notifies", () => {
    fc.assert(fc.property(index, index, (event, at) => !needEvent(event, at, at)));
  });

  it("RING-SPLIT-USEDNOTIF-DEV-005, RING-SPLIT-AVAILNOTIF-DRV-006: is true exactly if one of the entries is the one that is waited for", () => {
    fc.assert(
      fc.property(index, fc.nat(200), fc.integer({ min: -250, max: 250 }), (before, count, offset) => {
        const event = advanceIndex(before, offset);
        const entries = Array.from({ length: count }, (_, i) => advanceIndex(before, i));
        expect(needEvent(event, advanceIndex(before, count), before)).toBe(entries.includes(event));
      }),
      { numRuns: 1000 },
    );
  });
});
