/** How often each handler ran in one part of a run. */
export interface Phase {
  readonly name: string;
  readonly counts: ReadonlyMap<string, number>;
}

/** Each handler's share of all instructions. */
export function shares(counts: ReadonlyMap<string, number>): ReadonlyMap<string, number> {
  let total = 0;
  for (const count of counts.values()) total += count;
  return new Map([...counts].map(([name, count]) => [name, total === 0 ? 0 : count / total]));
}

/** A branch to anywhere and its form within a page are neighbours in the main loop: one of them brings the other. */
function group(name: string): string {
  return name.replace(/@near$/, "");
}

/**
 * The handlers with the greatest mean share over all phases, hottest first. All phases weigh the same: unpacking a kernel is a
 * long but very narrow loop, and would otherwise decide alone.
 * @param size most names in the list; a relative branch and its near form count as two
 */
export function hottest(phases: readonly Phase[], size: number): string[] {
  const mean = new Map<string, number>();
  for (const { counts } of phases)
    for (const [name, share] of shares(counts)) mean.set(name, (mean.get(name) ?? 0) + share / phases.length);
  const best = new Map<string, { share: number; name: string; sum: number }>();
  for (const [name, share] of mean) {
    const found = best.get(group(name));
    if (found === undefined) best.set(group(name), { share, name, sum: share });
    else {
      found.sum += share;
      if (share > found.share) Object.assign(found, { share, name });
    }
  }
  const chosen: string[] = [];
  let places = 0;
  for (const { name } of [...best.values()].filter(({ sum }) => sum > 0).sort((a, b) => b.sum - a.sum)) {
    const needed = isRelativeBranch(name, mean) ? 2 : 1;
    if (places + needed > size) continue;
    places += needed;
    chosen.push(name);
  }
  return chosen;
}

function isRelativeBranch(name: string, known: ReadonlyMap<string, number>): boolean {
  return name.endsWith("@near") || known.has(`${name}@near`);
}

/** Share of all instructions that run in the main loop if these handlers are part of it. */
export function coverage(counts: ReadonlyMap<string, number>, list: readonly string[]): number {
  const inLoop = new Set(list.map(group));
  let sum = 0;
  for (const [name, share] of shares(counts)) if (inLoop.has(group(name))) sum += share;
  return sum;
}
