import type { CompiledRegion, CpuActivity, CpuObserver, GuestSample, ObservedCpu, RegionStatistics } from "@zarch/s390x-cpu";
import type { Clock } from "@zarch/vmm-interface";
import type { MachineObserver } from "../machine-observer.ts";
import { systemClock } from "../system.ts";
import {
  guestTiers,
  type Profile,
  type ProfiledCompilation,
  type ProfiledInstruction,
  type ProfilePlace,
  type ProfileSample,
  type ProfileTotals,
  type Tier,
  type TierTimes,
  tiers,
} from "./profile.ts";

export interface ProfilerOptions {
  /** Default: that of the host. */
  readonly clock?: Pick<Clock, "now">;
  /** Nanoseconds that a tier takes from one of its samples to the next, about. Default 1,000,000 (1 ms). */
  readonly interval?: number;
  /**
   * For how long the host's thread has had nothing to do, in ns since any start. In Node: `performance.eventLoopUtilization().idle * 1e6`.
   * Without it, all the time that a guest waits is taken as idle.
   */
  readonly hostIdle?: () => number;
}

const defaultInterval = 1_000_000;
/** Nanoseconds between two entries of the timeline, at first. */
const timelineInterval = 10_000_000;
/** When there are so many samples or entries of the timeline, every other one is given up, and they come half as often. */
const maximumSamples = 0x2_0000;
const maximumTotals = 0x4000;
/** The first so many compilations are kept. */
const maximumCompilations = 0x1_0000;
/** How often the CPU is asked where it is, while a sample in one of its tiers comes: a tier of few branches is not often met. */
const samplesPerInterval = 4;
/** Bounds for the branches that are asked for between two samples. */
const minimumBranches = 200;
const maximumBranches = 1_000_000;

const noRegions: RegionStatistics = { present: 0, compiled: 0, changed: 0, instructions: 0, bytes: 0, entered: 0, handedBack: 0 };
const noTime = (): Record<Tier, number> => Object.fromEntries(tiers.map((tier) => [tier, 0])) as Record<Tier, number>;

type InstructionAccount = { -readonly [K in keyof ProfiledInstruction]: ProfiledInstruction[K] };

/** What is accounted at present: a tier, or guest code of which it is not known yet in which tier it ran, or what is outside the CPU. */
type Account = Exclude<CpuActivity, "guest"> | "guest" | "outside";

/**
 * Records what a machine does with the host's thread. Give it to one machine as its `observer`; {@link profile} gives what it recorded so far.
 *
 * Times of tiers are measured, except that guest code is divided into compiled and interpreted by timing some of the visits to regions.
 * Where the guest is, is looked at about every millisecond.
 */
export class Profiler implements MachineObserver, CpuObserver {
  readonly #clock: Pick<Clock, "now">;
  readonly #hostIdle: (() => number) | undefined;
  readonly #initialInterval: number;
  #cpu: ObservedCpu | undefined;

  /** Account of each activity that is open, outermost first. */
  readonly #open: Account[] = ["outside"];
  #start: number;
  #last: number;
  #lastIdle: number;
  #sleeping = false;
  #random = 0;

  #times = noTime();
  /** What each tier took since its last sample. */
  #pending = noTime();
  /** Guest code since the CPU's last sample, and what is known to be compiled code but more than there was guest code. */
  #guestTime = 0;
  #compiledTime = 0;
  #compiledShare = 0;
  #branches = 0;

  #interval: number;
  /** What a tier takes until its next sample. */
  #thresholds: Record<Tier, number>;
  #samples: ProfileSample[] = [];
  #timelineInterval = timelineInterval;
  #nextTotals: number;
  #timeline: ProfileTotals[] = [];
  #regionsBefore = noRegions;
  #compilations: ProfiledCompilation[] = [];
  #region: CompiledRegion | undefined;
  #compilationBegan = 0;
  #hostCompilerBefore = 0;
  /** By the number of the instruction. */
  #instructions: InstructionAccount[] = [];
  #instruction: InstructionAccount | undefined;

  constructor({ clock = systemClock, interval = defaultInterval, hostIdle }: ProfilerOptions = {}) {
    this.#clock = clock;
    this.#initialInterval = interval;
    this.#interval = interval;
    this.#hostIdle = hostIdle;
    const now = clock.now();
    this.#start = now;
    this.#last = now;
    this.#lastIdle = hostIdle?.() ?? 0;
    this.#thresholds = this.#initialThresholds();
    this.#nextTotals = now + timelineInterval;
    this.#note(now);
  }

  /** Forgets what was recorded so far: the profile begins anew. */
  reset(): void {
    const now = this.#account();
    this.#start = now;
    this.#times = noTime();
    this.#pending = noTime();
    this.#guestTime = 0;
    this.#compiledTime = 0;
    this.#branches = 0;
    this.#interval = this.#initialInterval;
    this.#thresholds = this.#initialThresholds();
    this.#samples = [];
    this.#timelineInterval = timelineInterval;
    this.#nextTotals = now + timelineInterval;
    this.#timeline = [];
    this.#compilations = [];
    this.#instructions = [];
    this.#regionsBefore = this.#cpu?.regionStatistics ?? noRegions;
    this.#note(now);
  }

  /** What was recorded since the start, or since {@link reset}. */
  profile(): Profile {
    const now = this.#account();
    const last = this.#totals(now);
    return {
      duration: now - this.#start,
      tiers: last.tiers,
      samples: [...this.#samples],
      timeline: [...this.#timeline, last],
      compilations: [...this.#compilations],
      instructions: Object.values(this.#instructions)
        .map((each): ProfiledInstruction => ({ ...each }))
        .sort((a, b) => b.time + b.deviceTime - a.time - a.deviceTime),
    };
  }

  // ---- the machine ----

  observeCpu(cpu: ObservedCpu): CpuObserver {
    this.#cpu = cpu;
    return this;
  }

  sleeps(): void {
    this.#account();
    this.#sleeping = true;
  }

  wakes(): void {
    this.#account();
    this.#sleeping = false;
  }

  // ---- the CPU ----

  begin: CpuObserver["begin"] = (activity, instruction) => {
    const now = this.#account();
    this.#open.push(activity);
    if (activity === "compiler") {
      this.#compilationBegan = now;
      this.#hostCompilerBefore = this.#times["host-compiler"];
    } else if (instruction !== undefined) {
      const { id, mnemonic } = instruction;
      this.#instructions[id] ??= { mnemonic, count: 0, time: 0, deviceTime: 0 };
      this.#instruction = this.#instructions[id];
      this.#instruction.count++;
    }
  };

  end(): void {
    const now = this.#account();
    const account = this.#open.pop();
    if (account === "runtime") this.#instruction = undefined;
    else if (account === "compiler") this.#compilationEnded(now);
  }

  sample({ tier, branches, compiledTime }: GuestSample): number {
    const now = this.#account();
    this.#compiledTime += compiledTime;
    const compiled = Math.min(this.#compiledTime, this.#guestTime);
    this.#compiledTime -= compiled;
    this.#add("compiled", compiled);
    this.#add("interpreter", this.#guestTime - compiled);
    const rate = branches / Math.max(1, this.#guestTime);
    if (this.#guestTime > 0) this.#compiledShare = compiled / this.#guestTime;
    this.#guestTime = 0;
    this.#branches += branches;
    this.#recordIfDue(tier, now);
    const wanted = (this.#interval / samplesPerInterval) * this.#jitter() * rate;
    return Math.round(Math.min(maximumBranches, Math.max(minimumBranches, wanted)));
  }

  regionCompiled(region: CompiledRegion): void {
    this.#region = region;
  }

  // ---- accounts ----

  /** Adds the time since the last call to the present account. @returns now */
  #account(): number {
    const now = this.#clock.now();
    const elapsed = now - this.#last;
    this.#last = now;
    const account = this.#open.at(-1)!;
    if (account === "guest") this.#guestTime += elapsed;
    else if (account === "outside") this.#addOutside(elapsed, now);
    else {
      this.#add(account, elapsed);
      if (this.#instruction !== undefined) {
        if (account === "devices") this.#instruction.deviceTime += elapsed;
        else this.#instruction.time += elapsed;
      }
      this.#recordIfDue(account, now);
    }
    if (now >= this.#nextTotals) this.#note(now);
    return now;
  }

  #add(tier: Tier, time: number): void {
    this.#times[tier] += time;
    this.#pending[tier] += time;
  }

  #addOutside(elapsed: number, now: number): void {
    let idle = this.#sleeping ? elapsed : 0;
    if (this.#hostIdle !== undefined) {
      const total = this.#hostIdle();
      idle = Math.min(elapsed, Math.max(0, total - this.#lastIdle));
      this.#lastIdle = total;
    }
    this.#add("idle", idle);
    this.#add("host", elapsed - idle);
    for (const tier of idle > elapsed / 2 ? (["idle", "host"] as const) : (["host", "idle"] as const)) this.#recordIfDue(tier, now);
  }

  /** Takes a sample of a tier, which is at work now, if it has taken as long as is to lie between two of them. */
  #recordIfDue(tier: Tier, now: number): void {
    const weight = this.#pending[tier];
    if (weight < this.#thresholds[tier]) return;
    this.#pending[tier] = 0;
    this.#thresholds[tier] = this.#interval * this.#jitter();
    const place = guestTiers.includes(tier) ? this.#place() : undefined;
    this.#samples.push({ time: now - this.#start, tier, weight, ...(place && { place }) });
    if (this.#samples.length < maximumSamples) return;
    this.#interval *= 2;
    this.#samples = this.#halved(this.#samples);
  }

  #initialThresholds(): Record<Tier, number> {
    return Object.fromEntries(tiers.map((tier) => [tier, this.#interval * this.#jitter()])) as Record<Tier, number>;
  }

  /** One sample of each two, chosen by chance as their weights are, with the weight of both. */
  #halved(samples: readonly ProfileSample[]): ProfileSample[] {
    const kept: ProfileSample[] = [];
    for (let i = 0; i + 1 < samples.length; i += 2) {
      const [first, second] = [samples[i]!, samples[i + 1]!];
      const weight = first.weight + second.weight;
      const chosen = this.#chance() * weight < first.weight ? first : second;
      kept.push({ ...chosen, time: second.time, weight });
    }
    return kept;
  }

  #place(): ProfilePlace | undefined {
    if (this.#cpu === undefined) return undefined;
    const { high, low, isProblemState } = this.#cpu.location();
    return { address: high * 2 ** 32 + low, isUser: isProblemState };
  }

  #note(now: number): void {
    this.#timeline.push(this.#totals(now));
    if (this.#timeline.length >= maximumTotals) {
      this.#timelineInterval *= 2;
      this.#timeline = this.#timeline.filter((_, index) => index % 2 === 0);
    }
    this.#nextTotals = now + this.#timelineInterval;
  }

  #totals(now: number): ProfileTotals {
    // Guest code since the last sample is taken to be divided like that before it.
    const compiled = this.#guestTime * this.#compiledShare;
    const times: TierTimes = {
      ...this.#times,
      compiled: this.#times.compiled + compiled,
      interpreter: this.#times.interpreter + this.#guestTime - compiled,
    };
    const regions = this.#cpu?.regionStatistics ?? noRegions;
    const since = (name: keyof RegionStatistics): number => (regions[name] - this.#regionsBefore[name]) >>> 0;
    return {
      time: now - this.#start,
      tiers: times,
      branches: this.#branches,
      regions: {
        present: regions.present,
        compiled: since("compiled"),
        changed: since("changed"),
        instructions: since("instructions"),
        bytes: since("bytes"),
        entered: since("entered"),
        handedBack: since("handedBack"),
      },
    };
  }

  #compilationEnded(now: number): void {
    const region = this.#region;
    this.#region = undefined;
    if (region === undefined || this.#compilations.length >= maximumCompilations) return;
    this.#compilations.push({
      time: this.#compilationBegan - this.#start,
      duration: now - this.#compilationBegan,
      hostDuration: this.#times["host-compiler"] - this.#hostCompilerBefore,
      place: { address: Number(region.address), isUser: this.#cpu?.location().isProblemState ?? false },
      instructions: region.instructions,
      bytes: region.bytes,
    });
  }

  /** A factor from 0.5 to 1.5, so that nothing periodic in the guest is always met at the same place. */
  #jitter(): number {
    return 0.5 + this.#chance();
  }

  #chance(): number {
    this.#random = (Math.imul(this.#random, 1_664_525) + 1_013_904_223) >>> 0;
    return this.#random / 2 ** 32;
  }
}
