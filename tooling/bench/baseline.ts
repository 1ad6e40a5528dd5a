import { readFile, writeFile } from "node:fs/promises";

/** Ratios of one benchmark, by name. Smaller is better in all of them. */
export type Ratios = Readonly<Record<string, number>>;

/** A ratio may be worse by this factor before it is worth a warning: machines and their loads differ. */
const tolerance = 1.25;

const file = (benchmark: string): URL => new URL(`baselines/${benchmark}.json`, import.meta.url);

/** The stored ratios, or undefined where none are stored yet. */
export async function readBaseline(benchmark: string): Promise<Ratios | undefined> {
  try {
    return JSON.parse(await readFile(file(benchmark), "utf8")) as Ratios;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  }
}

/** Only ratios are stored: figures of one machine say nothing on another. */
export async function writeBaseline(benchmark: string, ratios: Ratios): Promise<void> {
  const rounded = Object.fromEntries(Object.entries(ratios).map(([name, value]) => [name, Number(value.toPrecision(3))]));
  await writeFile(file(benchmark), `${JSON.stringify(rounded, null, 2)}\n`);
}

/** What became worse than the baseline, in words. */
export function compareWithBaseline(ratios: Ratios, baseline: Ratios): string[] {
  const warnings: string[] = [];
  for (const [name, value] of Object.entries(ratios)) {
    const stored = baseline[name];
    if (stored === undefined) continue;
    if (value > stored * tolerance) warnings.push(`${name}: ${value.toPrecision(3)}, and the baseline says ${stored}`);
  }
  return warnings;
}
