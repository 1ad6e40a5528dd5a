import type { Random } from "./random.ts";

export interface CorpusEntry {
  readonly input: Uint8Array;
  /** Every feature of its execution. */
  readonly features: readonly number[];
  /** How often it was the start of a mutation. */
  used: number;
}

/** The inputs that are worth being mutated. */
export class Corpus {
  readonly entries: CorpusEntry[] = [];
  /** For each feature the shortest input that has it. */
  readonly #best = new Map<number, CorpusEntry>();
  #favoured: CorpusEntry[] = [];
  #stale = true;

  add(input: Uint8Array, features: readonly number[]): void {
    const entry = { input, features, used: 0 };
    this.entries.push(entry);
    for (const feature of features) {
      const best = this.#best.get(feature);
      if (best === undefined || input.length < best.input.length) this.#best.set(feature, entry);
    }
    this.#stale = true;
  }

  /** The fewest and shortest inputs found that together have every feature, by a greedy choice. */
  cover(): CorpusEntry[] {
    const chosen: CorpusEntry[] = [];
    const covered = new Set<number>();
    // Rare features first: what only one input has decides about that input anyway.
    const rarity = new Map<number, number>();
    for (const { features } of this.entries) for (const feature of features) rarity.set(feature, (rarity.get(feature) ?? 0) + 1);
    for (const [feature] of [...rarity].sort(([a, m], [b, n]) => m - n || a - b)) {
      if (covered.has(feature)) continue;
      const entry = this.#best.get(feature) as CorpusEntry;
      chosen.push(entry);
      for (const other of entry.features) covered.add(other);
    }
    return chosen;
  }

  /** The next input to be mutated: mostly one of the {@link cover}, of those one that was not used much. */
  choose(random: Random): CorpusEntry {
    if (this.#stale) {
      this.#favoured = this.cover();
      this.#stale = false;
    }
    const pool = random.below(5) === 0 ? this.entries : this.#favoured;
    let choice = random.pick(pool);
    for (let i = 0; i < 2; i++) {
      const other = random.pick(pool);
      if (other.used < choice.used) choice = other;
    }
    choice.used++;
    return choice;
  }
}
