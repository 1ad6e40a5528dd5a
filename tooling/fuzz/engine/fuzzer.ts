import { Corpus } from "./corpus.ts";
import type { Coverage } from "./coverage.ts";
import { Mutator } from "./mutator.ts";
import { Random } from "./random.ts";
import { shrink } from "./shrink.ts";
import { asFinding, type Finding, type FuzzTarget, signature } from "./target.ts";

export interface FuzzerOptions {
  readonly target: FuzzTarget;
  readonly coverage: Coverage;
  readonly seed: number;
  /** Called before each execution, with the input. */
  readonly onExecution?: (input: Uint8Array) => void;
  /** Called once for each different finding, with the smallest input found for it. */
  readonly onFinding?: (finding: Finding, input: Uint8Array) => void;
}

const DEFAULT_MAX_LENGTH = 1024;

/** Executions spent on making one input smaller. */
const TRIM_BUDGET = 120;
const SHRINK_BUDGET = 4000;

/** Executions between two visits to the event loop, where unhandled rejections show. */
const BATCH = 256;

/** The coverage-guided loop: mutate, execute, keep what does something new. */
export class Fuzzer {
  readonly corpus = new Corpus();
  readonly #options: FuzzerOptions;
  readonly #random: Random;
  readonly #mutator: Mutator;
  readonly #signatures = new Set<string>();
  /** Inputs since the last visit to the event loop. */
  #batch: Uint8Array[] = [];
  #rejection: { readonly error: unknown } | undefined;
  executions = 0;

  constructor(options: FuzzerOptions) {
    const { target, seed } = options;
    this.#options = options;
    this.#random = new Random(seed);
    this.#mutator = new Mutator(this.#random, target.maxLength ?? DEFAULT_MAX_LENGTH, target.dictionary);
  }

  get findings(): number {
    return this.#signatures.size;
  }

  /** Called by the process for a promise that was rejected and that nobody looks after. */
  unhandledRejection(error: unknown): void {
    this.#rejection ??= { error };
  }

  async #execute(input: Uint8Array): Promise<Finding | undefined> {
    this.executions++;
    this.#options.onExecution?.(input);
    this.#options.coverage.clear();
    try {
      const pending = this.#options.target.run(input);
      if (pending instanceof Promise) await pending;
    } catch (error) {
      return asFinding(error);
    }
    return undefined;
  }

  /** As {@link #execute}, and waits until unhandled rejections have shown. */
  async #executeAlone(input: Uint8Array): Promise<Finding | undefined> {
    this.#rejection = undefined;
    const finding = await this.#execute(input);
    await macrotask();
    const rejection = this.#takeRejection();
    return finding ?? rejection;
  }

  #takeRejection(): Finding | undefined {
    const rejection = this.#rejection;
    this.#rejection = undefined;
    return rejection && asFinding(rejection.error);
  }

  /** Executes an input as it is, keeps it if it does something new, and reports it if it finds something. */
  replay(input: Uint8Array): Promise<Finding | undefined> {
    return this.#try(input, false);
  }

  async #try(input: Uint8Array, trim: boolean): Promise<Finding | undefined> {
    const { coverage } = this.#options;
    const finding = await this.#execute(input);
    this.#batch.push(input);
    if (finding) await this.#report(finding, input);
    else if (coverage.isNew) await this.#keep(input, trim);
    if (this.#batch.length < BATCH) return finding;
    return (await this.#endBatch()) ?? finding;
  }

  async #endBatch(): Promise<Finding | undefined> {
    await macrotask();
    const batch = this.#batch;
    this.#batch = [];
    if (this.#takeRejection() === undefined) return undefined;
    // One of them did it: find out which.
    for (const input of batch) {
      const finding = await this.#executeAlone(input);
      if (finding) await this.#report(finding, input);
      if (finding) return finding;
    }
    return undefined;
  }

  async #keep(input: Uint8Array, trim: boolean): Promise<void> {
    const { coverage } = this.#options;
    const fresh = coverage.merge();
    const wanted = (): boolean => {
      const features = new Set(coverage.features());
      return fresh.every((feature) => features.has(feature));
    };
    if (!trim) {
      this.corpus.add(input, coverage.features());
      return;
    }
    const trimmed = await shrink(input, async (candidate) => (await this.#execute(candidate)) === undefined && wanted(), TRIM_BUDGET);
    await this.#execute(trimmed);
    coverage.merge();
    this.corpus.add(trimmed, coverage.features());
  }

  async #report(finding: Finding, input: Uint8Array): Promise<void> {
    const name = signature(finding);
    if (this.#signatures.has(name)) return;
    this.#signatures.add(name);
    const same = async (candidate: Uint8Array): Promise<boolean> => {
      const other = await this.#executeAlone(candidate);
      return other !== undefined && signature(other) === name;
    };
    const smallest = await shrink(input, same, SHRINK_BUDGET);
    this.#options.onFinding?.((await this.#executeAlone(smallest)) ?? finding, smallest);
  }

  /** Makes and executes one new input. */
  async step(): Promise<Finding | undefined> {
    const { corpus } = this;
    if (corpus.entries.length === 0) return this.#try(this.#mutator.mutate(new Uint8Array(16), new Uint8Array(16)), true);
    const { input } = corpus.choose(this.#random);
    return this.#try(this.#mutator.mutate(input, this.#random.pick(corpus.entries).input), true);
  }

  /** To be called at the end: looks for what has not shown yet. */
  async finish(): Promise<void> {
    await this.#endBatch();
  }
}

function macrotask(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(resolve);
  });
}
