import { disassemble } from "@zarch/s390x-isa";
import { BugError } from "@zarch/vmm-interface";
import { ModuleBuilder } from "@zarch/wasm-encoder";
import * as layout from "../engine/layout.ts";
import type { RegionCode } from "../jit/region-code.ts";
import { RegionExit } from "../jit/region-exit.ts";
import type { Registers } from "../runtime/registers.ts";
import { type EngineExports, WRITE } from "../runtime/storage.ts";
import { type LockstepDifference, LockstepError } from "./lockstep-error.ts";
import { LockstepState } from "./lockstep-state.ts";
import { PageCopies, type PageDifference } from "./page-copies.ts";

const PAGE = 4096;
/** Runs of each region that are compared in every case. */
const FIRST_RUNS = 64;
const LONGEST_PATH = 100;
const MOST_DIFFERENCES = 12;

/** A region's function, see compileRegion. */
export type RegionFunction = (base: bigint) => number;

/**
 * Runs every region twice: as it was compiled, and then from the same start by the exact engine for as many instructions. Registers,
 * PSW, clock and storage must be the same, or a {@link LockstepError} is thrown through the engine.
 *
 * A region stores only into pages that the bank has open for stores, and by `storeBesideCode`; those pages are copied before. Time
 * stands still meanwhile. The exact engine runs with PER_STORES on, so that it tells of stores to other pages. Reference and change
 * bits are not compared: they are set when a page is opened, which is the interpreter's in any case.
 */
export class Lockstep {
  /** Nanoseconds that the clock shows during a comparison; undefined outside. */
  time: number | undefined;
  readonly #registers: Registers;
  readonly #engine: EngineExports;
  readonly #exact: () => EngineExports;
  readonly #now: () => number;
  readonly #interval: number;
  readonly #pages: PageCopies;
  readonly #start: LockstepState;
  readonly #region: LockstepState;
  readonly #interpreter: LockstepState;
  readonly #entrance: WebAssembly.Module;
  /** Absolute address of a page that only the interpreter stored into. */
  #elsewhere: number | undefined;

  constructor(parts: {
    registers: Registers;
    wasmMemory: WebAssembly.Memory;
    places: layout.MemoryLayout;
    engine: EngineExports;
    exact: () => EngineExports;
    now: () => number;
    /** Compares the first runs of each region, and then one of so many. */
    interval: number;
  }) {
    const { buffer } = parts.wasmMemory;
    this.#registers = parts.registers;
    this.#engine = parts.engine;
    this.#exact = parts.exact;
    this.#now = parts.now;
    this.#interval = parts.interval;
    this.#pages = new PageCopies(parts.wasmMemory, parts.places);
    this.#start = new LockstepState(buffer);
    this.#region = new LockstepState(buffer);
    this.#interpreter = new LockstepState(buffer);
    this.#entrance = new WebAssembly.Module(entranceModule());
  }

  /** A function of the same type that WebAssembly can call in the region's place. `region` must count its instructions. */
  guard(region: RegionFunction, code: RegionCode): WebAssembly.ExportValue {
    let runs = 0;
    const enter = (base: bigint): number =>
      ++runs <= FIRST_RUNS || runs % this.#interval === 0 ? this.#enter(region, code, BigInt.asUintN(64, base)) : region(base);
    return new WebAssembly.Instance(this.#entrance, { env: { region: enter } }).exports.region!;
  }

  /** What regions import as `storeBesideCode`: copies the page first. */
  readonly storeBesideCode: EngineExports["storeBesideCode"] = (address, length, value, base) => {
    if (this.time === undefined) return this.#engine.storeBesideCode(address, length, value, base);
    const [high, low] = [Number(BigInt.asUintN(32, address >> 32n)), Number(BigInt.asUintN(32, address))];
    const absolute = this.#engine.resolveOperandParts(high, low, WRITE, base);
    if (absolute === -1 || !this.#pages.save((absolute & -PAGE) >>> 0)) return 0;
    return this.#engine.storeBesideCode(address, length, value, base);
  };

  /** The exact engine resolved an absolute address for a store that the bank had no entry for. */
  storeResolved(absolute: number): void {
    const frame = (absolute & -PAGE) >>> 0;
    if (!this.#pages.has(frame)) this.#elsewhere ??= absolute >>> 0;
  }

  #enter(region: RegionFunction, code: RegionCode, base: bigint): number {
    const registers = this.#registers;
    const bank = registers.word(layout.BANK);
    // With too many pages open all are closed: the first store to each is the interpreter's, which opens it again.
    while (!this.#pages.saveWritable(bank)) this.#engine.clearWriteEntries();
    this.#start.save();
    this.#elsewhere = undefined;
    this.time = this.#now();
    try {
      const exit = region(base);
      if (exit === RegionExit.declined || exit === RegionExit.unsettled) return exit;
      this.#region.save();
      if (!this.#pages.coversWritable(bank)) throw new BugError("a region opened a page for stores, which lockstep does not see");
      this.#pages.exchange();
      const entry = BigInt.asUintN(64, base + BigInt(code.blocks[0]!.start));
      const { INSTRUCTIONS } = layout;
      const count = (this.#region.word(INSTRUCTIONS) - this.#start.word(INSTRUCTIONS)) >>> 0;
      this.#start.setWord(layout.PSW_ADDRESS, Number(entry & 0xffff_ffffn));
      this.#start.setWord(layout.PSW_ADDRESS + 4, Number(entry >> 32n));
      const differences = this.#interpret(count);
      const page = this.#pages.difference();
      if (page) differences.push(...storageDifferences(page));
      if (differences.length > 0) throw this.#error(code, entry, count, differences);
      this.#region.restore();
      return exit;
    } finally {
      this.time = undefined;
      registers.setWord(layout.PER_STORES, 0);
    }
  }

  /** Executes instructions from the start, and compares the registers with those that the region left. */
  #interpret(count: number): LockstepDifference[] {
    const differences: LockstepDifference[] = [];
    this.#start.restore();
    const end = count === 0 ? undefined : this.#execute(count);
    this.#interpreter.save();
    for (const state of [this.#region, this.#interpreter]) wrapAddress(state);
    if (end) differences.push({ what: "end", region: "none", interpreter: end });
    if (!this.#region.equals(this.#interpreter)) {
      const other = this.#interpreter.values();
      for (const [i, [what, value]] of this.#region.values().entries())
        if (other[i]![1] !== value) differences.push({ what, region: value, interpreter: other[i]![1] });
    }
    if (this.#elsewhere !== undefined)
      differences.push({ what: `storage ${this.#elsewhere.toString(16)}`, region: "unchanged", interpreter: "stored" });
    return differences;
  }

  /** @returns why the exact engine ended before so many instructions were executed */
  #execute(count: number): string | undefined {
    const registers = this.#registers;
    registers.setWord(layout.ATTENTION, 0);
    registers.setWord(layout.PER_STORES, 1);
    registers.setWord(layout.BUDGET, count);
    const reason = this.#exact().run();
    registers.setWord(layout.PER_STORES, 0);
    if (reason === layout.ExitReason.budget) return undefined;
    const left = registers.word(layout.BUDGET) | 0;
    return reason === layout.ExitReason.program
      ? `program interruption ${registers.word(layout.PROGRAM_CODE).toString(16)} with ${left} instructions left`
      : `reason ${reason} with ${left} instructions left`;
  }

  #error(code: RegionCode, entry: bigint, count: number, differences: readonly LockstepDifference[]): LockstepError {
    const base = entry - BigInt(code.blocks[0]!.start);
    const start = this.#start.values();
    return new LockstepError({
      address: entry,
      instructions: count,
      differences: differences.slice(0, MOST_DIFFERENCES),
      start,
      listing: listing(code, base),
      path: this.#path(count),
    });
  }

  /** Executes the instructions once more, one by one, to see which they are. */
  #path(count: number): bigint[] {
    const path: bigint[] = [];
    this.#start.restore();
    this.#pages.rewind();
    const registers = this.#registers;
    for (let done = 0; done < count; ) {
      path.push((BigInt(registers.addressHigh) << 32n) | BigInt(registers.addressLow));
      if (path.length > LONGEST_PATH) path.shift();
      const before = registers.word(layout.INSTRUCTIONS);
      if (this.#execute(1) !== undefined) break;
      const step = (registers.word(layout.INSTRUCTIONS) - before) >>> 0;
      if (step === 0) throw new BugError("the exact engine does not advance");
      done += step;
    }
    return path;
  }
}

function wrapAddress(state: LockstepState): void {
  for (const half of [0, 4])
    state.setWord(layout.PSW_ADDRESS + half, state.word(layout.PSW_ADDRESS + half) & state.word(layout.ADDRESS_MASK + half));
}

/** Runs of bytes that differ in a page. */
function storageDifferences({ frame, first, second }: PageDifference): LockstepDifference[] {
  const differences: LockstepDifference[] = [];
  const hex = (bytes: Uint8Array): string => Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
  for (let at = 0; at < PAGE; at++) {
    let end = at;
    while (end < PAGE && first[end] !== second[end]) end++;
    if (end === at) continue;
    const [region, interpreter] = [hex(first.subarray(at, end)), hex(second.subarray(at, end))];
    differences.push({ what: `storage ${(frame + at).toString(16)}`, region, interpreter });
    at = end;
  }
  return differences;
}

function listing(code: RegionCode, base: bigint): string[] {
  const hex = (offset: number): string => BigInt.asUintN(64, base + BigInt(offset)).toString(16);
  return code.blocks.flatMap(({ instructions }) =>
    instructions.map(({ offset, length, text }) => {
      const bytes = Uint8Array.from({ length }, (_, i) => Math.floor(text / 2 ** (40 - 8 * i)) & 0xff);
      return `${hex(offset)}: ${disassemble(bytes, 0, { address: offset, formatAddress: hex }).text.replace("\t", " ")}`;
    }),
  );
}

/** A module that exports the function that it imports: a function of the host as one that a table holds. */
function entranceModule(): Uint8Array<ArrayBuffer> {
  const module = new ModuleBuilder();
  module.exportFunction("region", module.importFunction("env", "region", { params: ["i64"], results: ["i32"] }));
  return module.toBytes();
}
