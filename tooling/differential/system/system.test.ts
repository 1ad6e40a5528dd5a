import { describe, expect, test } from "vitest";
import { differences, finalState, stateHash } from "./compare.ts";
import { CORPUS_TEST, generatePrograms, readCorpus, runPrograms } from "./corpus.ts";
import { buildImage } from "./image.ts";
import { ORIGIN, Slot, slotAddress } from "./layout.ts";
import { runCompiled, runInCpu } from "./run-cpu.ts";

const { firstSeed, hashes } = readCorpus();

describe("random supervisor programs", () => {
  for (const engine of ["fast", "exact"] as const) {
    test(`${CORPUS_TEST} (${engine} engine)`, () => {
      const found = runPrograms(generatePrograms(firstSeed, hashes.length), (image) => runInCpu(image, engine));
      const wrong = found.flatMap((hash, i) => (hash === hashes[i] ? [] : [firstSeed + i]));
      // To look at one: node --conditions=@zarch/source tooling/differential/system/main.ts run --count 1 --seed ...
      expect(wrong, "seeds of programs with another result").toEqual([]);
      expect(found.length).toBeGreaterThan(300);
    });
  }

  test(`${CORPUS_TEST} (compiled)`, () => {
    let entered = 0;
    const found = runPrograms(generatePrograms(firstSeed, hashes.length), (image) => {
      const result = runCompiled(image);
      entered = result.entered;
      return result.after;
    });
    const wrong = found.flatMap((hash, i) => (hash === hashes[i] ? [] : [firstSeed + i]));
    expect(wrong, "seeds of programs with another result").toEqual([]);
    expect(entered).toBeGreaterThan(10 * hashes.length);
  }, 120_000);

  test("a program is named by its seed", () => {
    expect(buildImage(generatePrograms(7, 3))).toEqual(buildImage(generatePrograms(7, 3)));
    expect(buildImage(generatePrograms(8, 3))).not.toEqual(buildImage(generatePrograms(7, 3)));
  });

  test("a difference of one bit is found and named", () => {
    const image = runInCpu(buildImage(generatePrograms(1, 3)));
    for (const [offset, name] of [
      [Slot.result + 5 * 8 + 3, "r5"],
      [Slot.resultControl + 3 * 8 + 5, "c3"],
      [Slot.resultAccess, "access registers"],
      [Slot.resultPsw + 2, "PSW"],
      [Slot.resultPrefix + 2, "prefix"],
      [Slot.resultFrames + 15 * 8, "frame 15"],
      [Slot.resultTables + 383, "home page table"],
      [Slot.interruptions + 7, "interruption"],
    ] as const) {
      const other = image.slice();
      other[slotAddress(1) - ORIGIN + offset]! ^= 1;
      const states = [finalState(image, 1), finalState(other, 1)] as const;
      expect(differences(...states).join("\n")).toContain(name);
      expect(stateHash(states[1])).not.toBe(stateHash(states[0]));
      expect(differences(finalState(image, 2), finalState(other, 2))).toEqual([]);
    }
  });
});
