import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { deviceTypeName } from "./device-type-name.ts";
import { FeatureSet, unmetDependency } from "./features.ts";

describe("FeatureSet", () => {
  it("CORE-FEAT-FACT-DEV-002, CORE-FEAT-FACT-DEV-003: is a Set of bit positions, far beyond 63, with 32-bit words", () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.boolean(), fc.nat(8191))), (steps) => {
        const set = new Set<number>();
        const features = new FeatureSet();
        for (const [add, bit] of steps) {
          if (add) {
            set.add(bit);
            features.add(bit);
          } else expect(features.delete(bit)).toBe(set.delete(bit));
        }
        expect([...features]).toEqual([...set].sort((a, b) => a - b));
        expect(features.size).toBe(set.size);
        const copy = new FeatureSet();
        for (let word = 0; word < 256; word++) copy.setWord(word, features.word(word));
        expect([...copy]).toEqual([...features]);
        expect(copy.isSubsetOf(features) && features.isSubsetOf(copy)).toBe(true);
        for (const bit of set) {
          copy.delete(bit);
          expect([copy.isSubsetOf(features), features.isSubsetOf(copy), copy.has(bit)]).toEqual([true, false, false]);
          copy.add(bit);
        }
      }),
    );
  });

  it("words are unsigned", () => {
    expect(new FeatureSet([31, 63]).word(0)).toBe(0x8000_0000);
    expect(new FeatureSet([31, 63]).word(1)).toBe(0x8000_0000);
    expect(new FeatureSet().setWord(3, -1).word(3)).toBe(0xffff_ffff);
  });

  it("finds a feature without any of its prerequisites", () => {
    const dependencies = [
      { feature: 5, anyOf: [1, 2] },
      { feature: 6, anyOf: [5] },
    ];
    expect(unmetDependency(new FeatureSet([5, 2, 6]), dependencies)).toBeUndefined();
    expect(unmetDependency(new FeatureSet([5, 3]), dependencies)?.feature).toBe(5);
    expect(unmetDependency(new FeatureSet([6, 1]), dependencies)?.feature).toBe(6);
  });
});

describe("deviceTypeName", () => {
  it("5: knows the types of the specification, and gives the number of others", () => {
    expect([1, 2, 3, 4, 13, 16, 26].map(deviceTypeName)).toEqual([
      "network",
      "block",
      "console",
      "entropy",
      "memory balloon",
      "GPU",
      "file system",
    ]);
    expect(deviceTypeName(4242)).toBe("type 4242");
  });
});
