import { caseName } from "./case.ts";
import { isFailure } from "./report.ts";
import { type ConformanceOptions, casesFor, runCase } from "./run.ts";
import { type ConformanceTarget, MODERN_SPLIT, variantName } from "./target.ts";

/** What a test hears from its runner: how to say that it does not apply. `skip` may throw. */
export interface TestContext {
  skip?(reason?: string): void;
}

/** The two functions of a test runner that are needed: those of vitest, node:test, mocha, ... */
export interface TestApi {
  describe(name: string, body: () => void): void;
  it(name: string, body: (context: TestContext) => Promise<void>): void;
}

/**
 * Registers each case that is about the target as a test, its requirement ids in front of its title. A case that turns out not to apply is
 * skipped; a recommendation that is not followed passes, with its text given to `onResult`.
 *
 * ```ts
 * import { describe, it } from "vitest";
 * describeConformance({ describe, it }, target);
 * ```
 */
export function describeConformance({ describe, it }: TestApi, target: ConformanceTarget, options: ConformanceOptions = {}): void {
  for (const variant of options.variants ?? target.variants ?? [MODERN_SPLIT]) {
    describe(`conformance of ${target.name}, ${variantName(variant)}`, () => {
      for (const each of casesFor(target, variant, options.cases)) {
        it(caseName(each), async (context) => {
          const result = await runCase(each, target, variant, options);
          options.onResult?.(result);
          if (result.score === "SKIP") context?.skip?.(result.detail);
          else if (isFailure(result.score)) throw new Error(`${result.score}: ${result.detail}`);
        });
      }
    });
  }
}
