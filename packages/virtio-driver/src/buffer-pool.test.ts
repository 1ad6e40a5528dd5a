import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { BufferPool } from "./buffer-pool.ts";

describe("BufferPool", () => {
  it("never hands out a byte twice, and gets all of it back (any sequence)", () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.boolean(), fc.integer({ min: 1, max: 90 }), fc.constantFrom(1, 4, 16, 64))), (steps) => {
        const pool = new BufferPool(32, 1000);
        const taken: [number, number][] = [];
        for (const [take, length, align] of steps) {
          if (take) {
            const address = pool.take(length, align);
            if (address === undefined) continue;
            expect(address % align).toBe(0);
            expect(address >= 32 && address + length <= 1032).toBe(true);
            expect(taken.every(([start, size]) => address + length <= start || start + size <= address)).toBe(true);
            taken.push([address, length]);
          } else {
            const [span] = taken.splice(length % Math.max(1, taken.length), 1);
            if (span) pool.give(...span);
          }
        }
        for (const span of taken) pool.give(...span);
        expect([pool.size, pool.take(1000, 1)]).toEqual([1000, 32]);
      }),
    );
  });

  it("notices what is given back twice", () => {
    const pool = new BufferPool(0, 100);
    const address = pool.take(10) as number;
    pool.give(address, 10);
    expect(() => pool.give(address, 10)).toThrow(/twice/);
  });

  it("has nothing where there is nothing", () => {
    expect(new BufferPool(4096, -4032).take(1)).toBeUndefined();
  });
});
