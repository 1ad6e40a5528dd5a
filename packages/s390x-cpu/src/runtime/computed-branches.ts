/** Farthest target, in bytes, that is kept in mind; and most targets of one branch. */
const FARTHEST = 1 << 24;
const MAXIMUM_TARGETS = 256;

/** Where branches to computed addresses were seen to go: switch tables, calls by pointer. */
export class ComputedBranches {
  readonly #counts = new Map<number, Map<number, number>>();

  /**
   * @param branch what names the branch: the record of its instruction
   * @param distance bytes from the branch to its target
   */
  note(branch: number, distance: number): void {
    if (Math.abs(distance) > FARTHEST) return;
    const counts = this.#counts.get(branch) ?? new Map<number, number>();
    this.#counts.set(branch, counts);
    if (counts.size < MAXIMUM_TARGETS || counts.has(distance)) counts.set(distance, (counts.get(distance) ?? 0) + 1);
  }

  /** Distances to the targets of a branch, the most frequent first. */
  distances(branch: number): readonly number[] {
    const counts = this.#counts.get(branch);
    return counts ? [...counts].sort(([, a], [, b]) => b - a).map(([distance]) => distance) : [];
  }

  /** The branches that are known. */
  keys(): IterableIterator<number> {
    return this.#counts.keys();
  }

  delete(branch: number): void {
    this.#counts.delete(branch);
  }

  clear(): void {
    this.#counts.clear();
  }
}
