// Against QEMU's system emulation (Debian: qemu-system-misc), which is required in CI.
import { describe, expect, test } from "vitest";
import { differences, finalState } from "./compare.ts";
import { CORPUS_TEST, generatePrograms, readCorpus, runPrograms } from "./corpus.ts";
import { buildImage } from "./image.ts";
import { isolate } from "./isolate.ts";
import { runInCpu } from "./run-cpu.ts";
import { qemuVersion, runInQemu } from "./run-qemu.ts";

const TIME_MS = 3000;
const BATCH = 300;
const GREATEST_SEED = 0x7fff_0000;

const isMissing = qemuVersion() === undefined && !process.env.CI;
if (isMissing) process.stderr.write("SKIPPED: qemu-system-s390x not found (Debian: qemu-system-misc)\n");

describe.skipIf(isMissing)("random supervisor programs against QEMU", () => {
  test("differential: fresh supervisor programs", () => {
    const until = performance.now() + TIME_MS;
    let programs = 0;
    for (let seed = Math.floor(Math.random() * GREATEST_SEED); performance.now() < until; seed += BATCH, programs += BATCH) {
      const image = buildImage(generatePrograms(seed, BATCH));
      const [expected, actual] = [runInQemu(image), runInCpu(image)];
      for (let i = 0; i < BATCH; i++) {
        if (differences(finalState(expected, i), finalState(actual, i)).length === 0) continue;
        const { text, lines } = isolate({ seed: seed + i });
        expect.fail(`seed ${seed + i}:\n${text}\n${lines.join("\n")}`);
      }
    }
    expect(programs).toBeGreaterThanOrEqual(BATCH);
  });

  test(`${CORPUS_TEST}: recorded once more`, () => {
    const { firstSeed, hashes } = readCorpus();
    expect(runPrograms(generatePrograms(firstSeed, hashes.length), runInQemu)).toEqual(hashes);
  });
});
