import { slope } from "./statistics.ts";

/** What is known at the end of a fixed round. */
export interface SoakSample {
  /** Minutes since the first round began. */
  readonly minute: number;
  /** Of the round: seconds by the host's clock, and seconds of CPU time of the whole process. */
  readonly wall: number;
  readonly cpu: number;
  /** Resident memory of the process, in bytes. */
  readonly resident: number;
  readonly regions: { readonly present: number; readonly compiled: number; readonly changed: number };
  /** Load of the host. */
  readonly load: number;
}

export interface SoakSummary {
  /** Growth of the round's CPU time and wall time, as a share of its median, in an hour. */
  readonly cpuGrowth: number;
  readonly wallGrowth: number;
  /** Growth of the resident memory, in bytes in an hour. */
  readonly memoryGrowth: number;
  /** Largest resident memory, in bytes, and how much of that is beyond the guest's memory. */
  readonly peak: number;
  readonly beyondGuest: number;
}

/** Beyond the guest's memory the process may have so much, in bytes. */
export const memoryAllowance = 400 * 2 ** 20;
/** Rounds that do not count for the slopes: code is still being compiled for the first time. */
const warmUp = 2;
/** With less rounds than these chance makes the slopes; they are NaN then. */
const leastForSlopes = 10;
/** What counts as a slow-down over an hour. */
const toleratedSlowDown = 0.1;

const mebibytes = (bytes: number): string => (bytes / 2 ** 20).toFixed(0);

/** @param guestMemory bytes of the guest's main storage */
export function summarize(samples: readonly SoakSample[], peak: number, guestMemory: number): SoakSummary {
  const counted = samples.slice(warmUp);
  const isLong = counted.length >= leastForSlopes;
  const growth = (value: (sample: SoakSample) => number): number =>
    isLong ? slope(counted.map((each) => [each.minute / 60, value(each)])) : Number.NaN;
  const middle = (value: (sample: SoakSample) => number): number => {
    const sorted = counted.map(value).sort((a, b) => a - b);
    return sorted[sorted.length >> 1] ?? Number.NaN;
  };
  return {
    cpuGrowth: growth(({ cpu }) => cpu) / middle(({ cpu }) => cpu),
    wallGrowth: growth(({ wall }) => wall) / middle(({ wall }) => wall),
    memoryGrowth: growth(({ resident }) => resident),
    peak,
    beyondGuest: peak - guestMemory,
  };
}

/** What is wrong with it; empty if all is well. */
export function findings({ cpuGrowth, beyondGuest }: SoakSummary): string[] {
  return [
    ...(beyondGuest > memoryAllowance
      ? [`${mebibytes(beyondGuest)} MiB beyond the guest's memory, allowed are ${mebibytes(memoryAllowance)}`]
      : []),
    ...(cpuGrowth > toleratedSlowDown ? [`a round takes ${(cpuGrowth * 100).toFixed(0)} % more CPU time after an hour`] : []),
  ];
}

/** A row of the table. */
export function soakLine({ minute, wall, cpu, resident, regions: { present, compiled, changed }, load }: SoakSample): string {
  const cells = [minute.toFixed(0), wall.toFixed(2), cpu.toFixed(2), mebibytes(resident), present, compiled, changed, load.toFixed(1)];
  return `| ${cells.join(" | ")} |`;
}

/** A table in Markdown, and the slopes. */
export function soakLines(samples: readonly SoakSample[], summary: SoakSummary): string[] {
  const { cpuGrowth, wallGrowth, memoryGrowth } = summary;
  const percent = (share: number): string => `${share >= 0 ? "+" : ""}${(share * 100).toFixed(1)} %`;
  const slopes = `an hour changes a round's CPU time by ${percent(cpuGrowth)}, its time by ${percent(wallGrowth)}, resident memory by ${mebibytes(memoryGrowth)} MiB (without the first ${warmUp} rounds)`;
  return [
    "| minute | round, s | its CPU time, s | resident, MiB | regions | compiled in all | given up | load |",
    "| --: | --: | --: | --: | --: | --: | --: | --: |",
    ...samples.map(soakLine),
    "",
    Number.isNaN(summary.cpuGrowth) ? `too short for slopes: ${warmUp + leastForSlopes} rounds are needed` : slopes,
    `largest resident memory: ${mebibytes(summary.peak)} MiB, ${mebibytes(summary.beyondGuest)} MiB beyond the guest's memory (allowed: ${mebibytes(memoryAllowance)})`,
  ];
}

/** Reads what `info` on the machine's command line says of compiled code. */
export function parseRegions(info: string): SoakSample["regions"] {
  const found = /^code\s+(\d+) regions compiled \((\d+) in all, (\d+) given up/m.exec(info);
  if (!found) throw new Error(`no word of compiled code in ${JSON.stringify(info)}`);
  return { present: Number(found[1]), compiled: Number(found[2]), changed: Number(found[3]) };
}
