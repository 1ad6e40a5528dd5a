import { instructions } from "@zarch/s390x-isa";
import * as layout from "../engine/layout.ts";
import type { CpuPorts } from "./core.ts";
import type { CpuActivity, CpuLocation, CpuObserver, ObservedCpu } from "./observer.ts";
import { Psw } from "./psw.ts";
import type { Registers } from "./registers.ts";
import type { EngineExports } from "./storage.ts";

/**
 * How many visits to regions are to be timed between two samples, and one of how many at least,
 * about. More is better, but slow.
 */
const TIMED_VISITS = 16;
const MAXIMUM_INTERVAL = 8;
/** What the countdown ends with in the interpreter. If a region ended it, the interpreter counts once more, and then returns. */
const ENDED_IN_INTERPRETER = -1;

/** Lets an observer know what a CPU does. Only an observed CPU has one; its parts are wrapped while it is put together. */
export class Observation {
  readonly #registers: Registers;
  readonly #observer: CpuObserver;
  readonly #regionTime: Float64Array;
  /** Record of the instruction whose half the runtime performs, or 0. */
  #record = 0;
  /** Whether it began in the problem state, which it may leave or enter. */
  #isProblem = false;
  /** Branches from the last sample to the next one. */
  #interval = 0;
  /** Since the last sample; and how often regions were entered before it. */
  #compiledTime = 0;
  #entered = 0;
  #random = 0;

  constructor(
    parts: { registers: Registers; buffer: ArrayBufferLike; statistics: () => ObservedCpu["regionStatistics"] },
    observe: (cpu: ObservedCpu) => CpuObserver,
  ) {
    this.#registers = parts.registers;
    this.#regionTime = new Float64Array(parts.buffer, layout.REGION_TIME, 1);
    const { statistics } = parts;
    this.#observer = observe({
      location: () => this.#location(),
      get regionStatistics() {
        return statistics();
      },
    });
  }

  get observer(): CpuObserver {
    return this.#observer;
  }

  /** The engine, with its runs observed. */
  engine(engine: EngineExports): EngineExports {
    return {
      ...engine,
      run: () => {
        const exit = this.#during("guest", engine.run);
        this.#addCompiledTime();
        return exit;
      },
    };
  }

  /** The runtime's halves of instructions, with their time observed. */
  helper(helper: (id: number, record: number) => number): (id: number, record: number) => number {
    return (id, record) => {
      this.#record = record;
      this.#isProblem = (this.#registers.pswHigh & Psw.problem) !== 0;
      this.#observer.begin("runtime", instructions[id]);
      try {
        return helper(id, record);
      } finally {
        this.#observer.end();
        this.#record = 0;
      }
    };
  }

  /** What is around the CPU, with the time spent there observed. */
  ports({ channelSubsystem, serviceCall, externalInterruptions, pci, diagnose }: CpuPorts): CpuPorts {
    return {
      ...(channelSubsystem && { channelSubsystem: this.#timed(channelSubsystem) }),
      ...(serviceCall && { serviceCall: this.#timed(serviceCall) }),
      ...(externalInterruptions && { externalInterruptions: this.#timed(externalInterruptions) }),
      ...(pci && { pci: this.#timed(pci) }),
      ...(diagnose && { diagnose: this.#timedHandlers(diagnose) }),
    };
  }

  /** Does what a run of the CPU does, besides guest code: interruptions and the like. */
  run<T>(work: () => T): T {
    return this.#during("runtime", work);
  }

  /** The engine came back for a sample. */
  sample(): void {
    const registers = this.#registers;
    const countdown = registers.word(layout.SAMPLE_COUNTDOWN) | 0;
    const entered = registers.word(layout.REGIONS_ENTERED);
    const sample = {
      tier: countdown === ENDED_IN_INTERPRETER ? "interpreter" : "compiled",
      branches: this.#interval - countdown,
      compiledTime: Math.max(0, this.#compiledTime),
    } as const;
    this.#timeVisits((entered - this.#entered) >>> 0);
    this.#entered = entered;
    // Very short visits may seem to take less than no time.
    this.#compiledTime = Math.min(0, this.#compiledTime);
    this.#interval = Math.max(1, this.#observer.sample(sample));
    registers.setWord(layout.SAMPLE_COUNTDOWN, this.#interval);
  }

  /**
   * Adapts how many visits are timed. Each must have the same chance, so the first one is left to chance, too; and it is not always the same part
   * of them, lest a loop of that many visits be timed at one place only.
   */
  #timeVisits(visits: number): void {
    const registers = this.#registers;
    const interval = Math.max(1, Math.round(Math.min(visits / TIMED_VISITS, MAXIMUM_INTERVAL) * (0.5 + this.#chance())));
    registers.setWord(layout.REGION_TIMING_INTERVAL, interval);
    registers.setWord(layout.REGION_TIMING_LEFT, 1 + Math.floor(this.#chance() * interval));
  }

  #chance(): number {
    this.#random = (Math.imul(this.#random, 1_664_525) + 1_013_904_223) >>> 0;
    return this.#random / 2 ** 32;
  }

  #addCompiledTime(): void {
    const registers = this.#registers;
    if (registers.word(layout.REGIONS_TIMED) === 0) return;
    this.#compiledTime += (this.#regionTime[0] as number) * registers.word(layout.REGION_TIMING_INTERVAL);
    this.#regionTime[0] = 0;
    registers.setWord(layout.REGIONS_TIMED, 0);
  }

  #during<T>(activity: CpuActivity, work: () => T): T {
    this.#observer.begin(activity);
    try {
      return work();
    } finally {
      this.#observer.end();
    }
  }

  /** A port whose methods are observed. They are called on the port itself, which may have private fields. */
  #timed<T extends object>(port: T): T {
    const methods = new Map<unknown, unknown>();
    return new Proxy(port, {
      get: (target, name) => {
        const value: unknown = Reflect.get(target, name, target);
        if (typeof value !== "function") return value;
        const known = methods.get(value);
        if (known !== undefined) return known;
        const method = (...args: unknown[]): unknown => this.#during("devices", () => value.apply(target, args));
        methods.set(value, method);
        return method;
      },
    });
  }

  #timedHandlers(handlers: NonNullable<CpuPorts["diagnose"]>): NonNullable<CpuPorts["diagnose"]> {
    return {
      get: (code) => {
        const handler = handlers.get(code);
        return handler && ((...args) => this.#during("devices", () => handler(...args)));
      },
    };
  }

  #location(): CpuLocation {
    const registers = this.#registers;
    if (this.#record === 0) {
      const isProblemState = (registers.pswHigh & Psw.problem) !== 0;
      return { high: registers.addressHigh, low: registers.addressLow, isProblemState };
    }
    const isProblemState = this.#isProblem;
    if (this.#record === layout.EXECUTE_RECORD)
      return { high: registers.word(layout.EXECUTE_ADDRESS + 4), low: registers.word(layout.EXECUTE_ADDRESS), isProblemState };
    const low = registers.word(layout.PC_DELTA) + (this.#record >>> 3);
    const high = registers.word(layout.PC_DELTA + 4) + (low >= 0x1_0000_0000 ? 1 : 0);
    return {
      high: (high & registers.word(layout.ADDRESS_MASK + 4)) >>> 0,
      low: (low & registers.word(layout.ADDRESS_MASK)) >>> 0,
      isProblemState,
    };
  }
}
