import type { FindingKind } from "../engine/target.ts";

/** What a worker is to do with one target: execute the inputs, then fuzz. */
export interface Job {
  readonly target: string;
  readonly seed: number;
  /** Inputs to begin with. */
  readonly inputs: readonly Uint8Array[];
  /** Most seconds of fuzzing; 0 for none. */
  readonly seconds: number;
  /** Most executions, those of the inputs included. */
  readonly executions: number;
  /** Error codes whose checks are taken out of the code; see `disableChecks`. */
  readonly disabledChecks: readonly string[];
  /** End with the first finding. */
  readonly untilFinding: boolean;
}

/** A bug, with the smallest input found for it. */
export interface Report {
  readonly kind: FindingKind;
  readonly message: string;
  /** Where, as far as known. */
  readonly stack: string;
  readonly input: Uint8Array;
}

export interface Progress {
  readonly executions: number;
  readonly covered: number;
  readonly points: number;
  readonly features: number;
  readonly corpus: number;
}

export type Message =
  | { readonly type: "ready" }
  | { readonly type: "replayed"; readonly count: number }
  | { readonly type: "progress"; readonly progress: Progress }
  | { readonly type: "finding"; readonly report: Report }
  | { readonly type: "done"; readonly progress: Progress; readonly cover: readonly Uint8Array[] };

/** Longest input that the supervisor can see. */
const ROOM = 1 << 16;

/** The input in execution, in memory that the supervisor can read even when the worker hangs. */
export class Slate {
  readonly buffer: SharedArrayBuffer;
  readonly #header: Int32Array;
  readonly #bytes: Uint8Array;

  constructor(buffer = new SharedArrayBuffer(8 + ROOM)) {
    this.buffer = buffer;
    this.#header = new Int32Array(buffer, 0, 2);
    this.#bytes = new Uint8Array(buffer, 8);
  }

  /** Number of executions begun. */
  get count(): number {
    return Atomics.load(this.#header, 0);
  }

  begin(input: Uint8Array): void {
    this.#bytes.set(input.subarray(0, ROOM));
    this.#header[1] = input.length;
    Atomics.add(this.#header, 0, 1);
  }

  get input(): Uint8Array {
    return this.#bytes.slice(0, this.#header[1]);
  }
}
