import type { ReversedMemory } from "@zarch/guest-memory";
import type { Instruction } from "@zarch/s390x-isa";
import { BfpState, bfpStateOf } from "../engine/bfp-state.ts";
import type { DefinedInstruction } from "../engine/handlers.ts";
import { FixedHandler } from "../engine/handlers.ts";
import * as layout from "../engine/layout.ts";
import { modeKeyOf, modeOfKey } from "../jit/addressing-mode.ts";
import { compileRegion, regionImports } from "../jit/compile-region.ts";
import { RegionSelector } from "../jit/region-code.ts";
import { type CompiledModule, type RegionCompiler, type RegionReply, type RegionRequest, toRequest } from "../jit/region-request.ts";
import type { Lockstep, RegionFunction } from "../lockstep/lockstep.ts";
import { ComputedBranches } from "./computed-branches.ts";
import type { CpuObserver } from "./observer.ts";
import { type FoundCode, PredecodedCode, type RegionPlace } from "./predecoded-code.ts";
import { RegionMemory } from "./region-memory.ts";
import type { RegionStatistics } from "./region-statistics.ts";
import type { Registers } from "./registers.ts";
import type { EngineExports } from "./storage.ts";

export interface RegionSettings {
  /** Branches between two samples of where the interpreter is, on average. */
  readonly interval: number;
  /** Samples at one place, an interval from each other, that make it worth compiling. */
  readonly threshold: number;
  /** Most guest instructions in a region. */
  readonly maximumInstructions: number;
  /** Most bytes of the host's memory that all regions may take, by an estimate from the length of their code. */
  readonly maximumMemory: number;
}

export const defaultRegionSettings: RegionSettings = {
  interval: 1000,
  threshold: 10,
  maximumInstructions: 300,
  maximumMemory: 128 * 2 ** 20,
};

/** How often a place may be compiled anew after its code changed. */
const MAXIMUM_CHANGES = 4;
/** Longest interval between samples: how it grows while they show regions at work, and shrinks when they do not. */
const MAXIMUM_INTERVAL = 100_000;
const SLOWER = 1.25;
const FASTER = 4;

/** After so many branches half of what samples have shown is forgotten: what is found less often in this time is not worth compiling. */
const FORGETTING = 2 ** 28;

/** How often a region must be found to be left by a computed branch to be compiled anew, with what was learned. */
const DEPARTURES: readonly number[] = [8, 32, 128, 512];
/** How many samples after an instruction that a region handed back make it worth compiling anew. */
const MANY_HANDED_BACK = 8;
/** One in so many branches is not much. */
const RARELY_HANDED_BACK = 30;
/** How much larger a region may be when it is known where its computed branches go: interpreters and their like. */
const LEARNED_FACTOR = 2;

interface Region {
  /** Undefined while it is being compiled. */
  number: number | undefined;
  readonly place: RegionPlace;
  /** Lines of 64 bytes that its code lies in, by frame: 64 bits as two halves. */
  readonly lines: ReadonlyMap<number, readonly [low: number, high: number]>;
  /** Whether it takes a settled BFP state for granted; undefined when its code is the same in any, and until that is known. */
  isBfpSettled: boolean | undefined;
  /** Set when it was given up. */
  isGone: boolean;
}

/**
 * The compiled regions of a CPU: where the interpreter is found often, the code there is compiled, and the record of its first
 * instruction made the region's entry. A store to any of its lines gives it up.
 */
export class Regions {
  readonly #observer: CpuObserver | undefined;
  readonly #counts = { compiled: 0, changed: 0, instructions: 0, bytes: 0 };
  readonly #registers: Registers;
  readonly #code: PredecodedCode;
  /** Compiles elsewhere, until it fails. */
  #compiler: RegionCompiler | undefined;
  /** Regions that are being compiled elsewhere, by the record of their entry. */
  readonly #pending = new Map<number, Region>();
  readonly #words: Uint32Array;
  readonly #halfwords: Uint16Array;
  readonly #places: layout.MemoryLayout;
  readonly #settings: RegionSettings;
  readonly #imports: WebAssembly.ModuleImports;
  readonly #lockstep: Lockstep | undefined;
  readonly #table: WebAssembly.Table;
  readonly #firstElement: number;
  readonly #byNumber: (Region | undefined)[] = [];
  readonly #byFrame = new Map<number, Set<Region>>();
  readonly #free: number[] = [];
  readonly #memory: RegionMemory;
  readonly #samples = new Map<number, number>();
  /** How often code at a record changed; infinitely often where nothing can be compiled. */
  readonly #changes = new Map<number, number>();
  /** Offsets, from the page of a region's entry, of instructions that must be left to the interpreter, by the record of the entry. */
  readonly #refused = new Map<number, Set<number>>();
  readonly #branches = new ComputedBranches();
  /** How often a region was found to be left by a computed branch, by the record of its entry. */
  readonly #departures = new Map<number, number>();
  /** Records of entries where a region for a settled BFP state was found to decline. */
  readonly #unsettled = new Set<number>();
  /** How often a sample found that a region had handed back an instruction, by the record of its entry. */
  readonly #handedBack = new Map<number, number>();
  /** All that is remembered by records. */
  readonly #hints = [this.#samples, this.#changes, this.#refused, this.#branches, this.#departures, this.#unsettled, this.#handedBack];
  #handedBackBefore = 0;
  #interval: number;
  #random = 0;
  #untilSample = 1;
  #sinceSample = 0;
  #untilForgetting = FORGETTING;

  constructor(parts: {
    registers: Registers;
    memory: ReversedMemory;
    wasmMemory: WebAssembly.Memory;
    engine: EngineExports;
    places: layout.MemoryLayout;
    firstElement: number;
    defined: readonly DefinedInstruction[];
    isEnabled: (instruction: Instruction) => boolean;
    settings: RegionSettings;
    compiler: RegionCompiler | undefined;
    observer: CpuObserver | undefined;
    lockstep: Lockstep | undefined;
  }) {
    this.#observer = parts.observer;
    this.#registers = parts.registers;
    this.#words = new Uint32Array(parts.wasmMemory.buffer);
    this.#halfwords = new Uint16Array(parts.wasmMemory.buffer);
    this.#places = parts.places;
    const selector = new RegionSelector(parts.defined, parts.isEnabled);
    this.#code = new PredecodedCode({ ...parts, selector, branches: this.#branches });
    this.#compiler = parts.compiler;
    this.#settings = parts.settings;
    this.#memory = new RegionMemory(this.#halfwords, parts.settings.maximumMemory);
    this.#interval = parts.settings.interval;
    const functions = parts.engine as unknown as Record<string, WebAssembly.ImportValue>;
    this.#imports = { memory: parts.wasmMemory, ...Object.fromEntries(regionImports.map((name) => [name, functions[name]!])) };
    this.#lockstep = parts.lockstep;
    if (parts.lockstep) this.#imports.storeBesideCode = parts.lockstep.storeBesideCode;
    this.#table = parts.engine.table;
    this.#firstElement = parts.firstElement;
  }

  get statistics(): RegionStatistics {
    const word = (place: number): number => this.#registers.word(place) >>> 0;
    const present = this.#byNumber.length - this.#free.length;
    return { ...this.#counts, present, entered: word(layout.REGIONS_ENTERED), handedBack: word(layout.REGIONS_HANDED_BACK) };
  }

  /** Branches until the next sample, which {@link passed} counts down. */
  get untilSample(): number {
    return this.#untilSample;
  }

  /**
   * Some branches were taken; samples when it is time.
   *
   * @param isAtTarget whether the CPU stands at the target of the last one
   */
  passed(branches: number, isAtTarget: boolean): void {
    this.#sinceSample += branches;
    this.#untilSample = Math.max(0, this.#untilSample - branches);
    if (this.#untilSample > 0) return;
    if (!isAtTarget) {
      this.#untilSample = 1;
      return;
    }
    this.#untilForgetting -= this.#sinceSample;
    if (this.#untilForgetting <= 0) this.#forgetSamples();
    this.#sample();
    // About the interval: a loop of just that length would always be found at one place.
    this.#random = (Math.imul(this.#random, 1_664_525) + 1_013_904_223) >>> 0;
    this.#untilSample = Math.max(1, Math.floor(this.#interval * (0.5 + this.#random / 2 ** 32)));
  }

  #forgetSamples(): void {
    this.#untilForgetting = FORGETTING;
    for (const [record, weight] of this.#samples) {
      if (weight < 1) this.#samples.delete(record);
      else this.#samples.set(record, weight / 2);
    }
  }

  /** Notes where the CPU is, at the target of a branch; compiles what is there when it was found often enough. */
  #sample(): void {
    const { addressHigh, addressLow } = this.#registers;
    const { interval, threshold } = this.#settings;
    const weight = Math.min(this.#sinceSample / interval, Math.max(1, threshold / 2));
    this.#learnStores(this.#sinceSample);
    this.#sinceSample = 0;
    const isNews = this.#learnBranch();
    const record = this.#code.recordAt(addressHigh, addressLow);
    if (record === undefined) return;
    const region = this.#byNumber[this.#halfwords[record >>> 1]! - layout.REGION_HANDLER];
    if (region && this.#isMisplaced(region)) return;
    if (region && this.#isForOtherBfpState(region)) {
      this.#compile(this.#placeOf(record));
      return;
    }
    this.#interval = region && !isNews ? Math.min(this.#interval * SLOWER, MAXIMUM_INTERVAL) : Math.max(this.#interval / FASTER, interval);
    if (region) return;
    if (add(this.#samples, record, weight) < threshold) return;
    this.#samples.delete(record);
    if ((this.#changes.get(record) ?? 0) <= MAXIMUM_CHANGES) this.#compile(this.#placeOf(record));
  }

  /** Where the CPU is, as a place for a region. */
  #placeOf(record: number): RegionPlace {
    return { record, base: this.#address() & ~0xfffn, entry: this.#registers.addressLow & 0xffe };
  }

  get #isBfpSettled(): boolean {
    return bfpStateOf(this.#registers.fpc, this.#registers.controlLow(0)) === BfpState.settled;
  }

  /**
   * Whether a region at which the CPU is should be compiled anew for the BFP state: it declines because that is not settled, or could be
   * faster because it is. The latter only at places where the former was never so.
   */
  #isForOtherBfpState({ place: { record }, isBfpSettled }: Region): boolean {
    if (isBfpSettled === undefined || isBfpSettled === this.#isBfpSettled) return false;
    if (isBfpSettled) this.#unsettled.add(record);
    return isBfpSettled || !this.#unsettled.has(record);
  }

  /** Compiles what is at the instruction address and no region yet, without samples. For tests. */
  compileHere(): void {
    const { addressHigh, addressLow } = this.#registers;
    const record = this.#code.recordAt(addressHigh, addressLow);
    if (record !== undefined && this.#halfwords[record >>> 1]! < layout.REGION_HANDLER) this.#compile(this.#placeOf(record));
  }

  /** Whether a region was found to decline, because pages that it needs are elsewhere now; it is then given up. */
  #isMisplaced(region: Region): boolean {
    const word = layout.REGION_DECLINED >>> 2;
    if (this.#words[word] !== layout.REGION_HANDLER + (region.number ?? 0)) return false;
    this.#words[word] = 0;
    this.#drop(region);
    add(this.#changes, region.place.record);
    return true;
  }

  /** If a region hands back instructions often, stores beside code are compiled into it: they may be the reason. */
  #learnStores(branches: number): void {
    const word = layout.REGION_HANDED_BACK >>> 2;
    const region = this.#byNumber[this.#words[word]! - layout.REGION_HANDLER];
    this.#words[word] = 0;
    const total = this.#words[layout.REGIONS_HANDED_BACK >>> 2]!;
    const isFrequent = ((total - this.#handedBackBefore) >>> 0) * RARELY_HANDED_BACK > branches;
    this.#handedBackBefore = total;
    // Missed translations hand instructions back, too, but not so often.
    if (!region || !isFrequent) return;
    const { record, base, entry } = region.place;
    const here = this.#code.recordAt(Number(base >> 32n), Number(base & 0xffff_ffffn) | entry);
    // Only where the region is what it was made for, in the present address space.
    if (add(this.#handedBack, record) === MANY_HANDED_BACK && here === record) this.#compile(region.place);
  }

  /** If a region was just left by a computed branch, notes where that went; compiles the region anew when that makes it better. */
  #learnBranch(): boolean {
    const words = this.#words;
    const target = layout.INDIRECT_TARGET >>> 2;
    if (words[target] !== this.#registers.addressLow || words[target + 1] !== this.#registers.addressHigh) return false;
    const [low, high] = [words[layout.INDIRECT_BASE >>> 2]!, words[(layout.INDIRECT_BASE >>> 2) + 1]!];
    const entry = words[(layout.INDIRECT_SITE >>> 2) + 1]!;
    const record = this.#code.recordAt(high, low | entry);
    if (record === undefined) return false;
    const region = this.#byNumber[this.#halfwords[record >>> 1]! - layout.REGION_HANDLER];
    if (!region) return false;
    const base = (BigInt(high) << 32n) | BigInt(low);
    const branch = BigInt.asUintN(64, base + BigInt(words[layout.INDIRECT_SITE >>> 2]! | 0));
    const branchRecord = this.#code.recordAt(Number(branch >> 32n), Number(branch & 0xffff_ffffn));
    if (branchRecord === undefined) return false;
    const distance = BigInt.asIntN(64, this.#address() - branch);
    this.#branches.note(branchRecord, Number(distance));
    if (DEPARTURES.includes(add(this.#departures, record))) this.#compile({ record, base, entry });
    return true;
  }

  /** A store hit lines of a frame that hold compiled code. */
  codeChanged(frame: number, low: number, high: number): void {
    for (const region of this.#byFrame.get(frame) ?? []) {
      const [ownLow, ownHigh] = region.lines.get(frame)!;
      if ((ownLow & low) === 0 && (ownHigh & high) === 0) continue;
      this.#drop(region);
      this.#departures.delete(region.place.record);
      add(this.#changes, region.place.record);
      this.#counts.changed++;
    }
  }

  /** The page of records of a frame is gone, and will be another frame's. */
  recordsForgotten(frame: number, page: number): void {
    for (const region of this.#byFrame.get(frame) ?? []) this.#drop(region);
    this.#byFrame.delete(frame);
    for (const each of this.#hints)
      for (const record of each.keys()) if (record >= page && record < page + layout.RECORD_PAGE_SIZE) each.delete(record);
  }

  /** All records are gone. */
  codeForgotten(): void {
    for (const [number, region] of this.#byNumber.entries()) if (region) this.#table.set(this.#firstElement + number, null);
    for (const region of this.#pending.values()) region.isGone = true;
    this.#pending.clear();
    this.#byNumber.length = 0;
    this.#free.length = 0;
    this.#memory.clear();
    this.#byFrame.clear();
    for (const each of this.#hints) each.clear();
  }

  #drop(region: Region): void {
    this.#unwatch(region);
    const {
      number,
      place: { record },
    } = region;
    if (number === undefined) return;
    const place = record >>> 1;
    if (this.#halfwords[place] === layout.REGION_HANDLER + number)
      this.#halfwords[place] = this.#halfwords[(layout.REGIONS + number * layout.REGION_SIZE) >>> 1]!;
    this.#table.set(this.#firstElement + number, null);
    this.#byNumber[number] = undefined;
    this.#memory.remove(number);
    this.#free.push(number);
  }

  #address(): bigint {
    return (BigInt(this.#registers.addressHigh) << 32n) | BigInt(this.#registers.addressLow);
  }

  /** Compiles what begins at a place, in place of a region that begins there already. */
  #compile(place: RegionPlace): void {
    this.#observer?.begin("compiler");
    this.#tryToCompile(place);
    this.#observer?.end();
  }

  #tryToCompile(place: RegionPlace): void {
    const { record } = place;
    const refused = this.#refused.get(record) ?? new Set();
    const key = modeKeyOf(this.#registers.pswHigh, this.#registers.pswLow);
    const mode = modeOfKey(key);
    if (mode === undefined || this.#pending.has(record)) return;
    const handler = this.#halfwords[record >>> 1]!;
    if (handler === FixedHandler.decode || handler === FixedHandler.pageEnd) return;
    const limit = this.#settings.maximumInstructions * (this.#departures.has(record) ? LEARNED_FACTOR : 1);
    const found = this.#code.find(place, limit, refused);
    if (!found) {
      this.#changes.set(record, Number.POSITIVE_INFINITY);
      return;
    }
    const { code, frames } = found;
    const isBfpSettled = this.#isBfpSettled && !this.#unsettled.has(record);
    const hasStoresBesideCode = (this.#handedBack.get(record) ?? 0) >= MANY_HANDED_BACK;
    const isCounting = this.#lockstep !== undefined;
    const isObserved = this.#observer !== undefined;
    const options = { layout: this.#places, mode, frames, isBfpSettled, hasStoresBesideCode, isCounting, isObserved };
    const install = (region: Region, { module, bytes, usesBfpState }: CompiledModule): void => {
      if (usesBfpState) region.isBfpSettled = isBfpSettled;
      this.#install(region, module, bytes, key, found);
      const instructions = code.blocks.reduce((sum, block) => sum + block.instructions.length, 0);
      this.#counts.instructions += instructions;
      this.#counts.bytes += bytes;
      this.#observer?.regionCompiled({ address: place.base + BigInt(place.entry), instructions, bytes });
    };
    if (this.#compiler) {
      this.#compileElsewhere(this.#compiler, toRequest(code, options), this.#watch(place, found), install);
      return;
    }
    const compiled = compileRegion(code, options);
    if ("refused" in compiled) {
      this.#refused.set(record, refused.add(compiled.refused));
      this.#tryToCompile(place);
      return;
    }
    const { wasm, usesBfpState } = compiled;
    this.#observer?.begin("host-compiler");
    const module = new WebAssembly.Module(wasm);
    this.#observer?.end();
    install(this.#watch(place, found), { module, bytes: wasm.length, usesBfpState });
  }

  #compileElsewhere(
    compiler: RegionCompiler,
    request: RegionRequest,
    region: Region,
    install: (region: Region, compiled: CompiledModule) => void,
  ): void {
    const { record } = region.place;
    const settle = (reply: RegionReply | undefined): void => {
      if (this.#pending.get(record) === region) this.#pending.delete(record);
      if (region.isGone) return;
      if (reply && "module" in reply) {
        install(region, reply);
        return;
      }
      this.#unwatch(region);
      // The CPU may be in another address space now: the next sample there tries again.
      if (reply) this.#refused.set(record, (this.#refused.get(record) ?? new Set()).add(reply.refused));
    };
    this.#pending.set(record, region);
    compiler.compile(request).then(settle, () => {
      this.#compiler = undefined;
      settle(undefined);
    });
  }

  /** From here on a store to the code gives the region up. */
  #watch(place: RegionPlace, { lines }: FoundCode): Region {
    const byFrame = new Map<number, readonly [number, number]>();
    for (const [records, [low, high]] of lines) {
      for (const place of [layout.RECORD_PAGE_LINES, layout.RECORD_PAGE_REGION_LINES]) {
        this.#words[(records + place) >>> 2]! |= low;
        this.#words[(records + place + 4) >>> 2]! |= high;
      }
      byFrame.set(this.#words[(records + layout.RECORD_PAGE_FRAME) >>> 2]!, [low, high]);
    }
    const region: Region = { number: undefined, place, lines: byFrame, isBfpSettled: undefined, isGone: false };
    for (const frame of byFrame.keys()) {
      const regions = this.#byFrame.get(frame);
      if (regions) regions.add(region);
      else this.#byFrame.set(frame, new Set([region]));
    }
    return region;
  }

  #unwatch(region: Region): void {
    region.isGone = true;
    for (const frame of region.lines.keys()) this.#byFrame.get(frame)?.delete(region);
  }

  #install(region: Region, module: WebAssembly.Module, bytes: number, key: number, { code }: FoundCode): void {
    const { record } = region.place;
    const before = this.#byNumber[this.#halfwords[record >>> 1]! - layout.REGION_HANDLER];
    if (before) this.#drop(before);
    this.#memory.makeRoom((number) => this.#drop(this.#byNumber[number]!));
    const number = this.#free.pop() ?? this.#byNumber.length;
    this.#observer?.begin("host-compiler");
    const instance = new WebAssembly.Instance(module, { env: this.#imports });
    this.#observer?.end();
    region.number = number;
    this.#byNumber[number] = region;
    const known = layout.REGIONS + number * layout.REGION_SIZE;
    this.#halfwords[known >>> 1] = this.#halfwords[record >>> 1]!;
    this.#halfwords[(known + layout.REGION_KEY) >>> 1] = key;
    const run = instance.exports.region as RegionFunction;
    this.#table.set(this.#firstElement + number, this.#lockstep?.guard(run, code) ?? run);
    this.#halfwords[record >>> 1] = layout.REGION_HANDLER + number;
    this.#memory.add(number, bytes);
    this.#counts.compiled++;
  }
}

/** Adds to a count. @returns what it is now */
function add(counts: Map<number, number>, key: number, amount = 1): number {
  const sum = (counts.get(key) ?? 0) + amount;
  counts.set(key, sum);
  return sum;
}
