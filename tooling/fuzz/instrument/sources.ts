import { readFileSync } from "node:fs";
import { registerHooks, stripTypeScriptTypes } from "node:module";
import { fileURLToPath } from "node:url";
import { createInstrumenter } from "istanbul-lib-instrument";
import type { Coverage } from "../engine/coverage.ts";
import { disableChecks } from "./disable-checks.ts";

/** What is fuzzed: the sources of our packages, without their tests. */
const INSTRUMENTED = /\/packages\/[^/]+\/src\/(?!.*\.(test|bench|test-support)\.ts$).*\.ts$/;

/** The global variable in which Istanbul keeps its counters, by file. */
const REGISTRY = "__coverage__";

export interface InstrumentOptions {
  /** Where counters go. Absent: sources are not instrumented. */
  readonly coverage?: Coverage;
  /** Error codes whose checks are taken out of the code, to see whether the fuzzer notices. */
  readonly disabledChecks?: readonly string[];
}

/**
 * Instruments every source that is loaded from now on.
 *
 * Istanbul's code increments the fields of objects in a global variable, unless it finds there objects for the same version of the file:
 * so it finds typed arrays that are parts of one big array, which is cheap to clear and to compare after each execution.
 *
 * @returns for each disabled check the number of places where it was
 */
export function instrumentSources({ coverage, disabledChecks = [] }: InstrumentOptions): ReadonlyMap<string, number> {
  const instrumenter = createInstrumenter({ esModules: true, compact: true, produceSourceMap: true, coverageVariable: REGISTRY });
  const registry: Record<string, unknown> = {};
  Object.assign(globalThis, { [REGISTRY]: registry });
  const disabled = new Map(disabledChecks.map((code) => [code, 0]));
  process.setSourceMapsEnabled(true);
  registerHooks({
    load(url, context, nextLoad) {
      if (!url.startsWith("file:") || !INSTRUMENTED.test(url)) return nextLoad(url, context);
      const path = fileURLToPath(url);
      const { source: typescript, removed } = disableChecks(path, readFileSync(path, "utf8"), disabledChecks);
      for (const code of removed) disabled.set(code, (disabled.get(code) ?? 0) + 1);
      const stripped = stripTypeScriptTypes(typescript);
      if (!coverage) return { format: "module", source: stripped, shortCircuit: true };
      const code = instrumenter.instrumentSync(stripped, path);
      const { s, f, b } = instrumenter.lastFileCoverage() as FileCounters;
      registry[path] = {
        hash: /\bhash\s*=\s*"([0-9a-f]+)"/.exec(code)?.[1],
        s: coverage.allocate(Object.keys(s).length),
        f: coverage.allocate(Object.keys(f).length),
        b: Object.values(b).map((branches) => coverage.allocate(branches.length)),
      };
      const map = Buffer.from(JSON.stringify(instrumenter.lastSourceMap())).toString("base64");
      return { format: "module", source: `${code}\n//# sourceMappingURL=data:application/json;base64,${map}\n`, shortCircuit: true };
    },
  });
  return disabled;
}

/** Istanbul's counters of a file: statements, functions, branches. */
interface FileCounters {
  readonly s: Readonly<Record<string, number>>;
  readonly f: Readonly<Record<string, number>>;
  readonly b: Readonly<Record<string, readonly number[]>>;
}
