import type { ReversedMemory } from "@zarch/guest-memory";
import type { Instruction } from "@zarch/s390x-isa";
import { BfpState, bfpStateOf } from "../engine/bfp-state.ts";
import type { DefinedInstruction } from "../engine/handlers.ts";
import { FixedHandler } from "../engine/handlers.ts";
import * as layout from "../engine/layout.ts";
import { EXECUTE_TARGET_SLOT } from "../engine/records.ts";
import { modeKeyOf, modeOfKey } from "../jit/addressing-mode.ts";
import { compileRegion, regionImports } from "../jit/compile-region.ts";
import { type CodePage, type RegionCode, RegionSelector } from "../jit/region-code.ts";
import type { Lockstep, RegionFunction } from "../lockstep/lockstep.ts";
import { ComputedBranches } from "./computed-branches.ts";
import type { CpuObserver } from "./observer.ts";
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
}

export const defaultRegionSettings: RegionSettings = { interval: 1000, threshold: 10, maximumInstructions: 300 };

/** How often a place may be compiled anew after its code changed. */
const MAXIMUM_CHANGES = 4;
/** Longest interval between samples: how it grows while they show regions at work, and shrinks when they do not. */
const MAXIMUM_INTERVAL = 100_000;
const SLOWER = 1.25;
const FASTER = 4;

/** How often a region must be found to be left by a computed branch to be compiled anew, with what was learned. */
const DEPARTURES: readonly number[] = [8, 32, 128, 512];
/** How much larger a region may be when it is known where its computed branches go: interpreters and their like. */
const LEARNED_FACTOR = 2;

/** Where a region begins. */
interface Place {
  /** Record of its first instruction. */
  readonly record: number;
  /** Virtual address of the page of its first instruction, and that instruction's offset. */
  readonly base: bigint;
  readonly entry: number;
}

interface PredecodedPage extends CodePage {
  /** Where its records are. */
  readonly records: number;
}

interface Region {
  readonly number: number;
  /** Record of its first instruction. */
  readonly record: number;
  /** Lines of 64 bytes that its code lies in, by frame: 64 bits as two halves. */
  readonly lines: ReadonlyMap<number, readonly [low: number, high: number]>;
  /** Whether it takes a settled BFP state for granted; undefined when its code is the same in any. */
  readonly isBfpSettled: boolean | undefined;
}

interface NewRegion {
  readonly record: number;
  /** Handler of the first instruction. */
  readonly handler: number;
  /** The mode that it was made for, see modeKeyOf. */
  readonly key: number;
  readonly code: RegionCode;
  readonly wasm: Uint8Array<ArrayBuffer>;
  /** As in {@link Region}, but by page of records. */
  readonly lines: Region["lines"];
  readonly isBfpSettled: Region["isBfpSettled"];
}

/**
 * The compiled regions of a CPU: where the interpreter is found often, the code there is compiled, and the record of its first
 * instruction made the region's entry. A store to any of its lines gives it up.
 */
export class Regions {
  readonly #observer: CpuObserver | undefined;
  readonly #counts = { compiled: 0, changed: 0, instructions: 0, bytes: 0 };
  readonly #registers: Registers;
  readonly #memory: ReversedMemory;
  readonly #words: Uint32Array;
  readonly #halfwords: Uint16Array;
  readonly #places: layout.MemoryLayout;
  readonly #selector: RegionSelector;
  readonly #settings: RegionSettings;
  readonly #imports: WebAssembly.ModuleImports;
  readonly #lockstep: Lockstep | undefined;
  readonly #table: WebAssembly.Table;
  readonly #firstElement: number;
  readonly #byNumber: (Region | undefined)[] = [];
  readonly #byFrame = new Map<number, Set<Region>>();
  readonly #free: number[] = [];
  #samples = new Map<number, number>();
  /** How often code at a record changed; infinitely often where nothing can be compiled. */
  #changes = new Map<number, number>();
  readonly #branches = new ComputedBranches();
  /** How often a region was found to be left by a computed branch, by the record of its entry. */
  readonly #departures = new Map<number, number>();
  /** Records of entries where a region for a settled BFP state was found to decline. */
  readonly #unsettled = new Set<number>();
  #interval: number;
  #random = 0;
  #untilSample = 1;
  #sinceSample = 0;

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
    observer: CpuObserver | undefined;
    lockstep: Lockstep | undefined;
  }) {
    this.#observer = parts.observer;
    this.#registers = parts.registers;
    this.#memory = parts.memory;
    this.#words = new Uint32Array(parts.wasmMemory.buffer);
    this.#halfwords = new Uint16Array(parts.wasmMemory.buffer);
    this.#places = parts.places;
    this.#selector = new RegionSelector(parts.defined, parts.isEnabled);
    this.#settings = parts.settings;
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
    this.#sample();
    // About the interval: a loop of just that length would always be found at one place.
    this.#random = (Math.imul(this.#random, 1_664_525) + 1_013_904_223) >>> 0;
    this.#untilSample = Math.max(1, Math.floor(this.#interval * (0.5 + this.#random / 2 ** 32)));
  }

  /** Notes where the CPU is, at the target of a branch; compiles what is there when it was found often enough. */
  #sample(): void {
    const { addressHigh, addressLow } = this.#registers;
    const { interval, threshold } = this.#settings;
    const weight = Math.min(this.#sinceSample / interval, Math.max(1, threshold / 2));
    this.#sinceSample = 0;
    const isNews = this.#learnBranch();
    const page = this.#recordPageAt(addressHigh, addressLow);
    if (page === undefined) return;
    const record = page + (addressLow & 0xffe) * 8;
    const region = this.#byNumber[this.#halfwords[record >>> 1]! - layout.REGION_HANDLER];
    if (region && this.#isMisplaced(region)) return;
    if (region && this.#isForOtherBfpState(region)) {
      this.#drop(region);
      this.#observedCompile(this.#placeOf(record));
      return;
    }
    this.#interval = region && !isNews ? Math.min(this.#interval * SLOWER, MAXIMUM_INTERVAL) : Math.max(this.#interval / FASTER, interval);
    if (region) return;
    const count = (this.#samples.get(record) ?? 0) + weight;
    this.#samples.set(record, count);
    if (count < threshold) return;
    this.#samples.delete(record);
    if ((this.#changes.get(record) ?? 0) <= MAXIMUM_CHANGES) this.#observedCompile(this.#placeOf(record));
  }

  /** Where the CPU is, as a place for a region. */
  #placeOf(record: number): Place {
    return { record, base: this.#address() & ~0xfffn, entry: this.#registers.addressLow & 0xffe };
  }

  get #isBfpSettled(): boolean {
    return bfpStateOf(this.#registers.fpc, this.#registers.controlLow(0)) === BfpState.settled;
  }

  /**
   * Whether a region at which the CPU is should be compiled anew for the BFP state: it declines because that is not settled, or could be
   * faster because it is. The latter only at places where the former was never so.
   */
  #isForOtherBfpState({ record, isBfpSettled }: Region): boolean {
    if (isBfpSettled === undefined || isBfpSettled === this.#isBfpSettled) return false;
    if (isBfpSettled) this.#unsettled.add(record);
    return isBfpSettled || !this.#unsettled.has(record);
  }

  /** Compiles what is at the instruction address and no region yet, without samples. For tests. */
  compileHere(): void {
    const { addressHigh, addressLow } = this.#registers;
    const page = this.#recordPageAt(addressHigh, addressLow);
    if (page === undefined) return;
    const record = page + (addressLow & 0xffe) * 8;
    if (this.#halfwords[record >>> 1]! < layout.REGION_HANDLER) this.#observedCompile(this.#placeOf(record));
  }

  /** Whether a region was found to decline, because pages that it needs are elsewhere now; it is then given up. */
  #isMisplaced(region: Region): boolean {
    const word = layout.REGION_DECLINED >>> 2;
    if (this.#words[word] !== layout.REGION_HANDLER + region.number) return false;
    this.#words[word] = 0;
    this.#drop(region);
    this.#changes.set(region.record, (this.#changes.get(region.record) ?? 0) + 1);
    return true;
  }

  /** If a region was just left by a computed branch, notes where that went; compiles the region anew when that makes it better. */
  #learnBranch(): boolean {
    const words = this.#words;
    const target = layout.INDIRECT_TARGET >>> 2;
    if (words[target] !== this.#registers.addressLow || words[target + 1] !== this.#registers.addressHigh) return false;
    const [low, high] = [words[layout.INDIRECT_BASE >>> 2]!, words[(layout.INDIRECT_BASE >>> 2) + 1]!];
    const entry = words[(layout.INDIRECT_SITE >>> 2) + 1]!;
    const page = this.#recordPageAt(high, low);
    if (page === undefined) return false;
    const record = page + entry * 8;
    const region = this.#byNumber[this.#halfwords[record >>> 1]! - layout.REGION_HANDLER];
    if (!region) return false;
    const base = (BigInt(high) << 32n) | BigInt(low);
    const branch = BigInt.asUintN(64, base + BigInt(words[layout.INDIRECT_SITE >>> 2]! | 0));
    const branchPage = this.#recordPageAt(Number(branch >> 32n), Number(branch & 0xffff_ffffn));
    if (branchPage === undefined) return false;
    const distance = BigInt.asIntN(64, this.#address() - branch);
    this.#branches.note(branchPage + Number(branch & 0xffen) * 8, Number(distance));
    const departures = (this.#departures.get(record) ?? 0) + 1;
    this.#departures.set(record, departures);
    if (DEPARTURES.includes(departures)) {
      this.#drop(region);
      this.#observedCompile({ record, base, entry });
    }
    return true;
  }

  /** A store hit lines of a frame that hold compiled code. */
  codeChanged(frame: number, low: number, high: number): void {
    for (const region of this.#byFrame.get(frame) ?? []) {
      const [ownLow, ownHigh] = region.lines.get(frame)!;
      if ((ownLow & low) === 0 && (ownHigh & high) === 0) continue;
      this.#drop(region);
      this.#departures.delete(region.record);
      this.#changes.set(region.record, (this.#changes.get(region.record) ?? 0) + 1);
      this.#counts.changed++;
    }
  }

  /** All records are gone. */
  codeForgotten(): void {
    for (const region of this.#byNumber) if (region) this.#table.set(this.#firstElement + region.number, null);
    this.#byNumber.length = 0;
    this.#free.length = 0;
    this.#byFrame.clear();
    this.#samples.clear();
    this.#changes.clear();
    this.#branches.clear();
    this.#departures.clear();
    this.#unsettled.clear();
  }

  #drop(region: Region): void {
    const { number, record } = region;
    const place = record >>> 1;
    if (this.#halfwords[place] === layout.REGION_HANDLER + number)
      this.#halfwords[place] = this.#halfwords[(layout.REGIONS + number * 8) >>> 1]!;
    this.#table.set(this.#firstElement + number, null);
    this.#byNumber[number] = undefined;
    this.#free.push(number);
    for (const frame of region.lines.keys()) this.#byFrame.get(frame)?.delete(region);
  }

  #address(): bigint {
    return (BigInt(this.#registers.addressHigh) << 32n) | BigInt(this.#registers.addressLow);
  }

  /** The page of records for an instruction address, if the current bank has it. */
  #recordPageAt(high: number, low: number): number | undefined {
    const bank = this.#registers.word(layout.BANK);
    if (bank === layout.EMPTY_BANK) return undefined;
    const entry = (bank + layout.TLB_FETCH + (((low >>> 12) & (layout.FETCH_ENTRIES - 1)) << 4)) >>> 2;
    if (this.#words[entry] !== (low & ~0xfff) >>> 0 || this.#words[entry + 1] !== high) return undefined;
    return this.#words[entry + 2];
  }

  /** {@link #compile}, and the observer is told. */
  #observedCompile(place: Place): void {
    this.#observer?.begin("compiler");
    this.#compile(place);
    this.#observer?.end();
  }

  #compile({ record, base, entry }: Place): void {
    const registers = this.#registers;
    const key = modeKeyOf(registers.pswHigh, registers.pswLow);
    const mode = modeOfKey(key);
    if (mode === undefined) return;
    const handler = this.#halfwords[record >>> 1]!;
    if (handler === FixedHandler.decode || handler === FixedHandler.pageEnd) return;
    const pages = new Map<number, PredecodedPage | undefined>();
    const view = (page: number): PredecodedPage | undefined => {
      if (!pages.has(page)) pages.set(page, this.#pageAt(base + BigInt(page) * 4096n));
      return pages.get(page);
    };
    const refused = new Set<number>();
    const targets = (branch: number): readonly number[] => {
      const page = view(Math.floor(branch / 4096));
      const distances = page ? this.#branches.distances(page.records + (branch & 0xffe) * 8) : [];
      return distances.map((distance) => branch + distance);
    };
    const limit = this.#settings.maximumInstructions * (this.#departures.has(record) ? LEARNED_FACTOR : 1);
    for (;;) {
      const code = this.#selector.select(view, { entry, limit, refused, targets });
      const first = code.blocks[0];
      if (first?.start !== entry || first.instructions[0]!.flow.kind === "interpret") break;
      const used = linesOf(code);
      const frames = new Map([...used.keys()].map((page) => [page, view(page)!.frame]));
      const isBfpSettled = this.#isBfpSettled && !this.#unsettled.has(record);
      const compiled = compileRegion(code, {
        layout: this.#places,
        mode,
        frames,
        isBfpSettled,
        isCounting: this.#lockstep !== undefined,
        isObserved: this.#observer !== undefined,
      });
      if ("refused" in compiled) {
        refused.add(compiled.refused);
        continue;
      }
      const { wasm, usesBfpState } = compiled;
      const lines = new Map([...used].map(([page, bits]) => [pages.get(page)!.records, bits]));
      this.#install({ record, handler, key, code, wasm, lines, isBfpSettled: usesBfpState ? isBfpSettled : undefined });
      const instructions = code.blocks.reduce((sum, block) => sum + block.instructions.length, 0);
      this.#counts.instructions += instructions;
      this.#observer?.regionCompiled({ address: base + BigInt(entry), instructions, bytes: wasm.length });
      return;
    }
    this.#changes.set(record, Number.POSITIVE_INFINITY);
  }

  #pageAt(address: bigint): PredecodedPage | undefined {
    const page = BigInt.asUintN(64, address);
    const records = this.#recordPageAt(Number(page >> 32n), Number(page & 0xffff_ffffn));
    if (records === undefined) return undefined;
    const frame = this.#words[(records + layout.RECORD_PAGE_FRAME) >>> 2]!;
    const bytes = new Uint8Array(4096);
    this.#memory.read(frame * 4096, bytes);
    const halfwords = this.#halfwords;
    return {
      frame,
      bytes,
      records,
      isExecuted: (offset) => halfwords[(records + offset * 8) >>> 1] !== FixedHandler.decode,
      executeDistance: (offset) => this.#words[(records + offset * 8 + EXECUTE_TARGET_SLOT) >>> 2]! | 0,
    };
  }

  #install({ record, handler, key, code, wasm, lines, isBfpSettled }: NewRegion): void {
    if (this.#free.length === 0 && this.#byNumber.length === layout.REGION_COUNT) this.#evict();
    const number = this.#free.pop() ?? this.#byNumber.length;
    this.#observer?.begin("host-compiler");
    const instance = new WebAssembly.Instance(new WebAssembly.Module(wasm), { env: this.#imports });
    this.#observer?.end();
    const byFrame = new Map<number, readonly [number, number]>();
    for (const [records, [low, high]] of lines) {
      for (const place of [layout.RECORD_PAGE_LINES, layout.RECORD_PAGE_REGION_LINES]) {
        this.#words[(records + place) >>> 2]! |= low;
        this.#words[(records + place + 4) >>> 2]! |= high;
      }
      byFrame.set(this.#words[(records + layout.RECORD_PAGE_FRAME) >>> 2]!, [low, high]);
    }
    const region: Region = { number, record, lines: byFrame, isBfpSettled };
    this.#byNumber[number] = region;
    for (const frame of byFrame.keys()) {
      const regions = this.#byFrame.get(frame);
      if (regions) regions.add(region);
      else this.#byFrame.set(frame, new Set([region]));
    }
    const known = layout.REGIONS + number * 8;
    this.#halfwords[known >>> 1] = handler;
    this.#halfwords[(known + layout.REGION_KEY) >>> 1] = key;
    this.#words[(known + layout.REGION_RECORD) >>> 2] = record;
    const run = instance.exports.region as RegionFunction;
    this.#table.set(this.#firstElement + number, this.#lockstep?.guard(run, code) ?? run);
    this.#halfwords[record >>> 1] = layout.REGION_HANDLER + number;
    this.#counts.compiled++;
    this.#counts.bytes += wasm.length;
  }

  /** Gives up a quarter of all regions, the ones with the lowest numbers first. */
  #evict(): void {
    for (const region of this.#byNumber.slice(0, layout.REGION_COUNT / 4)) if (region) this.#drop(region);
  }
}

/** The lines of 64 bytes that a region's code lies in, by page offset. */
function linesOf(code: RegionCode): Map<number, [low: number, high: number]> {
  const lines = new Map<number, [number, number]>();
  for (const [start, end] of code.spans) {
    for (let line = Math.floor(start / 64); line * 64 < end; line++) {
      const page = Math.floor(line / 64);
      const halves = lines.get(page) ?? [0, 0];
      halves[line & 32 ? 1 : 0] |= 1 << (line & 31);
      lines.set(page, halves);
    }
  }
  return lines;
}
