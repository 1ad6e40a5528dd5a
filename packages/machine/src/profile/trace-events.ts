import { nameOf } from "./hot-places.ts";
import { type Profile, type ProfileSample, type ProfileTotals, type Tier, tiers } from "./profile.ts";
import { SymbolTable } from "./symbols.ts";

/** An event of the Trace Event Format, as far as it is used here. Times in microseconds. */
export type TraceEvent =
  /** A slice with a begin and a duration. */
  | {
      readonly ph: "X";
      readonly name: string;
      readonly cat: string;
      readonly ts: number;
      readonly dur: number;
      readonly pid: number;
      readonly tid: number;
      readonly args?: TraceArguments;
    }
  /** A moment, on its thread. */
  | {
      readonly ph: "i";
      readonly s: "t";
      readonly name: string;
      readonly cat: string;
      readonly ts: number;
      readonly pid: number;
      readonly tid: number;
      readonly args?: TraceArguments;
    }
  /** Values of counters from this moment on. */
  | { readonly ph: "C"; readonly name: string; readonly ts: number; readonly pid: number; readonly args: Readonly<Record<string, number>> }
  /** Metadata: names and order of process and threads. */
  | { readonly ph: "M"; readonly name: string; readonly pid: number; readonly tid: number; readonly args: TraceArguments };

type TraceArguments = Readonly<Record<string, string | number>>;

/** A file in the JSON object form of the Trace Event Format. */
export interface TraceFile {
  readonly traceEvents: readonly TraceEvent[];
  readonly displayTimeUnit: "ms";
}

const pid = 1;
const guestThread = 1;
const compilerThread = 2;
/** Instructions to a branch, about; see the README of `@zarch/s390x-cpu`. */
const instructionsPerBranch = 5;

/**
 * A profile for timeline viewers: Perfetto (ui.perfetto.dev) and chrome://tracing. Neighbouring samples in one tier become a slice, and in it
 * those in one function; regions become slices of a thread of their own; totals become counters.
 */
export function traceEvents(profile: Profile, symbols = new SymbolTable()): TraceFile {
  return {
    displayTimeUnit: "ms",
    traceEvents: [
      { ph: "M", name: "process_name", pid, tid: 0, args: { name: "zarch" } },
      ...threadNames("CPU 0", guestThread),
      ...threadNames("compiler", compilerThread),
      ...sampleSlices(profile.samples, symbols),
      ...compilations(profile, symbols),
      ...counters(profile.timeline),
    ],
  };
}

function threadNames(name: string, tid: number): TraceEvent[] {
  return [
    { ph: "M", name: "thread_name", pid, tid, args: { name } },
    { ph: "M", name: "thread_sort_index", pid, tid, args: { sort_index: tid } },
  ];
}

/** Times are given with a fraction of three digits, nanoseconds. */
const microseconds = (time: number): number => Math.round(time) / 1000;

interface Slice {
  readonly name: string;
  readonly begin: number;
  end: number;
}

/** Each sample stands for the time since the one before. Slices in a slice lie within it. */
function* sampleSlices(samples: readonly ProfileSample[], symbols: SymbolTable): Generator<TraceEvent> {
  let tier: (Slice & { readonly inner: Slice[] }) | undefined;
  const slice = ({ name, begin, end }: Slice, cat: string): TraceEvent => ({
    ph: "X",
    name,
    cat,
    ts: microseconds(begin),
    dur: microseconds(Math.round(end) - Math.round(begin)),
    pid,
    tid: guestThread,
  });
  function* finish(): Generator<TraceEvent> {
    if (tier === undefined) return;
    yield slice(tier, "tier");
    for (const inner of tier.inner) yield slice(inner, "function");
  }
  let begin = 0;
  for (const sample of samples) {
    const end = sample.time;
    if (tier?.name === sample.tier) tier.end = end;
    else {
      yield* finish();
      tier = { name: sample.tier, begin, end, inner: [] };
    }
    if (sample.place !== undefined) {
      const name = placeName(sample.place, symbols);
      const last = tier.inner.at(-1);
      if (last?.name === name && last.end === begin) last.end = end;
      else tier.inner.push({ name, begin, end });
    }
    begin = end;
  }
  yield* finish();
}

function placeName(place: NonNullable<ProfileSample["place"]>, symbols: SymbolTable): string {
  const { name } = nameOf(place, symbols);
  return place.isUser ? `user ${name}` : name;
}

function compilations({ compilations: all }: Profile, symbols: SymbolTable): TraceEvent[] {
  return all.flatMap(({ time, duration, hostDuration, place, instructions, bytes }): TraceEvent[] => {
    const name = placeName(place, symbols);
    const common = { cat: "compiler", pid, tid: compilerThread } as const;
    const args = { address: `0x${place.address.toString(16)}`, instructions, bytes };
    const end = microseconds(time + duration);
    return [
      {
        ph: "X",
        name,
        ...common,
        ts: microseconds(time),
        dur: microseconds(duration),
        args: { ...args, "host compiler, µs": microseconds(hostDuration) },
      },
      { ph: "i", s: "t", name: `compiled: ${name}`, ...common, tid: guestThread, ts: end, args },
    ];
  });
}

/** Rates and shares between two entries of the timeline, as counters from the first of them on. */
function counters(timeline: readonly ProfileTotals[]): TraceEvent[] {
  return timeline.slice(1).flatMap((to, index): TraceEvent[] => {
    const from = timeline[index]!;
    const elapsed = to.time - from.time;
    if (elapsed <= 0) return [];
    const counter = (name: string, args: Readonly<Record<string, number>>): TraceEvent => ({
      ph: "C",
      name,
      ts: microseconds(from.time),
      pid,
      args,
    });
    // What was divided anew since may have become less.
    const share = (tier: Tier): number => round((100 * Math.max(0, to.tiers[tier] - from.tiers[tier])) / elapsed);
    const perSecond = (amount: number): number => round((amount * 1e9) / elapsed);
    return [
      counter("tiers, %", Object.fromEntries(tiers.map((tier) => [tier, share(tier)]))),
      counter("regions", { present: to.regions.present, compiled: to.regions.compiled, changed: to.regions.changed }),
      counter("regions entered per second", { entered: perSecond((to.regions.entered - from.regions.entered) >>> 0) }),
      counter("MIPS (estimate)", { MIPS: round(perSecond((to.branches - from.branches) * instructionsPerBranch) / 1e6) }),
    ];
  });
}

const round = (value: number): number => Math.round(value * 100) / 100;
