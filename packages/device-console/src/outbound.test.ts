import { describe, expect, it } from "vitest";
import { Outbound } from "./outbound.ts";

describe("Outbound", () => {
  it("goes on with saved bytes in front of a piece of which a part is gone", () => {
    const outbound = new Outbound(100);
    outbound.tryPut(Uint8Array.of(1, 2, 3, 4, 5));
    outbound.take(4, () => {});
    outbound.restore(Uint8Array.of(8, 9));
    expect(outbound.save()).toEqual(Uint8Array.of(8, 9, 5));
    const taken: number[] = [];
    expect(outbound.take(10, (piece) => taken.push(...piece))).toBe(3);
    expect([taken, outbound.empty]).toEqual([[8, 9, 5], true]);
  });
});
