import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { expect, test } from "vitest";

const run = promisify(execFile);
const module = new URL("young-generation.ts", import.meta.url).href;

/** Lets much survive for a while, so that V8 wants a larger young generation, and prints how large it is in the end. */
const program = (isBounded: boolean): string => `
  const { boundYoungGeneration, youngGeneration } = await import(${JSON.stringify(module)});
  if (${isBounded}) boundYoungGeneration();
  const kept = [];
  for (let round = 0; round < 200; round++) {
    kept[round % 4] = Array.from({ length: 40_000 }, (_, index) => ({ index }));
    await new Promise((resolve) => setImmediate(resolve));
  }
  console.log(youngGeneration());
`;

const sizeAfter = async (isBounded: boolean): Promise<number> =>
  Number((await run(process.execPath, ["--input-type=module", "--eval", program(isBounded)])).stdout);

test("the young generation stops to grow, which it would not do by itself", async () => {
  const [bounded, unbounded] = [await sizeAfter(true), await sizeAfter(false)];
  expect(unbounded).toBeGreaterThan(64 * 2 ** 20);
  expect(bounded).toBeLessThanOrEqual(64 * 2 ** 20);
});
