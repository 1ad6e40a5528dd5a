import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { DiskExercise, EVENT_IDX, type ExercisedDisk, hasDefaultGuest, INDIRECT_DESC, RING_PACKED, VERSION_1 } from "./disk-exercise.ts";

const variants: readonly (Omit<ExercisedDisk, "address"> & { readonly title: string })[] = [
  { title: "split, indirect, event index", properties: "", features: [INDIRECT_DESC, EVENT_IDX, VERSION_1] },
  { title: "split, event index", properties: ",no-indirect", features: [EVENT_IDX, VERSION_1] },
  { title: "split, indirect", properties: ",no-event-index", features: [INDIRECT_DESC, VERSION_1] },
  { title: "split, neither", properties: ",no-indirect,no-event-index", features: [VERSION_1] },
  { title: "packed, indirect, event index", properties: ",packed", features: [INDIRECT_DESC, EVENT_IDX, VERSION_1, RING_PACKED] },
  { title: "packed, event index", properties: ",packed,no-indirect", features: [EVENT_IDX, VERSION_1, RING_PACKED] },
  { title: "packed, indirect", properties: ",packed,no-event-index", features: [INDIRECT_DESC, VERSION_1, RING_PACKED] },
  { title: "packed, neither", properties: ",packed,no-indirect,no-event-index", features: [VERSION_1, RING_PACKED] },
  { title: "split, in order offered", properties: ",in-order", features: [INDIRECT_DESC, EVENT_IDX, VERSION_1] },
  { title: "packed, in order offered", properties: ",in-order,packed", features: [INDIRECT_DESC, EVENT_IDX, VERSION_1, RING_PACKED] },
  { title: "revision 1", properties: ",revision=1", features: [INDIRECT_DESC, EVENT_IDX, VERSION_1] },
  { title: "revision 0", properties: ",revision=0", features: [INDIRECT_DESC, EVENT_IDX] },
  { title: "legacy, neither", properties: ",legacy,no-indirect,no-event-index", features: [] },
  { title: "split, 4 entries, no indirect", properties: ",queue-size=4,no-indirect", features: [EVENT_IDX, VERSION_1], queueSize: 4 },
  {
    title: "packed, 8 entries, no indirect",
    properties: ",packed,queue-size=8,no-indirect,no-event-index",
    features: [VERSION_1, RING_PACKED],
    queueSize: 8,
  },
  { title: "legacy, 1024 entries", properties: ",legacy,queue-size=1024", features: [INDIRECT_DESC, EVENT_IDX], queueSize: 1024 },
];

const disks = variants.map((variant, index) => ({ ...variant, address: `0.0.${(index + 1).toString(16).padStart(4, "0")}` }));

/** Linux's virtio-blk driver against our device: what neither side was written for. One boot for all disks. */
describe.skipIf(!(await hasDefaultGuest()))("Linux's driver on disks with every kind of ring", { timeout: 300_000 }, () => {
  let exercise: DiskExercise;

  beforeAll(async () => {
    exercise = await DiskExercise.run(disks);
  }, 290_000);

  afterAll(() => exercise[Symbol.asyncDispose]());

  it("the guest ends well, and its kernel has nothing to complain of", () => {
    exercise.expectGoodEnd();
    expect.hasAssertions();
  });

  it.each(disks.map(({ title, properties }, index) => ({ title: `${title} (${properties.slice(1) || "as usual"})`, index })))(
    "$title",
    async ({ index }) => {
      await exercise.expectGoodDisk(index);
      expect.hasAssertions();
    },
  );
});
