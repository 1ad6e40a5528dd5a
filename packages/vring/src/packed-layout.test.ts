import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  advancePosition,
  DESC_F_AVAIL,
  DESC_F_USED,
  packedAvailableFlags,
  packedEvent,
  packedNeedEvent,
  packedUsedFlags,
  parsePackedEvent,
  RingPosition,
} from "./packed-layout.ts";

/** Any ring size, a position in it, and a number of slots. */
const places = fc.oneof(fc.integer({ min: 1, max: 20 }), fc.integer({ min: 1, max: 32768 }), fc.constant(32768)).chain((size) =>
  fc.record({
    size: fc.constant(size),
    position: fc.nat(2 * size - 1),
    slots: fc.oneof(fc.nat(size), fc.constantFrom(0, 1, size)),
  }),
);

describe("positions in a packed ring", () => {
  it("RING-PACKED-FACT-DEV-002, RING-PACKED-FACT-DRV-002, RING-PACKED-FACT-DRV-003: start at slot 0 with wrap counter 1, which toggles behind the last slot", () => {
    const position = new RingPosition(3);
    const seen: [number, boolean][] = [];
    for (let i = 0; i < 7; i++) {
      seen.push([position.slot, position.wrap]);
      position.advance(1);
    }
    expect(seen).toEqual([
      [0, true],
      [1, true],
      [2, true],
      [0, false],
      [1, false],
      [2, false],
      [0, true],
    ]);
  });

  it("many slots at once are the same as one after the other", () => {
    fc.assert(
      fc.property(places, ({ size, position, slots }) => {
        expect(advancePosition(position, slots, size)).toBe((position + slots) % (2 * size));
      }),
    );
  });

  it("RING-PACKED-FACT-DRV-004, RING-PACKED-FACT-DEV-004: available is AVAIL = wrap, USED = not wrap; used is both = wrap", () => {
    expect([packedAvailableFlags(true), packedAvailableFlags(false)]).toEqual([DESC_F_AVAIL, DESC_F_USED]);
    expect([packedUsedFlags(true), packedUsedFlags(false)]).toEqual([DESC_F_AVAIL | DESC_F_USED, 0]);
  });
});

describe("packedNeedEvent", () => {
  it("RING-PACKED-FACT-DEV-015, RING-PACKED-FACT-DRV-010: is true exactly if the named slot of the named round is among those that changed", () => {
    fc.assert(
      fc.property(places, fc.integer({ min: -3, max: 3 }), ({ size, position, slots }, offset) => {
        const changed = (place: number) => {
          const distance = (((place - position) % (2 * size)) + 2 * size) % (2 * size);
          return distance < slots;
        };
        const after = advancePosition(position, slots, size);
        for (const place of [position + offset, after + offset, position + size + offset]) {
          const wanted = (place + 4 * size) % (2 * size);
          const event = packedEvent(wanted % size, wanted < size);
          expect(packedNeedEvent(event, after, slots, size)).toBe(changed(wanted));
        }
      }),
      { numRuns: 1000 },
    );
  });

  it("offset and wrap counter share 16 bits", () => {
    expect([packedEvent(5, true), packedEvent(5, false)]).toEqual([0x8005, 5]);
    fc.assert(
      fc.property(fc.nat(0x7fff), fc.boolean(), (slot, wrap) => {
        expect(parsePackedEvent(packedEvent(slot, wrap))).toEqual({ slot, wrap });
      }),
    );
  });

  it("a slot outside the ring asks for every notification", () => {
    expect(packedNeedEvent(packedEvent(4, true), 2, 1, 4)).toBe(true);
    expect(packedNeedEvent(packedEvent(3, true), 2, 1, 4)).toBe(false);
  });
});
