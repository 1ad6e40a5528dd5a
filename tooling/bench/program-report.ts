import type { Ratios } from "./baseline.ts";
import { type Kind, type Measurement, medianSeconds } from "./program-results.ts";
import { geometricMean, spread } from "./statistics.ts";

/** The machines of a report, by their names. */
export interface Machines {
  /** Those to judge. */
  readonly ours: readonly string[];
  /** What they are compared with; undefined when it was left out. */
  readonly reference: string | undefined;
  /** The host itself. */
  readonly native: string;
}

/** Means over the kinds of programs. */
const means: readonly { readonly title: string; readonly kinds: readonly Kind[] }[] = [
  { title: "integer", kinds: ["integer"] },
  { title: "floating point", kinds: ["floating point"] },
  { title: "all programs", kinds: ["integer", "floating point"] },
  { title: "shell", kinds: ["shell"] },
];

/** Time on one machine by time on another; NaN where one of them did not run. */
export function ratio(measurement: Measurement, numerator: string, denominator: string): number {
  return medianSeconds(measurement, numerator) / medianSeconds(measurement, denominator);
}

/** Geometric mean of {@link ratio} over the measurements of these kinds that ran on both; NaN where there are none. */
export function meanRatio(measurements: readonly Measurement[], kinds: readonly Kind[], numerator: string, denominator: string): number {
  const ratios = measurements.filter(({ kind }) => kinds.includes(kind)).map((each) => ratio(each, numerator, denominator));
  const known = ratios.filter((each) => !Number.isNaN(each));
  return known.length === 0 ? Number.NaN : geometricMean(known);
}

/** Our times by those of the reference, as baselines have them: less is better. */
export function ratiosOf(measurements: readonly Measurement[], ours: string, reference: string): Ratios {
  const each = measurements.map((measurement) => [measurement.name, ratio(measurement, ours, reference)] as const);
  const mean = means.map(({ title, kinds }) => [`mean of ${title}`, meanRatio(measurements, kinds, ours, reference)] as const);
  return Object.fromEntries([...each, ...mean].filter(([, value]) => !Number.isNaN(value)));
}

/**
 * A table in Markdown: medians with their spread, how many times as fast as our first machine our others are, how many times as fast as
 * the reference all of ours, and the slow-down from the native build.
 */
export function reportTable(measurements: readonly Measurement[], { ours, reference, native }: Machines): string[] {
  const guests = reference === undefined ? ours : [...ours, reference];
  const comparisons = [
    ...ours.slice(1).map((machine) => ({ numerator: ours[0]!, denominator: machine, digits: 2 })),
    ...(reference === undefined ? [] : ours.map((machine) => ({ numerator: reference, denominator: machine, digits: 2 }))),
    ...guests.map((machine) => ({ numerator: machine, denominator: native, digits: 1 })),
  ];
  const machines = [...guests, native];
  const cells = (value: number, digits: number): string => (Number.isNaN(value) ? "" : value.toFixed(digits));
  const row = (title: string, rest: readonly string[]): string => `| ${[title, ...rest].join(" | ")} |`;
  const titles = [...machines, ...comparisons.map(({ numerator, denominator }) => `${numerator} / ${denominator}`)];
  const rows = measurements.map((each) =>
    row(each.name, [
      ...machines.map((machine) => timeOf(each, machine)),
      ...comparisons.map(({ numerator, denominator, digits }) => cells(ratio(each, numerator, denominator), digits)),
    ]),
  );
  const meanRows = means
    .filter(({ kinds }) => measurements.some(({ kind }) => kinds.includes(kind)))
    .map(({ title, kinds }) =>
      row(`geometric mean, ${title}`, [
        ...machines.map(() => ""),
        ...comparisons.map(({ numerator, denominator, digits }) => cells(meanRatio(measurements, kinds, numerator, denominator), digits)),
      ]),
    );
  return [
    row("", titles),
    row(
      "---",
      titles.map(() => "--:"),
    ),
    ...rows,
    ...meanRows,
  ];
}

function timeOf(measurement: Measurement, machine: string): string {
  const seconds = (measurement.runs.get(machine) ?? []).map((run) => run.seconds);
  if (seconds.length === 0) return "";
  const around = seconds.length > 1 ? ` ± ${(100 * spread(seconds)).toFixed(0)} %` : "";
  return `${medianSeconds(measurement, machine).toFixed(3)} s${around}`;
}

/** What only some machines have of the facilities: a C library that finds others runs other code. */
export function differentFacilities(facilities: ReadonlyMap<string, readonly string[]>): string[] {
  const all = [...facilities];
  const everywhere = (name: string): boolean => all.every(([, names]) => names.includes(name));
  return all
    .map(([machine, names]) => ({ machine, further: names.filter((name) => !everywhere(name)) }))
    .filter(({ further }) => further.length > 0)
    .map(({ machine, further }) => `${machine} has facilities that not all machines have: ${further.join(" ")}`);
}
