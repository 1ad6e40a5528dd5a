import { describe, expect, it } from "vitest";
import { legacyRig, Rig } from "../test/rig.ts";
import { F_EVENT_IDX, F_IN_ORDER, F_INDIRECT_DESC, F_RING_PACKED, F_VERSION_1 } from "./features.ts";

const ringBits = [F_INDIRECT_DESC, F_EVENT_IDX, F_VERSION_1, F_RING_PACKED, F_IN_ORDER];

function offered({ frontend }: Rig): number[] {
  return ringBits.filter((bit) => (frontend.deviceFeatures(Math.floor(bit / 32)) >>> (bit % 32)) & 1);
}

describe("what a device offers of its rings", () => {
  it("without a wish: indirect descriptors and event indices, split, in any order", () => {
    const usual = [F_INDIRECT_DESC, F_EVENT_IDX, F_VERSION_1];
    expect(offered(new Rig())).toEqual(usual);
    expect(offered(new Rig(undefined, { ring: {} }))).toEqual(usual);
    expect(offered(new Rig(undefined, { ring: { packed: false, indirect: true, eventIndex: true, inOrder: false } }))).toEqual(usual);
  });

  it("each wish changes its own bit", () => {
    expect(offered(new Rig(undefined, { ring: { packed: true } }))).toEqual([F_INDIRECT_DESC, F_EVENT_IDX, F_VERSION_1, F_RING_PACKED]);
    expect(offered(new Rig(undefined, { ring: { indirect: false } }))).toEqual([F_EVENT_IDX, F_VERSION_1]);
    expect(offered(new Rig(undefined, { ring: { eventIndex: false } }))).toEqual([F_INDIRECT_DESC, F_VERSION_1]);
    expect(offered(new Rig(undefined, { ring: { inOrder: true } }))).toEqual([F_INDIRECT_DESC, F_EVENT_IDX, F_VERSION_1, F_IN_ORDER]);
  });

  it("a wish and lists of bits go together; what is not to be offered is not", () => {
    const rig = new Rig(undefined, { ring: { packed: true }, extraFeatures: [F_IN_ORDER], withoutFeatures: [F_EVENT_IDX, F_RING_PACKED] });
    expect(offered(rig)).toEqual([F_INDIRECT_DESC, F_VERSION_1, F_IN_ORDER]);
  });

  it("a legacy driver is offered less of the same, and never packed rings or use in order", () => {
    expect(offered(legacyRig(undefined, { ring: { packed: true, inOrder: true, indirect: false } }))).toEqual([F_EVENT_IDX]);
  });
});
