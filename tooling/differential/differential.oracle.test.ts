// Against QEMU's user-mode emulation (Debian: qemu-user), which is required in CI.
import { describe, expect, test } from "vitest";
import { differences } from "./compare.ts";
import { CORPUS_TEST, generatePrograms, readCorpus, runPrograms } from "./corpus.ts";
import { buildImage } from "./image.ts";
import { isolate } from "./isolate.ts";
import { type Group, groups } from "./mnemonics.ts";
import { runInCpu } from "./run-cpu.ts";
import { qemuVersion, runInQemu } from "./run-qemu.ts";

const TIME_MS = 3000;
const BATCH = 300;
const GREATEST_SEED = 0x7fff_0000;

const isMissing = qemuVersion() === undefined && !process.env.CI;
if (isMissing) process.stderr.write("SKIPPED: qemu-s390x not found (Debian: qemu-user)\n");

describe.skipIf(isMissing)("random programs against QEMU", () => {
  for (const group of Object.keys(groups) as Group[]) {
    test(`differential: fresh programs (${group})`, () => {
      const until = performance.now() + TIME_MS;
      let seed = Math.floor(Math.random() * GREATEST_SEED);
      let programs = 0;
      for (; performance.now() < until; seed += BATCH, programs += BATCH) {
        const image = buildImage(generatePrograms(group, seed, BATCH));
        const found = differences(runInQemu(image), runInCpu(image));
        for (const slot of found.keys()) {
          const { text, lines } = isolate({ seed: seed + slot, mnemonics: groups[group] });
          expect.fail(`seed ${seed + slot} of ${group}:\n${text}\n${lines.join("\n")}`);
        }
      }
      expect(programs).toBeGreaterThanOrEqual(BATCH);
    });

    test(`${CORPUS_TEST}: recorded once more (${group})`, () => {
      const { firstSeed, hashes } = readCorpus().groups[group];
      expect(runPrograms(generatePrograms(group, firstSeed, hashes.length), runInQemu)).toEqual(hashes);
    });
  }
});
