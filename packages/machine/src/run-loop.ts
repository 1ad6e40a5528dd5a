import type { Clock } from "@zarch/vmm-interface";
import type { CpuExit, CpuLike } from "./cpu-like.ts";
import { Idle } from "./idle.ts";
import type { MachineObserver } from "./machine-observer.ts";

/** Host time that one run of the CPU should take, in ns: long enough to be efficient, short enough for prompt I/O. */
const sliceTime = 2_000_000;
/** A guest that has been idle for so long, in ns, is left to sleep longer than it asked for. */
const settledTime = 100_000_000;
const minimumBudget = 1_000;
const maximumBudget = 1_000_000;

/** Exits that end a run loop. */
export type FinalExit = Extract<CpuExit, "disabled-wait" | "stopped" | "check-stop">;

export interface RunLoopOptions {
  readonly cpu: CpuLike;
  readonly clock: Clock;
  /** Gives the host's event loop a turn. */
  readonly yieldToHost: () => Promise<void>;
  /**
   * How late, in ns, the timer interruptions of a guest may come that has long been idle but for them. Many
   * ticks of a kernel that has a periodic one (Debian's: 250 a second) then cost the host one wake.
   */
  readonly idleTimerSlack: number;
  /** Does what was asked for during a run (a reset). Called between runs; returns whether it did anything. */
  readonly betweenRuns: () => boolean;
  readonly observer?: MachineObserver;
}

/**
 * Runs the CPU in slices, and gives the event loop a turn after each so that host I/O gets on. In an enabled wait the loop
 * sleeps until the CPU's next timer interruption or until {@link attention}.
 */
export class RunLoop {
  readonly #options: RunLoopOptions;
  readonly #idle: Idle;
  #budget = 100_000;
  #halting = false;
  #idleSince: number | undefined;
  #onHalt: () => void = () => {};
  #lastTurn = 0;
  #holds = new Set<Promise<void>>();
  #running: Promise<FinalExit | undefined> | undefined;

  constructor(options: RunLoopOptions) {
    this.#options = options;
    this.#idle = new Idle(options.clock);
  }

  get running(): boolean {
    return this.#running !== undefined;
  }

  /**
   * Since when the guest has had nothing to do, as a time of the clock in ns; undefined while it works. Wakes that took less
   * than a slice do not count as work.
   */
  get idleSince(): number | undefined {
    return this.#idleSince;
  }

  /** Something around the CPU wants it. Safe at any time, also from within a run. */
  attention(): void {
    this.#options.cpu.attention();
    this.#idle.wake();
  }

  /** No further slice begins before `work` has settled: how a slow consumer of guest output holds the guest back. */
  hold(work: Promise<void>): void {
    const settled = work.then(
      () => {},
      () => {},
    );
    this.#holds.add(settled);
    void settled.then(() => this.#holds.delete(settled));
  }

  /** Runs until the CPU stops for good or {@link halt} is called (undefined). */
  run(): Promise<FinalExit | undefined> {
    this.#running ??= this.#loop().finally(() => {
      this.#running = undefined;
    });
    return this.#running;
  }

  /** Ends {@link run} after the present slice. */
  async halt(): Promise<void> {
    if (this.#running === undefined) return;
    this.#halting = true;
    this.#onHalt();
    this.#idle.wake();
    await this.#running.catch(() => {});
  }

  async #loop(): Promise<FinalExit | undefined> {
    const { cpu, clock, betweenRuns, observer } = this.#options;
    try {
      // A caller that starts a machine gets its promise before the guest runs.
      await this.#hostTurn();
      for (;;) {
        if (betweenRuns()) continue;
        if (this.#halting) return undefined;
        if (this.#holds.size > 0) {
          observer?.sleeps();
          await Promise.race([Promise.all(this.#holds), this.#halted()]);
          observer?.wakes();
          continue;
        }
        const before = clock.now();
        this.#idle.forget();
        const exit = cpu.run(this.#budget);
        // What was asked for during the run comes first: a reset ends also a wait.
        if (betweenRuns()) continue;
        switch (exit) {
          case "wait":
            this.#idleSince ??= clock.now();
            observer?.sleeps();
            await this.#idle.sleep(this.#deadline(before));
            observer?.wakes();
            // Devices whose I/O ends in microtasks could keep waking the guest without the event loop ever having a turn.
            if (clock.now() - this.#lastTurn > sliceTime) await this.#hostTurn();
            break;
          case "budget":
            this.#idleSince = undefined;
            this.#adapt(clock.now() - before);
            await this.#hostTurn();
            break;
          default:
            return exit;
        }
      }
    } finally {
      this.#halting = false;
    }
  }

  #halted(): Promise<void> {
    return new Promise((resolve) => {
      this.#onHalt = resolve;
    });
  }

  async #hostTurn(): Promise<void> {
    await this.#options.yieldToHost();
    this.#lastTurn = this.#options.clock.now();
  }

  /** @param lastWake when the run before the present wait began */
  #deadline(lastWake: number): number | undefined {
    const alarm = this.#options.cpu.nextAlarm();
    if (alarm === undefined || lastWake - this.#idleSince! < settledTime) return alarm;
    return Math.max(alarm, lastWake + this.#options.idleTimerSlack);
  }

  #adapt(elapsed: number): void {
    const factor = Math.min(2, Math.max(0.5, sliceTime / Math.max(elapsed, 1)));
    this.#budget = Math.min(maximumBudget, Math.max(minimumBudget, Math.round(this.#budget * factor)));
  }
}
