/** Room for the counters of all instrumented sources of one target. */
const CAPACITY = 1 << 16;

/** Bits of the classes 0 to 255 executions: 1, 2, 3, 4-7, 8-15, 16-31, 32-127, 128 and more. */
const classOfCount = Uint8Array.from({ length: 256 }, (_, count) => {
  if (count === 0) return 0;
  if (count <= 3) return 1 << (count - 1);
  if (count <= 7) return 8;
  if (count <= 15) return 16;
  if (count <= 31) return 32;
  return count <= 127 ? 64 : 128;
});

/**
 * Execution counters of the instrumented code, and what was seen of them so far. As AFL does it, a count matters only by its class, so that
 * a loop that runs 40 times instead of 41 is nothing new, and one that runs 4 times instead of 3 is.
 *
 * A *feature* is a counter together with a class: `counter * 8 + log2(class)`.
 */
export class Coverage {
  readonly counters = new Uint32Array(CAPACITY);
  #used = 0;
  /** Classes seen, by counter. */
  readonly #seen = new Uint8Array(CAPACITY);
  #features = 0;

  /** Sets counters aside, all of them next to each other. */
  allocate(count: number): Uint32Array {
    const start = this.#used;
    this.#used += count;
    if (this.#used > CAPACITY) throw new Error(`more than ${CAPACITY} coverage counters`);
    return this.counters.subarray(start, this.#used);
  }

  /** Number of features seen so far. */
  get featureCount(): number {
    return this.#features;
  }

  /** Number of counters that have been anything but 0, and number of counters. */
  get points(): { readonly covered: number; readonly all: number } {
    let covered = 0;
    for (let i = 0; i < this.#used; i++) if (this.#seen[i] !== 0) covered++;
    return { covered, all: this.#used };
  }

  /** To be called before each execution. */
  clear(): void {
    this.counters.fill(0, 0, this.#used);
  }

  /** The features of the last execution. */
  features(): number[] {
    const found: number[] = [];
    for (let i = 0; i < this.#used; i++) {
      const count = this.counters[i] as number;
      if (count !== 0) found.push(i * 8 + 31 - Math.clz32(classOfCount[Math.min(count, 255)] as number));
    }
    return found;
  }

  /** Whether the last execution has a feature that no execution had before. */
  get isNew(): boolean {
    for (let i = 0; i < this.#used; i++) {
      const count = this.counters[i] as number;
      if (count !== 0 && ((classOfCount[Math.min(count, 255)] as number) & ~(this.#seen[i] as number)) !== 0) return true;
    }
    return false;
  }

  /** Takes the features of the last execution for seen. Returns those that are new. */
  merge(): number[] {
    const found: number[] = [];
    for (const feature of this.features()) {
      const bit = 1 << (feature & 7);
      if (((this.#seen[feature >> 3] as number) & bit) !== 0) continue;
      (this.#seen as Uint8Array)[feature >> 3]! |= bit;
      found.push(feature);
    }
    this.#features += found.length;
    return found;
  }
}
