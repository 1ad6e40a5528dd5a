// Against QEMU's user-mode emulation (Debian: qemu-user), which is required in CI.
import { describe, expect, test } from "vitest";
import { differences } from "./compare.ts";
import { CORPUS_TEST, generatePrograms, readCorpus, runPrograms } from "./corpus.ts";
import { compareFresh, FRESH_TIMEOUT_MS } from "./fresh.ts";
import { buildImage } from "./image.ts";
import { isolate } from "./isolate.ts";
import { type Group, groups } from "./mnemonics.ts";
import { runInCpu } from "./run-cpu.ts";
import { qemuVersion, runInQemu } from "./run-qemu.ts";

const isMissing = qemuVersion() === undefined && !process.env.CI;
if (isMissing) process.stderr.write("SKIPPED: qemu-s390x not found (Debian: qemu-user)\n");

describe.skipIf(isMissing)("random programs against QEMU", () => {
  for (const group of Object.keys(groups) as Group[]) {
    test(
      `differential: other programs (${group})`,
      () => {
        const differing = (first: number, count: number): number[] => {
          const image = buildImage(generatePrograms(group, first, count));
          return [...differences(runInQemu(image), runInCpu(image)).keys()].map((slot) => first + slot);
        };
        compareFresh(differing, (seed) => {
          const { text, lines } = isolate({ seed, mnemonics: groups[group] });
          return `\n${text}\n${lines.join("\n")}`;
        });
      },
      FRESH_TIMEOUT_MS,
    );

    test(`${CORPUS_TEST}: recorded once more (${group})`, () => {
      const { firstSeed, hashes } = readCorpus().groups[group];
      expect(runPrograms(generatePrograms(group, firstSeed, hashes.length), runInQemu)).toEqual(hashes);
    });
  }
});
