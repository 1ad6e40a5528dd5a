import type { RegionStatistics } from "@zarch/s390x-cpu";

/**
 * Where a machine's thread spends its time:
 *
 * - `compiled`, `interpreter`: guest code, in compiled regions and interpreted
 * - `runtime`: the TypeScript halves of instructions, and interruptions
 * - `devices`: devices and buses, while an instruction that calls them waits
 * - `compiler`: selection of regions, and generation of their WebAssembly
 * - `host-compiler`: compilation of that WebAssembly by the host
 * - `host`: all else that the thread does: input and output that ends, timers, the program around the machine
 * - `idle`: the thread sleeps, because the guest waits or is held
 */
export const tiers = ["compiled", "interpreter", "runtime", "devices", "compiler", "host-compiler", "host", "idle"] as const;
export type Tier = (typeof tiers)[number];

/** The tiers in which the guest is at an instruction of its program. */
export const guestTiers: readonly Tier[] = ["compiled", "interpreter", "runtime", "devices"];

/** Nanoseconds by tier. */
export type TierTimes = Readonly<Record<Tier, number>>;

/** Where the guest was. */
export interface ProfilePlace {
  /** Virtual address. Exact below 2^53. */
  readonly address: number;
  /** The guest was in the problem state: in Linux, in user space. */
  readonly isUser: boolean;
}

export interface ProfileSample {
  /** Nanoseconds since the profile began. */
  readonly time: number;
  readonly tier: Tier;
  /** Nanoseconds that the tier took since the sample before of the same tier. */
  readonly weight: number;
  /** In {@link guestTiers}. */
  readonly place?: ProfilePlace;
}

/** Running totals at a moment. */
export interface ProfileTotals {
  /** Nanoseconds since the profile began. */
  readonly time: number;
  readonly tiers: TierTimes;
  /** Branches in the interpreter, and steps from block to block in regions: some five instructions each. */
  readonly branches: number;
  /** What happened to regions since the profile began, and how many are present; zero without a compiler. */
  readonly regions: RegionStatistics;
}

/** The compilation of one region. Times in nanoseconds. */
export interface ProfiledCompilation {
  /** Since the profile began. */
  readonly time: number;
  readonly duration: number;
  /** How much of that was the host's compiler. */
  readonly hostDuration: number;
  readonly place: ProfilePlace;
  /** Guest instructions in the region. */
  readonly instructions: number;
  /** Bytes of WebAssembly. */
  readonly bytes: number;
}

/** An instruction that the runtime performs, and what it took in all. Times in nanoseconds. */
export interface ProfiledInstruction {
  readonly mnemonic: string;
  readonly count: number;
  readonly time: number;
  /** In devices and buses, besides {@link time}. */
  readonly deviceTime: number;
}

/** What a {@link Profiler} recorded. */
export interface Profile {
  /** Nanoseconds. The times of all tiers add up to it. */
  readonly duration: number;
  readonly tiers: TierTimes;
  /** In the order of time. */
  readonly samples: readonly ProfileSample[];
  /** At the start, at intervals, and at the end. */
  readonly timeline: readonly ProfileTotals[];
  readonly compilations: readonly ProfiledCompilation[];
  /** The ones that took longest first. */
  readonly instructions: readonly ProfiledInstruction[];
}
