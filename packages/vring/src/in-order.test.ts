import { describe, expect, it } from "vitest";
import { AVAIL, RawPackedRing, USED } from "../test/raw-packed-ring.ts";
import { RawRing, WRITE } from "../test/raw-ring.ts";
import type { DescriptorChain } from "./chain.ts";

const DATA = 0x8000;

describe("batches of used buffers with IN_ORDER", () => {
  it("RING-SPLIT-FACT-DEV-006, RING-SPLIT-FACT-DEV-007: split: one entry at the place of the first, with the id of the last; the index moves by all", () => {
    const ring = new RawRing({ inOrder: true, inOrderBatches: true });
    for (let i = 0; i < 6; i++) ring.describe(i, { address: DATA, length: 8, flags: WRITE });
    ring.memory.fill(0x3004, 8 * 8, 0xee);
    ring.offer(0, 1, 2, 3, 4, 5);
    const chains = [...ring.queue];
    // The third was not filled, so that its length must be told.
    for (const [i, written] of [8, 8, 5, 8, 8, 8].entries()) ring.queue.push(chains[i] as DescriptorChain, written);
    expect(ring.queue.flush()).toBe(true);
    expect(ring.usedIndex).toBe(6);
    const untouched = { id: 0xeeee_eeee, length: 0xeeee_eeee };
    expect([0, 1, 2, 3, 4, 5].map((slot) => ring.used(slot))).toEqual([
      { id: 2, length: 5 },
      untouched,
      untouched,
      { id: 5, length: 8 },
      untouched,
      untouched,
    ]);
  });

  it("split: one notification for the event in the middle of a batch", () => {
    const ring = new RawRing({ inOrder: true, inOrderBatches: true, eventIndex: true });
    for (let i = 0; i < 4; i++) ring.describe(i, { address: DATA, length: 8 });
    ring.usedEvent = 2;
    ring.offer(0, 1, 2, 3);
    const chains = [...ring.queue];
    ring.queue.push(chains[0] as DescriptorChain, 0);
    ring.queue.push(chains[1] as DescriptorChain, 0);
    expect(ring.queue.flush()).toBe(false);
    ring.queue.push(chains[2] as DescriptorChain, 0);
    ring.queue.push(chains[3] as DescriptorChain, 0);
    expect(ring.queue.flush()).toBe(true);
    expect(ring.used(2)).toEqual({ id: 3, length: 0 });
  });

  it("RING-PACKED-FACT-DEV-012, RING-PACKED-FACT-DEV-005: packed: one used descriptor with the id of the last, the next one behind all of their slots", () => {
    const ring = new RawPackedRing({ size: 6, inOrder: true, inOrderBatches: true });
    for (const [slot, id] of [4, 4, 2, 0, 3].entries()) {
      ring.offer(slot, { address: DATA, length: 8, id, flags: WRITE | (slot === 0 ? 1 : 0) });
    }
    const chains = [...ring.queue];
    expect(chains.map(({ id, slots }) => [id, slots])).toEqual([
      [4, 2],
      [2, 1],
      [0, 1],
      [3, 1],
    ]);
    const before = [1, 2, 4].map((slot) => ring.slot(slot));
    for (const [i, written] of [16, 8, 7, 8].entries()) if (i < 3) ring.queue.push(chains[i] as DescriptorChain, written);
    ring.queue.flush();
    expect(ring.slot(0)).toEqual({ length: 7, id: 0, flags: WRITE | AVAIL | USED });
    expect([1, 2, 4].map((slot) => ring.slot(slot))).toEqual(before);
    ring.queue.push(chains[3] as DescriptorChain, 8);
    ring.queue.flush();
    expect(ring.slot(4)).toEqual({ length: 8, id: 3, flags: WRITE | AVAIL | USED });
  });

  it.each([RawRing, RawPackedRing])("without inOrderBatches, or without IN_ORDER, every buffer has its own", (Ring) => {
    for (const config of [{ inOrder: true }, { inOrderBatches: true }]) {
      const ring = new Ring({ size: 4, ...config });
      for (const id of [0, 1, 2]) {
        if (ring instanceof RawRing) {
          ring.describe(id, { address: DATA, length: 8 });
          ring.offer(id);
        } else ring.offer(id, { address: DATA, length: 8, id });
      }
      for (const chain of ring.queue) ring.queue.push(chain, 0);
      ring.queue.flush();
      const ids = [0, 1, 2].map((slot) => (ring instanceof RawRing ? ring.used(slot).id : ring.slot(slot).id));
      expect(ids).toEqual([0, 1, 2]);
    }
  });
});
