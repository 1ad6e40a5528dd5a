import { expect } from "vitest";

const { ZARCH_NIGHTLY } = process.env;
const isNightly = ZARCH_NIGHTLY === "1";
const TIME_MS = isNightly ? 60_000 : 3000;
const BATCH = 300;
/** Behind the seeds of the corpora. */
const FIRST_SEED = 50_000_000;
const GREATEST_SEED = 0x7fff_0000;

/** A batch of programs and the isolation of one may take this long besides. */
export const FRESH_TIMEOUT_MS = TIME_MS + 30_000;

/**
 * Compares batches of programs until the time is up: always from the same seed on, so that a test fails only for a change, and with
 * ZARCH_NIGHTLY=1 from one that nobody tried. A failure begins with the seed.
 *
 * @param differing of the programs with `count` seeds from `seed` on, the seeds of those that the machines do not agree on
 * @param describe what is known of the difference
 */
export function compareFresh(differing: (seed: number, count: number) => readonly number[], describe: (seed: number) => string): void {
  const until = performance.now() + TIME_MS;
  let seed = isNightly ? Math.floor(Math.random() * GREATEST_SEED) : FIRST_SEED;
  do {
    const [first] = named(`seeds ${seed} to ${seed + BATCH - 1}`, () => differing(seed, BATCH));
    if (first !== undefined) expect.fail(`seed ${first}: ${named(`seed ${first} differs`, () => describe(first))}`);
    seed += BATCH;
  } while (performance.now() < until);
}

/** Says of which programs an error is. */
function named<T>(name: string, run: () => T): T {
  try {
    return run();
  } catch (cause) {
    throw new Error(`${name}: ${cause instanceof Error ? cause.message : String(cause)}`, { cause });
  }
}
