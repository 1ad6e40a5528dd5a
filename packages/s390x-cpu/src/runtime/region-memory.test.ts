import { describe, expect, test } from "vitest";
import * as layout from "../engine/layout.ts";
import { RegionMemory } from "./region-memory.ts";

const KiB = 1024;
/** A region with so much WebAssembly costs 64 KiB: 16 of its own, and eight for each KiB. */
const bytes = 6 * KiB;

/** Room for sixteen regions, which are watched from the thirteenth on. */
function memoryOf(regions: number) {
  const halfwords = new Uint16Array((layout.REGIONS + layout.REGION_COUNT * layout.REGION_SIZE) / 2);
  const memory = new RegionMemory(halfwords, 16 * 64 * KiB);
  const key = (number: number): number => (layout.REGIONS + number * layout.REGION_SIZE + layout.REGION_KEY) / 2;
  const resting = (): number[] => Array.from({ length: regions }, (_, n) => n).filter((n) => halfwords[key(n)]! & layout.REGION_RESTING);
  const dropped: number[] = [];
  const makeRoom = (): void =>
    memory.makeRoom((number) => {
      memory.remove(number);
      dropped.push(number);
    });
  for (let number = 0; number < regions; number++) memory.add(number, bytes);
  return { memory, resting, dropped, makeRoom, enter: (number: number) => (halfwords[key(number)]! &= ~layout.REGION_RESTING) };
}

describe("host memory of regions", () => {
  test("below three quarters of the limit nobody asks which regions are used", () => {
    const { resting, dropped, makeRoom } = memoryOf(12);
    makeRoom();
    expect([resting(), dropped]).toEqual([[], []]);
  });

  test("beyond three quarters all are put to rest, once", () => {
    const { memory, resting, enter } = memoryOf(13);
    expect(resting()).toHaveLength(13);
    enter(4);
    memory.add(13, bytes);
    expect(resting()).toEqual([0, 1, 2, 3, 5, 6, 7, 8, 9, 10, 11, 12]);
  });

  test("at the limit those are given up that were not entered since, down to three quarters", () => {
    const { dropped, makeRoom, enter } = memoryOf(17);
    for (const number of [0, 1, 2, 4, 5, 6, 8, 9, 10]) enter(number);
    makeRoom();
    // 13 to 16 came after the question, and 0 to 12 had been asked.
    expect(dropped.slice(0, 4)).toEqual([3, 7, 11, 12]);
    expect(dropped).toHaveLength(5);
    makeRoom();
    expect(dropped).toHaveLength(5);
  });

  test("when all were entered, any are given up", () => {
    const { dropped, makeRoom, enter } = memoryOf(17);
    for (let number = 0; number < 13; number++) enter(number);
    makeRoom();
    expect(new Set(dropped).size).toBe(5);
  });

  test("what is forgotten takes nothing", () => {
    const { memory, dropped, makeRoom } = memoryOf(17);
    memory.clear();
    makeRoom();
    expect(dropped).toEqual([]);
  });

  test("there are never more regions than numbers, however small they are", () => {
    const { dropped } = memoryOf(0);
    const roomy = new RegionMemory(new Uint16Array((layout.REGIONS + layout.REGION_COUNT * layout.REGION_SIZE) / 2), 2 ** 40);
    for (let number = 0; number < layout.REGION_COUNT; number++) roomy.add(number, 1);
    roomy.makeRoom((number) => {
      roomy.remove(number);
      dropped.push(number);
    });
    expect(dropped).toHaveLength(layout.REGION_COUNT / 4);
  });
});
