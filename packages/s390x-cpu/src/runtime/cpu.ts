import { ReversedMemory } from "@zarch/guest-memory";
import { type Instruction, instructions } from "@zarch/s390x-isa";
import { BugError, type Clock, type ExternalInterruption, HostError } from "@zarch/vmm-interface";
import { definedInstructions } from "../definitions/all.ts";
import { hotHandlers } from "../definitions/hot.ts";
import { type Handler, numberHandlers } from "../engine/handlers.ts";
import { generateInterpreter } from "../engine/interpreter.ts";
import * as layout from "../engine/layout.ts";
import type { RegionCompiler } from "../jit/region-request.ts";
import { Lockstep } from "../lockstep/lockstep.ts";
import { PAGE_COPIES_SIZE } from "../lockstep/page-copies.ts";
import { accessRegisterAsce } from "./access-register-translation.ts";
import { CpuCore, type CpuPorts, type Helper } from "./core.ts";
import { allHelpers } from "./helpers.ts";
import { type CpuIdentity, defaultIdentity } from "./identity.ts";
import { Interruptions } from "./interruptions.ts";
import { Observation } from "./observation.ts";
import type { CpuObserver, ObservedCpu } from "./observer.ts";
import { type OperandReader, operandReader } from "./operands.ts";
import type { ProgramEvents } from "./program-events.ts";
import { ProgramInterruptionSignal } from "./program-interruption.ts";
import { Psw } from "./psw.ts";
import type { RegionStatistics } from "./region-statistics.ts";
import { defaultRegionSettings, type RegionSettings, Regions } from "./regions.ts";
import { Registers } from "./registers.ts";
import { StagedCopier } from "./staged-copier.ts";
import { type EngineExports, OperandStorage } from "./storage.ts";

export interface CpuOptions {
  /** Bytes of storage: a multiple of 1 MiB, at most {@link layout.MAXIMUM_STORAGE}. */
  readonly memorySize: number;
  readonly clock: Clock;
  /** What is around the CPU; a function is called once, when the memory exists. */
  readonly ports?: CpuPorts | ((memory: ReversedMemory) => CpuPorts);
  readonly identity?: Partial<CpuIdentity>;
  /**
   * Compiles what runs often (default), or not. `"lockstep"` is for finding faults: all that was compiled also runs in the exact
   * interpreter, and where they disagree {@link Cpu.run} throws a {@link LockstepError}. Some ten times slower; `lockstep: n` among the
   * settings compares only the first runs of each region and then every nth.
   */
  readonly jit?: boolean | "lockstep" | JitOptions;
  /** Makes the observer that is told what the CPU does, for a profile. Without one, observation costs nothing. */
  readonly observer?: (cpu: ObservedCpu) => CpuObserver;
}

export interface JitOptions extends Partial<RegionSettings> {
  readonly lockstep?: boolean | number;
  /** Compiles in place of the CPU's own thread, for instance in a worker: see {@link RegionCompiler}. */
  readonly compiler?: RegionCompiler;
}

/** Why {@link Cpu.run} returned. */
export type RunResult =
  /** The budget is used up, or someone asked for attention; go on when convenient. */
  | { readonly reason: "budget" }
  /** The CPU waits for an interruption that is not pending now, see {@link Cpu.nextAlarm}. */
  | { readonly reason: "wait" }
  /** The CPU waits with all interruptions disabled. The instruction address often tells why. */
  | { readonly reason: "disabled-wait"; readonly address: bigint }
  /** The CPU is stopped (SIGP). */
  | { readonly reason: "stopped" }
  /** An interruption found the prefix area outside storage: the CPU is check-stopped until a reset. */
  | { readonly reason: "check-stop" }
  /** Program interruptions follow each other without end: the program new PSW is invalid, or what it designates is refused. */
  | { readonly reason: "program-loop"; readonly address: bigint };

/** A snapshot of the program-visible state. Registers as unsigned 64-bit values. */
export interface CpuState {
  readonly psw: { readonly mask: bigint; readonly address: bigint };
  readonly general: readonly bigint[];
  readonly control: readonly bigint[];
  readonly access: readonly number[];
  readonly floatingPoint: readonly bigint[];
  readonly fpc: number;
  readonly prefix: number;
}

const BUDGET_SLICE = 0x7fff_ffff;

/** A z/Architecture CPU with its storage. */
export class Cpu {
  readonly memory: ReversedMemory;
  /** The one memory in which CPU state, translation tables and storage lie. */
  readonly wasmMemory: WebAssembly.Memory;
  readonly core: CpuCore;
  readonly #exact: () => EngineExports;
  #exactEngine: EngineExports | undefined;
  readonly #engine: EngineExports;
  readonly #interruptions: Interruptions;
  readonly #registers: Registers;
  #stopped = false;
  readonly #handlers: readonly Handler[];
  readonly #regions: Regions | undefined;
  readonly #observation: Observation | undefined;

  /** @internal see {@link createCpu} */
  constructor(parts: {
    memory: ReversedMemory;
    wasmMemory: WebAssembly.Memory;
    core: CpuCore;
    engine: EngineExports;
    exact: () => EngineExports;
    handlers: readonly Handler[];
    regions: Regions | undefined;
    observation: Observation | undefined;
  }) {
    this.#regions = parts.regions;
    this.#observation = parts.observation;
    this.#handlers = parts.handlers;
    this.memory = parts.memory;
    this.wasmMemory = parts.wasmMemory;
    this.core = parts.core;
    this.#engine = parts.engine;
    this.#exact = parts.exact;
    this.#registers = parts.core.registers;
    this.#interruptions = new Interruptions(parts.core);
    this.core.supervisorCall = (code, length) => this.#interruptions.supervisorCall(code, length);
    this.core.interruptProgram = (code, length) => this.#interruptions.program(code, length);
    this.core.restart = () => this.#interruptions.restart();
    this.core.reset = (kind) => this.reset(kind);
  }

  /** @internal */
  get programEvents(): ProgramEvents {
    return this.#interruptions.events;
  }

  /** @internal Compiles what is at the instruction address now, if it was executed before. */
  compileHere(): void {
    this.#regions?.compileHere();
  }

  /** Tells the CPU that something may have become pending. Safe at any time, also from a port's callback. */
  attention(): void {
    this.core.attention();
  }

  /** Queues an external interruption (virtio, interrupt key). Presented when PSW and control register 0 allow. */
  queueExternal(interruption: ExternalInterruption): void {
    this.core.externalQueue.push(interruption);
    this.attention();
  }

  /**
   * Runs until the budget is used up or there is nothing to do.
   * @param budget how many branches that leave straight-line code may be taken; about a fifth of the instructions
   */
  run({ budget }: { budget: number }): RunResult {
    return this.#observed(this.#engine, budget);
  }

  /** Executes one instruction, or presents one interruption. */
  step(): RunResult {
    return this.runExactly(1);
  }

  /** Runs exactly this many instructions (interruptions not counted), by the slower exact engine. */
  runExactly(count: number): RunResult {
    this.#exactEngine ??= this.#exact();
    return this.#observed(this.#exactEngine, count);
  }

  #observed(engine: EngineExports, budget: number): RunResult {
    return this.#observation ? this.#observation.run(() => this.#run(engine, budget)) : this.#run(engine, budget);
  }

  #run(engine: EngineExports, budget: number): RunResult {
    const registers = this.#registers;
    const regions = engine === this.#engine ? this.#regions : undefined;
    let left = Math.min(budget, BUDGET_SLICE);
    registers.setWord(layout.ATTENTION, 0);
    for (;;) {
      if (this.core.stop) {
        this.core.stop = undefined;
        this.#stopped = true;
      }
      if (this.#stopped) return { reason: "stopped" };
      // Interruptions that enable each other may follow without end, so they count against the budget too.
      while (!this.#interruptions.checkStopped && left > 0 && this.#interruptions.deliver()) left--;
      if (this.#interruptions.checkStopped) return { reason: "check-stop" };
      if (this.#interruptions.programLoop) return { reason: "program-loop", address: this.#address() };
      const psw = registers.pswHigh;
      if ((psw & Psw.wait) !== 0) {
        const enabled = psw & (Psw.io | Psw.external | Psw.machineCheck);
        return enabled === 0 ? { reason: "disabled-wait", address: this.#address() } : { reason: "wait" };
      }
      if (left <= 0) return { reason: "budget" };
      if (this.#interruptions.events.isOn) {
        this.#runWithEvents();
        left--;
        continue;
      }
      registers.setWord(layout.ATTENTION, 0);
      registers.setWord(layout.INTERRUPTION_PENDING, this.#interruptions.mayBecomeDue() ? 1 : 0);
      const slice = regions ? Math.min(left, regions.untilSample) : left;
      registers.setWord(layout.BUDGET, slice);
      const exit = engine.run();
      const used = slice - (registers.word(layout.BUDGET) | 0);
      left -= used;
      regions?.passed(used, exit === layout.ExitReason.budget);
      switch (exit) {
        case layout.ExitReason.budget:
          break;
        case layout.ExitReason.program:
          this.#interruptions.programAtRecord(registers.word(layout.PROGRAM_CODE));
          // No instruction was counted where none could be fetched; yet this may go on without end.
          if (registers.word(layout.RECORD) === 0) left--;
          break;
        case layout.ExitReason.attention:
          break;
        case layout.ExitReason.stop:
          break;
        case layout.ExitReason.sample:
          this.#observation?.sample();
          break;
        default:
          throw new BugError(`the engine returned ${exit}`);
      }
    }
  }

  /** One instruction with program-event recording. */
  #runWithEvents(): void {
    this.#exactEngine ??= this.#exact();
    const registers = this.#registers;
    const { pswHigh, pswLow } = registers;
    const { events } = this.#interruptions;
    events.begin();
    registers.setWord(layout.ATTENTION, 0);
    registers.setWord(layout.BUDGET, 1);
    const exit = this.#exactEngine.run();
    const ended = (length: number): boolean => events.end(length, pswHigh, pswLow);
    if (exit === layout.ExitReason.program) this.#interruptions.programAtRecord(registers.word(layout.PROGRAM_CODE), ended);
    else if ((registers.word(layout.BUDGET) | 0) <= 0) {
      const length = this.core.lengthOfExecuted(events.addressLow);
      if (ended(length)) this.#interruptions.programEvent(length);
    }
    if (!events.isOn) events.off();
  }

  #address(): bigint {
    return (BigInt(this.#registers.addressHigh) << 32n) | BigInt(this.#registers.addressLow);
  }

  /**
   * Nanoseconds from now until the next timer interruption that PSW and control register 0 allow; undefined when there is
   * none. For a host that sleeps while the CPU waits.
   */
  nextAlarm(): number | undefined {
    const registers = this.#registers;
    if ((registers.pswHigh & Psw.external) === 0) return undefined;
    const mask = registers.controlLow(0);
    let next: number | undefined;
    if ((mask & 0x0800) !== 0) next = this.#engine.nanosecondsToClockComparator();
    if ((mask & 0x0400) !== 0) {
      const timer = this.#engine.nanosecondsToCpuTimer();
      next = next === undefined ? timer : Math.min(next, timer);
    }
    return next;
  }

  /** Loads a PSW as IPL, restart or an operator does, and lets the CPU run. */
  setPsw(mask: bigint, address: bigint): void {
    this.#stopped = false;
    this.core.setPsw(
      Number(BigInt.asUintN(32, mask >> 32n)),
      Number(BigInt.asUintN(32, mask)),
      Number(BigInt.asUintN(32, address >> 32n)),
      Number(BigInt.asUintN(32, address)),
    );
  }

  setGeneral(register: number, value: bigint): void {
    this.#registers.set(register, Number(BigInt.asUintN(32, value >> 32n)), Number(BigInt.asUintN(32, value)));
  }

  setControl(register: number, value: bigint): void {
    this.#registers.setControl(register, Number(BigInt.asUintN(32, value >> 32n)), Number(BigInt.asUintN(32, value)));
    this.core.updateMode();
  }

  setFloatingPoint(register: number, value: bigint): void {
    this.#registers.setFloat(register, Number(BigInt.asUintN(32, value >> 32n)), Number(BigInt.asUintN(32, value)));
  }

  setAccess(register: number, value: number): void {
    this.#registers.setAccess(register, value);
  }

  setFpc(value: number): void {
    this.#registers.fpc = value;
  }

  setPrefix(value: number): void {
    this.#registers.prefix = value;
    this.core.banks.purge();
  }

  /** What was compiled so far; undefined without a compiler. */
  get regionStatistics(): Readonly<RegionStatistics> | undefined {
    return this.#regions?.statistics;
  }

  /** The program-visible state now. Not for hot paths. */
  get state(): CpuState {
    const registers = this.#registers;
    const wide = (high: number, low: number): bigint => (BigInt(high) << 32n) | BigInt(low);
    const numbers = Array.from({ length: 16 }, (_, n) => n);
    return {
      psw: { mask: wide(this.core.currentPswHigh(), registers.pswLow), address: this.#address() },
      general: numbers.map((n) => wide(registers.high(n), registers.low(n))),
      control: numbers.map((n) => wide(registers.controlHigh(n), registers.controlLow(n))),
      access: numbers.map((n) => registers.access(n)),
      floatingPoint: numbers.map((n) => wide(registers.floatHigh(n), registers.floatLow(n))),
      fpc: registers.fpc,
      prefix: registers.prefix,
    };
  }

  /** Instructions executed by the exact engine so far. */
  get instructionCount(): bigint {
    return (BigInt(this.#registers.word(layout.INSTRUCTIONS + 4)) << 32n) | BigInt(this.#registers.word(layout.INSTRUCTIONS));
  }

  /** How often each handler ran in the exact engine (modulo 2^32), by name, most frequent first. */
  get profile(): readonly { readonly handler: string; readonly count: number }[] {
    return this.#handlers
      .map(({ name, number }) => ({ handler: name, count: this.#registers.word(layout.PROFILE + number * 4) }))
      .filter(({ count }) => count > 0)
      .sort((a, b) => b.count - a.count);
  }

  /** CPU reset, initial CPU reset or clear reset (PoP chapter 4, "Resets"). The CPU is stopped afterwards. */
  reset(kind: "cpu" | "initial-cpu" | "clear"): void {
    const registers = this.#registers;
    const core = this.core;
    core.stop = undefined;
    core.emergencySignal = false;
    core.externalCall = false;
    core.externalQueue.length = 0;
    this.#interruptions.programLoop = false;
    this.#interruptions.checkStopped = false;
    if (kind !== "cpu") {
      core.setPsw(0, 0, 0, 0);
      registers.prefix = 0;
      registers.fpc = 0;
      registers.setWord(layout.TOD_PROGRAMMABLE, 0);
      registers.setWord(layout.CLOCK_COMPARATOR, 0);
      registers.setWord(layout.CLOCK_COMPARATOR + 4, 0);
      for (let n = 0; n < 16; n++) registers.setControl(n, 0, 0);
      registers.setControl(0, 0, 0xe0);
      registers.setControl(14, 0, 0xc200_0000);
      core.setCpuTimer(0n);
    }
    if (kind === "clear") {
      for (let n = 0; n < 16; n++) {
        registers.set(n, 0, 0);
        registers.setAccess(n, 0);
      }
      for (let n = 0; n < 16; n++) registers.setFloat(n, 0, 0);
      this.memory.fill(0, this.memory.size, 0);
      core.storageKeys.fill(0);
    }
    this.#engine.forgetCode();
    core.banks.purge();
    core.updateMode();
    this.#stopped = true;
  }

  /** Performs the restart interruption, as SIGP restart or the operator does. */
  restart(): void {
    this.#stopped = false;
    this.#interruptions.restart();
  }
}

function instantiate(
  module: WebAssembly.Module,
  memory: WebAssembly.Memory,
  imports: Record<string, (...args: number[]) => unknown>,
): EngineExports {
  const instance = new WebAssembly.Instance(module, { env: { memory, ...imports } as WebAssembly.ModuleImports });
  return instance.exports as unknown as EngineExports;
}

/** Makes a CPU with its storage. Compiles the interpreter; takes a few tens of milliseconds. */
export function createCpu(options: CpuOptions): Cpu {
  const { memorySize, clock } = options;
  if (!Number.isInteger(memorySize) || memorySize <= 0 || memorySize % 0x10_0000 !== 0 || memorySize > layout.MAXIMUM_STORAGE)
    throw new HostError(
      "ERR_CPU_MEMORY_SIZE",
      `storage of ${memorySize} bytes: must be a multiple of 1 MiB up to ${layout.MAXIMUM_STORAGE}`,
    );
  const { jit = true } = options;
  /** Of how many runs of a region one is compared; 0 for none. */
  const lockstepInterval = Number(jit === "lockstep" || (typeof jit === "object" && (jit.lockstep ?? false)));
  const places = layout.memoryLayout(memorySize, lockstepInterval > 0 ? PAGE_COPIES_SIZE : 0);
  const defined = definedInstructions();
  const handlers = numberHandlers(defined, hotHandlers);
  const generated = generateInterpreter({ layout: places, handlers, isEnabled, mode: "fast", isObserved: options.observer !== undefined });
  let wasmMemory: WebAssembly.Memory;
  try {
    wasmMemory = new WebAssembly.Memory({ initial: places.wasmPages, maximum: places.wasmPages });
  } catch (cause) {
    throw new HostError("ERR_CPU_NO_MEMORY", `the host has no ${memorySize >>> 20} MiB for guest storage`, { cause });
  }
  const buffer = wasmMemory.buffer;
  const bytes = new Uint8Array(buffer);
  const words = new Int32Array(buffer);
  bytes.set(generated.decoderTables, layout.DECODER);
  bytes.set(generated.executeKinds, layout.EXECUTE_KINDS);
  const registers = new Registers(buffer);
  const memory = new ReversedMemory(buffer, places.top, memorySize);
  const storageKeys = new Uint8Array(buffer, places.storageKeys, memorySize / 4096);

  const helpers: (Helper | undefined)[] = [];
  const readers: (OperandReader | undefined)[] = [];
  for (const instruction of instructions) {
    const helper = allHelpers[instruction.mnemonic];
    if (!helper) continue;
    helpers[instruction.id] = helper;
    readers[instruction.id] = operandReader(instruction, bytes, words);
  }
  let core: CpuCore;
  let cpu: Cpu;
  let regions: Regions | undefined;
  const observation = options.observer && new Observation({ registers, buffer, statistics: () => regions?.statistics }, options.observer);
  const performHelper = (id: number, record: number): number => {
    const helper = helpers[id];
    const reader = readers[id];
    if (!helper || !reader) throw new BugError(`no helper for ${instructions[id]?.mnemonic}`);
    reader(core.operands, record);
    core.record = record;
    core.reload = false;
    try {
      helper(core);
    } catch (error) {
      if (!(error instanceof ProgramInterruptionSignal)) throw error;
      registers.setWord(layout.EXIT, layout.ExitReason.program);
      return 0;
    }
    if (core.reload) return -1;
    if (registers.word(layout.ATTENTION) !== 0) {
      core.advance();
      return -1;
    }
    return record + core.operands.length * 8;
  };
  let lockstep: Lockstep | undefined;
  const imports = {
    helper: observation ? observation.helper(performHelper) : performHelper,
    accessRegisterAsce: (alet: number): bigint => accessRegisterAsce(core, alet),
    clock: (): number => lockstep?.time ?? clock.now(),
    writeResolved: (high: number, low: number, absolute: number): void => {
      if (lockstep?.time !== undefined) lockstep.storeResolved(absolute >>> 0);
      else cpu.programEvents.writeResolved(high, low, absolute >>> 0);
    },
    codeChanged: (frame: number, low: number, high: number): void => regions?.codeChanged(frame, low, high),
    recordsForgotten: (frame: number, page: number): void => regions?.recordsForgotten(frame, page),
    codeForgotten: (): void => regions?.codeForgotten(),
    stored: (absolute: number, length: number): void => {
      if (lockstep?.time === undefined) cpu.programEvents.stored(absolute >>> 0, length);
    },
  };
  const engine = instantiate(new WebAssembly.Module(generated.wasm), wasmMemory, imports);
  memory.useCopier(new StagedCopier(engine, buffer, places));
  const storage = new OperandStorage(buffer, engine, memory);
  const ports = typeof options.ports === "function" ? options.ports(memory) : (options.ports ?? {});
  core = new CpuCore({
    registers,
    storage,
    memory,
    engine,
    ports: observation ? observation.ports(ports) : ports,
    identity: { ...defaultIdentity, ...options.identity },
    storageKeys,
  });
  core.setHostTime(clock.wallClock());
  memory.observeWrites((address, length) => {
    const end = address + length;
    for (let at = address; at < end; ) {
      const room = Math.min(end, (Math.floor(at / 4096) + 1) * 4096) - at;
      if (words[(places.recordPages >>> 2) + Math.floor(at / 4096)] !== 0) engine.invalidateParts(at, room);
      at += room;
    }
  });
  let exactEngine: EngineExports | undefined;
  const exact = (): EngineExports => {
    if (exactEngine) return exactEngine;
    const module = generateInterpreter({ layout: places, handlers, isEnabled, mode: "exact" });
    exactEngine = instantiate(new WebAssembly.Module(module.wasm), wasmMemory, imports);
    return exactEngine;
  };
  if (lockstepInterval > 0)
    lockstep = new Lockstep({ registers, wasmMemory, places, engine, exact, now: () => clock.now(), interval: lockstepInterval });
  if (jit)
    regions = new Regions({
      registers,
      memory,
      wasmMemory,
      engine,
      places,
      firstElement: generated.firstRegion,
      defined,
      isEnabled,
      observer: observation?.observer,
      settings: { ...defaultRegionSettings, ...(typeof jit === "object" && jit) },
      compiler: typeof jit === "object" ? jit.compiler : undefined,
      lockstep,
    });
  cpu = new Cpu({
    memory,
    wasmMemory,
    core,
    engine: observation ? observation.engine(engine) : engine,
    exact: observation ? () => observation.engine(exact()) : exact,
    handlers: handlers.handlers,
    regions,
    observation,
  });
  cpu.reset("initial-cpu");
  return cpu;
}

/**
 * Instructions up to the z196 level, and of some later facilities. Others are not offered by the facility list and cause operation exceptions;
 * those of PCI see to that themselves, as it depends on what is around the CPU.
 */
function isEnabled(instruction: Instruction): boolean {
  return LEVELS.has(instruction.level) || LATER_FACILITIES.has(instruction.facility);
}

const LATER_FACILITIES: ReadonlySet<string> = new Set(["enhanced-DAT 2", "zPCI", "adapter-interruption-suppression"]);

const LEVELS: ReadonlySet<string> = new Set(["g5", "z900", "z990", "z9-109", "z9-ec", "z10", "z196"]);
