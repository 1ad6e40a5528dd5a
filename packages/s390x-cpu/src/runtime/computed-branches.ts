/** Samples of a region's computed branches that make it worth compiling anew. */
const LEVELS = [8, 64, 512];
/** Farthest target, in bytes, that is kept in mind; and most targets of one branch. */
const FARTHEST = 1 << 24;
const MAXIMUM_TARGETS = 256;

/** Where a region's branches to computed addresses were seen to go: switch tables, calls by pointer. Offsets count from its first page. */
export class ComputedBranches {
  readonly #counts = new Map<number, Map<number, number>>();
  #samples = 0;
  #level = 0;

  /** @returns whether enough was learned since the last time to compile the region anew */
  note(branch: number, target: number): boolean {
    if (Math.abs(target) > FARTHEST) return false;
    const counts = this.#counts.get(branch) ?? new Map<number, number>();
    this.#counts.set(branch, counts);
    if (counts.size === MAXIMUM_TARGETS && !counts.has(target)) return false;
    counts.set(target, (counts.get(target) ?? 0) + 1);
    if (++this.#samples !== LEVELS[this.#level]) return false;
    this.#level++;
    return true;
  }

  /** Targets by branch, the most frequent first. */
  get targets(): ReadonlyMap<number, readonly number[]> {
    const byCount = (counts: ReadonlyMap<number, number>): number[] => [...counts].sort(([, a], [, b]) => b - a).map(([target]) => target);
    return new Map([...this.#counts].map(([branch, counts]) => [branch, byCount(counts)]));
  }
}
