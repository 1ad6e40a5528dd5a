import { describe, expect, test } from "vitest";
import { differences, slotHash } from "./compare.ts";
import { CORPUS_TEST, generatePrograms, readCorpus, runPrograms } from "./corpus.ts";
import { elfExecutable } from "./elf.ts";
import { buildImage } from "./image.ts";
import { Block, IMAGE_ORIGIN, Slot, slotAddress } from "./layout.ts";
import { type Group, groups } from "./mnemonics.ts";
import { runCompiled, runInCpu } from "./run-cpu.ts";

const corpus = readCorpus();

describe("random programs", () => {
  for (const group of Object.keys(groups) as Group[]) {
    const { firstSeed, hashes } = corpus.groups[group];
    for (const engine of ["fast", "exact"] as const) {
      test(`${CORPUS_TEST} (${group}, ${engine} engine)`, () => {
        const found = runPrograms(generatePrograms(group, firstSeed, hashes.length), (image) => runInCpu(image, engine));
        const wrong = found.flatMap((hash, i) => (hash === hashes[i] ? [] : [firstSeed + i]));
        // To look at one: node --conditions=@zarch/source tooling/differential/main.ts show --group ... --seed ...
        expect(wrong, `seeds of ${group} programs with another result`).toEqual([]);
        expect(found.length).toBeGreaterThan(300);
      });
    }
  }

  for (const group of Object.keys(groups) as Group[]) {
    test(`${CORPUS_TEST} (${group}, compiled)`, () => {
      const { firstSeed, hashes } = corpus.groups[group];
      let entered = 0;
      const found = runPrograms(generatePrograms(group, firstSeed, hashes.length), (image) => {
        const result = runCompiled(image);
        entered = result.entered;
        return result.after;
      });
      const wrong = found.flatMap((hash, i) => (hash === hashes[i] ? [] : [firstSeed + i]));
      expect(wrong, `seeds of ${group} programs with another result`).toEqual([]);
      expect(entered).toBeGreaterThan(5 * hashes.length);
    }, 120_000);
  }

  test("a program is named by its seed", () => {
    const build = () => buildImage(generatePrograms("general", 7, 3));
    expect(build()).toEqual(build());
    expect(buildImage(generatePrograms("general", 8, 3))).not.toEqual(build());
  });

  test("a difference of one bit is found and named", () => {
    const image = runInCpu(buildImage(generatePrograms("general", 1, 3)));
    expect(differences(image, image).size).toBe(0);
    for (const [offset, name] of [
      [Slot.result + Block.general + 5 * 8 + 3, "r5"],
      [Slot.result + Block.floating + 15 * 8, "f15"],
      [Slot.result + Block.fpc + 3, "fpc"],
      [Slot.trap + 7, "signal"],
      [Slot.conditionCodes + 2 * 4, "condition code 2"],
      [Slot.dataEnd - 1, "storage 3ff0"],
    ] as const) {
      const other = image.slice();
      other[slotAddress(1) - IMAGE_ORIGIN + offset]! ^= 1;
      const found = differences(image, other);
      expect([...found.keys()]).toEqual([1]);
      expect(found.get(1)![0]).toContain(`${name}:`);
      expect(slotHash(other, 1)).not.toBe(slotHash(image, 1));
      expect(slotHash(other, 2)).toBe(slotHash(image, 2));
    }
  });

  test("the ELF file loads the image where it belongs", () => {
    const file = elfExecutable(IMAGE_ORIGIN, Uint8Array.of(1, 2, 3), IMAGE_ORIGIN + 2);
    const view = new DataView(file.buffer);
    expect(Buffer.from(file.subarray(0, 6)).toString("latin1")).toBe("\x7fELF\x02\x02");
    expect(view.getBigUint64(24)).toBe(BigInt(IMAGE_ORIGIN + 2));
    const [offset, address, size] = [72, 80, 96].map((at) => Number(view.getBigUint64(at)));
    expect(address).toBe(IMAGE_ORIGIN);
    expect(file.subarray(offset, offset! + size!)).toEqual(Uint8Array.of(1, 2, 3));
  });
});
