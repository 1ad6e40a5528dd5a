// Against QEMU's system emulation (Debian: qemu-system-misc), which is required in CI.
import { describe, expect, test } from "vitest";
import { compareFresh, FRESH_TIMEOUT_MS } from "../fresh.ts";
import { differences, finalState } from "./compare.ts";
import { CORPUS_TEST, generatePrograms, readCorpus, runPrograms } from "./corpus.ts";
import { buildImage } from "./image.ts";
import { isolate } from "./isolate.ts";
import { runInCpu } from "./run-cpu.ts";
import { qemuVersion, runInQemu } from "./run-qemu.ts";

const isMissing = qemuVersion() === undefined && !process.env.CI;
if (isMissing) process.stderr.write("SKIPPED: qemu-system-s390x not found (Debian: qemu-system-misc)\n");

describe.skipIf(isMissing)("random supervisor programs against QEMU", () => {
  test(
    "differential: other supervisor programs",
    () => {
      const differing = (first: number, count: number): number[] => {
        const image = buildImage(generatePrograms(first, count));
        const [expected, actual] = [runInQemu(image), runInCpu(image)];
        const seeds = Array.from({ length: count }, (_, i) => first + i);
        return seeds.filter((_, i) => differences(finalState(expected, i), finalState(actual, i)).length > 0);
      };
      compareFresh(differing, (seed) => {
        const { text, lines } = isolate({ seed });
        return `\n${text}\n${lines.join("\n")}`;
      });
    },
    FRESH_TIMEOUT_MS,
  );

  test(`${CORPUS_TEST}: recorded once more`, () => {
    const { firstSeed, hashes } = readCorpus();
    expect(runPrograms(generatePrograms(firstSeed, hashes.length), runInQemu)).toEqual(hashes);
  });
});
