import { FeatureSet } from "@zarch/virtio";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { chooseFeatures, type FeatureWishes } from "./feature-choice.ts";

const modern = { legacy: false, queueReset: true, suspend: true };
const choose = (offered: readonly number[], wishes: FeatureWishes = {}, context = modern) => [
  ...chooseFeatures(new FeatureSet(offered), wishes, context),
];

describe("choice of features", () => {
  it("CORE-FEAT-DRV-001, CORE-FEAT-DRV-004, CORE-FEAT-DRV-005, CORE-FEAT-DRV-008, CORE-FEAT-DRV-011: what is not offered, not known, or of another type is left out, whatever the offer", () => {
    const known = [24, 27, 28, 29, 32, 33, 34, 35, 36, 38, 40, 43];
    fc.assert(
      fc.property(fc.uniqueArray(fc.nat(130)), fc.uniqueArray(fc.nat(130)), fc.boolean(), (offer, wanted, legacy) => {
        const offered = legacy ? offer : [...offer, 32];
        for (const bit of choose(offered, { features: wanted }, { ...modern, legacy })) {
          expect(offered).toContain(bit);
          expect(known.includes(bit) || wanted.includes(bit)).toBe(true);
        }
      }),
    );
  });

  it("CORE-FEAT-DRV-006, CORE-RSVF-DRV-010, CORE-RSVF-DRV-015: reserved bits are never accepted, not even on request", () => {
    const reserved = [25, 26, 30, 31, 37, 39, 41, 42, 44, 49, 128, 200];
    expect(choose([32, ...reserved], { features: reserved })).toEqual([32]);
  });

  it("CORE-RSVF-DRV-001, CORE-RSVF-DRV-003, CORE-RSVF-DRV-006, CORE-RSVF-DRV-007: VERSION_1 always; ACCESS_PLATFORM, RING_PACKED and ORDER_PLATFORM where offered", () => {
    expect(choose([32, 33, 34, 36])).toEqual([32, 33, 34, 36]);
    expect(choose([32, 33, 34, 36], { without: [32, 33, 34, 36] })).toEqual([32]);
    expect(choose([32, 33], { selectFeatures: () => [] })).toEqual([32]);
  });

  it("CORE-FEAT-DRV-012, CORE-RSVF-DRV-002: a device without VERSION_1 is a legacy device", () => {
    expect(() => choose([28, 29])).toThrow(/legacy device/);
    expect(choose([28, 29], {}, { ...modern, legacy: true })).toEqual([28, 29]);
  });

  it("CORE-RSVF-DRV-014: a legacy device's ANY_LAYOUT is accepted, its bits from 32 on do not exist", () => {
    expect(choose([27, 28, 34, 60], { features: [60] }, { ...modern, legacy: true })).toEqual([27, 28]);
  });

  it("CORE-FEAT-DRV-007: what the transport cannot do is left out", () => {
    expect(choose([32, 40, 43], {}, { legacy: false, queueReset: false, suspend: false })).toEqual([32]);
  });

  it("CORE-FEAT-DRV-002, CORE-FEAT-DRV-003: a feature goes only with one of its prerequisites", () => {
    const featureDependencies = [
      { feature: 1, anyOf: [2, 3] },
      { feature: 2, anyOf: [5] },
      { feature: 7, anyOf: [8], offerOnly: true },
    ];
    const wishes = { features: [1, 2, 3, 5, 7], featureDependencies };
    expect(choose([1, 2, 3, 5, 7, 32], wishes)).toEqual([1, 2, 3, 5, 7, 32]);
    expect(choose([1, 2, 7, 32], wishes)).toEqual([7, 32]);
    expect(choose([1, 2, 5, 32], { ...wishes, selectFeatures: () => [1, 2] })).toEqual([32]);
  });

  it("CORE-FEAT-DRV-009, CORE-FEAT-DRV-010: what is only wanted may be missing, what is required may not", () => {
    expect(choose([32], { features: [1, 2] })).toEqual([32]);
    expect(() => choose([32], { features: [1], required: [1] })).toThrow(expect.objectContaining({ code: "ERR_DRIVER_FEATURES" }));
  });

  it("CORE-FEAT-DRV-001: a selection cannot go beyond what can be used", () => {
    expect(() => choose([32], { selectFeatures: () => [3] })).toThrow(expect.objectContaining({ code: "ERR_DRIVER_FEATURES" }));
  });
});
