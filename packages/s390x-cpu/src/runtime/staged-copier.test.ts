import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { STAGING_SIZE } from "../engine/layout.ts";
import { createCpu } from "./cpu.ts";

const SIZE = 1 << 20;
const { memory } = createCpu({ memorySize: SIZE, clock: { now: () => 0, wallClock: () => 0, setAlarm: () => () => {} } });

const bytesOf = (length: number, seed: number): Uint8Array => Uint8Array.from({ length }, (_, i) => (i * 167 + seed + (i >>> 8)) & 0xff);

function expectCopied(address: number, length: number, seed: number): void {
  const before = address - 1;
  const after = address + length;
  for (const neighbour of [before, after]) if (memory.contains(neighbour, 1)) memory.storeUint8(neighbour, 0xa5);
  const source = bytesOf(length, seed);
  memory.write(address, source);
  for (let i = 0; i < length; i++) if (memory.loadUint8(address + i) !== source[i]) expect.fail(`byte ${i} of ${length} at ${address}`);
  for (const neighbour of [before, after]) if (memory.contains(neighbour, 1)) expect(memory.loadUint8(neighbour)).toBe(0xa5);
  const around = new Uint8Array(length + 2).fill(0x5a);
  memory.read(address, around.subarray(1, length + 1));
  expect(Buffer.compare(around.subarray(1, length + 1), source)).toBe(0);
  expect([around[0], around[length + 1]]).toEqual([0x5a, 0x5a]);
}

describe("bulk copies between the host and storage", () => {
  test("move every byte to its place and no other, at any address and length", () => {
    fc.assert(
      fc.property(fc.nat(5000), fc.integer({ min: 64, max: 700 }), fc.nat(255), (address, length, seed) =>
        expectCopied(address, length, seed),
      ),
      { numRuns: 200 },
    );
  });

  test.each([-65, -64, -63, -16, -1, 0, 1, 15, 16, 63, 64, 65])("in several pieces: a multiple of their size and %i", (more) => {
    for (const pieces of [1, 3]) expectCopied(0x1_2345, pieces * STAGING_SIZE + more, more & 0xff);
  });

  test("reach both ends of storage", () => {
    expectCopied(0, 100, 1);
    expectCopied(SIZE - 100, 100, 2);
    expectCopied(0, SIZE, 3);
  });
});
