import { FlatMemory } from "@zarch/guest-memory";
import { createDeviceVirtqueue } from "@zarch/vring";
import { describe, expect, it } from "vitest";
import { ARENA_SIZE, Arena } from "../arena.ts";
import { RawPackedRing } from "./raw-packed-ring.ts";
import { RawSplitRing } from "./raw-split-ring.ts";

const SIZE = 8;

function areasIn(arena: Arena) {
  return {
    descriptor: arena.take(16 * SIZE, "descriptors"),
    driver: arena.take(64, "driver area"),
    device: arena.take(128, "device area"),
  };
}

describe.each(["split", "packed"] as const)("a raw %s ring", (format) => {
  it("follows a device that returns several buffers at once in order", () => {
    const memory = new FlatMemory(ARENA_SIZE);
    const arena = new Arena(memory, { address: 0, length: ARENA_SIZE }, "little");
    const areas = areasIn(arena);
    const ring = format === "split" ? new RawSplitRing(arena, SIZE, areas) : new RawPackedRing(arena, SIZE, areas);
    const device = createDeviceVirtqueue(memory, { format, size: SIZE, areas, endian: "little", inOrder: true, inOrderBatches: true });
    const address = arena.take(16, "buffer");
    arena.open(address, 16);
    for (let round = 0; round < 40; round++) {
      const parts = [
        { address, length: 4, write: false },
        { address, length: 8, write: true },
      ];
      const ids = [ring.add(parts), ring.add(parts.slice(1)), ring.add(parts)];
      ring.publish();
      for (const chain of device) {
        chain.writable.fill(round, 8);
        device.push(chain, 8);
      }
      device.flush();
      expect(ring.takeInOrder(ids)).toMatchObject({ count: 3, used: { id: ids[2], written: 8 } });
      expect([ring.free, ring.hasUsed(), arena.damage()]).toEqual([SIZE, false, undefined]);
    }
  });
});

describe("an arena", () => {
  it("tells what was written to that must not be, and where", () => {
    const memory = new FlatMemory(2 * ARENA_SIZE);
    const arena = new Arena(memory, { address: 4096, length: ARENA_SIZE }, "big");
    const first = arena.take(10, "first");
    const second = arena.take(10, "second", 1);
    arena.open(second, 10);
    memory.fill(second, 10, 1);
    expect(arena.damage()).toBeUndefined();
    arena.close(second, 10);
    expect(arena.damage()).toBeUndefined();
    const old = memory.loadUint8(first + 10);
    memory.storeUint8(first + 10, old ^ 1);
    expect(arena.damage()).toBe(`the device wrote to 0x${(first + 10).toString(16)} (1 bytes behind first)`);
    memory.storeUint8(first + 10, old);
    memory.storeUint8(second + 9, 2);
    expect(arena.damage()).toContain("(second, byte 9)");
    arena.restart();
    memory.storeUint8(arena.end - 1, memory.loadUint8(arena.end - 1) ^ 0x80);
    expect(arena.damage()).toContain("(unused memory)");
  });

  it("guards rings that the host has placed elsewhere, until they are given back", () => {
    const memory = new FlatMemory(2 * ARENA_SIZE);
    const arena = new Arena(memory, { address: 4096, length: ARENA_SIZE }, "big");
    const ring = arena.end + 4096;
    arena.adopt(ring, 64, "ring");
    arena.store16(ring + 2, 0x1234);
    arena.open(ring + 32, 32);
    memory.fill(ring + 32, 32, 1);
    expect([arena.damage(), arena.touches(ring + 63, 4), arena.touches(ring + 64, 4)]).toEqual([undefined, true, false]);
    memory.storeUint8(ring + 2, 0);
    expect(arena.damage()).toContain("(ring, byte 2)");
    expect(arena.disown()).toEqual([{ address: ring, length: 64, what: "ring" }]);
    expect([arena.damage(), arena.isOpen(ring + 32, 1), arena.touches(ring, 4)]).toEqual([undefined, false, false]);
  });
});
